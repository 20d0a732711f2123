// The form in which a space travels (marcot/space_stream.h).
//
//   stream    "MARCOTSP" | format | record...
//   record    kind | length | payload | seal      seal: XXH3 of the three, seeded with the seal of
//                                                 the record before, so that none can be left out
//   kSpace    creation time | settings | origin                                    the first record
//   kTree     base | modification time | attributes                    a directory, until the next
//   kNames    [kind | name | fields of the kind]...                             some of its names
//   kContent  id | size                                      bytes of files, before the names that
//   kBytes    bytes                                          hold them; as many as the size says
//   kEnd      trees | names | contents | totals                                     the last record
//
// Trees are numbered from 1 in the order in which they come, the last is the root. A directory's
// entry names the tree that it shows, which has come before. A tree with a base is a copy of that
// tree with some names taken away and others put: first those, then these, each in the order of
// their slots (core/keys.h). Numbers are varints, strings length-prefixed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/records.h"
#include "marcot/content.h"
#include "marcot/settings.h"
#include "marcot/types.h"

namespace marcot::operations {

enum class StreamKind : uint8_t { kSpace = 1, kTree, kNames, kContent, kBytes, kEnd };

// A chain of trees that are each changes of the one before is no longer, since an import makes
// bases of them.
inline constexpr int kMaxStreamChanges = 6;

// More than any record takes; what a reader holds of one.
inline constexpr size_t kMaxStreamRecord = 512 * 1024;

absl::Status StreamDamaged(std::string_view what);

class StreamWriter {
 public:
  explicit StreamWriter(const ByteSink& sink) : sink_(sink) {}

  absl::Status Begin();
  absl::Status Write(StreamKind kind, std::string_view payload);

 private:
  const ByteSink& sink_;
  std::string record_;
  uint64_t seal_ = 0;
};

// Answers what was written and nothing else. StreamDamaged, StreamFormatTooNew.
class StreamReader {
 public:
  explicit StreamReader(const ByteSource& source) : source_(source) {}

  absl::Status Begin();
  // The kind of the next record. Its payload stays until the one after.
  absl::StatusOr<StreamKind> Next();
  std::string_view payload() const { return payload_; }

 private:
  absl::Status Read(size_t bytes);

  const ByteSource& source_;
  std::string record_;
  std::string_view payload_;
  uint64_t seal_ = 0;
};

struct StreamSpace {
  int64_t creation_time_ms = 0;
  SpaceSettings settings;
  uint64_t origin = 0;  // OriginOf the store that it was exported from; 0: not said
};
// Tells stores apart, by their secrets, which it does not give away.
uint64_t OriginOf(uint64_t secret);
std::string EncodeStreamSpace(const StreamSpace& space);
absl::StatusOr<StreamSpace> DecodeStreamSpace(std::string_view payload);

struct StreamTree {
  uint64_t base = 0;  // 0: none
  int64_t modification_time_ms = 0;
  std::string attributes;  // encoded; of the directory itself, a base's are not taken over
};
std::string EncodeStreamTree(const StreamTree& tree);
absl::StatusOr<StreamTree> DecodeStreamTree(std::string_view payload);

// One name of a tree: what stands there, or that nothing does any more.
struct StreamName {
  std::string slot;
  bool removed = false;
  uint64_t tree = 0;       // directory: what it shows
  bool host_kept = false;  // file: its bytes are not in the stream
  int64_t creation_time_ms = 0;
  std::string creator;
  // file
  int64_t modification_time_ms = 0;
  ContentId content;
  uint64_t size = 0;
  std::string attributes;  // encoded

  bool is_directory() const { return slot[0] == core::kDirectorySlot; }
};
void AppendStreamName(const StreamName& name, std::string* payload);
// Takes the next of a kNames record.
absl::Status TakeStreamName(Decoder* in, StreamName* name);

struct StreamContent {
  ContentId id;
  uint64_t size = 0;
};
std::string EncodeStreamContent(const StreamContent& content);
absl::StatusOr<StreamContent> DecodeStreamContent(std::string_view payload);

struct StreamEnd {
  uint64_t trees = 0, names = 0, contents = 0;
  RecursiveTotals totals;  // of the root
  bool operator==(const StreamEnd&) const = default;
};
std::string EncodeStreamEnd(const StreamEnd& end);
absl::StatusOr<StreamEnd> DecodeStreamEnd(std::string_view payload);

}  // namespace marcot::operations
