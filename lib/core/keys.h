// The stored format, keys. Integers are 8 bytes big-endian; ~x is its complement, so that newer
// sorts first. The values: core/records.h.
//
//   family      key                                    value
//   meta        "format" | "store" | "folded"          version, secret, counters of the last fold
//               "upload/" | blob                       chunks so far
//               "import/" | DirId                      (empty) the root of a space to be
//               "load/" | DirId                        (empty) a directory with all below it to be
//   spaces      library | 00                           library record
//               library | 00 | space                   space record: the DirIds of its trees
//   bin, versions, facts, changes                      core/facts.h
//   entries     DirId | slot                           entry: birth and what stands there now
//   history     DirId | slot | 00 | ~birth             death and the entry that was replaced
//   nodes       DirId                                  node
//   pins        DirId | seq                            owners and frozen totals
//   deadlists   DirId | list | ~birth | 0 | slot       (empty) a history record
//               DirId | list | ~birth | 1 | child      slot; a pin (child, list) that was pushed
//   births      DirId | birth | slot                   (empty) a record younger than the oldest pin
//   summaries   core/summaries.h
//   totals      DirId                                  totals as of the last fold
//   totals_log  seq                                    one commit: counters, totals it changed
//   contents    ContentId                              count, and the blob of built-in content
//   released    ContentId                              state; host-kept content nobody holds
//   reclaim     seq | number                           job
//   chunks      blob | index                           1 MiB of content
//
// A slot is one byte for the kind of entry, then the name: attributes 0, directories 1, files 2. So
// a directory's subdirectories sort before its files, each by name, and a page of either starts
// with one seek. One name never stands in both ranges of a directory as seen by any reader; the
// operations see to that, and the core treats the two as different names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "base/coding.h"
#include "marcot/types.h"

namespace marcot::core {

using DirId = uint64_t;                          // names a directory node; never reused; 0 is none
using DirPath = absl::InlinedVector<DirId, 12>;  // nodes on the way down, root first
using Seq = uint64_t;  // births and deaths are even; a pin is taken at an odd seq, just below

inline constexpr char kAttributesSlot = 0;
inline constexpr char kDirectorySlot = 1;
inline constexpr char kFileSlot = 2;

inline std::string Slot(char kind, std::string_view name) {
  std::string slot(1, kind);
  slot.append(name);
  return slot;
}
inline std::string AttributesSlot() { return std::string(1, kAttributesSlot); }

inline std::string IdKey(uint64_t id) {
  std::string key;
  PutFixed64(&key, id);
  return key;
}

inline std::string PairKey(uint64_t a, uint64_t b) {
  std::string key = IdKey(a);
  PutFixed64(&key, b);
  return key;
}

// What a key begins with. 0: it is too short to be one, in a damaged store, and on its way out.
inline uint64_t IdOfKey(std::string_view key) {
  return key.size() < kFixedBytes ? 0 : LoadFixed64(key.data());
}

inline void AppendEntryKey(DirId dir, std::string_view slot, std::string* key) {
  PutFixed64(key, dir);
  key->append(slot);
}
inline std::string EntryKey(DirId dir, std::string_view slot) {
  std::string key;
  key.reserve(8 + slot.size());
  AppendEntryKey(dir, slot, &key);
  return key;
}

// The group of one slot's history, up to the birth.
inline std::string HistoryGroup(DirId dir, std::string_view slot) {
  std::string key = EntryKey(dir, slot);
  key += '\0';
  return key;
}
inline std::string HistoryKey(DirId dir, std::string_view slot, Seq birth) {
  std::string key = HistoryGroup(dir, slot);
  PutFixed64(&key, ~birth);
  return key;
}
inline std::string_view SlotOfEntryKey(std::string_view key) { return key.substr(8); }
inline std::string_view SlotOfHistoryKey(std::string_view key) {
  return key.substr(8, key.size() - 17);
}
inline Seq BirthOfHistoryKey(std::string_view key) {
  return ~LoadFixed64(key.data() + key.size() - 8);
}

// One row of a deadlist: what to let go of when no pin in [birth, list] is left.
struct DeadlistKey {
  enum class Kind : char { kHistory = 0, kPushed = 1 };
  DirId dir = 0;
  Seq list = 0;
  Seq birth = 0;
  Kind kind = Kind::kHistory;
  std::string slot;  // kHistory
  DirId child = 0;   // kPushed

  std::string Encode() const {
    std::string key = PairKey(dir, list);
    PutFixed64(&key, ~birth);
    key += static_cast<char>(kind);
    if (kind == Kind::kHistory) {
      key += slot;
    } else {
      PutFixed64(&key, child);
    }
    return key;
  }

  static DeadlistKey Decode(std::string_view key) {
    DeadlistKey out;
    out.dir = LoadFixed64(key.data());
    out.list = LoadFixed64(key.data() + 8);
    out.birth = ~LoadFixed64(key.data() + 16);
    out.kind = static_cast<Kind>(key[24]);
    if (out.kind == Kind::kHistory) {
      out.slot = key.substr(25);
    } else {
      out.child = LoadFixed64(key.data() + 25);
    }
    return out;
  }
};

// What was born in a directory since its oldest pin, head or history, so that two states of it can
// be compared without reading either.
inline std::string BirthKey(DirId dir, Seq birth, std::string_view slot) {
  std::string key;
  key.reserve(16 + slot.size());
  PutFixed64(&key, dir);
  PutFixed64(&key, birth);
  key.append(slot);
  return key;
}
inline Seq BirthOfBirthKey(std::string_view key) { return LoadFixed64(key.data() + 8); }
inline std::string_view SlotOfBirthKey(std::string_view key) { return key.substr(16); }

inline std::string ContentKey(const ContentId& id) { return PairKey(id.hi, id.lo); }
inline ContentId ContentOfKey(std::string_view key) {
  return {LoadFixed64(key.data()), LoadFixed64(key.data() + 8)};
}

inline constexpr std::string_view kFormatKey = "format";
inline constexpr std::string_view kStoreKey = "store";    // the secret
inline constexpr std::string_view kFoldedKey = "folded";  // a log row without totals

// An upload under way: how many chunks of the blob there are. Left over by a crash, it tells what
// to delete.
inline constexpr std::string_view kUploadPrefix = "upload/";
inline std::string UploadKey(uint64_t blob) { return std::string(kUploadPrefix) + IdKey(blob); }

// An import under way, by the root under which it builds. Left over by a crash, it tells what to
// let go of.
inline constexpr std::string_view kImportPrefix = "import/";
inline std::string ImportKey(DirId root) { return std::string(kImportPrefix) + IdKey(root); }
inline bool IsImportKey(std::string_view key) {
  return key.size() == kImportPrefix.size() + 8 && key.starts_with(kImportPrefix);
}
inline DirId RootOfImportKey(std::string_view key) {
  return LoadFixed64(key.data() + kImportPrefix.size());
}

// A bulk load that is complete, by the directory that waits for its place: from before its rows
// come until it has one. What its files hold is not counted yet.
inline constexpr std::string_view kLoadPrefix = "load/";
inline std::string LoadKey(DirId dir) { return std::string(kLoadPrefix) + IdKey(dir); }
inline bool IsLoadKey(std::string_view key) {
  return key.size() == kLoadPrefix.size() + 8 && key.starts_with(kLoadPrefix);
}
inline DirId DirOfLoadKey(std::string_view key) {
  return LoadFixed64(key.data() + kLoadPrefix.size());
}

inline std::string LibraryKey(std::string_view library) {
  std::string key(library);
  key += '\0';
  return key;
}
inline std::string SpaceKey(std::string_view library, std::string_view space) {
  return LibraryKey(library).append(space);
}

}  // namespace marcot::core
