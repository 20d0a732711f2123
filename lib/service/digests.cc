#include "service/digests.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace marcot::service {
namespace {

// Records by content:             digests/CONTENT -> crc64, size, beginning, full
// Contents of a library by hash:  known/LIBRARY/BEGINNING-SIZE/FULL -> content
constexpr char kDigests[] = "digests";

std::string DigestPath(const ContentId& content) {
  return absl::StrCat(kDigests, "/", content.Hex());
}

std::string BeginningPath(const std::string& library, std::string_view hash, uint64_t size) {
  return absl::StrCat("known/", library, "/", std::string(hash), "-", size);
}

std::string FullPath(const std::string& library, const KnownFile& file) {
  return absl::StrCat(BeginningPath(library, file.beginning_hash, file.size), "/", file.full_hash);
}

}  // namespace

absl::Status Digests::Keep(const std::string& library, const ContentId& content,
                           const Digest& digest) const {
  if (content.empty()) return absl::OkStatus();
  MARCOT_RETURN_IF_ERROR(shelf_.Put(DigestPath(content), {{"crc64", absl::StrCat(digest.crc64)},
                                                          {"size", absl::StrCat(digest.size)},
                                                          {"beginning", digest.beginning_hash},
                                                          {"full", digest.full_hash}}));
  return shelf_.Put(
      FullPath(library, {digest.beginning_hash, digest.full_hash, digest.size}),
      {{"content_hi", absl::StrCat(content.hi)}, {"content_lo", absl::StrCat(content.lo)}});
}

absl::StatusOr<std::optional<Digest>> Digests::Find(const ContentId& content) const {
  if (content.empty()) return Digester().Finish();
  MARCOT_ASSIGN_OR_RETURN(const auto record, shelf_.Find(DigestPath(content)));
  if (!record.has_value()) return std::nullopt;
  return Digest{.size = NumberOf(*record, "size"),
                .crc64 = NumberOf(*record, "crc64"),
                .beginning_hash = TextOf(*record, "beginning"),
                .full_hash = TextOf(*record, "full")};
}

absl::StatusOr<bool> Digests::HasBeginning(const std::string& library,
                                           std::string_view beginning_hash, uint64_t size) const {
  MARCOT_ASSIGN_OR_RETURN(const auto names,
                          shelf_.Names(BeginningPath(library, beginning_hash, size), "", 1));
  return !names.empty();
}

absl::StatusOr<std::optional<ContentId>> Digests::FindContent(const std::string& library,
                                                              const KnownFile& file) const {
  MARCOT_ASSIGN_OR_RETURN(const auto record, shelf_.Find(FullPath(library, file)));
  if (!record.has_value()) return std::nullopt;
  return ContentId{NumberOf(*record, "content_hi"), NumberOf(*record, "content_lo")};
}

absl::Status Digests::Forget(const std::string& library, const KnownFile& file) const {
  return shelf_.Delete(FullPath(library, file)).status();
}

}  // namespace marcot::service
