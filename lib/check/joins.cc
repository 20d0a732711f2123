#include "check/joins.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "check/directories.h"
#include "check/repairer.h"
#include "core/facts.h"
#include "core/lookup.h"
#include "core/tree_writer.h"
#include "core/versions.h"

namespace marcot::check {
namespace {

using core::DirId;
using core::Job;
using core::Seq;
using storage::Family;

// Calls visit(key, claims behind it) for each key. `key_of` gives the key's length in a record.
template <typename KeyLength, typename Claim, typename End>
absl::Status ForEachGroup(Sorter& sorter, const KeyLength& key_length, const Claim& claim,
                          const End& end) {
  MARCOT_ASSIGN_OR_RETURN(const auto rows, sorter.Sort());
  std::string key;
  bool open = false;
  for (; rows->Valid(); rows->Next()) {
    const std::string_view record = rows->record();
    const size_t length = key_length(record);
    if (open && record.substr(0, length) != key) {
      end(key);
      open = false;
    }
    if (!open) key = record.substr(0, length);
    open = true;
    claim(record[length], record.substr(length + 1));
  }
  if (open) end(key);
  return rows->status();
}

auto FixedKey(size_t length) {
  return [length](std::string_view) { return length; };
}

uint64_t Number(std::string_view said, size_t index = 0) {
  return LoadFixed64(said.data() + 8 * index);
}

}  // namespace

// ---- nodes -------------------------------------------------------------------------------------

absl::Status JoinNodes(const State& state, Claims& claims) {
  const auto view = state.NewView();
  Findings& findings = state.findings();
  struct Group {
    bool node = false, damaged = false, root = false, totals = false, quota = false;
    uint8_t flags = 0;
    DirId parent = 0, owner = 0;
    uint64_t owners = 0;
  } group;
  const auto claim = [&](char tag, std::string_view said) {
    switch (tag) {
      case 'n':
        group.node = true;
        group.flags = static_cast<uint8_t>(said[0]);
        group.parent = LoadFixed64(said.data() + 1);
        break;
      case 'N':
        group.damaged = true;
        break;
      case 'o':
        ++group.owners;
        group.owner = Number(said);
        break;
      case 'r':
        group.root = true;
        ++group.owners;
        break;
      case 't':
        group.totals = true;
        break;
      default:
        group.quota = true;
    }
  };
  const auto end = [&](const std::string& key) {
    const Group g = std::exchange(group, {});
    const DirId dir = LoadFixed64(key.data());
    if (g.damaged) return;
    const auto find = [&](Fault fault, std::string detail, Fix fix = nullptr) {
      findings.Add(fault, state.Where(*view, dir), std::move(detail), std::move(fix));
    };
    if (!g.node) {
      if (g.owners > 0) {
        find(Fault::kNodeMissing,
             g.root ? "a space has it as a root"
                    : absl::StrCat("an entry of ", state.Where(*view, g.owner), " leads to it"),
             [dir](Repairer& repairer) { return repairer.RemakeNode(dir); });
      } else if (g.totals && !g.quota) {
        find(Fault::kTotalsStray, "",
             [dir](Repairer& repairer) { return repairer.DropTotals(dir); });
      }
      return;
    }
    const bool live = (g.flags & kNodeLive) != 0, waits = (g.flags & kNodeWaits) != 0;
    if (g.owners > 1) find(Fault::kNodeOwnedTwice, absl::StrCat(g.owners, " entries lead to it"));
    if (live && g.owners == 0 && !waits) {
      find(Fault::kNodeOrphaned, "",
           [dir](Repairer& repairer) { return repairer.AttachOrphan(dir); });
    }
    // A dead one may have an entry in a parent that is dead too, and kept for its pins; then its
    // own pins need all of it.
    const bool unneeded = (g.flags & (kNodeUnneeded | kEntryUnneeded)) != 0;
    if (!live && !waits && g.owners == 1 && (unneeded || g.root || state.InSpace(*view, g.owner))) {
      find(Fault::kNodeNotLive, "", [dir](Repairer& repairer) {
        return repairer.ChangeNode(dir, [](core::Node& node) { node.live = true; });
      });
    } else if (unneeded && g.owners == 0) {
      find((g.flags & kNodeUnneeded) != 0 ? Fault::kNodeUnused : Fault::kEntryUnseen, "",
           [dir](Repairer& repairer) {
             return repairer.Queue({Job::Kind::kTrim, dir, 0, {}});
           });
    }
    const DirId parent = g.root ? 0 : g.owner;
    if (live && g.owners == 1 && g.parent != parent && !waits &&
        (g.root || state.InSpace(*view, g.owner))) {
      find(Fault::kNodeParentWrong, absl::StrCat("says ", g.parent, ", is ", parent),
           [dir, parent](Repairer& repairer) {
             return repairer.ChangeNode(dir, [parent](core::Node& node) { node.parent = parent; });
           });
    }
    if (live && !g.root && !waits && (g.flags & kNodeSpeaksAsRoot) != 0) {
      find(Fault::kRootWrong, "it is no root, and names a quota, a library or a feed",
           [dir](Repairer& repairer) {
             return repairer.ChangeTotals(dir, [](core::Totals& totals) {
               totals.account = totals.library = 0;
               totals.logged = false;
             });
           });
    }
  };
  return ForEachGroup(claims.nodes, FixedKey(8), claim, end);
}

// ---- pins --------------------------------------------------------------------------------------

absl::Status JoinPins(const State& state, Claims& claims) {
  const auto view = state.NewView();
  bool there = false, damaged = false;
  uint64_t owners = 0, said_owners = 0;
  const auto claim = [&](char tag, std::string_view said) {
    if (tag == 'o') {
      ++owners;
    } else if (tag == 'p') {
      there = true;
      said_owners = Number(said);
    } else {
      damaged = true;
    }
  };
  const auto end = [&](const std::string& key) {
    const DirId dir = Number(key);
    const Seq seq = Number(key, 1);
    const auto find = [&](Fault fault, std::string detail, Fix fix) {
      state.findings().Add(fault, state.Where(*view, dir), std::move(detail), std::move(fix));
    };
    if (!there && !damaged) {
      find(Fault::kPinMissing, absl::StrCat("pin ", seq, " has ", owners, " owners"),
           [dir, seq](Repairer& repairer) { return repairer.RemakePin(dir, seq); });
    } else if (!damaged && owners != said_owners) {
      find(Fault::kPinOwnersWrong,
           absl::StrCat("pin ", seq, " says ", said_owners, " owners, has ", owners),
           [dir, seq, owners = owners](Repairer& repairer) {
             return repairer.SetOwners(dir, seq, owners);
           });
    }
    there = damaged = false;
    owners = said_owners = 0;
  };
  return ForEachGroup(claims.pins, FixedKey(16), claim, end);
}

// ---- history and deadlists ---------------------------------------------------------------------

absl::Status JoinHistory(const State& state, Claims& claims) {
  const auto view = state.NewView();
  bool record = false;
  Seq death = 0, pin = 0;
  std::vector<Seq> lists;
  const auto claim = [&](char tag, std::string_view said) {
    if (tag == 'h') {
      record = true;
      death = Number(said);
      pin = Number(said, 1);
    } else {
      lists.push_back(Number(said));
    }
  };
  const auto end = [&](const std::string& key) {
    const DirId dir = LoadFixed64(key.data());
    const Seq birth = core::BirthOfHistoryKey(key);
    const std::string slot(core::SlotOfHistoryKey(key));
    const std::string what =
        absl::StrCat("record ", slot.substr(slot.empty() ? 0 : 1), " from ", birth, " to ", death);
    const auto find = [&](Fault fault, std::string detail, Fix fix) {
      state.findings().Add(fault, state.Where(*view, dir), std::move(detail), std::move(fix));
    };
    const auto drop = [&](Seq list) {
      return
          [row = core::DeadlistKey{dir, list, birth, core::DeadlistKey::Kind::kHistory, slot, 0}](
              Repairer& repairer) { return repairer.Delete(Family::kDeadlists, row.Encode()); };
    };
    const Fix list_anew = [dir, slot, birth, death = death](Repairer& repairer) {
      return repairer.ListAnew(dir, slot, birth, death);
    };
    if (!record) {
      for (const Seq list : lists) {
        find(Fault::kDeadlistStray, absl::StrCat("list ", list, " names ", what), drop(list));
      }
    } else if (lists.empty()) {
      find(Fault::kHistoryUnlisted, what, list_anew);
    } else {
      for (size_t i = 1; i < lists.size(); ++i) {
        find(Fault::kHistoryListedTwice, absl::StrCat(what, " on list ", lists[i]), drop(lists[i]));
      }
      // A list of an older pin would be let go of while a younger one sees the record.
      if (lists[0] >= death || lists[0] < pin) {
        find(Fault::kHistoryListWrong, absl::StrCat(what, " on list ", lists[0]),
             [first = drop(lists[0]), list_anew](Repairer& repairer) {
               const absl::Status status = first(repairer);
               return status.ok() ? list_anew(repairer) : status;
             });
      }
    }
    record = false;
    death = pin = 0;
    lists.clear();
  };
  return ForEachGroup(
      claims.history, [](std::string_view r) { return r.size() - 17; }, claim, end);
}

// ---- births ------------------------------------------------------------------------------------

absl::Status JoinBirths(const State& state, Claims& claims) {
  const auto view = state.NewView();
  bool expected = false, there = false;
  const auto claim = [&](char tag, std::string_view) { (tag == 'e' ? expected : there) = true; };
  const auto end = [&](std::string key) {
    key.pop_back();  // the 0 that keeps the claims of one key together
    const DirId dir = LoadFixed64(key.data());
    const std::string what = absl::StrCat(std::string(core::SlotOfBirthKey(key).substr(1)), " at ",
                                          core::BirthOfBirthKey(key));
    if (expected && !there) {
      state.findings().Add(
          Fault::kBirthMissing, state.Where(*view, dir), what,
          [key](Repairer& repairer) { return repairer.Put(Family::kBirths, key, ""); });
    } else if (!expected && (state.WaitingOf(dir) & kReleased) == 0) {
      state.findings().Add(
          Fault::kBirthStray, state.Where(*view, dir), what,
          [key](Repairer& repairer) { return repairer.Delete(Family::kBirths, key); });
    }
    expected = there = false;
  };
  return ForEachGroup(
      claims.births, [](std::string_view r) { return r.size() - 1; }, claim, end);
}

// ---- object ids --------------------------------------------------------------------------------

absl::Status JoinIds(const State& state, Claims& claims) {
  const auto view = state.NewView();
  MARCOT_ASSIGN_OR_RETURN(const auto rows, claims.ids.Sort());
  std::string before;
  for (; rows->Valid(); rows->Next()) {
    const std::string_view record = rows->record();
    if (!before.empty() && record.substr(0, 16) == std::string_view(before).substr(0, 16)) {
      const DirId one = LoadFixed64(before.data() + 16), other = LoadFixed64(record.data() + 16);
      if (state.InSpace(*view, one) && state.InSpace(*view, other)) {
        state.findings().Add(Fault::kObjectIdTwice,
                             absl::StrCat(state.Where(*view, one), ", ", state.Where(*view, other)),
                             core::ObjectOfKey(record).Hex());
      }
    }
    before = record;
  }
  return rows->status();
}

// ---- contents ----------------------------------------------------------------------------------

namespace {

struct ContentGroup {
  bool row = false, damaged = false, on_feed = false;
  core::ContentRow said;
  uint64_t holders = 0, size = 0;
  bool sizes_differ = false;
};

void CheckContent(const State& state, const ContentId& id, const ContentGroup& g) {
  const auto find = [&](Fault fault, std::string detail, Fix fix = nullptr) {
    state.findings().Add(fault, absl::StrCat("content ", id.Hex()), std::move(detail),
                         std::move(fix));
  };
  if (g.holders > 0 && g.on_feed) {
    find(Fault::kReleasedHeld, absl::StrCat(g.holders, " records hold it"),
         [id](Repairer& repairer) {
           return repairer.Delete(Family::kReleased, core::ContentKey(id));
         });
  }
  if (g.damaged) return;
  const Fix count = [id, holders = g.holders, size = g.size](Repairer& repairer) {
    return repairer.CountContent(id, holders, size);
  };
  if (g.row ? g.holders != g.said.count : g.holders > 1) {
    find(Fault::kContentCountWrong,
         absl::StrCat(g.row ? absl::StrCat("says ", g.said.count) : "has no count", ", has ",
                      g.holders, " holders"),
         count);
  }
  if (g.sizes_differ) {
    find(Fault::kContentSizeWrong, "files that hold it disagree");
  } else if (g.row && g.holders > 0 && g.said.size != g.size) {
    find(Fault::kContentSizeWrong, absl::StrCat("says ", g.said.size, ", files say ", g.size),
         count);
  }
}

}  // namespace

absl::StatusOr<uint64_t> JoinContents(const State& state, Claims& claims) {
  ContentGroup group;
  uint64_t bytes = 0;
  const auto claim = [&](char tag, std::string_view said) {
    switch (tag) {
      case 'h':
        group.sizes_differ |= group.holders > 0 && group.size != Number(said);
        ++group.holders;
        group.size = Number(said);
        break;
      case 'c':
        group.row = true;
        group.said = {Number(said), Number(said, 1), Number(said, 2)};
        break;
      case 'f':
        group.on_feed = true;
        break;
      default:
        group.damaged = true;
    }
  };
  const auto end = [&](const std::string& key) {
    CheckContent(state, core::ContentOfKey(key), group);
    if (group.row || group.holders > 0) bytes += group.row ? group.said.size : group.size;
    group = {};
  };
  MARCOT_RETURN_IF_ERROR(ForEachGroup(claims.contents, FixedKey(16), claim, end));
  return bytes;
}

// ---- versions ----------------------------------------------------------------------------------

namespace {

struct VersionGroup {
  bool said = false, led = false, damaged = false;
  DirId dir = 0;
  std::string slot;
  uint64_t said_versions = 0, said_bytes = 0;
  core::VersionedFile leads;
  uint64_t versions = 0, bytes = 0;
};

void CheckVersions(const State& state, core::View& view, const ObjectId& id,
                   const VersionGroup& g) {
  if (g.damaged) return;
  const auto find = [&](Fault fault, std::string where, std::string detail, Fix fix) {
    state.findings().Add(fault, std::move(where), std::move(detail), std::move(fix));
  };
  // A file whose entry says nothing of its versions may still be where the row leads.
  DirId dir = g.dir;
  std::string slot = g.slot;
  if (!g.said && g.led) {
    core::Entry entry;
    const auto found = OwnRecord(view, g.leads.dir, g.leads.slot, core::kLive, &entry);
    if (found.ok() && *found && entry.kind == core::EntryKind::kFile && entry.id == id) {
      dir = g.leads.dir;
      slot = g.leads.slot;
    }
  }
  if (dir == 0) {
    // Of files that are gone jobs let go.
    if (!state.forgets() && (g.versions > 0 || g.led)) {
      find(Fault::kVersionStray, absl::StrCat("object ", id.Hex()),
           absl::StrCat(g.versions, " versions"),
           [id](Repairer& repairer) { return repairer.AttachVersions(id); });
    }
    return;
  }
  if (!state.InSpace(view, dir)) return;
  const std::string where =
      absl::StrCat(slot.substr(slot.empty() ? 0 : 1), " in ", state.Where(view, dir));
  if (g.said_versions != g.versions || g.said_bytes != g.bytes) {
    find(Fault::kVersionCountWrong, where,
         absl::StrCat("says ", g.said_versions, " of ", g.said_bytes, " bytes, has ", g.versions,
                      " of ", g.bytes),
         [dir, slot, versions = g.versions, bytes = g.bytes](Repairer& repairer) {
           return repairer.ChangeEntry(dir, slot, [&](core::Entry& entry) {
             entry.versions = versions;
             entry.version_bytes = bytes;
           });
         });
  }
  if (g.versions > 0 && (!g.led || g.leads.dir != dir || g.leads.slot != slot)) {
    find(Fault::kVersionFileWrong, where, absl::StrCat("object ", id.Hex()),
         [id, dir, slot](Repairer& repairer) {
           return repairer.Put(Family::kVersions, core::VersionedFileKey(id),
                               core::EncodeVersionedFile({dir, slot}));
         });
  }
}

// What the entry of a live file says, to `group`.
void TakeSaid(std::string_view record, VersionGroup* group) {
  group->said = true;
  group->dir = LoadFixed64(record.data() + 17);
  group->said_versions = LoadFixed64(record.data() + 25);
  group->said_bytes = LoadFixed64(record.data() + 33);
  group->slot = record.substr(41);
}

// Of the versions that claim one id, the one keeps it that its row leads to.
void CheckVersionId(const State& state, core::View& view, const core::VersionName& name, Seq id) {
  const std::string key = core::VersionIdKey(id), wanted = core::EncodeVersionName(name);
  std::string value;
  const auto found = view.Get(Family::kFacts, key, &value);
  const bool there = found.ok() && *found;
  if (there && value == wanted) return;
  core::VersionRecord other;
  const auto leads = core::DecodeVersionName(value);
  bool taken = false;
  if (there && leads.ok()) {
    const auto known = core::FindVersion(view, leads->file, leads->version, &other);
    taken = known.ok() && *known && other.id == id;
  }
  state.findings().Add(Fault::kVersionIdWrong, absl::StrCat("object ", name.file.Hex()),
                       absl::StrCat("version ", name.version, " is not found by its id"),
                       [name, key, wanted, taken](Repairer& repairer) {
                         return taken ? repairer.RenumberVersion(name)
                                      : repairer.Put(Family::kFacts, key, wanted);
                       });
}

void TakeVersionRow(const State& state, core::View& view, const Rows& rows, Claimer& claimer,
                    VersionGroup* group) {
  const std::string key(rows.key());
  const auto damaged = [&] {
    group->damaged = true;
    state.findings().Add(
        Fault::kRecordDamaged, Record(Family::kVersions, key), "a version, or where its file is",
        [key](Repairer& repairer) { return repairer.MoveAway(Family::kVersions, key); });
  };
  if (core::IsVersionedFileKey(key)) {
    const auto file = core::DecodeVersionedFile(rows.value());
    if (rows.damaged() || !file.ok() || file->dir >= kNoNumber) return damaged();
    group->led = true;
    group->leads = *file;
    return;
  }
  const auto version = core::DecodeVersion(rows.value());
  if (rows.damaged() || !version.ok()) return damaged();
  ++group->versions;
  group->bytes += version->size;
  claimer.HoldsContent(version->content, version->size);
  const ObjectId id = core::ObjectOfKey(key);
  const core::VersionAge age{version->library, version->replaced_time_ms, id,
                             core::VersionOfKey(key)};
  std::string value;
  const auto aged = view.Get(Family::kFacts, age.Key(), &value);
  if (!aged.ok() || !*aged) {
    state.findings().Add(
        Fault::kVersionAgeWrong, absl::StrCat("object ", id.Hex()),
        absl::StrCat("version ", age.version, " has no age"),
        [age](Repairer& repairer) { return repairer.Put(Family::kFacts, age.Key(), ""); });
  }
  CheckVersionId(state, view, {id, age.version}, version->id);
}

}  // namespace

// The versions family is in the order of object ids itself, so it is merged as it is read. What
// versions hold are claims in turn, so contents are joined after this.
absl::Status JoinVersions(const State& state, Claims& claims) {
  const auto view = state.NewView();
  Claimer claimer(claims);
  MARCOT_ASSIGN_OR_RETURN(const auto said, claims.versions.Sort());
  Rows rows = state.RowsOf(Family::kVersions);
  const auto fits = [&] {
    for (; rows.Valid(); rows.Next()) {
      const size_t size = rows.key().size();
      if (size == 17 || size == 25) return true;
      state.findings().Add(Fault::kKeyDamaged, Record(Family::kVersions, rows.key()), "",
                           [key = std::string(rows.key())](Repairer& repairer) {
                             return repairer.MoveAway(Family::kVersions, key);
                           });
    }
    return false;
  };
  while (fits() || said->Valid()) {
    std::string id = rows.Valid() ? std::string(rows.key().substr(0, 16)) : std::string(17, '\xff');
    if (said->Valid() && (!rows.Valid() || said->record().substr(0, 16) < id)) {
      id = said->record().substr(0, 16);
    }
    VersionGroup group;
    for (; said->Valid() && said->record().substr(0, 16) == id; said->Next()) {
      TakeSaid(said->record(), &group);
    }
    for (; fits() && rows.key().substr(0, 16) == id; rows.Next()) {
      claims.records.fetch_add(1, std::memory_order_relaxed);
      TakeVersionRow(state, *view, rows, claimer, &group);
    }
    CheckVersions(state, *view, core::ObjectOfKey(id), group);
  }
  return said->status();
}

}  // namespace marcot::check
