// Nothing of a stream is believed: it may come from anywhere. What the builder gets has names that
// the store takes, trees that have come, contents whose bytes have.
#include "operations/import_space.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/attributes.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/content.h"
#include "operations/path.h"
#include "operations/space_builder.h"
#include "operations/space_stream.h"
#include "operations/spaces.h"
#include "xxhash.h"

namespace marcot::operations {
namespace {

// One commit takes so many names and trees, or bytes of both with those of small files.
constexpr size_t kCommitNames = 512;
constexpr size_t kCommitBytes = 1u << 20;
// A content up to here waits in memory for its first name, one that is larger in the store.
constexpr size_t kSmallContent = 64 * 1024;
constexpr size_t kMaxWaiting = 1024;

// The bytes of one content, as the stream gives them: as many as it says, of the hash it says.
class ContentBytes {
 public:
  ContentBytes(StreamReader& reader, const StreamContent& content)
      : reader_(reader), content_(content), left_(content.size) {
    XXH3_128bits_reset(hash_.get());
  }

  ByteSource source() {
    return [this](char* buffer, size_t capacity) { return Read(buffer, capacity); };
  }

 private:
  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) {
    if (piece_.empty() && left_ > 0) MARCOT_RETURN_IF_ERROR(NextPiece());
    const size_t n = piece_.copy(buffer, capacity);
    piece_.remove_prefix(n);
    return n;
  }

  absl::Status NextPiece() {
    MARCOT_ASSIGN_OR_RETURN(const StreamKind kind, reader_.Next());
    piece_ = reader_.payload();
    if (kind != StreamKind::kBytes || piece_.empty() || piece_.size() > left_) {
      return StreamDamaged("a content is not as long as it says");
    }
    XXH3_128bits_update(hash_.get(), piece_.data(), piece_.size());
    left_ -= piece_.size();
    if (left_ > 0) return absl::OkStatus();
    const XXH128_hash_t hash = XXH3_128bits_digest(hash_.get());
    if (ContentId{hash.high64, hash.low64} == content_.id) return absl::OkStatus();
    return StreamDamaged("the bytes of a content are not those of its id");
  }

  StreamReader& reader_;
  const StreamContent content_;
  uint64_t left_;
  std::string_view piece_;
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> hash_{XXH3_createState(),
                                                                       &XXH3_freeState};
};

// A content that has come, as names hold it.
struct Carried {
  ContentId id;  // the host's own where that has got the bytes
  uint64_t size = 0;
  bool host_kept = false;
};

// A content that has come and that no name holds yet.
struct Waiting {
  std::unique_ptr<Upload> upload;
  FileContent content;
};

class SpaceImporter {
 public:
  SpaceImporter(Engine& engine, std::string_view library, std::string_view space,
                const ByteSource& source)
      : engine_(engine), builder_(engine, library, space), reader_(source) {}

  absl::StatusOr<core::SpaceRecord> Run() {
    MARCOT_RETURN_IF_ERROR(reader_.Begin());
    MARCOT_ASSIGN_OR_RETURN(StreamKind kind, reader_.Next());
    if (kind != StreamKind::kSpace) return StreamDamaged("its first record is not the space");
    MARCOT_ASSIGN_OR_RETURN(const StreamSpace head, DecodeStreamSpace(reader_.payload()));
    MARCOT_RETURN_IF_ERROR(CheckSettings(head.settings));
    MARCOT_RETURN_IF_ERROR(builder_.Begin(head.origin));
    for (kind = StreamKind::kSpace; kind != StreamKind::kEnd;) {
      MARCOT_ASSIGN_OR_RETURN(kind, reader_.Next());
      MARCOT_RETURN_IF_ERROR(Take(kind));
    }
    MARCOT_ASSIGN_OR_RETURN(const StreamEnd end, DecodeStreamEnd(reader_.payload()));
    seen_.totals = end.totals;
    if (seen_ != end) return StreamDamaged("some of it is missing");
    return builder_.Finish(head, end.totals);
  }

 private:
  using IdKey = std::pair<uint64_t, uint64_t>;
  static IdKey KeyOf(const ContentId& id) { return {id.hi, id.lo}; }

  absl::Status Take(StreamKind kind) {
    if (seen_.trees == 0 && kind != StreamKind::kTree) return StreamDamaged("it begins in vain");
    switch (kind) {
      case StreamKind::kTree:
        return BeginTree();
      case StreamKind::kNames:
        return AddNames();
      case StreamKind::kContent:
        return AddContent();
      case StreamKind::kEnd:
        EndTree();
        return Commit();
      default:
        return StreamDamaged("a record is where it cannot be");
    }
  }

  // ---- trees

  absl::Status BeginTree() {
    EndTree();
    MARCOT_ASSIGN_OR_RETURN(tree_, DecodeStreamTree(reader_.payload()));
    if (tree_.base > seen_.trees) return StreamDamaged("a tree's base has not come");
    MARCOT_RETURN_IF_ERROR(CheckAttributes(tree_.attributes));
    const int changes = tree_.base == 0 ? 0 : changes_[tree_.base - 1] + 1;
    if (changes > kMaxStreamChanges) return StreamDamaged("too long a chain of changed trees");
    changes_.push_back(static_cast<uint8_t>(changes));
    ++seen_.trees;
    last_slot_.clear();
    last_removed_ = true;
    parts_.push_back({.begins = true, .tree = tree_});
    return Count(tree_.attributes.size());
  }

  void EndTree() {
    if (seen_.trees == 0) return;
    Part().ends = true;
    Part().tree.modification_time_ms = tree_.modification_time_ms;
  }

  // That of the current tree in the next commit.
  TreePart& Part() {
    if (parts_.empty()) parts_.emplace_back();
    return parts_.back();
  }

  absl::Status AddNames() {
    Decoder in(reader_.payload());
    while (!in.AtEnd()) {
      NameToBuild name;
      MARCOT_RETURN_IF_ERROR(TakeStreamName(&in, &name.name));
      MARCOT_RETURN_IF_ERROR(CheckName(name.name));
      if (!name.name.is_directory() && !name.name.removed) {
        MARCOT_ASSIGN_OR_RETURN(name.content, ContentOf(name.name));
      }
      const size_t bytes = (name.content.chunks.empty() ? 0 : name.content.size) +
                           name.name.slot.size() + name.name.creator.size() +
                           name.name.attributes.size();
      Part().names.push_back(std::move(name));
      ++seen_.names;
      MARCOT_RETURN_IF_ERROR(Count(bytes));
    }
    return absl::OkStatus();
  }

  absl::Status CheckName(const StreamName& name) {
    const bool behind = name.removed == last_removed_ ? name.slot > last_slot_ : last_removed_;
    if (!behind) return StreamDamaged("its names are not in order");
    last_slot_ = name.slot;
    last_removed_ = name.removed;
    if (name.removed && tree_.base == 0) return StreamDamaged("a name is taken away from nothing");
    MARCOT_ASSIGN_OR_RETURN(const auto names,
                            ParsePath(std::string_view(name.slot).substr(1), engine_.limits()));
    if (names.size() != 1) return StreamDamaged("a name is none");
    if (name.removed) return absl::OkStatus();
    const EntryType type = name.is_directory() ? EntryType::kDirectory : EntryType::kFile;
    MARCOT_RETURN_IF_ERROR(CheckNameLengths(names, type, engine_.limits()));
    if (!IsUser(name.creator)) return StreamDamaged("a creator is none");
    // Of the trees that have come the last is this one.
    if (name.is_directory() && (name.tree == 0 || name.tree >= seen_.trees)) {
      return StreamDamaged("a directory's tree has not come");
    }
    return CheckAttributes(name.attributes);
  }

  static absl::Status CheckAttributes(const std::string& encoded) {
    if (encoded.size() > kMaxAttributeBytes || !AreAttributes(encoded)) {
      return StreamDamaged("attributes do not decode");
    }
    PackedAttributes packed;
    AttributePacker().Pack(encoded, &packed);
    const Attributes attributes = packed.Unpack();
    if (IsUtf8(attributes) && EncodeAttributes(attributes) == encoded) return absl::OkStatus();
    return StreamDamaged("attributes are not as a store writes them");
  }

  // ---- contents

  absl::StatusOr<FileContent> ContentOf(const StreamName& file) {
    if (file.size > kMaxFileBytes || file.content.empty() != (file.size == 0)) {
      return StreamDamaged("a file's size cannot be");
    }
    FileContent content{.id = file.content, .size = file.size, .host_kept = file.host_kept};
    if (file.content.empty() || file.host_kept) return content;
    const auto known = contents_.find(KeyOf(file.content));
    if (known == contents_.end() || known->second.size != file.size) {
      return StreamDamaged("the bytes of a file do not come before its name");
    }
    content.id = known->second.id;
    content.host_kept = known->second.host_kept;
    const auto first = waiting_.find(KeyOf(file.content));
    if (first == waiting_.end()) return content;
    held_.push_back(std::move(first->second));
    waiting_.erase(first);
    return std::move(held_.back()->content);
  }

  absl::Status AddContent() {
    MARCOT_ASSIGN_OR_RETURN(const StreamContent content, DecodeStreamContent(reader_.payload()));
    if (content.size == 0 || content.size > kMaxFileBytes || content.id.empty()) {
      return StreamDamaged("a content's size cannot be");
    }
    const auto [known, is_new] = contents_.try_emplace(KeyOf(content.id));
    if (!is_new) return StreamDamaged("a content comes twice");
    if (waiting_.size() == kMaxWaiting) return StreamDamaged("contents come without names");
    ++seen_.contents;
    ContentBytes bytes(reader_, content);
    known->second = {.id = content.id, .size = content.size};
    if (engine_.options().content_store != nullptr) return GiveToHost(bytes, &known->second);
    auto waiting = std::make_unique<Waiting>();
    MARCOT_RETURN_IF_ERROR(Receive(content, bytes, waiting.get()));
    waiting_.emplace(KeyOf(content.id), std::move(waiting));
    return absl::OkStatus();
  }

  absl::Status GiveToHost(ContentBytes& bytes, Carried* content) {
    MARCOT_ASSIGN_OR_RETURN(const ContentRef kept,
                            engine_.options().content_store->Write(bytes.source()));
    if (kept.size != content->size || kept.id.empty()) {
      return MakeError(Code::kInternalServerError, "the host's content store did not keep it all");
    }
    content->id = kept.id;
    content->host_kept = true;
    return absl::OkStatus();
  }

  absl::Status Receive(const StreamContent& content, ContentBytes& bytes, Waiting* waiting) {
    if (content.size > kSmallContent) {
      waiting->upload = std::make_unique<Upload>(engine_.pipeline());
      MARCOT_ASSIGN_OR_RETURN(waiting->content, waiting->upload->Write(bytes.source()));
      return absl::OkStatus();
    }
    std::string all(content.size, '\0');
    MARCOT_RETURN_IF_ERROR(Fill(bytes.source(), all.data(), all.size()).status());
    waiting->content = ChunkedContentOf(all);
    return absl::OkStatus();
  }

  // ---- commits

  absl::Status Count(size_t bytes) {
    ++names_;
    bytes_ += bytes;
    return names_ < kCommitNames && bytes_ < kCommitBytes ? absl::OkStatus() : Commit();
  }

  absl::Status Commit() {
    MARCOT_RETURN_IF_ERROR(builder_.Add(parts_));
    for (const auto& held : held_) {
      if (held->upload != nullptr) held->upload->MarkUsed();
    }
    held_.clear();
    parts_.clear();
    names_ = bytes_ = 0;
    return absl::OkStatus();
  }

  Engine& engine_;
  SpaceBuilder builder_;
  StreamReader reader_;
  std::vector<uint8_t> changes_;  // of each tree, how many changed ones are below it
  StreamEnd seen_;
  StreamTree tree_;  // the current one
  std::string last_slot_;
  bool last_removed_ = true;
  std::vector<TreePart> parts_;  // the next commit
  size_t names_ = 0, bytes_ = 0;
  absl::flat_hash_map<IdKey, Carried> contents_;
  absl::flat_hash_map<IdKey, std::unique_ptr<Waiting>> waiting_;
  std::vector<std::unique_ptr<Waiting>> held_;  // by names of the next commit
};

}  // namespace

absl::StatusOr<core::SpaceRecord> ImportSpace(Engine& engine, std::string_view library,
                                              std::string_view space, const ByteSource& source) {
  return SpaceImporter(engine, library, space, source).Run();
}

}  // namespace marcot::operations
