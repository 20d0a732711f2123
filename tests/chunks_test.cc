// The stored form of the bytes of files.
#include "core/chunks.h"

#include <gtest/gtest.h>

#include <random>

#include "marcot/error.h"

namespace marcot::core {
namespace {

std::string Noise(size_t size) {
  std::mt19937_64 random(1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string Text(size_t size) {
  std::string bytes;
  for (int line = 0; bytes.size() < size; ++line) bytes += "line " + std::to_string(line) + "\n";
  bytes.resize(size);
  return bytes;
}

constexpr size_t kSizes[] = {1, 4'095, 4'096, 4'097, 100'000, kChunkBytes - 1, kChunkBytes};

TEST(ChunksTest, BytesComeBack) {
  std::string buffer;
  for (const size_t size : kSizes) {
    for (const std::string& bytes : {Noise(size), Text(size), std::string(size, '\0')}) {
      const std::string chunk = EncodeChunk(bytes);  // what is decoded may stand in it
      const auto decoded = DecodeChunk(chunk, &buffer);
      ASSERT_TRUE(decoded.ok()) << size << decoded.status();
      EXPECT_TRUE(*decoded == bytes) << size;
    }
  }
}

TEST(ChunksTest, OnlyWhatGetsShorterIsPacked) {
  for (const size_t size : kSizes) {
    EXPECT_EQ(EncodeChunk(Noise(size)).size(), size + 1);
    const size_t most = size < 4'096 ? size + 1 : size / 2;
    EXPECT_LE(EncodeChunk(Text(size)).size(), most);
  }
}

TEST(ChunksTest, AllChunksButTheLastAreFull) {
  const std::string bytes = Text(2 * kChunkBytes + 1);
  const std::vector<std::string> chunks = EncodeChunks(bytes);
  ASSERT_EQ(chunks.size(), 3u);
  std::string all, buffer;
  for (const std::string& chunk : chunks) {
    const auto decoded = DecodeChunk(chunk, &buffer);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->size(), &chunk == &chunks.back() ? 1u : kChunkBytes);
    all += *decoded;
  }
  EXPECT_TRUE(all == bytes);
  EXPECT_TRUE(EncodeChunks("").empty());
}

TEST(ChunksTest, WhatIsNoChunkIsDamage) {
  const std::string packed = EncodeChunk(Text(100'000));
  std::string longer(1, packed[0]), buffer;  // than any chunk is
  longer += EncodeChunk(std::string(kChunkBytes, 'x')).substr(1) + packed.substr(1);
  for (const std::string& stored : {std::string(), std::string("\x02text"), packed.substr(0, 1),
                                    packed.substr(0, packed.size() / 2), longer}) {
    EXPECT_EQ(CodeOf(DecodeChunk(stored, &buffer).status()), Code::kStoreDamaged);
  }
}

}  // namespace
}  // namespace marcot::core
