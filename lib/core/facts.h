// The stored format of what is kept beside the trees: recycled items, versions of files, named
// snapshots, quotas, the change feed. Keys and values as core/keys.h and core/records.h say.
//
//   family    key                                        value
//   bin       bin | 0 | item                             recycled item
//             bin | 1 | time | item                      (empty) in order of removal
//             bin | 2 | name | 00 | item                 (empty) of name
//             bin | 3 | size | item                      (empty) of size
//   versions  ObjectId | 0                               where the file is
//             ObjectId | 1 | ~version                    an older content of it
//   facts     'q' | library | 00 | quota                 quota
//             's' | snapshots | name                     named snapshot
//             'x' | expiry time | snapshots | name       (empty) snapshots that expire
//             'v' | library id | time | ObjectId | version   (empty) versions in order of age
//             'i' | id                                   ObjectId | version of the version
//   changes   root | 0 | 0                               the seq behind which changes are kept
//             root | seq | number                        one change
//
// `bin`, `snapshots` and `root` are the DirIds of a space's trees. Times are milliseconds, sign
// flipped so that they sort. An item is the seq of its deletion, and its decimal digits its name in
// the bin's directory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/keys.h"
#include "core/records.h"
#include "marcot/history.h"
#include "marcot/recycle_bin.h"
#include "marcot/types.h"

namespace marcot::core {

inline uint64_t SortableTime(int64_t ms) { return static_cast<uint64_t>(ms) ^ (uint64_t{1} << 63); }
inline int64_t TimeOfSortable(uint64_t v) { return static_cast<int64_t>(v ^ (uint64_t{1} << 63)); }

// ---- bin ---------------------------------------------------------------------------------------

struct RecycledRecord {
  EntryType type = EntryType::kFile;
  int64_t removal_time_ms = 0;
  RecursiveTotals totals;
  std::vector<std::string> path;
  std::string user;
};
std::string EncodeRecycled(const RecycledRecord& record);
absl::StatusOr<RecycledRecord> DecodeRecycled(std::string_view value);

enum class BinOrder : char { kItem, kTime, kName, kSize };
// The rows of one order; with an item and its record, its row.
std::string BinOrderKey(DirId bin, BinOrder order);
std::string BinKey(DirId bin, BinOrder order, uint64_t item, const RecycledRecord& record);
inline std::string BinItemKey(DirId bin, uint64_t item) {
  return BinKey(bin, BinOrder::kItem, item, {});
}
// Of every order's keys, the last 8 bytes.
inline uint64_t ItemOfBinKey(std::string_view key) {
  return LoadFixed64(key.data() + key.size() - 8);
}

// ---- versions ----------------------------------------------------------------------------------

// The entry of a file that has versions.
struct VersionedFile {
  DirId dir = 0;
  std::string slot;
};
std::string EncodeVersionedFile(const VersionedFile& file);
absl::StatusOr<VersionedFile> DecodeVersionedFile(std::string_view value);

struct VersionRecord {
  ContentId content;
  uint64_t size = 0;
  int64_t modification_time_ms = 0;
  int64_t replaced_time_ms = 0;
  uint64_t library = 0;  // the id under which the version's age is kept
  Seq id = 0;            // of the operation that made it one
};
std::string EncodeVersion(const VersionRecord& record);
absl::StatusOr<VersionRecord> DecodeVersion(std::string_view value);

inline std::string ObjectKey(const ObjectId& id) { return PairKey(id.hi, id.lo); }
inline std::string VersionedFileKey(const ObjectId& id) { return ObjectKey(id) + '\0'; }
inline std::string VersionsKey(const ObjectId& id) { return ObjectKey(id) + '\1'; }
inline std::string VersionKey(const ObjectId& id, Seq version) {
  std::string key = VersionsKey(id);
  PutFixed64(&key, ~version);
  return key;
}
inline bool IsVersionedFileKey(std::string_view key) { return key[16] == '\0'; }
inline Seq VersionOfKey(std::string_view key) { return ~LoadFixed64(key.data() + 17); }
inline ObjectId ObjectOfKey(std::string_view key) {
  return {LoadFixed64(key.data()), LoadFixed64(key.data() + 8)};
}

// Where a version stands in the order of age of its library.
struct VersionAge {
  uint64_t library = 0;
  int64_t time_ms = 0;
  ObjectId id;
  Seq version = 0;

  std::string Key() const;
  static VersionAge Of(std::string_view key);
};
inline constexpr std::string_view kVersionAges = "v";
inline std::string VersionAgesEnd() { return "w"; }
std::string VersionAgesKey(uint64_t library);

// A version by its id.
inline constexpr char kVersionIds = 'i';
inline std::string VersionIdKey(Seq id) { return kVersionIds + IdKey(id); }
inline Seq IdOfVersionIdKey(std::string_view key) { return LoadFixed64(key.data() + 1); }
struct VersionName {
  ObjectId file;
  Seq version = 0;
};
std::string EncodeVersionName(const VersionName& name);
absl::StatusOr<VersionName> DecodeVersionName(std::string_view value);

// ---- quotas, named snapshots -------------------------------------------------------------------

struct QuotaRecord {
  QuotaLimits limits;
  std::vector<std::string> spaces;
};
std::string EncodeQuota(const QuotaRecord& record);
absl::StatusOr<QuotaRecord> DecodeQuota(std::string_view value);
std::string QuotaKey(std::string_view library, uint64_t quota);

struct SnapshotRecord {
  int64_t creation_time_ms = 0, expiry_time_ms = 0;
  std::vector<std::string> path;
};
std::string EncodeSnapshot(const SnapshotRecord& record);
absl::StatusOr<SnapshotRecord> DecodeSnapshot(std::string_view value);
std::string SnapshotKey(DirId snapshots, std::string_view name);
inline constexpr std::string_view kSnapshotExpiries = "x";
std::string SnapshotExpiryKey(int64_t time_ms, DirId snapshots, std::string_view name);
inline int64_t TimeOfExpiryKey(std::string_view key) {
  return TimeOfSortable(LoadFixed64(key.data() + 1));
}
inline DirId SnapshotsOfExpiryKey(std::string_view key) { return LoadFixed64(key.data() + 9); }
inline std::string_view NameOfExpiryKey(std::string_view key) { return key.substr(17); }

// ---- changes -----------------------------------------------------------------------------------

// `seq` is in the key.
std::string EncodeChange(const Change& change);
absl::StatusOr<Change> DecodeChange(std::string_view value);
std::string ChangeKey(DirId root, Seq seq, uint64_t number);
inline Seq SeqOfChangeKey(std::string_view key) { return LoadFixed64(key.data() + 8); }

}  // namespace marcot::core
