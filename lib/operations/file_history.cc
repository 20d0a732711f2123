// Versions of files: what an overwriting put keeps, and going back to it.
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/versions.h"
#include "marcot/error.h"
#include "operations/read.h"
#include "operations/runner.h"

namespace marcot::operations {

using core::Entry;
using core::VersionRecord;

namespace {

absl::Status NoSuchVersion(uint64_t id) {
  return MakeError(Code::kVersionNotFound, absl::StrCat("no file here has a version with the id ",
                                                        id, "; list the versions of the file"));
}

struct Located {
  core::VersionName name;
  core::VersionedFile where;
};

// The version that an id names, of a file below a root.
absl::StatusOr<Located> Locate(core::View& view, core::DirId root, uint64_t id) {
  Located located;
  Entry file;
  MARCOT_ASSIGN_OR_RETURN(bool found, core::FindVersionById(view, id, &located.name));
  if (found) {
    MARCOT_ASSIGN_OR_RETURN(
        found, core::FindVersionedFile(view, located.name.file, &located.where, &file));
  }
  if (found) {
    MARCOT_ASSIGN_OR_RETURN(found, core::IsWithin(view, located.where.dir, root));
  }
  if (!found) return NoSuchVersion(id);
  return located;
}

}  // namespace

// `overwritten_` is about to be replaced by `file`, the same object.
absl::Status Runner::KeepOldVersion(Entry* file) {
  MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord library, LibraryOf());
  const int64_t age = txn_.now_ms() - overwritten_->modification_time_ms;
  if (!library.settings.history) return absl::OkStatus();
  if (age < int64_t{library.settings.history_merge_seconds} * 1000) return absl::OkStatus();
  core::KeepVersion(txn_, *overwritten_,
                    {.content = overwritten_->content,
                     .size = overwritten_->size,
                     .modification_time_ms = overwritten_->modification_time_ms,
                     .replaced_time_ms = txn_.now_ms(),
                     .library = library.id});
  ++file->versions;
  file->version_bytes += overwritten_->size;
  keeps_old_ = true;
  return absl::OkStatus();
}

absl::Status Runner::DropVersionsPastLimit(const Entry& file) {
  MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord library, LibraryOf());
  for (uint64_t left = file.versions; left > library.settings.history_versions; --left) {
    MARCOT_ASSIGN_OR_RETURN(const core::Seq oldest, core::OldestVersion(txn_, file.id));
    MARCOT_RETURN_IF_ERROR(core::DropVersion(txn_, writer_, file.id, oldest).status());
  }
  return absl::OkStatus();
}

// A move into a library that may allow fewer versions: expiry looks through them.
absl::Status Runner::BringVersions() {
  if (op_.item != 0 || op_.from_library == op_.library) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(txn_, source_));
  if (weight.versions == 0) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(core::LibraryRecord library, LibraryOf());
  library.tightened = txn_.seq();
  txn_.Put(storage::Family::kSpaces, core::LibraryKey(op_.library), core::EncodeLibrary(library));
  return absl::OkStatus();
}

// The file at the path, and the older version of it that the operation names.
absl::StatusOr<Entry> Runner::FindVersionedFile(VersionRecord* version) {
  MARCOT_ASSIGN_OR_RETURN(const Entry file,
                          RequireFile(EntryOf(txn_, {.dir = op_.root}, op_.path), op_.path));
  if (op_.version == file.modified) {
    return MakeError(Code::kLatestVersionNotAllowed,
                     absl::StrCat("version ", op_.version, " of ", JoinPath(op_.path),
                                  " is the file as it is; name an older one"));
  }
  MARCOT_ASSIGN_OR_RETURN(*version, RequireVersion(txn_, file, op_.version, op_.path));
  if (op_.version_id != 0 && version->id != op_.version_id) return NoSuchVersion(op_.version_id);
  return file;
}

absl::StatusOr<Placed> Runner::SetLatestVersion() {
  VersionRecord version;
  MARCOT_ASSIGN_OR_RETURN(Entry file, FindVersionedFile(&version));
  MARCOT_ASSIGN_OR_RETURN(auto walked, writer_.Walk(op_.root, ParentOf(op_.path), {}));
  target_ = std::move(walked.nodes);
  overwritten_ = file;
  slots_ = core::TreeWriter::Slots::kTaken;
  core::TakeVersion(txn_, file.id, op_.version, version);
  core::KeepVersion(txn_, file,
                    {.content = file.content,
                     .size = file.size,
                     .modification_time_ms = file.modification_time_ms,
                     .replaced_time_ms = txn_.now_ms(),
                     .library = version.library});
  keeps_old_ = true;
  file.version_bytes += file.size - version.size;
  file.content = version.content;
  file.size = version.size;
  file.modification_time_ms = txn_.now_ms();
  file.modified = txn_.seq();
  MARCOT_RETURN_IF_ERROR(PlaceAtTarget(file));
  MARCOT_RETURN_IF_ERROR(Log(ChangeKind::kFilePut, EntryType::kFile, file.id));
  return Answer(file.id);
}

absl::StatusOr<Placed> Runner::DeleteVersion() {
  if (op_.version_id != 0) {
    MARCOT_ASSIGN_OR_RETURN(const Located located, Locate(txn_, op_.root, op_.version_id));
    const auto& [id, version] = located.name;
    MARCOT_RETURN_IF_ERROR(core::DropVersion(txn_, writer_, id, version).status());
    return Answer(id);
  }
  VersionRecord version;
  MARCOT_ASSIGN_OR_RETURN(const Entry file, FindVersionedFile(&version));
  MARCOT_RETURN_IF_ERROR(core::DropVersion(txn_, writer_, file.id, op_.version).status());
  return Answer(file.id);
}

absl::StatusOr<VersionAt> FindVersionById(core::View& view, core::DirId root, uint64_t id) {
  MARCOT_ASSIGN_OR_RETURN(const Located located, Locate(view, root, id));
  VersionAt at;
  at.version = located.name.version;
  MARCOT_ASSIGN_OR_RETURN(at.path, core::NamesDownTo(view, root, located.where.dir));
  at.path.push_back(located.where.slot.substr(1));
  return at;
}

absl::StatusOr<core::Seq> RequireVersionById(core::View& view, const Entry& file, uint64_t id,
                                             const std::vector<std::string>& names) {
  core::VersionName name;
  MARCOT_ASSIGN_OR_RETURN(const bool found, core::FindVersionById(view, id, &name));
  if (found && file.versions > 0 && name.file == file.id) return name.version;
  return MakeError(Code::kVersionNotFound, absl::StrCat(JoinPath(names),
                                                        " has no version with the "
                                                        "id ",
                                                        id, "; list its versions"));
}

absl::StatusOr<VersionRecord> RequireVersion(core::View& view, const Entry& file, core::Seq version,
                                             const std::vector<std::string>& names) {
  VersionRecord record;
  bool kept = false;
  if (file.versions > 0) {
    MARCOT_ASSIGN_OR_RETURN(kept, core::FindVersion(view, file.id, version, &record));
  }
  if (kept) return record;
  return MakeError(Code::kVersionNotFound, absl::StrCat(JoinPath(names), " has no version ",
                                                        version, "; list its versions"));
}

absl::StatusOr<VersionPage> VersionsOf(core::View& view, const Entry& file,
                                       const ListVersionsOptions& options) {
  VersionPage page;
  if (options.before == 0) {
    page.versions.push_back(
        {0, file.modified, file.size, file.content, file.modification_time_ms, 0});
  }
  if (file.versions == 0) return page;
  const std::string end = core::VersionKey(file.id, 0);
  const std::string first =
      options.before == 0 ? core::VersionsKey(file.id) : core::VersionKey(file.id, options.before);
  const auto rows = view.NewCursor(storage::Family::kVersions, {first, end});
  rows->Seek(first);
  if (rows->Valid() && rows->key() == first) rows->Next();
  for (; rows->Valid() && page.versions.size() < options.limit; rows->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const VersionRecord record, core::DecodeVersion(rows->value()));
    page.versions.push_back({record.id, core::VersionOfKey(rows->key()), record.size,
                             record.content, record.modification_time_ms, record.replaced_time_ms});
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (rows->Valid()) page.next = page.versions.back().version;
  return page;
}

}  // namespace marcot::operations
