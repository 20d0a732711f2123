// How the built-in store lays out a content: a blob of chunks, all full but the last.
#pragma once

#include <cstddef>
#include <cstdint>

namespace marcot::core {

// A range read loads at most this much too much; a row's overhead is nothing against it.
inline constexpr size_t kChunkBytes = 256 * 1024;

inline constexpr uint64_t ChunkCount(uint64_t bytes) {
  return (bytes + kChunkBytes - 1) / kChunkBytes;
}

}  // namespace marcot::core
