#include "service/digests.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace marcot::service {
namespace {

constexpr char kDigestsFolder[] = "digests";
constexpr char kKnownFolder[] = "known";
constexpr size_t kSlice = 256;

std::string DigestPath(const ContentId& content) {
  return absl::StrCat(kDigestsFolder, "/", content.Hex());
}

std::string KnownOf(const std::string& library_key) {
  return absl::StrCat(kKnownFolder, "/", library_key);
}

std::string Beginning(std::string_view hash, uint64_t size) {
  return absl::StrCat(std::string(hash), "-", size, "-");
}

std::string KnownPath(const std::string& library_key, const KnownFile& file) {
  return absl::StrCat(KnownOf(library_key), "/", Beginning(file.beginning_hash, file.size),
                      file.full_hash);
}

void AddContent(const ContentId& content, Record* record) {
  (*record)["content_hi"] = absl::StrCat(content.hi);
  (*record)["content_lo"] = absl::StrCat(content.lo);
}

ContentId ContentOf(const Record& record) {
  return {NumberOf(record, "content_hi"), NumberOf(record, "content_lo")};
}

}  // namespace

void AddDigest(const Digest& digest, Record* record) {
  (*record)["size"] = absl::StrCat(digest.size);
  (*record)["crc64"] = absl::StrCat(digest.crc64);
  (*record)["beginning"] = digest.beginning_hash;
  (*record)["full"] = digest.full_hash;
}

Digest DigestOf(const Record& record) {
  return {.size = NumberOf(record, "size"),
          .crc64 = NumberOf(record, "crc64"),
          .beginning_hash = TextOf(record, "beginning"),
          .full_hash = TextOf(record, "full")};
}

std::vector<BatchItem> Digests::KeepItems(const std::string& library_key, const ContentId& content,
                                          const Digest& digest) const {
  if (content.empty()) return {};
  Record of_content, known;
  AddDigest(digest, &of_content);
  AddContent(content, &of_content);
  AddContent(content, &known);
  const KnownFile file{digest.beginning_hash, digest.full_hash, digest.size};
  return {shelf_.PutItem(DigestPath(content), of_content),
          shelf_.PutItem(KnownPath(library_key, file), known)};
}

absl::StatusOr<std::optional<uint64_t>> Digests::FindCrc64(const ContentId& content) const {
  if (content.empty()) return Digester().Finish().crc64;
  MARCOT_ASSIGN_OR_RETURN(const auto record, shelf_.Find(DigestPath(content)));
  if (!record.has_value()) return std::nullopt;
  return DigestOf(*record).crc64;
}

absl::StatusOr<bool> Digests::HasBeginning(const std::string& library_key,
                                           std::string_view beginning_hash, uint64_t size) const {
  const std::string beginning = Beginning(beginning_hash, size);
  MARCOT_ASSIGN_OR_RETURN(const auto names, shelf_.Names(KnownOf(library_key), beginning, 1));
  return !names.empty() && names[0].starts_with(beginning);
}

absl::StatusOr<std::optional<ContentId>> Digests::FindContent(const std::string& library_key,
                                                              const KnownFile& file) const {
  MARCOT_ASSIGN_OR_RETURN(const auto record, shelf_.Find(KnownPath(library_key, file)));
  if (!record.has_value()) return std::nullopt;
  return ContentOf(*record);
}

absl::Status Digests::Forget(const std::string& library_key, const KnownFile& file) const {
  return shelf_.Delete(KnownPath(library_key, file)).status();
}

absl::Status Digests::ExpireSomeOf(const std::string& directory, std::string* last) const {
  MARCOT_ASSIGN_OR_RETURN(const auto names, shelf_.Names(directory, *last, kSlice));
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(directory, "/", name);
    MARCOT_ASSIGN_OR_RETURN(const auto record, shelf_.Find(path));
    if (!record.has_value()) continue;
    MARCOT_ASSIGN_OR_RETURN(const bool held, shelf_.HoldsContent(ContentOf(*record)));
    if (!held) MARCOT_RETURN_IF_ERROR(shelf_.Delete(path).status());
  }
  *last = names.size() < kSlice ? std::string() : names.back();
  return absl::OkStatus();
}

absl::Status Digests::ExpireSome() {
  MARCOT_RETURN_IF_ERROR(ExpireSomeOf(kDigestsFolder, &last_digest_));
  if (last_known_.empty()) {
    MARCOT_ASSIGN_OR_RETURN(const auto libraries, shelf_.Names(kKnownFolder, library_, 1));
    library_ = libraries.empty() ? std::string() : libraries[0];
  }
  return library_.empty() ? absl::OkStatus() : ExpireSomeOf(KnownOf(library_), &last_known_);
}

}  // namespace marcot::service
