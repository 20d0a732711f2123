// Who may do what: grants, and the sessions that hold them.
//
// A handle is what its holder may do. The host's own, of Store::OpenSpace, may do everything; one
// that a session opened may do what the grants of the session say, by itself and in batches, and
// answers NoPermission to the rest and changes nothing. Reading needs no grant.
//
// What needs which: put `upload_file`; copy and move, of a file or directory, delete, delete for
// good, restore, purge, versions: the grants of these names; attributes: what makes such an entry;
// to overwrite, also by a restore: the `_force` one; a bulk load: `create_directory` and
// `upload_file`. Named snapshots, limits of directories, settings of a space, its changes (reading
// them too), and copies and moves between spaces, there on both sides: `space_admin`.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/settings.h"
#include "marcot/space.h"

namespace marcot {

struct SpaceInfo;

// X(grant, its name on the wire, weaker grants that it includes..). `admin` is everything;
// `space_admin` everything but creating and deleting spaces and what concerns the whole library;
// `acl` and `read_only` allow no more than no grant at all. To overwrite needs a `_force` grant.
#define MARCOT_GRANTS(X)                                                             \
  X(Admin, "admin")                                                                  \
  X(SpaceAdmin, "space_admin")                                                       \
  X(Acl, "acl")                                                                      \
  X(ReadOnly, "read_only")                                                           \
  X(CreateSpace, "create_space")                                                     \
  X(DeleteSpace, "delete_space")                                                     \
  X(CreateDirectory, "create_directory")                                             \
  X(DeleteDirectory, "delete_directory")                                             \
  X(DeleteDirectoryPermanent, "delete_directory_permanent", Grant::kDeleteDirectory) \
  X(MoveDirectory, "move_directory")                                                 \
  X(CopyDirectory, "copy_directory")                                                 \
  X(BeginUpload, "begin_upload")                                                     \
  X(BeginUploadForce, "begin_upload_force", Grant::kBeginUpload)                     \
  X(ConfirmUpload, "confirm_upload")                                                 \
  X(UploadFile, "upload_file", Grant::kBeginUpload, Grant::kConfirmUpload)           \
  X(UploadFileForce, "upload_file_force", Grant::kUploadFile, Grant::kBeginUpload,   \
    Grant::kBeginUploadForce, Grant::kConfirmUpload)                                 \
  X(CreateSymlink, "create_symlink")                                                 \
  X(CreateSymlinkForce, "create_symlink_force", Grant::kCreateSymlink)               \
  X(DeleteFile, "delete_file")                                                       \
  X(DeleteFilePermanent, "delete_file_permanent", Grant::kDeleteFile)                \
  X(MoveFile, "move_file")                                                           \
  X(MoveFileForce, "move_file_force", Grant::kMoveFile)                              \
  X(CopyFile, "copy_file")                                                           \
  X(CopyFileForce, "copy_file_force", Grant::kCopyFile)                              \
  X(DeleteRecycled, "delete_recycled")                                               \
  X(RestoreRecycled, "restore_recycled")                                             \
  X(DeleteHistory, "delete_history")                                                 \
  X(SetHistoryLatest, "set_history_latest")

enum class Grant : uint8_t {
#define MARCOT_GRANT_ENUM(name, ...) k##name,
  MARCOT_GRANTS(MARCOT_GRANT_ENUM)
#undef MARCOT_GRANT_ENUM
};

std::string_view GrantName(Grant grant);  // on the wire: "copy_directory"

// A set of grants.
class Grants {
 public:
  constexpr Grants() = default;
  constexpr Grants(std::initializer_list<Grant> grants) {
    for (const Grant grant : grants) bits_ |= Bit(grant);
  }
  // Of names with commas between them, such as "copy_directory,upload_file"; empty: none.
  // ParamInvalid for a name that is no grant's.
  static absl::StatusOr<Grants> Parse(std::string_view names);
  std::string ToString() const;  // what Parse takes

  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool Has(Grant grant) const { return (bits_ & Bit(grant)) != 0; }
  // Of the grants that something needs those that a holder of these has not, included ones counted.
  Grants LackOf(const Grants& needed) const;
  bool Allow(Grant grant) const { return LackOf({grant}).empty(); }
  constexpr bool operator==(const Grants&) const = default;

 private:
  static constexpr uint64_t Bit(Grant grant) { return uint64_t{1} << static_cast<int>(grant); }
  uint64_t bits_ = 0;
};

// What a host opens a session for.
struct SessionRequest {
  std::string library;
  std::vector<std::string> spaces;  // empty: all of the library, those to come too
  std::string user;                 // the operator of all that the session does; may be empty
  std::string client, session;      // the host's ids of both; may be empty
  Grants grants;
};

// A handle; copy it freely. Thread-safe. It must not outlive its Store.
//
// What the session does is recorded as its user's. OperationOptions::user counts in a session
// that has `admin` and no user, else it is not looked at.
class Session {
 public:
  struct State;  // the library's own

  Session() = default;
  bool valid() const { return state_ != nullptr; }  // false: every call is refused (NoPermission)
  const SessionRequest& request() const;            // what it was opened for

  const std::string& library() const { return request().library; }
  const std::string& user() const { return request().user; }
  const Grants& grants() const { return request().grants; }

  // A handle that may do what the session may. AccessTokenNotMatchSpace for a space that the
  // session is not for, here and below; SpaceNotFound.
  absl::StatusOr<Space> OpenSpace(std::string_view space) const;

  // As the functions of Store of the same names, within the session's library and spaces.
  absl::StatusOr<Space> CreateSpace(std::string_view space) const;             // create_space
  absl::Status DeleteSpace(std::string_view space, bool force = false) const;  // delete_space
  absl::StatusOr<std::vector<SpaceInfo>> ListSpaces(std::string_view marker = {},
                                                    size_t limit = 1000) const;
  absl::StatusOr<LibrarySettings> GetLibrarySettings() const;
  // Of a session for the whole library, with `admin`.
  absl::Status SetLibrarySettings(const LibrarySettings& settings) const;
  absl::StatusOr<uint64_t> ClearHistory(uint64_t limit = UINT64_MAX) const;  // of the same

  // Changes of quotas need `admin`; all spaces of the quota must be the session's.
  absl::StatusOr<uint64_t> CreateQuota(std::span<const std::string> spaces,
                                       const QuotaLimits& limits) const;
  absl::Status SetQuota(uint64_t quota, const QuotaLimits& limits) const;
  absl::Status SetQuotaSpaces(uint64_t quota, std::span<const std::string> spaces) const;
  absl::Status DeleteQuota(uint64_t quota) const;
  absl::StatusOr<QuotaInfo> GetQuota(uint64_t quota) const;
  absl::StatusOr<QuotaInfo> GetQuotaOf(std::string_view space) const;

 private:
  friend class Store;
  friend class api::StoreImpl;
  std::shared_ptr<const State> state_;
};

}  // namespace marcot
