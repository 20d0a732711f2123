#include "service/uploads.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "api/access.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/path.h"
#include "service/digests.h"
#include "service/random.h"

namespace marcot::service {
namespace {

constexpr size_t kSpaceChars = 16;  // of KeyOf
constexpr size_t kKeyChars = kSpaceChars + 32;
constexpr size_t kHashChars = 64;

bool IsHexadecimal(std::string_view text, size_t length) {
  return text.size() == length && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string Folder(const char* top, std::string_view key) {
  return absl::StrCat(top, "/", std::string(key.substr(0, kSpaceChars)), "/",
                      std::string(key.substr(kSpaceChars)));
}
std::string UploadFolder(std::string_view key) { return Folder("uploads", key); }
std::string RecordPath(std::string_view key) { return UploadFolder(key) + "/upload"; }
std::string AttributesPath(std::string_view key) { return UploadFolder(key) + "/attributes"; }
std::string DigestPath(std::string_view key) { return UploadFolder(key) + "/digest"; }
std::string FilePath(std::string_view key) { return UploadFolder(key) + "/file"; }
std::string PartsFolder(std::string_view key) { return UploadFolder(key) + "/parts"; }
std::string PartPath(std::string_view key, uint32_t number) {
  return absl::StrFormat("%s/%05d", PartsFolder(key), number);
}
std::string ConfirmedPath(std::string_view key) { return Folder("confirmed", key); }

UploadInfo InfoOf(std::string_view key, const Record& record, bool confirmed) {
  UploadInfo info;
  info.key = key;
  info.path = SplitPath(TextOf(record, confirmed ? "placed" : "path"));
  info.strategy = static_cast<Strategy>(NumberOf(record, "strategy"));
  info.parts = NumberOf(record, "parts") != 0;
  info.confirmed = confirmed;
  info.creation_time_ms = static_cast<int64_t>(NumberOf(record, "created"));
  info.expiry_time_ms = static_cast<int64_t>(NumberOf(record, "expires"));
  return info;
}

absl::Status NoSuchUpload(Code code, std::string_view key) {
  return MakeError(code, absl::StrCat("no upload ", std::string(key.substr(0, kKeyChars)),
                                      "; it is done, aborted or expired: begin again"));
}

absl::Status Taken(std::string_view path) {
  return MakeError(Code::kSameNameDirectoryOrFileExists,
                   absl::StrCat(std::string(path), " is taken; choose another name or strategy"));
}

absl::Status RequireGrant(const Space& space, Grant grant, std::string_view what) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  if (state->session == nullptr) return absl::OkStatus();
  return api::RequireGrant(*state->session, grant, what);
}

// Grants were checked; what is placed comes from a space that no session may enter.
Space Unrestricted(const Space& space) { return api::StoreImpl::ForSession(space, nullptr); }

UploadedPart PartOf(uint32_t number, const Stat& stat) {
  return {.number = number,
          .size = stat.size,
          .time_ms = stat.modification_time_ms,
          .etag = stat.Etag()};
}

// What goes through is counted into the digest, if there is one, and may not be more than
// announced.
ByteSource Counted(const ByteSource& source, const Record& record, Digester* digester) {
  const bool announced = record.contains("size");
  return [&source, digester, announced, left = NumberOf(record, "size")](
             char* buffer, size_t capacity) mutable -> absl::StatusOr<size_t> {
    MARCOT_ASSIGN_OR_RETURN(const size_t n, source(buffer, capacity));
    if (announced && n > left) {
      return MakeError(Code::kUploadIncomplete, "more bytes than were announced; begin again");
    }
    left -= announced ? n : 0;
    if (digester != nullptr && n <= capacity) digester->Add({buffer, n});
    return n;
  };
}

class UploadsImpl final : public Uploads {
 public:
  explicit UploadsImpl(const Shelf& shelf) : shelf_(shelf), digests_(shelf) {}

  absl::StatusOr<UploadInfo> Begin(const Space& space, std::string_view path,
                                   const UploadOptions& options) override;
  absl::StatusOr<UploadedPart> Send(std::string_view key, const ByteSource& source) override;
  absl::StatusOr<UploadedPart> SendPart(std::string_view key, uint32_t number,
                                        const ByteSource& source) override;
  absl::StatusOr<UploadInfo> Get(const Space& space, std::string_view key) override;
  absl::StatusOr<std::vector<UploadedPart>> ListParts(const Space& space,
                                                      std::string_view key) override;
  absl::StatusOr<UploadInfo> Renew(const Space& space, std::string_view key) override;
  absl::Status Abort(const Space& space, std::string_view key) override;
  absl::StatusOr<Placed> Confirm(const Space& space, std::string_view key,
                                 const ConfirmOptions& options) override;
  absl::StatusOr<bool> MayKnow(const Space& space, std::string_view beginning_hash,
                               uint64_t size) override;
  absl::StatusOr<std::optional<Placed>> PutKnown(const Space& space, std::string_view path,
                                                 const KnownFile& file,
                                                 const PutOptions& options) override;
  absl::StatusOr<std::optional<uint64_t>> FindCrc64(const ContentId& content) override;

 private:
  // ---- checks
  absl::Status CheckTarget(const Space& space, std::string_view path,
                           const UploadOptions& options) const;
  absl::Status CheckParent(const Space& space, std::string_view path) const;
  absl::StatusOr<std::optional<EntryType>> TypeAt(const Space& space, std::string_view path) const;
  absl::Status CheckOwner(const Space& space, std::string_view key) const;
  // The record of an upload that waits; its end is written anew where less than half of its life is
  // left. `code`: the error where there is none.
  absl::StatusOr<Record> Open(std::string_view key, Code code) const;
  // The answer of a call that failed: that there is no such upload, where it went meanwhile.
  absl::Status Explain(std::string_view key, Code code, const absl::Status& failure) const;

  // ---- steps of a confirmation
  absl::StatusOr<std::optional<Placed>> FindConfirmed(std::string_view key) const;
  absl::Status PutPartsTogether(std::string_view key, const Record& record) const;
  // The bytes that are to be placed.
  absl::StatusOr<ContentRef> CheckBytes(std::string_view key, const Record& record,
                                        const ConfirmOptions& options, Digest* digest) const;
  absl::StatusOr<BatchItem> FileItem(const Space& space, std::string_view key, const Record& record,
                                     const ContentRef& content,
                                     const ConfirmOptions& options) const;
  absl::StatusOr<Placed> ConfirmOpen(const Space& space, std::string_view key,
                                     const ConfirmOptions& options) const;
  absl::StatusOr<Placed> Place(const BatchItem& file, std::string_view key, const Record& record,
                               std::vector<BatchItem> notes) const;

  absl::StatusOr<Stat> Store(const std::string& path, const ByteSource& source) const;
  absl::StatusOr<Stat> StoreWhole(std::string_view key, const Record& record,
                                  const ByteSource& source) const;
  absl::StatusOr<std::vector<UploadedPart>> PartsOf(std::string_view key) const;

  const Shelf& shelf_;
  const Digests digests_;
};

// ---- checks ------------------------------------------------------------------------------------

absl::StatusOr<std::optional<EntryType>> UploadsImpl::TypeAt(const Space& space,
                                                             std::string_view path) const {
  const auto stat = space.GetStat(path);
  if (CodeOf(stat.status()) == Code::kPathNotFound) return std::nullopt;
  MARCOT_RETURN_IF_ERROR(stat.status());
  return stat->type;
}

absl::Status UploadsImpl::CheckParent(const Space& space, std::string_view path) const {
  bool missing = false;
  for (size_t slash = path.rfind('/'); slash != std::string_view::npos;
       slash = slash == 0 ? std::string_view::npos : path.rfind('/', slash - 1)) {
    MARCOT_ASSIGN_OR_RETURN(const auto parent, TypeAt(space, path.substr(0, slash)));
    missing |= !parent.has_value();
    if (!parent.has_value()) continue;  // a file may be farther up
    if (*parent == EntryType::kFile) return Taken(path);
    break;
  }
  if (!missing) return absl::OkStatus();
  return MakeError(Code::kDirectoryNotFound, absl::StrCat("the directory of ", std::string(path),
                                                          " does not exist; make it first"));
}

absl::Status UploadsImpl::CheckTarget(const Space& space, std::string_view path,
                                      const UploadOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  MARCOT_RETURN_IF_ERROR(RequireGrant(
      space,
      options.strategy == Strategy::kOverwrite ? Grant::kBeginUploadForce : Grant::kBeginUpload,
      path));
  operations::Operation put;
  put.kind = operations::Operation::Kind::kPut;
  OperationOptions of_operator = options;
  of_operator.user = api::OperatorOf(*state, options.user);
  MARCOT_RETURN_IF_ERROR(api::PrepareTarget(Unrestricted(space), path, of_operator, &put));
  if (path.size() > kMaxUploadPathBytes) {
    return MakeError(Code::kDirectoryLevelExceed, "the path of an upload is at most 32 KiB");
  }
  MARCOT_RETURN_IF_ERROR(
      operations::CheckNameLengths(put.path, EntryType::kFile, state->engine->limits()));
  MARCOT_RETURN_IF_ERROR(CheckParent(space, path));
  MARCOT_ASSIGN_OR_RETURN(const auto there, TypeAt(space, path));
  const bool replaces = options.strategy == Strategy::kOverwrite && there.has_value();
  if (replaces && *there == EntryType::kDirectory) return Taken(path);
  if (options.strategy == Strategy::kAsk && there.has_value()) return Taken(path);
  if (!options.size.has_value()) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const Usage usage, space.GetUsage());
  // What a replaced file gives back is known when it is replaced.
  const bool fits = !usage.available.has_value() || *options.size <= *usage.available;
  if (replaces || fits) return absl::OkStatus();
  return MakeError(Code::kQuotaLimitReached,
                   absl::StrCat(std::string(path), ": ", *options.size, " bytes, but ",
                                *usage.available, " are left; free some space"));
}

absl::Status UploadsImpl::CheckOwner(const Space& space, std::string_view key) const {
  MARCOT_ASSIGN_OR_RETURN(const std::string owner, shelf_.KeyOf(space));
  if (IsHexadecimal(key, kKeyChars) && key.starts_with(owner)) return absl::OkStatus();
  return NoSuchUpload(Code::kConfirmKeyNotFound, key);
}

absl::StatusOr<Record> UploadsImpl::Open(std::string_view key, Code code) const {
  if (!IsHexadecimal(key, kKeyChars)) return NoSuchUpload(code, key);
  MARCOT_ASSIGN_OR_RETURN(auto record, shelf_.Find(RecordPath(key)));
  const int64_t left =
      record.has_value() ? static_cast<int64_t>(NumberOf(*record, "expires")) - shelf_.now_ms() : 0;
  if (left <= 0) return NoSuchUpload(code, key);
  if (left < kUploadLifeMs / 2) {
    (*record)["expires"] = absl::StrCat(shelf_.now_ms() + kUploadLifeMs);
    const absl::Status renewed = shelf_.RunAll({shelf_.SetItem(RecordPath(key), *record)});
    if (CodeOf(renewed) == Code::kPathNotFound) return NoSuchUpload(code, key);
    MARCOT_RETURN_IF_ERROR(renewed);
  }
  return *std::move(record);
}

absl::Status UploadsImpl::Explain(std::string_view key, Code code,
                                  const absl::Status& failure) const {
  const absl::Status open = Open(key, code).status();
  return open.ok() ? failure : open;
}

// ---- before it is confirmed --------------------------------------------------------------------

absl::StatusOr<UploadInfo> UploadsImpl::Begin(const Space& space, std::string_view path,
                                              const UploadOptions& options) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  MARCOT_RETURN_IF_ERROR(CheckTarget(space, path, options));
  MARCOT_RETURN_IF_ERROR(api::PrepareAttributes(options.attributes, path).status());
  MARCOT_ASSIGN_OR_RETURN(std::string key, shelf_.KeyOf(space));
  MARCOT_ASSIGN_OR_RETURN(const std::string library, shelf_.KeyOfLibrary(space.library()));
  MARCOT_ASSIGN_OR_RETURN(const std::string random, RandomKey());
  key += random;
  Record record{{"path", std::string(path)},
                {"library", library},
                {"durability", absl::StrCat(static_cast<int>(options.durability))},
                {"strategy", absl::StrCat(static_cast<int>(options.strategy))},
                {"user", api::OperatorOf(*state, options.user)},
                {"parts", options.parts ? "1" : "0"},
                {"created", absl::StrCat(shelf_.now_ms())},
                {"expires", absl::StrCat(shelf_.now_ms() + kUploadLifeMs)}};
  if (options.size.has_value()) record["size"] = absl::StrCat(*options.size);
  BatchItem attributes = shelf_.PutItem(AttributesPath(key), {});
  attributes.attributes = options.attributes;
  MARCOT_RETURN_IF_ERROR(
      shelf_.RunAll({shelf_.PutItem(RecordPath(key), record), std::move(attributes),
                     shelf_.MakeDirectoryItem(PartsFolder(key))}));
  return InfoOf(key, record, false);
}

absl::StatusOr<Stat> UploadsImpl::Store(const std::string& path, const ByteSource& source) const {
  PutOptions options;
  options.strategy = Strategy::kOverwrite;
  MARCOT_ASSIGN_OR_RETURN(const Placed placed, shelf_.space().Put(path, source, options));
  MARCOT_ASSIGN_OR_RETURN(Stat stat, shelf_.space().GetStat(path));
  if (stat.version == placed.seq) return stat;
  return MakeError(Code::kPathConflict,
                   "another call sent the same bytes of this upload; send them one at a time");
}

absl::StatusOr<Stat> UploadsImpl::StoreWhole(std::string_view key, const Record& record,
                                             const ByteSource& source) const {
  Digester digester;
  MARCOT_ASSIGN_OR_RETURN(Stat stat, Store(FilePath(key), Counted(source, record, &digester)));
  Record digest{{"content", stat.content.Hex()}};
  AddDigest(digester.Finish(), &digest);
  MARCOT_RETURN_IF_ERROR(shelf_.RunAll(
      {shelf_.SetItem(RecordPath(key), record), shelf_.PutItem(DigestPath(key), digest)}));
  return stat;
}

absl::StatusOr<UploadedPart> UploadsImpl::Send(std::string_view key, const ByteSource& source) {
  MARCOT_ASSIGN_OR_RETURN(const Record record, Open(key, Code::kUploadNotFound));
  if (NumberOf(record, "parts") != 0) {
    return MakeError(Code::kParamInvalid, "this upload was begun in parts; send parts");
  }
  const auto stat = StoreWhole(key, record, source);
  if (!stat.ok()) return Explain(key, Code::kUploadNotFound, stat.status());
  return PartOf(1, *stat);
}

absl::StatusOr<UploadedPart> UploadsImpl::SendPart(std::string_view key, uint32_t number,
                                                   const ByteSource& source) {
  MARCOT_ASSIGN_OR_RETURN(const Record record, Open(key, Code::kUploadNotFound));
  if (NumberOf(record, "parts") == 0) {
    return MakeError(Code::kParamInvalid, "this upload was not begun in parts; send it whole");
  }
  if (number < 1 || number > kMaxUploadParts) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat("part ", number, "; parts are 1..", kMaxUploadParts));
  }
  const auto stat = Store(PartPath(key, number), Counted(source, record, nullptr));
  if (!stat.ok()) return Explain(key, Code::kUploadNotFound, stat.status());
  return PartOf(number, *stat);
}

absl::StatusOr<UploadInfo> UploadsImpl::Get(const Space& space, std::string_view key) {
  MARCOT_RETURN_IF_ERROR(CheckOwner(space, key));
  MARCOT_ASSIGN_OR_RETURN(const auto confirmed, shelf_.Find(ConfirmedPath(key)));
  if (confirmed.has_value()) return InfoOf(key, *confirmed, true);
  MARCOT_ASSIGN_OR_RETURN(const Record record, Open(key, Code::kConfirmKeyNotFound));
  return InfoOf(key, record, false);
}

absl::StatusOr<std::vector<UploadedPart>> UploadsImpl::PartsOf(std::string_view key) const {
  constexpr size_t kPage = 1000;
  ListOptions options;
  options.limit = kPage;
  std::vector<UploadedPart> parts;
  do {
    const auto page = shelf_.space().List(PartsFolder(key), options);
    if (CodeOf(page.status()) == Code::kPathNotFound) break;
    MARCOT_RETURN_IF_ERROR(page.status());
    for (const Stat& stat : page->entries) {
      parts.push_back(PartOf(static_cast<uint32_t>(std::stoul(stat.name)), stat));
    }
    options.marker = page->marker;
  } while (!options.marker.empty());
  return parts;
}

absl::StatusOr<std::vector<UploadedPart>> UploadsImpl::ListParts(const Space& space,
                                                                 std::string_view key) {
  MARCOT_RETURN_IF_ERROR(CheckOwner(space, key));
  MARCOT_RETURN_IF_ERROR(Open(key, Code::kConfirmKeyNotFound).status());
  return PartsOf(key);
}

absl::StatusOr<UploadInfo> UploadsImpl::Renew(const Space& space, std::string_view key) {
  MARCOT_RETURN_IF_ERROR(RequireGrant(space, Grant::kBeginUpload, "renewing an upload"));
  MARCOT_RETURN_IF_ERROR(CheckOwner(space, key));
  MARCOT_ASSIGN_OR_RETURN(Record record, Open(key, Code::kConfirmKeyNotFound));
  record["expires"] = absl::StrCat(shelf_.now_ms() + kUploadLifeMs);
  const absl::Status renewed = shelf_.RunAll({shelf_.SetItem(RecordPath(key), record)});
  if (!renewed.ok()) return Explain(key, Code::kConfirmKeyNotFound, renewed);
  return InfoOf(key, record, false);
}

absl::Status UploadsImpl::Abort(const Space& space, std::string_view key) {
  MARCOT_RETURN_IF_ERROR(RequireGrant(space, Grant::kBeginUpload, "aborting an upload"));
  MARCOT_RETURN_IF_ERROR(CheckOwner(space, key));
  MARCOT_ASSIGN_OR_RETURN(const bool there, shelf_.Delete(UploadFolder(key)));
  return there ? absl::OkStatus() : NoSuchUpload(Code::kConfirmKeyNotFound, key);
}

// ---- confirmation ------------------------------------------------------------------------------

absl::StatusOr<std::optional<Placed>> UploadsImpl::FindConfirmed(std::string_view key) const {
  MARCOT_ASSIGN_OR_RETURN(const auto record, shelf_.Find(ConfirmedPath(key)));
  if (!record.has_value()) return std::nullopt;
  return PlacedOf(*record);
}

absl::Status UploadsImpl::PutPartsTogether(std::string_view key, const Record& record) const {
  MARCOT_ASSIGN_OR_RETURN(const auto parts, PartsOf(key));
  if (parts.empty() || parts.back().number != parts.size()) {
    return MakeError(
        Code::kMultipartUploadIncomplete,
        absl::StrCat(parts.size(), " parts were sent, but not 1 to ",
                     parts.empty() ? 1 : parts.back().number, "; send those that are missing"));
  }
  size_t next = 0;
  std::unique_ptr<FileReader> part;
  uint64_t offset = 0;
  const auto source = [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
    while (part == nullptr || offset == part->stat().size) {
      if (next == parts.size()) return 0;
      MARCOT_ASSIGN_OR_RETURN(part, shelf_.space().OpenFile(PartPath(key, parts[next++].number)));
      offset = 0;
    }
    MARCOT_ASSIGN_OR_RETURN(const std::string bytes, part->Read(offset, capacity));
    if (bytes.empty()) {
      return MakeError(Code::kContentNotFound,
                       absl::StrCat("part ", next, " ends before its size; send it again"));
    }
    offset += bytes.size();
    return bytes.copy(buffer, capacity);
  };
  return StoreWhole(key, record, source).status();
}

absl::StatusOr<ContentRef> UploadsImpl::CheckBytes(std::string_view key, const Record& record,
                                                   const ConfirmOptions& options,
                                                   Digest* digest) const {
  const auto stat = shelf_.space().GetStat(FilePath(key));
  const bool sent = CodeOf(stat.status()) != Code::kPathNotFound;
  if (sent) MARCOT_RETURN_IF_ERROR(stat.status());
  const uint64_t size = sent ? stat->size : 0;
  if (!sent || (record.contains("size") && NumberOf(record, "size") != size)) {
    return MakeError(Code::kUploadIncomplete,
                     absl::StrCat(TextOf(record, "path"), ": ", size,
                                  " bytes were sent, which is not all; send them again"));
  }
  MARCOT_ASSIGN_OR_RETURN(const auto known, shelf_.Find(DigestPath(key)));
  if (!known.has_value() || TextOf(*known, "content") != stat->content.Hex()) {
    return MakeError(Code::kPathConflict, "the bytes of this upload are being sent; wait for that");
  }
  *digest = DigestOf(*known);
  if (options.crc64.has_value() && digest->crc64 != *options.crc64) {
    return MakeError(Code::kBadCrc64, absl::StrCat(TextOf(record, "path"),
                                                   ": the bytes that were sent have another "
                                                   "checksum; send them again"));
  }
  return ContentRef{.id = stat->content, .size = stat->size};
}

absl::StatusOr<BatchItem> UploadsImpl::FileItem(const Space& space, std::string_view key,
                                                const Record& record, const ContentRef& content,
                                                const ConfirmOptions& options) const {
  BatchItem item;
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  item.space = Unrestricted(space);
  item.path = TextOf(record, "path");
  // Nothing is easily put anew; what is something must still be what was looked at.
  item.kind = content.size == 0 ? BatchItem::Kind::kPut : BatchItem::Kind::kPutStored;
  if (content.size > 0) {
    item.from_space = shelf_.space();
    item.from = FilePath(key);
    item.content = content;
  }
  item.options.strategy =
      options.strategy.value_or(static_cast<Strategy>(NumberOf(record, "strategy")));
  const std::string& user = api::OperatorOf(*state, options.user);
  item.options.user = user.empty() ? TextOf(record, "user") : user;
  MARCOT_ASSIGN_OR_RETURN(const Stat stat, shelf_.space().GetStat(AttributesPath(key)));
  item.attributes = stat.attributes.Unpack();
  options.changes.ApplyTo(&item.attributes);
  return item;
}

absl::StatusOr<Placed> UploadsImpl::Place(const BatchItem& file, std::string_view key,
                                          const Record& record,
                                          std::vector<BatchItem> notes) const {
  const auto note = [&](std::span<const absl::StatusOr<Placed>> outcomes)
      -> absl::StatusOr<std::vector<BatchItem>> {
    MARCOT_RETURN_IF_ERROR(outcomes[0].status());
    Record confirmed = record;
    confirmed.erase("path");
    AddPlaced(*outcomes[0], &confirmed);
    std::vector<BatchItem> items = notes;
    items.push_back(shelf_.DeleteItem(UploadFolder(key)));
    items.push_back(shelf_.PutItem(ConfirmedPath(key), confirmed));
    return items;
  };
  const auto durability = static_cast<Durability>(NumberOf(record, "durability"));
  MARCOT_ASSIGN_OR_RETURN(const auto outcomes, shelf_.Run({&file, 1}, note, durability));
  return outcomes[0];
}

absl::StatusOr<Placed> UploadsImpl::ConfirmOpen(const Space& space, std::string_view key,
                                                const ConfirmOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const Record record, Open(key, Code::kConfirmKeyNotFound));
  if (NumberOf(record, "parts") != 0) MARCOT_RETURN_IF_ERROR(PutPartsTogether(key, record));
  Digest digest;
  MARCOT_ASSIGN_OR_RETURN(const ContentRef content, CheckBytes(key, record, options, &digest));
  MARCOT_ASSIGN_OR_RETURN(const BatchItem file, FileItem(space, key, record, content, options));
  return Place(file, key, record,
               digests_.KeepItems(TextOf(record, "library"), content.id, digest));
}

absl::StatusOr<Placed> UploadsImpl::Confirm(const Space& space, std::string_view key,
                                            const ConfirmOptions& options) {
  MARCOT_RETURN_IF_ERROR(RequireGrant(space, Grant::kConfirmUpload, "confirming an upload"));
  if (options.strategy == Strategy::kOverwrite) {
    MARCOT_RETURN_IF_ERROR(
        RequireGrant(space, Grant::kBeginUploadForce, "an upload that overwrites"));
  }
  MARCOT_RETURN_IF_ERROR(CheckOwner(space, key));
  auto placed = ConfirmOpen(space, key, options);
  if (placed.ok()) return placed;
  // Another call for the same upload may have come first: this one then found nothing, or lost.
  MARCOT_ASSIGN_OR_RETURN(const auto before, FindConfirmed(key));
  if (before.has_value()) return *before;
  return Explain(key, Code::kConfirmKeyNotFound, placed.status());
}

// ---- without bytes -----------------------------------------------------------------------------

absl::Status CheckHash(std::string_view hash) {
  if (IsHexadecimal(hash, kHashChars)) return absl::OkStatus();
  return MakeError(Code::kParamInvalid, "a hash is 64 lower-case hexadecimal digits");
}

absl::StatusOr<bool> UploadsImpl::MayKnow(const Space& space, std::string_view beginning_hash,
                                          uint64_t size) {
  MARCOT_RETURN_IF_ERROR(shelf_.KeyOf(space).status());
  MARCOT_RETURN_IF_ERROR(RequireGrant(space, Grant::kBeginUpload, "asking for known content"));
  MARCOT_RETURN_IF_ERROR(CheckHash(beginning_hash));
  MARCOT_ASSIGN_OR_RETURN(const std::string library, shelf_.KeyOfLibrary(space.library()));
  return digests_.HasBeginning(library, beginning_hash, size);
}

absl::StatusOr<std::optional<Placed>> UploadsImpl::PutKnown(const Space& space,
                                                            std::string_view path,
                                                            const KnownFile& file,
                                                            const PutOptions& options) {
  MARCOT_RETURN_IF_ERROR(shelf_.KeyOf(space).status());
  MARCOT_RETURN_IF_ERROR(CheckHash(file.beginning_hash));
  MARCOT_RETURN_IF_ERROR(CheckHash(file.full_hash));
  MARCOT_ASSIGN_OR_RETURN(const std::string library, shelf_.KeyOfLibrary(space.library()));
  MARCOT_ASSIGN_OR_RETURN(const auto content, digests_.FindContent(library, file));
  if (!content.has_value()) return std::nullopt;
  auto placed = space.PutStored(path, {.id = *content, .size = file.size}, options);
  if (CodeOf(placed.status()) == Code::kContentNotFound) {
    MARCOT_RETURN_IF_ERROR(digests_.Forget(library, file));
    return std::nullopt;
  }
  MARCOT_RETURN_IF_ERROR(placed.status());
  return *std::move(placed);
}

absl::StatusOr<std::optional<uint64_t>> UploadsImpl::FindCrc64(const ContentId& content) {
  return digests_.FindCrc64(content);
}

}  // namespace

std::unique_ptr<Uploads> MakeUploads(const Shelf& shelf) {
  return std::make_unique<UploadsImpl>(shelf);
}

// ---- expiry ------------------------------------------------------------------------------------

namespace {

absl::Status ExpireOf(const Shelf& shelf, const std::string& folder, const std::string& record) {
  constexpr size_t kPage = 256;
  constexpr int64_t kGraceMs = 3'600'000;
  std::vector<std::string> names;
  do {
    MARCOT_ASSIGN_OR_RETURN(
        names, shelf.Names(folder, names.empty() ? std::string() : names.back(), kPage));
    for (const std::string& name : names) {
      const std::string path = absl::StrCat(folder, "/", name);
      MARCOT_ASSIGN_OR_RETURN(const auto found, shelf.Find(path + record));
      // A call that found it open may be at work still.
      const bool waits =
          found.has_value() &&
          shelf.now_ms() < static_cast<int64_t>(NumberOf(*found, "expires")) + kGraceMs;
      if (!waits) MARCOT_RETURN_IF_ERROR(shelf.Delete(path).status());
    }
  } while (names.size() == kPage);
  return absl::OkStatus();
}

}  // namespace

absl::Status ExpireUploads(const Shelf& shelf) {
  MARCOT_RETURN_IF_ERROR(shelf.ForEachSpace(
      "uploads", [&](const std::string& folder) { return ExpireOf(shelf, folder, "/upload"); }));
  return shelf.ForEachSpace("confirmed",
                            [&](const std::string& folder) { return ExpireOf(shelf, folder, ""); });
}

}  // namespace marcot::service
