// Files that are sent in several calls: begun, their bytes sent whole or in parts, confirmed. What
// is under way lies beside the spaces: it is in no list, and counts to no quota until it is
// confirmed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "marcot/content.h"
#include "marcot/space.h"

namespace marcot {

// How long an upload waits for its next call: half of it at least, for a call writes its end anew
// where less than that is left.
inline constexpr int64_t kUploadLifeMs = 24LL * 3600 * 1000;
inline constexpr uint32_t kMaxUploadParts = 10'000;
inline constexpr size_t kMaxUploadPathBytes = 32 * 1024;

struct UploadOptions : PutOptions {
  std::optional<uint64_t> size;  // bytes, as announced: more are refused, and at the end fewer too
  bool parts = false;
};

struct UploadedPart {
  uint32_t number = 0;  // from 1
  uint64_t size = 0;    // bytes
  int64_t time_ms = 0;
  std::string etag;
};

struct UploadInfo {
  std::string key;                // URL-safe; who knows it may send the bytes
  std::vector<std::string> path;  // the target; once confirmed, the final path
  Strategy strategy = Strategy::kDefault;
  bool parts = false;
  bool confirmed = false;
  int64_t creation_time_ms = 0, expiry_time_ms = 0;
};

struct ConfirmOptions {
  std::optional<uint64_t> crc64;  // CRC-64/XZ of all bytes
  std::optional<Strategy> strategy;
  AttributeChanges changes;  // to the attributes that it began with
  std::string user;
};

// What a client says of a file that the store may have. Hashes are lower-case hexadecimal.
struct KnownFile {
  std::string beginning_hash;  // SHA-256 of the first MiB
  // Over chunks of 1 MiB: h1 = SHA-256(c1), h(i) = SHA-256(h(i-1) c(i)); the last of them.
  std::string full_hash;
  uint64_t size = 0;
};

// Thread-safe. A space handle says where the file goes, on whose behalf, and whether that is
// allowed: begin, MayKnow, renew and abort need the grant `begin_upload` (`begin_upload_force` to
// overwrite), confirm `confirm_upload`, PutKnown what Space::Put needs.
class Uploads {
 public:
  virtual ~Uploads() = default;

  // Checks all that can be known already: the path (kMaxUploadPathBytes at most) and its parent
  // (DirectoryNotFound), a clash under ask, the quota. Takes ask, rename (default) and overwrite.
  // The durability is that of the confirmation.
  virtual absl::StatusOr<UploadInfo> Begin(const Space& space, std::string_view path,
                                           const UploadOptions& options) = 0;
  // The bytes, all or one part of them, in place of any that were sent before. UploadNotFound: no
  // such upload, or it has expired. PathConflict: another call sent the same ones at that time.
  virtual absl::StatusOr<UploadedPart> Send(std::string_view key, const ByteSource& source) = 0;
  virtual absl::StatusOr<UploadedPart> SendPart(std::string_view key, uint32_t number,
                                                const ByteSource& source) = 0;

  // ConfirmKeyNotFound for all that follow: the space has no such upload.
  virtual absl::StatusOr<UploadInfo> Get(const Space& space, std::string_view key) = 0;
  virtual absl::StatusOr<std::vector<UploadedPart>> ListParts(const Space& space,
                                                              std::string_view key) = 0;
  // It waits for kUploadLifeMs more.
  virtual absl::StatusOr<UploadInfo> Renew(const Space& space, std::string_view key) = 0;
  virtual absl::Status Abort(const Space& space, std::string_view key) = 0;
  // Makes the file, as Space::Put does, and forgets the upload, in one commit. Once done it answers
  // the same again, for as long as the upload would have waited. Parts are put together first:
  // O(bytes). UploadIncomplete, MultipartUploadIncomplete (a part is missing), BadCrc64;
  // PathConflict: other bytes were sent while it looked at these.
  virtual absl::StatusOr<Placed> Confirm(const Space& space, std::string_view key,
                                         const ConfirmOptions& options) = 0;

  // Whether a file that begins like this and is this long was uploaded to the library of the space.
  virtual absl::StatusOr<bool> MayKnow(const Space& space, std::string_view beginning_hash,
                                       uint64_t size) = 0;
  // Puts a file without its bytes. Nothing: they are not known, so they have to be sent.
  virtual absl::StatusOr<std::optional<Placed>> PutKnown(const Space& space, std::string_view path,
                                                         const KnownFile& file,
                                                         const PutOptions& options) = 0;
  // CRC-64/XZ of a content. Nothing: it did not come as an upload.
  virtual absl::StatusOr<std::optional<uint64_t>> FindCrc64(const ContentId& content) = 0;
};

}  // namespace marcot
