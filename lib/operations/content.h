// The built-in content store: bytes named by their XXH3-128, in chunks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/tree_writer.h"
#include "core/view.h"
#include "marcot/content.h"
#include "operations/operation.h"
#include "operations/pipeline.h"

namespace marcot::operations {

ContentId HashOf(std::string_view bytes);
// Of bytes for the built-in store, which the caller keeps until the put is done.
FileContent ContentOf(std::string_view bytes);
// The same with chunks of its own.
FileContent ChunkedContentOf(std::string_view bytes);
// Makes the chunks of what the operation puts, so that the leader need not, unless the store has
// the bytes as of now.
void MakeNewChunks(const core::Committed& committed, Operation* operation);

// One more record of a file, at `path`, holds the content; its bytes are stored if they are new,
// and stay where they are until the transaction ends. ContentCondemned; ContentNotFound for one
// that was said to be stored.
absl::Status HoldContent(const FileContent& content, const std::vector<std::string>& path,
                         core::Txn& txn, core::TreeWriter& writer);

// Writes a stream's chunks as they come, in commits of their own; the put that follows makes them a
// file's. Until then a row says that they exist, so that what a crash leaves is found.
class Upload {
 public:
  explicit Upload(Pipeline& pipeline) : pipeline_(pipeline) {}
  ~Upload();  // deletes the chunks unless they were used

  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  absl::StatusOr<FileContent> Write(const ByteSource& source);
  // The put has committed.
  void MarkUsed() { blob_ = 0; }

 private:
  absl::Status WriteChunk(std::string_view chunk);

  Pipeline& pipeline_;
  uint64_t blob_ = 0;
  uint64_t chunks_ = 0;
};

// Queues the chunks that uploads before a crash left behind.
absl::Status QueueAbandonedUploads(core::Txn& txn);

// Whether the store has the bytes itself.
absl::StatusOr<bool> IsBuiltIn(core::View& view, const ContentId& id);

// Gives the pieces of a content, from `offset`. ContentNotFound.
absl::Status ReadContent(core::View& view, const ContentId& id, uint64_t offset, uint64_t length,
                         const ByteSink& sink);

// Fills the buffer from the source until it is full or the source ends; answers how much there is.
absl::StatusOr<size_t> Fill(const ByteSource& source, char* buffer, size_t capacity);

}  // namespace marcot::operations
