// What can be wrong with a store, one code each.
#pragma once

#include <string_view>

namespace marcot::check {

// X(code, stage, meaning, repair). A repair mends the lowest stage that it finds anything of, and
// checks again: what is derived from damaged records is looked at when those are gone. An empty
// repair: only a backup helps.
//   0 what the store is opened with   1 records that cannot be read   2 nodes and pins that are
//   lost 3 what nodes say of pins   4 what hangs on them   5 sums, counts, what is beside the trees
//   6 what is let go of, when all else is sound
#define MARCOT_FAULTS(X)                                                                          \
  X(FileUnreadable, 1,                                                                            \
    "some records cannot be read from their file; what else is found may be "                     \
    "due to that, so nothing is repaired",                                                        \
    "")                                                                                           \
  X(RecordDamaged, 1, "a record fails its checksum or does not decode",                           \
    "moves it to the undo log and to the library lost-found, and derives anew what it said")      \
  X(KeyDamaged, 1, "a key is none that the format knows", "moves the record to the undo log")     \
  X(CountersDamaged, 0, "the store's counters cannot be read, so it cannot be opened",            \
    "counts anew; numbers that were in use are passed over")                                      \
  X(FormatDamaged, 0, "the store's format or secret cannot be read", "writes them anew")          \
  X(EntryKindWrong, 2, "an entry stands among those of another kind",                             \
    "moves it to the undo log and to the library lost-found")                                     \
  X(SeqWrong, 2, "a record is of a time at which it cannot have been written", "")                \
  X(NodeMissing, 2, "a directory that an entry or a space leads to is lost",                      \
    "makes its node anew from its entries, if it was not a copy")                                 \
  X(NodeOrphaned, 4, "a directory has no entry and nobody lets go of it",                         \
    "attaches it to the library lost-found")                                                      \
  X(NodeNotLive, 2, "a directory that an entry shows is taken for deleted", "corrects the node")  \
  X(NodeOwnedTwice, 2, "two entries lead to one live directory", "")                              \
  X(NodeBelowItself, 2, "a directory is inside itself", "")                                       \
  X(NodeUnused, 6, "a dead directory that nobody sees is not let go of", "queues its trim")       \
  X(NodeParentWrong, 2, "a directory does not know its parent", "corrects the node")              \
  X(NodeSyncedWrong, 4, "a directory does not know which pins of its parent it has",              \
    "corrects the node where nothing has changed since")                                          \
  X(NodeYoungestWrong, 3, "a dead directory would not be trimmed in time", "corrects the node")   \
  X(NodeFlattenLost, 2, "a directory waits for a flatten that is not queued", "queues it")        \
  X(RowsWithoutNode, 2, "rows of a directory that does not exist",                                \
    "makes the node anew for entries, drops other rows")                                          \
  X(EntryUnseen, 6, "an entry of a dead directory that nobody sees", "queues the node's trim")    \
  X(PinMissing, 2,                                                                                \
    "a copy or snapshot names a pin that is lost; writes below its source would "                 \
    "show through it",                                                                            \
    "makes the pin anew")                                                                         \
  X(PinOwnersWrong, 6, "a pin would go too early or never",                                       \
    "corrects the count; one that nobody owns is attached to the library lost-found")             \
  X(NewestPinWrong, 3,                                                                            \
    "a directory does not know its newest pin, so writes would not keep what "                    \
    "copies see",                                                                                 \
    "corrects the node")                                                                          \
  X(PushedMissing, 4, "a directory may lose what a copy of its parent sees", "writes the row")    \
  X(HistoryUnlisted, 4, "a history record that is on no deadlist would never go", "lists it")     \
  X(HistoryUnseen, 6, "a history record or pushed pin that no pin sees", "queues a sweep")        \
  X(HistoryListedTwice, 4, "a history record is on two deadlists", "drops the later row")         \
  X(HistoryListWrong, 4, "a history record is on a list of a pin that is younger than it",        \
    "moves it to the list of its newest pin")                                                     \
  X(DeadlistStray, 4, "a deadlist row names a record that does not exist", "drops the row")       \
  X(PushedUnseen, 4, "a pushed pin is not where the parent's pins see the child",                 \
    "corrects the slot it names, or drops the row")                                               \
  X(BirthMissing, 4, "a diff would miss a record", "writes the row")                              \
  X(BirthStray, 4, "a row of a record that does not exist", "drops the row")                      \
  X(JobStray, 4, "a job is about something that does not exist", "drops the job")                 \
  X(TotalsWrong, 5, "the sizes and counts shown for a directory are wrong", "counts anew")        \
  X(FrozenWrong, 5, "the sizes and counts shown for a copy or snapshot are wrong", "counts anew") \
  X(ChangedWrong, 5, "a directory says it is older than what is in it", "corrects the totals")    \
  X(WhiteoutsWrong, 5, "the count of hidden entries of a directory is wrong", "counts anew")      \
  X(RootWrong, 5,                                                                                 \
    "a root does not name its library, its quota or its feed, or what is no root "                \
    "does",                                                                                       \
    "corrects the totals")                                                                        \
  X(TotalsStray, 5, "totals of a directory that does not exist", "drops them")                    \
  X(ContentCountWrong, 5, "a content would be deleted too early or never",                        \
    "corrects the count; what nobody holds is attached to the library lost-found")                \
  X(ContentSizeWrong, 5, "two records disagree about the size of a content",                      \
    "corrects the content's row where all files agree")                                           \
  X(ReleasedHeld, 5, "a content that files hold is on the feed of what may be deleted",           \
    "takes it off the feed")                                                                      \
  X(CounterWrong, 5, "a count or number of the store as a whole is wrong", "corrects it")         \
  X(QuotaUsageWrong, 5, "what a quota says is used is wrong", "counts anew")                      \
  X(QuotaLinkWrong, 5, "a quota and a space do not name each other",                              \
    "makes the quota list the spaces that name it")                                               \
  X(QuotaLimitsWrong, 5, "a quota's limits are not those that are enforced", "corrects them")     \
  X(BinRowMissing, 5, "a recycled item is missing from an order of the bin", "writes the row")    \
  X(BinRowStray, 5, "a row of the bin is of no item", "drops the row")                            \
  X(BinItemWrong, 5, "a recycled item does not weigh what its row says", "corrects the row")      \
  X(BinItemLost, 5, "an item of the bin has no row, or a row no item",                            \
    "writes a row from what is known of it, or drops the row")                                    \
  X(SnapshotLost, 5, "a named snapshot has no row, or a row no snapshot",                         \
    "writes a row from what is known of it, or drops the row")                                    \
  X(SnapshotExpiryWrong, 5, "a named snapshot never expires, or a row is of none",                \
    "writes the row, or drops it")                                                                \
  X(VersionFileWrong, 5, "the versions of a file do not lead to it", "corrects the row")          \
  X(VersionCountWrong, 5, "a file does not say how many versions it has",                         \
    "corrects the numbers in its entry")                                                          \
  X(VersionAgeWrong, 5, "a version never expires, or a row is of none",                           \
    "writes the row, or drops it")                                                                \
  X(VersionIdWrong, 5, "a version is not found by its id, or a row is of none",                   \
    "writes the row, or drops it")                                                                \
  X(VersionStray, 6, "versions of a file that does not exist",                                    \
    "attaches them to the library lost-found")                                                    \
  X(ChangeStray, 5, "changes of a space that does not exist", "drops the row")                    \
  X(SummaryStray, 5, "a summary of a directory that does not exist", "drops it")                  \
  X(SummaryWrong, 5, "a search would pass over something that is in a directory",                 \
    "drops the summary, which is made anew")                                                      \
  X(ObjectIdTwice, 5, "two entries have the same object id", "")                                  \
  X(ChunkMissing, 5, "bytes of a content are lost", "")                                           \
  X(ChunkStray, 6, "stored bytes that belong to no content",                                      \
    "gives them to the content of that hash, or deletes them")                                    \
  X(ContentDamaged, 5, "the bytes of a content are not those that were stored",                   \
    "mends a chunk whose checksum one flipped bit explains")

enum class Fault {
#define MARCOT_FAULT(code, stage, meaning, repair) k##code,
  MARCOT_FAULTS(MARCOT_FAULT)
#undef MARCOT_FAULT
};

struct FaultEntry {
  std::string_view code;
  int stage;
  std::string_view meaning, repair;
};
const FaultEntry& Describe(Fault fault);

}  // namespace marcot::check
