#include "api/access.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/spaces.h"

namespace marcot::api {
namespace {

using operations::Operation;
using Kind = Operation::Kind;
using enum Grant;

// What an operation needs, all of it: on a directory, on a file, and on both where it overwrites or
// deletes for good.
struct Rule {
  Kind kind;
  Grants directory, file;
  Grants directory_for_good, file_for_good;
};

constexpr Rule Always(Kind kind, Grant grant) { return {kind, {grant}, {grant}, {grant}, {grant}}; }

// Attributes are part of what their entry was made with. To the file that it overwrites a restore
// is a move.
constexpr Rule kRules[] = {
    Always(Kind::kMakeDirectory, kCreateDirectory),
    {Kind::kPut, {kUploadFile}, {kUploadFile}, {kUploadFileForce}, {kUploadFileForce}},
    {Kind::kCopy, {kCopyDirectory}, {kCopyFile}, {kCopyDirectory}, {kCopyFileForce}},
    {Kind::kMove, {kMoveDirectory}, {kMoveFile}, {kMoveDirectory}, {kMoveFileForce}},
    {Kind::kDelete,
     {kDeleteDirectory},
     {kDeleteFile},
     {kDeleteDirectoryPermanent},
     {kDeleteFilePermanent}},
    {Kind::kSetAttributes, {kCreateDirectory}, {kUploadFile}, {kCreateDirectory}, {kUploadFile}},
    {Kind::kRestore,
     {kRestoreRecycled},
     {kRestoreRecycled},
     {kRestoreRecycled},
     {kRestoreRecycled, kMoveFileForce}},
    {Kind::kLoad,
     {kCreateDirectory, kUploadFile},
     {kCreateDirectory, kUploadFile},
     {kCreateDirectory, kUploadFile},
     {kCreateDirectory, kUploadFile}},
    Always(Kind::kPurge, kDeleteRecycled),
    Always(Kind::kEmptyBin, kDeleteRecycled),
    Always(Kind::kSetLatestVersion, kSetHistoryLatest),
    Always(Kind::kDeleteVersion, kDeleteHistory),
};

// Limits, named snapshots, and whatever has no rule are the administrator's.
constexpr Rule RuleOf(Kind kind) {
  for (const Rule& rule : kRules) {
    if (rule.kind == kind) return rule;
  }
  return Always(kind, kSpaceAdmin);
}

absl::Status Lacks(std::string_view what, const std::string& grants) {
  return MakeError(Code::kNoPermission,
                   absl::StrCat(std::string(what), ": the session lacks the grant ", grants,
                                "; open one that has it"));
}

absl::Status CheckHandle(const Space::State& space, std::string_view path, Operation* operation) {
  if (space.session == nullptr) return absl::OkStatus();
  const std::string what =
      path.empty() ? absl::StrCat(space.library, "/", space.name) : std::string(path);
  const Grants& held = space.session->grants;
  const Rule rule = RuleOf(operation->kind);
  const bool for_good = operation->kind == Kind::kDelete
                            ? operation->permanent
                            : operation->strategy == Strategy::kOverwrite;
  const Grants directory = held.LackOf(for_good ? rule.directory_for_good : rule.directory);
  const Grants file = held.LackOf(for_good ? rule.file_for_good : rule.file);
  const bool may_be_directory = operation->only != Operation::Only::kFile;
  const bool may_be_file = operation->only != Operation::Only::kDirectory;
  if (may_be_directory && may_be_file && !directory.empty() && !file.empty()) {
    const std::string either = directory == file ? "" : absl::StrCat(" or ", file.ToString());
    return Lacks(what, directory.ToString() + either);
  }
  if (!directory.empty()) operation->if_directory.Update(Lacks(what, directory.ToString()));
  if (!file.empty()) operation->if_file.Update(Lacks(what, file.ToString()));
  if (!may_be_file) return operation->if_directory;
  return may_be_directory ? absl::OkStatus() : operation->if_file;
}

}  // namespace

absl::Status CheckAccess(const Space::State& target, const Space::State* source,
                         std::string_view path, Operation* operation) {
  if (source == nullptr || source->root.dir == target.root.dir) {
    MARCOT_RETURN_IF_ERROR(CheckHandle(target, path, operation));
    return source == nullptr ? absl::OkStatus() : CheckHandle(*source, path, operation);
  }
  MARCOT_RETURN_IF_ERROR(RequireSpaceAdmin(target, "a copy or move from another space"));
  return RequireSpaceAdmin(*source, "a copy or move to another space");
}

absl::Status RequireGrant(const SessionRequest& session, Grant grant, std::string_view what) {
  if (session.grants.Allow(grant)) return absl::OkStatus();
  return Lacks(what, std::string(GrantName(grant)));
}

absl::Status RequireSpaceAdmin(const Space::State& space, std::string_view what) {
  if (space.session == nullptr) return absl::OkStatus();
  return RequireGrant(*space.session, kSpaceAdmin,
                      absl::StrCat(std::string(what), " of ", space.library, "/", space.name));
}

absl::Status RequireLibraryAdmin(const Session::State& session, std::string_view what) {
  const SessionRequest& request = *session.request;
  const std::string of = absl::StrCat(std::string(what), " of the library ", request.library);
  MARCOT_RETURN_IF_ERROR(RequireGrant(request, kAdmin, of));
  if (request.spaces.empty()) return absl::OkStatus();
  return MakeError(Code::kAccessTokenNotMatchSpace,
                   absl::StrCat(of, ": the session is for some of its spaces; open one for all"));
}

absl::Status RequireSpaceOf(const Session::State& session, std::string_view space) {
  const std::string name(space);
  return operations::CheckWithin({&name, 1}, session.request->spaces);
}

const std::string& OperatorOf(const Space::State& space, const std::string& named) {
  if (space.session == nullptr) return named;
  const SessionRequest& session = *space.session;
  return session.user.empty() && session.grants.Has(kAdmin) ? named : session.user;
}

}  // namespace marcot::api
