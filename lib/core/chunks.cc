#include "core/chunks.h"

#include <lz4.h>

#include <algorithm>
#include <memory>

#include "marcot/error.h"

namespace marcot::core {
namespace {

constexpr char kPlain = 0, kLz4 = 1;
// The part of the bytes that packing has to save, to be worth the reader's time.
constexpr size_t kMinSaved = 16;

std::string Joined(char form, std::string_view bytes) {
  std::string chunk;
  chunk.reserve(1 + bytes.size());
  chunk.push_back(form);
  chunk.append(bytes);
  return chunk;
}

}  // namespace

std::string EncodeChunk(std::string_view bytes) {
  if (bytes.size() >= kMinPackedBytes) {
    const size_t room = bytes.size() - bytes.size() / kMinSaved;
    const std::unique_ptr<char[]> packed(new char[room]);
    const int size = LZ4_compress_default(bytes.data(), packed.get(),
                                          static_cast<int>(bytes.size()), static_cast<int>(room));
    if (size > 0) return Joined(kLz4, {packed.get(), static_cast<size_t>(size)});
  }
  return Joined(kPlain, bytes);
}

std::vector<std::string> EncodeChunks(std::string_view bytes) {
  std::vector<std::string> chunks;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kChunkBytes, bytes.size()))) {
    chunks.push_back(EncodeChunk(bytes.substr(0, kChunkBytes)));
  }
  return chunks;
}

absl::StatusOr<std::string_view> DecodeChunk(std::string_view stored, std::string* buffer) {
  if (!stored.empty() && stored[0] == kPlain) return stored.substr(1);
  if (!stored.empty() && stored[0] == kLz4) {
    buffer->resize(kChunkBytes);
    const int size =
        LZ4_decompress_safe(stored.data() + 1, buffer->data(), static_cast<int>(stored.size() - 1),
                            static_cast<int>(kChunkBytes));
    if (size >= 0) return std::string_view(*buffer).substr(0, static_cast<size_t>(size));
  }
  return MakeError(Code::kStoreDamaged,
                   "a chunk of a content does not decode; restore the store from a backup");
}

}  // namespace marcot::core
