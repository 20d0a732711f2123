// The words of the API: ids, what is known of an entry, what an operation answers.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace marcot {

// 128 bits that name one object: unique per path of a space, stable over move and over changes of
// its content, new for a copy and for everything below it.
struct ObjectId {
  uint64_t hi = 0, lo = 0;
  auto operator<=>(const ObjectId&) const = default;
  std::string Hex() const;  // 32 lower-case digits
};

// Names the bytes of a file. The built-in store uses XXH3-128 of the bytes, so equal contents are
// kept once; a host that keeps bytes itself chooses its own. {0, 0} is the empty content.
struct ContentId {
  uint64_t hi = 0, lo = 0;
  auto operator<=>(const ContentId&) const = default;
  bool empty() const { return hi == 0 && lo == 0; }
  std::string Hex() const;  // 32 lower-case digits
};

// Content that a host keeps elsewhere (an object store, say).
struct ContentRef {
  ContentId id;
  uint64_t size = 0;  // bytes; at most kMaxFileBytes
  // True: the host minted `id` for this one put (an upload id) and no entry of the store has ever
  // held it. Saves the count row until a copy shares the content. Only the host can know: if it is
  // true of an id that is held, that content is released too early.
  bool unique_id = false;
};

inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 53;

// What to do when the target's name is taken (contract: conflict_resolution_strategy).
enum class Strategy {
  kDefault,    // the operation's own default: ask for directories, rename for files
  kAsk,        // fail with SameNameDirectoryOrFileExists
  kRename,     // place it under a free name: `bar (1)`, `file (1).docx`
  kOverwrite,  // replace a file; over a directory it behaves as ask
};

enum class EntryType { kDirectory, kFile };

// Free-form attributes. A copy carries them. Of a map or list, each key and value is valid UTF-8;
// all of it together is at most kMaxAttributeBytes when encoded.
struct Attributes {
  std::map<std::string, std::string> metadata;
  std::vector<std::string> labels;
  std::string category;
  std::string content_type;             // files
  std::string local_creation_time;      // opaque: given back as it was put
  std::string local_modification_time;  // opaque
  bool operator==(const Attributes&) const = default;
};

inline constexpr size_t kMaxAttributeBytes = 64 * 1024;

// What to change of attributes; what is not set stays.
struct AttributeChanges {
  std::map<std::string, std::string> metadata;  // set, beside the other keys
  bool replace_metadata = false;                // in place of all keys
  std::optional<std::vector<std::string>> labels;
  std::optional<std::string> category, content_type;
  std::optional<std::string> local_creation_time, local_modification_time;

  void ApplyTo(Attributes* attributes) const;
};

// Attributes as the store keeps them, in one string of a form that is its own. A page holds those
// of a thousand entries, and few who read it look at them: `Unpack` makes the maps and strings,
// anew with each call, so keep what it answers.
class PackedAttributes {
 public:
  PackedAttributes() = default;  // none
  explicit PackedAttributes(const Attributes& attributes);
  bool empty() const { return encoded().empty(); }
  Attributes Unpack() const;
  bool operator==(const PackedAttributes& other) const { return encoded() == other.encoded(); }

 private:
  friend class AttributePacker;  // the store's own
  std::string_view encoded() const {
    if (bytes_ != nullptr) return {bytes_.get(), size_};
    return {own_, size_ <= kOwnBytes ? size_ : 0};  // 0: it was moved from
  }

  // Room for a content type such as "application/octet-stream".
  static constexpr size_t kOwnBytes = 36;
  std::shared_ptr<const char> bytes_;  // in memory shared with other entries; null: in own_
  uint32_t size_ = 0;
  char own_[kOwnBytes] = {};
};

// Exact at every commit: what lies below a directory, itself not counted.
struct RecursiveTotals {
  uint64_t bytes = 0, files = 0, directories = 0;
  bool operator==(const RecursiveTotals&) const = default;
};

struct Stat {
  std::string name;  // the last component; empty for a root
  EntryType type = EntryType::kFile;
  ObjectId id;
  int64_t creation_time_ms = 0;      // since 1970 UTC
  int64_t modification_time_ms = 0;  // file: content; directory: a direct child came or went
  std::string creator;               // the user named in OperationOptions
  uint64_t version = 0;  // the seq of the change that the eTag tells; grows, unique in the store
  PackedAttributes attributes;
  // file
  uint64_t size = 0;  // bytes
  ContentId content;
  // directory
  RecursiveTotals totals;
  uint64_t child_files = 0, child_directories = 0;

  // Changes when the content (file) or a direct child (directory) does. Made anew with each call.
  std::string Etag() const;
};

// Where an operation placed something.
struct Placed {
  std::vector<std::string> path;  // the final path: names from the root down
  ObjectId id;
  bool renamed = false;        // the final name is not the one asked for
  bool overwritten = false;    // a file was replaced
  uint64_t recycled_item = 0;  // delete: its item in the recycle bin; 0: gone for good
  uint64_t seq = 0;            // the operation's place in the store's order of commits
};

// Joins names with '/'.
std::string JoinPath(const std::vector<std::string>& path);

}  // namespace marcot
