#include "operations/expire_versions.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/tree_writer.h"
#include "core/versions.h"
#include "marcot/error.h"
#include "operations/recycle.h"
#include "operations/spaces.h"

namespace marcot::operations {
namespace {

using core::VersionAge;
using core::VersionAgesKey;
using storage::Family;

// Answers whether it was there to be let go of.
absl::StatusOr<bool> LetGo(core::Txn& txn, const VersionAge& age) {
  core::VersionedFile where;
  core::Entry file;
  MARCOT_ASSIGN_OR_RETURN(const bool found, core::FindVersionedFile(txn, age.id, &where, &file));
  if (!found) return false;  // deleted; a job of reclaim lets its versions go
  MARCOT_ASSIGN_OR_RETURN(const uint64_t library, core::LibraryOf(txn, where.dir));
  // Just moved: a review comes first. Or in a tree that is gone: a job lets its versions go.
  if (library != age.library) return false;
  core::TreeWriter writer(txn);
  return core::DropVersion(txn, writer, age.id, age.version);
}

}  // namespace

absl::StatusOr<Libraries> AllLibraries(core::View& view) {
  Libraries libraries;
  const auto rows = view.NewCursor(Family::kSpaces, {});
  for (rows->Seek(""); rows->Valid();) {
    NamedLibrary library{std::string(rows->key().substr(0, rows->key().find('\0'))), {}};
    MARCOT_ASSIGN_OR_RETURN(library.record, core::DecodeLibrary(rows->value()));
    rows->Seek(LibraryEnd(library.name));
    libraries.emplace(library.record.id, std::move(library));
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  return libraries;
}

// ---- by age ------------------------------------------------------------------------------------

bool ExpireVersionsWork::IsDue(uint64_t library, int64_t time_ms, int64_t now_ms) const {
  const auto found = libraries_.find(library);
  if (found == libraries_.end()) return false;
  const int64_t days = found->second.record.settings.history_days;
  return days > 0 && time_ms <= now_ms - days * kMsPerDay;
}

absl::Status ExpireVersionsWork::ExpireSlice(core::Txn& txn) {
  const std::string first(core::kVersionAges), end = core::VersionAgesEnd();
  const auto rows = txn.NewCursor(Family::kFacts, {first, end});
  size_t visited = 0;
  rows->Seek(cursor_.empty() ? first : cursor_);
  while (rows->Valid()) {
    const VersionAge age = VersionAge::Of(rows->key());
    if (!IsDue(age.library, age.time_ms, txn.now_ms())) {
      rows->Seek(VersionAgesKey(age.library + 1));  // all that follow in the library are younger
      continue;
    }
    cursor_ = rows->key();
    more_ = visited++ == kExpirySlice;
    if (more_) break;
    MARCOT_ASSIGN_OR_RETURN(const bool dropped, LetGo(txn, age));
    dropped_ += dropped;
    rows->Next();
  }
  return rows->status();
}

// ---- of one library ---------------------------------------------------------------------------

absl::Status CheckHistoryIsOff(const core::LibraryRecord& library, std::string_view name) {
  if (!library.settings.history) return absl::OkStatus();
  return MakeError(Code::kHistoryInUse, absl::StrCat("the library ", std::string(name),
                                                     " keeps versions; turn its history off"));
}

absl::Status ClearVersionsWork::ExpireSlice(core::Txn& txn) {
  MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord library, FindLibrary(txn, library_));
  MARCOT_RETURN_IF_ERROR(CheckHistoryIsOff(library, library_));
  const std::string first = VersionAgesKey(library.id), end = VersionAgesKey(library.id + 1);
  const auto rows = txn.NewCursor(Family::kFacts, {first, end});
  size_t visited = 0;
  rows->Seek(cursor_.empty() ? first : cursor_);
  for (; rows->Valid(); rows->Next()) {
    more_ = visited++ == kExpirySlice || dropped_ == allowed_;
    if (more_) break;
    cursor_ = rows->key();
    MARCOT_ASSIGN_OR_RETURN(const bool dropped, LetGo(txn, VersionAge::Of(rows->key())));
    dropped_ += dropped;
  }
  return rows->status();
}

// ---- by library and number --------------------------------------------------------------------

ReviewVersionsWork::ReviewVersionsWork(const Libraries& libraries, int64_t now_ms)
    : now_ms_(now_ms) {
  for (const auto& [id, library] : libraries) {
    const core::LibraryRecord& record = library.record;
    if (record.tightened == 0) continue;
    limits_[id] = {library.name, record.settings.history_versions, record.tightened};
  }
}

absl::Status ReviewVersionsWork::ExpireSlice(core::Txn& txn) {
  const std::string first(core::kVersionAges), end = core::VersionAgesEnd();
  const auto rows = txn.NewCursor(Family::kFacts, {first, end});
  rows->Seek(cursor_.empty() ? first : cursor_);
  if (rows->Valid() && rows->key() == cursor_) rows->Next();
  for (size_t budget = kExpirySlice;;) {
    if (at_.has_value()) MARCOT_RETURN_IF_ERROR(Review(txn, *at_, &budget));
    more_ = budget == 0;
    if (more_) return absl::OkStatus();
    at_ = NextAge(rows.get());
    if (!at_.has_value()) break;
    --budget;
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  return MarkDone(txn);
}

std::optional<VersionAge> ReviewVersionsWork::NextAge(storage::Cursor* rows) {
  while (rows->Valid()) {
    const VersionAge age = VersionAge::Of(rows->key());
    if (age.time_ms > now_ms_) {
      rows->Seek(VersionAgesKey(age.library + 1));
      continue;
    }
    cursor_ = rows->key();
    rows->Next();
    return age;
  }
  return std::nullopt;
}

absl::Status ReviewVersionsWork::Review(core::Txn& txn, const VersionAge& age, size_t* budget) {
  core::VersionedFile where;
  core::Entry file;
  MARCOT_ASSIGN_OR_RETURN(const bool found, core::FindVersionedFile(txn, age.id, &where, &file));
  if (!found) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const uint64_t library, core::LibraryOf(txn, where.dir));
  if (library == 0) return absl::OkStatus();
  if (library != age.library) MARCOT_RETURN_IF_ERROR(core::MoveVersionAge(txn, age, library));
  const auto limit = limits_.find(library);
  if (limit == limits_.end()) return absl::OkStatus();
  // The oldest first: they need not be of the library that the age is of.
  core::TreeWriter writer(txn);
  for (uint64_t left = file.versions; left > limit->second.versions && *budget > 0; --left) {
    MARCOT_ASSIGN_OR_RETURN(const core::Seq oldest, core::OldestVersion(txn, age.id));
    MARCOT_RETURN_IF_ERROR(core::DropVersion(txn, writer, age.id, oldest).status());
    ++dropped_;
    --*budget;
  }
  return absl::OkStatus();
}

absl::Status ReviewVersionsWork::MarkDone(core::Txn& txn) const {
  for (const auto& [id, limit] : limits_) {
    auto library = FindLibrary(txn, limit.library);
    if (CodeOf(library.status()) == Code::kLibraryNotFound) continue;
    MARCOT_RETURN_IF_ERROR(library.status());
    if (library->tightened != limit.tightened) continue;  // again meanwhile
    library->tightened = 0;
    txn.Put(Family::kSpaces, core::LibraryKey(limit.library), core::EncodeLibrary(*library));
  }
  return absl::OkStatus();
}

}  // namespace marcot::operations
