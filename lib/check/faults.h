// What can be wrong with a store, one code each.
#pragma once

#include <string_view>

namespace marcot::check {

// X(code, stage, meaning, repair). A repair mends the lowest stage that it finds anything of, and
// checks again: what is derived from damaged records is looked at when those are gone. An empty
// repair: only a backup helps.
//   0 what the store is opened with   1 records that cannot be read   2 nodes, pins, entries   3
//   what hangs on them   4 sums, counts
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
  X(NodeOrphaned, 2, "a directory has no entry and nobody lets go of it",                         \
    "attaches it to the library lost-found")                                                      \
  X(NodeNotLive, 2, "a directory that an entry shows is taken for deleted", "corrects the node")  \
  X(NodeOwnedTwice, 2, "two entries lead to one live directory", "")                              \
  X(NodeBelowItself, 2, "a directory is inside itself", "")                                       \
  X(NodeUnused, 2, "a dead directory that nobody sees is not let go of", "queues its trim")       \
  X(NodeParentWrong, 2, "a directory does not know its parent", "corrects the node")              \
  X(NodeSyncedWrong, 3, "a directory does not know which pins of its parent it has",              \
    "corrects the node where nothing has changed since")                                          \
  X(NodeYoungestWrong, 2, "a dead directory would not be trimmed in time", "corrects the node")   \
  X(NodeFlattenLost, 2, "a directory waits for a flatten that is not queued", "queues it")        \
  X(RowsWithoutNode, 2, "rows of a directory that does not exist",                                \
    "makes the node anew for entries, drops other rows")                                          \
  X(EntryUnseen, 2, "an entry of a dead directory that nobody sees", "queues the node's trim")    \
  X(PinMissing, 3,                                                                                \
    "a copy or snapshot names a pin that is lost; writes below its source would "                 \
    "show through it",                                                                            \
    "makes the pin anew")                                                                         \
  X(PinOwnersWrong, 3, "a pin would go too early or never", "corrects the count of its owners")   \
  X(NewestPinWrong, 2,                                                                            \
    "a directory does not know its newest pin, so writes would not keep what "                    \
    "copies see",                                                                                 \
    "corrects the node")                                                                          \
  X(HistoryUnlisted, 3, "a history record that is on no deadlist would never go", "lists it")     \
  X(HistoryUnseen, 3, "a history record or pushed pin that no pin sees", "queues a sweep")        \
  X(HistoryListedTwice, 3, "a history record is on two deadlists", "drops the later row")         \
  X(HistoryListWrong, 3, "a history record is on a list of a pin that is younger than it",        \
    "moves it to the list of its newest pin")                                                     \
  X(DeadlistStray, 3, "a deadlist row names a record that does not exist", "drops the row")       \
  X(PushedUnseen, 3, "a pushed pin is not where the parent's pins see the child",                 \
    "corrects the slot it names, or drops the row")                                               \
  X(BirthMissing, 3, "a diff would miss a record", "writes the row")                              \
  X(BirthStray, 3, "a row of a record that does not exist", "drops the row")                      \
  X(JobStray, 3, "a job is about something that does not exist", "drops the job")                 \
  X(TotalsWrong, 4, "the sizes and counts shown for a directory are wrong", "counts anew")        \
  X(FrozenWrong, 4, "the sizes and counts shown for a copy or snapshot are wrong", "counts anew") \
  X(ChangedWrong, 4, "a directory says it is older than what is in it", "corrects the totals")    \
  X(WhiteoutsWrong, 4, "the count of hidden entries of a directory is wrong", "counts anew")      \
  X(RootWrong, 4,                                                                                 \
    "a root does not name its library, its quota or its feed, or what is no root "                \
    "does",                                                                                       \
    "corrects the totals")                                                                        \
  X(TotalsStray, 4, "totals of a directory that does not exist", "drops them")                    \
  X(ContentCountWrong, 4, "a content would be deleted too early or never",                        \
    "corrects the count; what nobody holds is attached to the library lost-found or released")    \
  X(ContentSizeWrong, 4, "two records disagree about the size of a content",                      \
    "corrects the content's row where all files agree")                                           \
  X(ReleasedHeld, 4, "a content that files hold is on the feed of what may be deleted",           \
    "takes it off the feed")                                                                      \
  X(CounterWrong, 4, "a count or number of the store as a whole is wrong", "corrects it")         \
  X(QuotaUsageWrong, 4, "what a quota says is used is wrong", "counts anew")                      \
  X(QuotaLinkWrong, 4, "a quota and a space do not name each other",                              \
    "makes the quota list the spaces that name it")                                               \
  X(QuotaLimitsWrong, 4, "a quota's limits are not those that are enforced", "corrects them")     \
  X(BinRowMissing, 4, "a recycled item is missing from an order of the bin", "writes the row")    \
  X(BinRowStray, 4, "a row of the bin is of no item", "drops the row")                            \
  X(BinItemWrong, 4, "a recycled item does not weigh what its row says", "corrects the row")      \
  X(BinItemLost, 4, "an item of the bin has no row, or a row no item",                            \
    "writes a row from what is known of it, or drops the row")                                    \
  X(SnapshotLost, 4, "a named snapshot has no row, or a row no snapshot",                         \
    "writes a row from what is known of it, or drops the row")                                    \
  X(SnapshotExpiryWrong, 4, "a named snapshot never expires, or a row is of none",                \
    "writes the row, or drops it")                                                                \
  X(VersionFileWrong, 4, "the versions of a file do not lead to it", "corrects the row")          \
  X(VersionCountWrong, 4, "a file does not say how many versions it has",                         \
    "corrects the numbers in its entry")                                                          \
  X(VersionAgeWrong, 4, "a version never expires, or a row is of none",                           \
    "writes the row, or drops it")                                                                \
  X(VersionStray, 4, "versions of a file that does not exist", "queues their release")            \
  X(ChangeStray, 4, "changes of a space that does not exist", "drops the row")                    \
  X(ObjectIdTwice, 4, "two entries have the same object id", "")                                  \
  X(ChunkMissing, 4, "bytes of a content are lost", "")                                           \
  X(ChunkStray, 4, "stored bytes that belong to no content",                                      \
    "gives them to the content of that hash, or deletes them")                                    \
  X(ContentDamaged, 4, "the bytes of a content are not those that were stored",                   \
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
