// The stored format, values. Each begins with a format byte, so that a later release can change one
// kind of record and still read the old ones. Numbers are varints, strings length-prefixed.
//
//   entry     0x01 | kind | birth | the fields of its kind, see Entry
//   history   0x01 | death | entry
//   node      0x01 | flags | created | synced | newest pin | youngest | parent |
//             [base: DirId seq ctx]
//   pin       0x01 | owners | totals
//   totals    bytes files directories child_files child_directories changed modified mtime
//             whiteouts | flags | [versions version_bytes] | [account] | [limits] |
//             [library]
//   log row   0x01 | counters | count | (DirId, present, totals)...
//   content   0x01 | count | size | blob
//   job       0x01 | kind | a | b | cursor
//   space     0x01 | root bin snapshots quota | creation time | settings
//   library   0x01 | id | settings
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/keys.h"
#include "marcot/settings.h"
#include "marcot/types.h"

namespace marcot {

// Contexts and ids combine by XOR (lib/README.md, "Object ids").
inline ObjectId operator^(const ObjectId& a, const ObjectId& b) {
  return {a.hi ^ b.hi, a.lo ^ b.lo};
}

namespace core {

inline constexpr uint8_t kRecordFormat = 1;
// Raised with each change of the stored format that an older release would misread.
inline constexpr uint64_t kStoreFormat = 9;

// The state of a content on the released family.
inline constexpr char kContentReleased = 0;
inline constexpr char kContentCondemned = 1;

enum class EntryKind : uint8_t { kWhiteout, kFile, kDirectory, kReference, kAttributes };

// What stands under a slot. Fields that its kind does not use stay zero.
struct Entry {
  EntryKind kind = EntryKind::kWhiteout;
  Seq birth = 0;
  DirId dir = 0;      // directory: its node; reference: the node it refers to
  Seq seq = 0;        // reference: as of when
  ObjectId id;        // file, directory, reference
  ObjectId context;   // reference: what reading through it XORs onto the ids it meets
  ContentId content;  // file
  uint64_t size = 0;  // file, bytes
  int64_t creation_time_ms = 0;
  int64_t modification_time_ms = 0;  // file
  Seq modified = 0;                  // file: seq of its content, which its eTag follows
  // File: the older contents that are kept of it (core/facts.h). Of a live directory's entry only;
  // what is seen through a reference has none.
  uint64_t versions = 0, version_bytes = 0;
  std::string creator;
  std::string attributes;  // file, attributes: base/attributes.h; may be empty

  bool is_directory() const {
    return kind == EntryKind::kDirectory || kind == EntryKind::kReference;
  }
};

std::string EncodeEntry(const Entry& entry);
void AppendEntry(const Entry& entry, Seq birth, std::string* out);  // as born at another seq
// The same to where there is room for MaxEntryBytes; answers the end.
char* WriteEntry(const Entry& entry, Seq birth, char* out);
size_t MaxEntryBytes(const Entry& entry);
absl::StatusOr<Entry> DecodeEntry(std::string_view value);
// Into an entry whose strings keep their memory; undefined after an error.
absl::Status DecodeEntry(std::string_view value, Entry* entry);

struct HistoryRecord {
  Seq death = 0;
  std::string_view entry;  // encoded
};
std::string EncodeHistory(Seq death, const Entry& entry);
absl::StatusOr<HistoryRecord> DecodeHistory(std::string_view value);

// A directory node read as of a seq; what it lacks comes from its own base in turn.
struct Base {
  DirId dir = 0;  // 0: none
  Seq seq = 0;
  ObjectId context;
};

struct Node {
  bool live = true;         // a head entry owns it, or it is a root
  bool flattening = false;  // a flatten job is queued
  Seq created = 0;
  Seq synced = 0;      // the parent's pins up to here were pushed to this node
  Seq newest_pin = 0;  // 0: none
  DirId parent = 0;    // of a live node: whose entry owns it; 0: a root
  // Dead nodes: the youngest birth, or change of a child, that the last trim left in place; a trim
  // has nothing to do until the newest pin is older. ~0: not trimmed yet.
  Seq youngest = ~Seq{0};
  Base base;
};

std::string EncodeNode(const Node& node);
absl::StatusOr<Node> DecodeNode(std::string_view value);
absl::Status DecodeNode(std::string_view value, Node* node);  // undefined after an error

// What a quota allows.
struct Limits {
  std::optional<uint64_t> bytes, files;
  bool count_versions = false;
  bool any() const { return bytes.has_value() || files.has_value(); }
  bool operator==(const Limits&) const = default;
};

// What is kept per directory beside its entries; all of it exact at every commit.
struct Totals {
  uint64_t bytes = 0, files = 0, directories = 0;  // recursive
  uint64_t child_files = 0, child_directories = 0;
  Seq changed = 0;   // newest change anywhere below, or of its attributes
  Seq modified = 0;  // newest change of its list of children
  int64_t modification_time_ms = 0;
  uint64_t whiteouts = 0;
  uint64_t versions = 0, version_bytes = 0;  // recursive; only of what is live
  DirId account = 0;     // of a root: the quota that counts what is in it, a row of totals as well
  uint64_t library = 0;  // of a root that versions are kept below: the id of its library
  bool logged = false;   // of a root: its changes go on the change feed
  Limits limits;         // of a quota, and of a directory that has one
  // What counts to a limit of bytes.
  uint64_t CountedBytes(const Limits& by) const {
    return bytes + (by.count_versions ? version_bytes : 0);
  }
  bool operator==(const Totals&) const = default;
};

// The totals that a new node takes over from those of what it is based on.
Totals OfNewNode(const Totals& totals);

void AppendTotals(const Totals& totals, std::string* out);
std::string EncodeTotals(const Totals& totals);
absl::StatusOr<Totals> DecodeTotals(std::string_view value);

struct Pin {
  uint64_t owners = 0;
  Totals frozen;
};
std::string EncodePin(const Pin& pin);
absl::StatusOr<Pin> DecodePin(std::string_view value);

struct ContentRow {
  uint64_t count = 0;  // entries that hold it; no row is one entry
  uint64_t size = 0;
  uint64_t blob = 0;  // 0: the host keeps the bytes
};
std::string EncodeContent(const ContentRow& row);
absl::StatusOr<ContentRow> DecodeContent(std::string_view value);

// Work for reclaim. `cursor` says how far it got.
struct Job {
  enum class Kind : uint8_t {
    kRelease,   // one owner of pin (a, b) is gone
    kSweep,     // pin (a, b) is gone: let go of what it alone kept
    kBirths,    // pin (a, b) is gone: and with it the births that no older pin needs
    kTrim,      // node a is dead: let go of what no pin sees, and of the node at last
    kFlatten,   // give node a one level again
    kBlob,      // the chunks of blob a, b of them
    kForget,    // node a is gone from its space: the versions of the files below it
    kVersions,  // the versions of object (a, b), which is gone
    kRows,      // rows that nobody reads any more: of family b, from DirId a to the key in `cursor`
  };
  Kind kind = Kind::kRelease;
  uint64_t a = 0, b = 0;
  std::string cursor;
};
std::string EncodeJob(const Job& job);
absl::StatusOr<Job> DecodeJob(std::string_view value);

struct SpaceRecord {
  DirId root = 0;
  DirId bin = 0, snapshots = 0;  // roots of their own; 0: not made yet
  uint64_t quota = 0;            // 0: none
  int64_t creation_time_ms = 0;
  SpaceSettings settings;
};
std::string EncodeSpace(const SpaceRecord& record);
absl::StatusOr<SpaceRecord> DecodeSpace(std::string_view value);

struct LibraryRecord {
  uint64_t id = 0;
  // The operation that last lowered the limit of versions, or brought versions from another
  // library, since all of them were looked through; 0: none.
  Seq tightened = 0;
  LibrarySettings settings;
};
std::string EncodeLibrary(const LibraryRecord& record);
absl::StatusOr<LibraryRecord> DecodeLibrary(std::string_view value);

}  // namespace core
}  // namespace marcot
