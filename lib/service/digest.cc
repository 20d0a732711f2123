#include "service/digest.h"

#include <lzma.h>
#include <openssl/evp.h>

#include <algorithm>

#include "absl/strings/escaping.h"

namespace marcot::service {
namespace {

constexpr uint64_t kChunkBytes = 1u << 20;

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

}  // namespace

struct Digester::Sha256 {
  Sha256() : context(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { Restart(); }

  void Restart() { EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr); }
  void Add(std::string_view bytes) { EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()); }
  std::string Finish() {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context.get(), hash, &size);
    return std::string(reinterpret_cast<const char*>(hash), size);
  }

  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context;
};

Digester::Digester() : sha256_(std::make_unique<Sha256>()) {}
Digester::~Digester() = default;

void Digester::Add(std::string_view piece) {
  digest_.size += piece.size();
  digest_.crc64 =
      lzma_crc64(reinterpret_cast<const uint8_t*>(piece.data()), piece.size(), digest_.crc64);
  while (!piece.empty()) {
    const std::string_view part = piece.substr(0, kChunkBytes - in_chunk_);
    sha256_->Add(part);
    in_chunk_ += part.size();
    piece.remove_prefix(part.size());
    if (in_chunk_ == kChunkBytes) EndChunk();
  }
}

void Digester::EndChunk() {
  chain_ = sha256_->Finish();
  if (chunks_ == 0) digest_.beginning_hash = Hex(chain_);
  ++chunks_;
  in_chunk_ = 0;
  sha256_->Restart();
  sha256_->Add(chain_);
}

Digest Digester::Finish() {
  if (in_chunk_ > 0 || chunks_ == 0) EndChunk();
  digest_.full_hash = Hex(chain_);
  return digest_;
}

}  // namespace marcot::service
