// What clients know files by: CRC-64/XZ, and SHA-256 hashes of the beginning and of all of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace marcot::service {

struct Digest {
  uint64_t size = 0;  // bytes
  uint64_t crc64 = 0;
  // As KnownFile says.
  std::string beginning_hash, full_hash;
};

// Takes the bytes piece by piece, in order.
class Digester {
 public:
  Digester();
  ~Digester();
  Digester(const Digester&) = delete;
  Digester& operator=(const Digester&) = delete;

  void Add(std::string_view piece);
  Digest Finish();

 private:
  struct Sha256;
  void EndChunk();

  Digest digest_;
  std::unique_ptr<Sha256> sha256_;  // of the chunk before and this one
  uint64_t in_chunk_ = 0;           // bytes
  uint64_t chunks_ = 0;
  std::string chain_;  // of the chunks that ended, raw
};

}  // namespace marcot::service
