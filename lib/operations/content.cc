#include "operations/content.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/chunks.h"
#include "marcot/error.h"
#include "operations/left_behind.h"
#include "xxhash.h"

namespace marcot::operations {
namespace {

using core::kChunkBytes;
using storage::Family;

ContentId ToId(const XXH128_hash_t& hash) { return {hash.high64, hash.low64}; }

class WriteChunkWork final : public Pipeline::Work {
 public:
  WriteChunkWork(uint64_t* blob, uint64_t index, std::string_view chunk)
      : blob_(blob), index_(index), chunk_(chunk) {}

  absl::Status Execute(core::Txn& txn) override {
    if (*blob_ == 0) *blob_ = txn.NewId();
    std::string chunks;
    PutVarint(&chunks, index_ + 1);
    txn.Put(Family::kMeta, core::UploadKey(*blob_), chunks);
    txn.PutLent(Family::kChunks, core::PairKey(*blob_, index_), chunk_);
    return absl::OkStatus();
  }

 private:
  uint64_t* const blob_;
  const uint64_t index_;
  const std::string_view chunk_;
};

class AbandonWork final : public Pipeline::Work {
 public:
  AbandonWork(uint64_t blob, uint64_t chunks) : blob_(blob), chunks_(chunks) {}

  absl::Status Execute(core::Txn& txn) override {
    txn.Delete(Family::kMeta, core::UploadKey(blob_));
    txn.Queue({core::Job::Kind::kBlob, blob_, chunks_, {}});
    return absl::OkStatus();
  }

 private:
  const uint64_t blob_, chunks_;
};

// What the store knows, whoever keeps its bytes.
absl::Status HoldStoredContent(const FileContent& content, const std::vector<std::string>& path,
                               core::Txn& txn, core::TreeWriter& writer) {
  if (content.id.empty()) {
    writer.CountContent(0);
    return absl::OkStatus();
  }
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool counted,
                          txn.Get(Family::kContents, core::ContentKey(content.id), &value));
  core::ContentRow row;
  if (counted) {
    MARCOT_ASSIGN_OR_RETURN(row, core::DecodeContent(value));
  }
  if (counted && row.size == content.size) return writer.HoldContent(content.id, content.size);
  return MakeError(Code::kContentNotFound,
                   absl::StrCat("the store has no content ", content.id.Hex(), " of ", content.size,
                                " bytes for ", JoinPath(path), "; send its bytes"));
}

absl::Status HoldHostContent(const FileContent& content, const std::vector<std::string>& path,
                             core::Txn& txn, core::TreeWriter& writer) {
  if (content.id.empty() || content.unique_id) {
    writer.CountContent(content.size);
    return absl::OkStatus();
  }
  std::string key = core::ContentKey(content.id), value;
  MARCOT_ASSIGN_OR_RETURN(const bool released, txn.Get(Family::kReleased, key, &value));
  if (released && value[0] == core::kContentCondemned) {
    return MakeError(Code::kContentCondemned,
                     absl::StrCat("content ", content.id.Hex(), " of ", JoinPath(path),
                                  " is being deleted; send its bytes again under a new id"));
  }
  if (released) txn.Delete(Family::kReleased, key);
  MARCOT_ASSIGN_OR_RETURN(const bool counted, txn.Get(Family::kContents, key, &value));
  if (counted) return writer.HoldContent(content.id, content.size);
  writer.CountContent(content.size);
  txn.Put(Family::kContents, key,
          core::EncodeContent({.count = 1, .size = content.size, .blob = 0}));
  return absl::OkStatus();
}

void PutChunks(const FileContent& content, uint64_t blob, core::Txn& txn) {
  for (uint64_t i = 0; i < content.chunks.size(); ++i) {
    txn.PutLent(Family::kChunks, core::PairKey(blob, i), content.chunks[i]);
  }
  if (!content.chunks.empty()) return;
  // Who called found the bytes in the store, and made none; they went since then.
  uint64_t index = 0;
  for (const std::string& chunk : core::EncodeChunks(content.bytes)) {
    txn.Put(Family::kChunks, core::PairKey(blob, index++), chunk);
  }
}

// Equal bytes are kept once: where the store has them the new ones are not written, or, streamed
// already, are left to reclaim.
absl::Status HoldBuiltInContent(const FileContent& content, core::Txn& txn,
                                core::TreeWriter& writer) {
  if (content.id.empty()) {
    writer.CountContent(0);
    return absl::OkStatus();
  }
  if (content.blob != 0) txn.Delete(Family::kMeta, core::UploadKey(content.blob));
  std::string key = core::ContentKey(content.id), value;
  MARCOT_ASSIGN_OR_RETURN(const bool kept, txn.Get(Family::kContents, key, &value));
  core::ContentRow row;
  if (kept) {
    MARCOT_ASSIGN_OR_RETURN(row, core::DecodeContent(value));
  }
  if (row.blob != 0) {
    if (content.blob != 0) {
      txn.Queue({core::Job::Kind::kBlob, content.blob, core::ChunkCount(content.size), {}});
    }
    return writer.HoldContent(content.id, content.size);
  }
  // New, or so far only a host's: from now on the store has the bytes.
  writer.CountContent(kept ? 0 : content.size);
  MARCOT_ASSIGN_OR_RETURN(const bool released, txn.Get(Family::kReleased, key, &value));
  if (released) txn.Delete(Family::kReleased, key);
  const uint64_t blob = content.blob != 0 ? content.blob : txn.NewId();
  PutChunks(content, blob, txn);
  txn.Put(Family::kContents, key,
          core::EncodeContent({.count = row.count + 1, .size = content.size, .blob = blob}));
  return absl::OkStatus();
}

}  // namespace

absl::Status HoldContent(const FileContent& content, const std::vector<std::string>& path,
                         core::Txn& txn, core::TreeWriter& writer) {
  if (content.stored) return HoldStoredContent(content, path, txn, writer);
  return content.host_kept ? HoldHostContent(content, path, txn, writer)
                           : HoldBuiltInContent(content, txn, writer);
}

ContentId HashOf(std::string_view bytes) {
  return bytes.empty() ? ContentId{} : ToId(XXH3_128bits(bytes.data(), bytes.size()));
}

FileContent ContentOf(std::string_view bytes) {
  return {.id = HashOf(bytes), .size = bytes.size(), .bytes = bytes};
}

FileContent ChunkedContentOf(std::string_view bytes) {
  return {.id = HashOf(bytes), .size = bytes.size(), .chunks = core::EncodeChunks(bytes)};
}

void MakeNewChunks(const core::Committed& committed, Operation* operation) {
  FileContent& content = operation->content;
  std::string row;
  const bool kept = content.bytes.size() >= core::kMinPackedBytes &&
                    committed.storage()
                        .Get(Family::kContents, core::ContentKey(content.id), nullptr, &row)
                        .value_or(false);
  if (!kept) content.chunks = core::EncodeChunks(content.bytes);
}

absl::StatusOr<size_t> Fill(const ByteSource& source, char* buffer, size_t capacity) {
  size_t filled = 0;
  while (filled < capacity) {
    MARCOT_ASSIGN_OR_RETURN(const size_t n, source(buffer + filled, capacity - filled));
    if (n > capacity - filled) {
      return MakeError(Code::kParamInvalid, "a byte source gave more than it was asked for");
    }
    if (n == 0) break;
    filled += n;
  }
  return filled;
}

absl::StatusOr<FileContent> Upload::Write(const ByteSource& source) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> hash(XXH3_createState(),
                                                                      &XXH3_freeState);
  XXH3_128bits_reset(hash.get());
  const auto buffer = std::make_unique<char[]>(kChunkBytes);
  FileContent content;
  while (true) {
    MARCOT_ASSIGN_OR_RETURN(const size_t n, Fill(source, buffer.get(), kChunkBytes));
    if (n == 0) break;
    content.size += n;
    if (content.size > kMaxFileBytes) {
      return MakeError(Code::kParamInvalid, "a file of more than 2^53 bytes");
    }
    XXH3_128bits_update(hash.get(), buffer.get(), n);
    MARCOT_RETURN_IF_ERROR(WriteChunk(core::EncodeChunk({buffer.get(), n})));
  }
  if (content.size > 0) content.id = ToId(XXH3_128bits_digest(hash.get()));
  content.blob = blob_;
  return content;
}

absl::Status Upload::WriteChunk(std::string_view chunk) {
  WriteChunkWork work(&blob_, chunks_, chunk);
  MARCOT_RETURN_IF_ERROR(pipeline_.Run(work));
  ++chunks_;
  return absl::OkStatus();
}

Upload::~Upload() {
  if (blob_ == 0) return;
  AbandonWork work(blob_, chunks_);
  // Where this fails the row stays, and the next open finds it.
  pipeline_.Run(work).IgnoreError();
}

absl::Status QueueAbandonedUploads(core::Txn& txn) {
  const auto queue = [&](std::string_view key, std::string_view value) {
    const uint64_t blob = LoadFixed64(key.data() + core::kUploadPrefix.size());
    txn.Queue({core::Job::Kind::kBlob, blob, Decoder(value).Varint(), {}});
    txn.Delete(Family::kMeta, key);
    return absl::OkStatus();
  };
  return ForEachLeftBehind(txn, core::kUploadPrefix, queue);
}

absl::StatusOr<bool> IsBuiltIn(core::View& view, const ContentId& id) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kContents, core::ContentKey(id), &value));
  if (!found) return false;
  MARCOT_ASSIGN_OR_RETURN(const core::ContentRow row, core::DecodeContent(value));
  return row.blob != 0;
}

absl::Status ReadContent(core::View& view, const ContentId& id, uint64_t offset, uint64_t length,
                         const ByteSink& sink) {
  if (id.empty()) return absl::OkStatus();
  const auto lost = [&] {
    return MakeError(Code::kContentNotFound,
                     absl::StrCat("content ", id.Hex(),
                                  " is not in this store; where the host "
                                  "keeps it, open the store with that host's "
                                  "ContentStore"));
  };
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kContents, core::ContentKey(id), &value));
  if (!found) return lost();
  MARCOT_ASSIGN_OR_RETURN(const core::ContentRow row, core::DecodeContent(value));
  if (row.blob == 0) return lost();
  std::string buffer;
  const uint64_t end = offset < row.size ? offset + std::min(length, row.size - offset) : offset;
  while (offset < end) {
    const uint64_t index = offset / kChunkBytes, begin = offset % kChunkBytes;
    MARCOT_ASSIGN_OR_RETURN(const bool chunk,
                            view.Get(Family::kChunks, core::PairKey(row.blob, index), &value));
    if (!chunk) return lost();
    MARCOT_ASSIGN_OR_RETURN(const std::string_view bytes, core::DecodeChunk(value, &buffer));
    if (bytes.size() <= begin) return lost();
    const std::string_view piece = bytes.substr(begin, end - offset);
    MARCOT_RETURN_IF_ERROR(sink(piece));
    offset += piece.size();
  }
  return absl::OkStatus();
}

}  // namespace marcot::operations
