// How the built-in store lays out a content: a blob of chunks, all full but the last.
//
//   chunk     form | bytes, as the form says: 0x00 as they are, 0x01 LZ4
//
// Bytes are packed before they are written, by their caller and not by the pipeline: so the log,
// the memtable and the file get the short form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace marcot::core {

// A range read loads at most this much too much; a row's overhead is nothing against it.
inline constexpr size_t kChunkBytes = 256 * 1024;

inline constexpr uint64_t ChunkCount(uint64_t bytes) {
  return (bytes + kChunkBytes - 1) / kChunkBytes;
}

// Shorter ones stay as they are, in the tree's blocks, which are compressed as a whole.
inline constexpr size_t kMinPackedBytes = 4096;

// At most kChunkBytes.
std::string EncodeChunk(std::string_view bytes);
// All chunks of a content.
std::vector<std::string> EncodeChunks(std::string_view bytes);
// The bytes, in `stored` or in `buffer`. StoreDamaged where it is no chunk.
absl::StatusOr<std::string_view> DecodeChunk(std::string_view stored, std::string* buffer);

}  // namespace marcot::core
