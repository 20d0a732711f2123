#include "operations/spaces.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/tree_writer.h"
#include "marcot/error.h"

namespace marcot::operations {
namespace {

using storage::Family;

std::string Shown(std::string_view library, std::string_view space) {
  return absl::StrCat(std::string(library), "/", std::string(space));
}

absl::Status SpaceMissing(std::string_view library, std::string_view space) {
  return MakeError(Code::kSpaceNotFound,
                   absl::StrCat("no space ", Shown(library, space), "; create it first"));
}

// The end of a library's keys, its own included.
std::string LibraryEnd(std::string_view library) { return std::string(library) + '\1'; }

}  // namespace

absl::Status CheckSpaceId(std::string_view id, bool library) {
  if (id == "-" && !library) return absl::OkStatus();
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (id.size() >= 2 && id.size() <= 32 && id.front() != '-' && id.back() != '-' &&
      std::all_of(id.begin(), id.end(), legal)) {
    return absl::OkStatus();
  }
  return MakeError(Code::kSpaceIdInvalid,
                   absl::StrCat("\"", std::string(id.substr(0, 64)),
                                "\": an id is 2..32 of a-z, 0-9 and -, with no - at an end"));
}

absl::StatusOr<std::optional<core::SpaceRecord>> FindSpace(core::View& view,
                                                           std::string_view library,
                                                           std::string_view space) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kSpaces, core::SpaceKey(library, space), &value));
  if (!found || space.empty()) return std::nullopt;
  MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord record, core::DecodeSpace(value));
  return record;
}

absl::Status RequireLibrary(core::View& view, std::string_view library) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kSpaces, core::LibraryKey(library), &value));
  if (found) return absl::OkStatus();
  return MakeError(Code::kLibraryNotFound,
                   absl::StrCat("no library ", std::string(library), "; create it first"));
}

absl::Status CreateLibraryWork::Execute(core::Txn& txn) {
  if (RequireLibrary(txn, library_).ok()) {
    return MakeError(Code::kDuplicateLibrary,
                     absl::StrCat("the library ", std::string(library_), " exists"));
  }
  txn.Put(Family::kSpaces, core::LibraryKey(library_),
          core::EncodeSpace({.root = 0, .creation_time_ms = txn.now_ms()}));
  return absl::OkStatus();
}

absl::Status DeleteLibraryWork::Execute(core::Txn& txn) {
  MARCOT_RETURN_IF_ERROR(RequireLibrary(txn, library_));
  const std::string first = core::LibraryKey(library_), end = LibraryEnd(library_);
  const auto rows = txn.NewCursor(Family::kSpaces, {first, end});
  rows->Seek(first);
  if (rows->Valid()) rows->Next();
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (rows->Valid()) {
    return MakeError(Code::kLibraryNotEmpty, absl::StrCat("the library ", std::string(library_),
                                                          " still holds spaces; delete them"));
  }
  txn.Delete(Family::kSpaces, first);
  return absl::OkStatus();
}

absl::Status CreateSpaceWork::Execute(core::Txn& txn) {
  MARCOT_RETURN_IF_ERROR(RequireLibrary(txn, library_));
  MARCOT_ASSIGN_OR_RETURN(const auto existing, FindSpace(txn, library_, space_));
  if (existing.has_value()) {
    return MakeError(Code::kDuplicateSpace,
                     absl::StrCat("the space ", Shown(library_, space_), " exists"));
  }
  core::TreeWriter writer(txn);
  record_.root = writer.NewNode({}, {.modified = txn.seq(), .modification_time_ms = txn.now_ms()});
  record_.creation_time_ms = txn.now_ms();
  txn.Put(Family::kSpaces, core::SpaceKey(library_, space_), core::EncodeSpace(record_));
  return absl::OkStatus();
}

absl::Status DeleteSpaceWork::Execute(core::Txn& txn) {
  MARCOT_RETURN_IF_ERROR(RequireLibrary(txn, library_));
  MARCOT_ASSIGN_OR_RETURN(const auto record, FindSpace(txn, library_, space_));
  if (!record.has_value()) return SpaceMissing(library_, space_);
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, txn.GetTotals(record->root));
  if (!force_ && totals.files + totals.directories > 0) {
    return MakeError(Code::kSpaceNotEmpty, absl::StrCat("the space ", Shown(library_, space_),
                                                        " holds entries; delete with force"));
  }
  // Handles that are open must see at once that the space is gone.
  MARCOT_ASSIGN_OR_RETURN(core::Node node, core::GetNode(txn, record->root));
  node.live = false;
  txn.Put(Family::kNodes, core::IdKey(record->root), core::EncodeNode(node));
  txn.Delete(Family::kSpaces, core::SpaceKey(library_, space_));
  core::TreeWriter(txn).Kill(record->root);
  return absl::OkStatus();
}

absl::Status CondemnWork::Execute(core::Txn& txn) {
  condemned_.clear();
  for (const ContentId& id : ids_) {
    std::string value;
    MARCOT_ASSIGN_OR_RETURN(const bool released,
                            txn.Get(Family::kReleased, core::ContentKey(id), &value));
    if (!released) continue;
    txn.Put(Family::kReleased, core::ContentKey(id), std::string(1, core::kContentCondemned));
    condemned_.push_back(id);
  }
  return absl::OkStatus();
}

absl::Status AcknowledgeWork::Execute(core::Txn& txn) {
  for (const ContentId& id : ids_) {
    std::string value;
    MARCOT_ASSIGN_OR_RETURN(const bool released,
                            txn.Get(Family::kReleased, core::ContentKey(id), &value));
    if (!released || value[0] != core::kContentCondemned) {
      return MakeError(Code::kContentNotFound,
                       absl::StrCat("content ", id.Hex(), " is not condemned; condemn it first"));
    }
    txn.Delete(Family::kReleased, core::ContentKey(id));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ContentId>> ReleasedAfter(core::View& view, const ContentId& after,
                                                     size_t limit) {
  std::vector<ContentId> ids;
  const std::string last = core::ContentKey(after);
  const auto rows = view.NewCursor(Family::kReleased, {last, {}});
  for (rows->Seek(last); rows->Valid() && ids.size() < limit; rows->Next()) {
    if (rows->key() != last) ids.push_back(core::ContentOfKey(rows->key()));
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  return ids;
}

}  // namespace marcot::operations
