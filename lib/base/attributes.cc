#include "base/attributes.h"

#include <algorithm>
#include <cstring>

#include "base/coding.h"
#include "base/utf8.h"

namespace marcot {
namespace {

// Whoever keeps one entry of a page keeps a block.
constexpr size_t kBlockBytes = 4096;
constexpr int kSingleStrings = 4;  // category, content type, the two times

// Calls `count` with how many there are of what may be many, and `string` with each string, in the
// order in which they are stored.
template <typename Count, typename String>
void VisitStrings(const Attributes& a, const Count& count, const String& string) {
  count(a.metadata.size());
  for (const auto& [key, value] : a.metadata) {
    string(key);
    string(value);
  }
  count(a.labels.size());
  for (const std::string& label : a.labels) string(label);
  string(a.category);
  string(a.content_type);
  string(a.local_creation_time);
  string(a.local_modification_time);
}

}  // namespace

void AttributeChanges::ApplyTo(Attributes* attributes) const {
  if (replace_metadata) attributes->metadata.clear();
  for (const auto& [key, value] : metadata) attributes->metadata[key] = value;
  if (labels.has_value()) attributes->labels = *labels;
  if (category.has_value()) attributes->category = *category;
  if (content_type.has_value()) attributes->content_type = *content_type;
  if (local_creation_time.has_value()) attributes->local_creation_time = *local_creation_time;
  if (local_modification_time.has_value()) {
    attributes->local_modification_time = *local_modification_time;
  }
}

bool AreAttributes(std::string_view encoded) {
  if (encoded.empty()) return true;
  Decoder in(encoded);
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    in.String();
    in.String();
  }
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) in.String();
  for (int i = 0; i < kSingleStrings; ++i) in.String();
  return in.Done();
}

bool IsEmpty(const Attributes& a) {
  return a.metadata.empty() && a.labels.empty() && a.category.empty() && a.content_type.empty() &&
         a.local_creation_time.empty() && a.local_modification_time.empty();
}

bool IsUtf8(const Attributes& a) {
  bool valid = true;
  VisitStrings(
      a, [](size_t) {},
      [&](const std::string& s) { valid = valid && CountCodePoints(s).has_value(); });
  return valid;
}

std::string EncodeAttributes(const Attributes& a) {
  std::string out;
  if (IsEmpty(a)) return out;
  size_t most = 0;
  VisitStrings(
      a, [&](size_t) { most += kMaxVarintBytes; },
      [&](const std::string& s) { most += kMaxVarintBytes + s.size(); });
  out.resize(most);
  char* end = out.data();
  VisitStrings(
      a, [&](size_t n) { end = WriteVarint(end, n); },
      [&](const std::string& s) { end = WriteBytes(WriteVarint(end, s.size()), s); });
  out.resize(end - out.data());
  return out;
}

void AttributePacker::Pack(std::string_view encoded, PackedAttributes* attributes) {
  attributes->size_ = static_cast<uint32_t>(encoded.size());
  attributes->bytes_ = nullptr;
  if (encoded.size() <= PackedAttributes::kOwnBytes) {
    std::memcpy(attributes->own_, encoded.data(), encoded.size());
    return;
  }
  if (encoded.size() > size_ - used_) {
    // The first entry may be the only one; from then on there is a page to fill.
    size_ = std::max(encoded.size(), block_ == nullptr ? 0 : kBlockBytes);
    used_ = 0;
    block_ = std::make_shared_for_overwrite<char[]>(size_);
  }
  char* const begin = block_.get() + used_;
  std::memcpy(begin, encoded.data(), encoded.size());
  used_ += encoded.size();
  attributes->bytes_ = {block_, begin};
}

PackedAttributes::PackedAttributes(const Attributes& attributes) {
  AttributePacker().Pack(EncodeAttributes(attributes), this);
}

Attributes PackedAttributes::Unpack() const {
  Attributes a;
  if (empty()) return a;
  Decoder in(encoded());
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    std::string key(in.String());
    a.metadata.emplace(std::move(key), in.String());
  }
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    a.labels.emplace_back(in.String());
  }
  a.category = in.String();
  a.content_type = in.String();
  a.local_creation_time = in.String();
  a.local_modification_time = in.String();
  return a;
}

}  // namespace marcot
