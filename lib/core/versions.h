// Versions: older contents that are kept of a file, by its object id. They are beside the trees, so
// that a move of a directory leaves them where they are; the file's entry has their number and
// bytes, the totals above it their sums. `VersionedFile` leads back from an id to the entry.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/facts.h"
#include "core/tree_writer.h"
#include "core/txn.h"

namespace marcot::core {

// Stores what `file` held until now as a version, which gets its id here; the caller sees to the
// content's count and to the entry, whose `versions` are those before.
void KeepVersion(Txn& txn, const Entry& file, VersionRecord record);
// The entry of a file that has versions stands here from now on.
void PutVersionedFile(Txn& txn, const ObjectId& id, const VersionedFile& where);
absl::StatusOr<bool> FindVersion(View& view, const ObjectId& id, Seq version,
                                 VersionRecord* record);
// Which version an id names. False: none any more.
absl::StatusOr<bool> FindVersionById(View& view, Seq id, VersionName* name);
// The entry of a file that has versions, and where it stands. False: the file is gone.
absl::StatusOr<bool> FindVersionedFile(View& view, const ObjectId& id, VersionedFile* where,
                                       Entry* file);
// Takes the rows of a version away; what it held is the caller's.
void TakeVersion(Txn& txn, const ObjectId& id, Seq version, const VersionRecord& record);
// Lets go of one version of a file that is there. False: there is no such version, or its file is
// gone and a job sees to the rest.
absl::StatusOr<bool> DropVersion(Txn& txn, TreeWriter& writer, const ObjectId& id, Seq version);
// Keeps the age of a version, if there still is one, under another library.
absl::Status MoveVersionAge(Txn& txn, const VersionAge& age, uint64_t library);
// The id of the library that a live directory is in; 0: its tree is gone, and jobs are at it.
absl::StatusOr<uint64_t> LibraryOf(Txn& txn, DirId dir);
// Whether a live directory is a root, or below it.
absl::StatusOr<bool> IsWithin(View& view, DirId dir, DirId root);
// The names on the way from a root down to a live directory below it. O(subdirectories of those on
// the way).
absl::StatusOr<std::vector<std::string>> NamesDownTo(View& view, DirId root, DirId dir);
// The oldest version of a file that has some.
absl::StatusOr<Seq> OldestVersion(Txn& txn, const ObjectId& id);
// The file is gone from its space for good; a job lets go of its versions.
void ForgetFile(Txn& txn, const Entry& file);

}  // namespace marcot::core
