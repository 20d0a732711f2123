// The error codes of Marcot: one table that the library, its tools and its documents read.
//
// Every function of the public API answers with an absl::Status (or StatusOr). A status that is not
// OK carries one Code, stable across releases, and a message that names the path and the cure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace marcot {

// X(code, HTTP status, what it means). The codes down to InternalServerError are the service's own;
// those after it are Marcot's, for what only a library can meet.
#define MARCOT_ERROR_CODES(X)                                                                \
  X(EmptyPath, 400, "a path is needed here")                                                 \
  X(EmptyFileName, 400, "a path has an empty component")                                     \
  X(EmptyAccessToken, 400, "an access token is needed here")                                 \
  X(ParamInvalid, 400, "an argument is out of its range")                                    \
  X(InvalidDestinationPath, 400, "the target path cannot hold this")                         \
  X(InvalidConflictResolutionStrategy, 400, "the operation does not take this strategy")     \
  X(IllegalFileName, 400, "a name has a forbidden character or is not UTF-8")                \
  X(DirectoryNameLengthExceed, 400, "a directory's name is longer than the library allows")  \
  X(FileNameLengthExceed, 400, "a file's name is longer than the library allows")            \
  X(DirectoryLevelExceed, 400, "the whole path is longer than the store allows")             \
  X(InvalidSourceDirectory, 400, "the source is a file where a directory is needed")         \
  X(InvalidSourceFile, 400, "the source is a directory where a file is needed")              \
  X(FileTypeNotMatched, 400, "the path holds the other kind of entry")                       \
  X(SourceDirectoryIsParentOfDestination, 400, "a directory cannot be moved into itself")    \
  X(RootDirectoryNotAllowed, 400, "the operation does not apply to a space's root")          \
  X(BadCrc64, 400, "the bytes do not match their checksum")                                  \
  X(UploadIncomplete, 400, "not all bytes of the upload were sent")                          \
  X(MultipartUploadIncomplete, 400, "a part of the upload was not sent")                     \
  X(QuotaLimitReached, 400, "the quota would be exceeded")                                   \
  X(RecycleBinNotEnabled, 400, "the space has no recycle bin")                               \
  X(OverwriteFileNotAllowed, 400, "a file with versions is overwritten by a put alone")      \
  X(TooManyItems, 400, "more items than one call takes")                                     \
  X(NoItemsProvided, 400, "a batch without items")                                           \
  X(InvalidTimeFormat, 400, "a time is not ISO 8601")                                        \
  X(SpaceIdInvalid, 400, "a space or library id breaks the rule for ids")                    \
  X(InvalidAccessToken, 403, "the access token is none of this library's, or expired")       \
  X(NoPermission, 403, "the session lacks a grant that this needs")                          \
  X(AccessTokenNotMatchSpace, 403, "the session is not for this space")                      \
  X(WrongLibraryIdOrSecret, 404, "no such library, or another secret")                       \
  X(RouteNotFound, 404, "a server has nothing of this address")                              \
  X(LibraryNotFound, 404, "no such library")                                                 \
  X(SpaceNotFound, 404, "no such space")                                                     \
  X(DirectoryNotFound, 404, "no such directory")                                             \
  X(FileNotFound, 404, "no such file")                                                       \
  X(PathNotFound, 404, "neither a file nor a directory is there")                            \
  X(SourceDirectoryNotFound, 404, "the source directory does not exist")                     \
  X(SourceFileNotFound, 404, "the source file does not exist")                               \
  X(MarkerNotFound, 404, "the marker is not one that this listing gave")                     \
  X(NoQuota, 404, "the space has no quota")                                                  \
  X(QuotaNotFound, 404, "no such quota")                                                     \
  X(RecycledItemNotFound, 404, "no such item in the recycle bin")                            \
  X(UploadNotFound, 404, "no such upload, or it has expired")                                \
  X(FavoriteNotFound, 404, "the object is no favourite of the user")                         \
  X(TaskNotFound, 404, "the space has no such task")                                         \
  X(ConfirmKeyNotFound, 404, "the space has no such upload, or it has expired")              \
  X(SameNameDirectoryOrFileExists, 409, "the name is taken")                                 \
  X(PathConflict, 409, "lost against a concurrent operation")                                \
  X(TaskCancelled, 409, "the task was cancelled before it came to this item")                \
  X(RenameTooManyTimes, 409, "the number of a renamed copy would pass 2^31")                 \
  X(DuplicateQuota, 409, "the space or directory has a quota already")                       \
  X(DuplicateFavoriteRecord, 409, "the object is a favourite of the user already")           \
  X(SpaceNotEmpty, 409, "the space still holds entries")                                     \
  X(RequestEntityTooLarge, 413, "a request is larger than a server takes")                   \
  X(RateLimitExceeded, 429, "a server has more to do than it takes")                         \
  X(InternalServerError, 500, "the storage below failed")                                    \
  X(DuplicateLibrary, 409, "the library exists")                                             \
  X(DuplicateSpace, 409, "the space exists")                                                 \
  X(LibraryNotEmpty, 409, "the library still holds spaces")                                  \
  X(StoreNotFound, 404, "no store in this folder")                                           \
  X(StoreInUse, 409, "another process or handle has the store open")                         \
  X(StoreFormatTooNew, 400, "the store was written by a newer Marcot")                       \
  X(StoreFormatTooOld, 400, "the store has a format that is no longer read")                 \
  X(FolderNotEmpty, 409, "the folder that is to be made is there and holds something")       \
  X(BackupNotFound, 404, "no such backup in this folder")                                    \
  X(BackupsInUse, 409, "another call works on this folder of backups")                       \
  X(StoreReadOnly, 500, "a write failed before; reopen the store to go on")                  \
  X(StoreDamaged, 500, "a stored record does not decode or its checksum is wrong")           \
  X(ContentNotFound, 404, "the store does not hold these bytes")                             \
  X(ContentCondemned, 409, "the content is being deleted by the host; send its bytes again") \
  X(SnapshotExpired, 409, "the snapshot was held past its time limit")                       \
  X(SnapshotNotFound, 404, "no named snapshot of this name")                                 \
  X(DuplicateSnapshot, 409, "a named snapshot of this name exists")                          \
  X(VersionNotFound, 404, "the file has no such version")                                    \
  X(HistoryInUse, 400, "the library keeps versions; turn its history off first")             \
  X(LatestVersionNotAllowed, 400, "the latest version is the file itself")                   \
  X(ChangeFeedNotEnabled, 400, "the space keeps no changes")                                 \
  X(ChangesExpired, 409, "changes after the cursor are no longer kept; list the space anew") \
  X(StreamDamaged, 400, "a stream of a space ends too early or is not as it was written")    \
  X(StreamFormatTooNew, 400, "the stream was written by a newer Marcot")

enum class Code : int {
  kOk,
#define MARCOT_CODE_ENUM(name, http, meaning) k##name,
  MARCOT_ERROR_CODES(MARCOT_CODE_ENUM)
#undef MARCOT_CODE_ENUM
};

// The name that travels on the wire and in scripts, such as "SameNameDirectoryOrFileExists".
std::string_view CodeName(Code code);
// One line of what the code means.
std::string_view CodeMeaning(Code code);
// The HTTP status that a frontend answers with; 200 for kOk.
int CodeHttpStatus(Code code);
// The code of a status. A status that did not come from Marcot is kInternalServerError.
Code CodeOf(const absl::Status& status);
// A status with this code. Hosts use it where they stand in for a part of Marcot (ContentStore).
absl::Status MakeError(Code code, std::string message);

}  // namespace marcot
