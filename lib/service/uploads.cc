#include "service/uploads.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "api/access.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/content.h"
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

// Counts what goes through into the digest.
ByteSource Digesting(const ByteSource& source, Digester* digester) {
  return [&source, digester](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
    MARCOT_ASSIGN_OR_RETURN(const size_t n, source(buffer, capacity));
    if (n <= capacity) digester->Add({buffer, n});
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
  // `code`: the error where there is none.
  absl::StatusOr<Record> Open(std::string_view key, Code code) const;

  // ---- steps of a confirmation
  absl::StatusOr<std::optional<Placed>> FindConfirmed(std::string_view key) const;
  absl::Status PutPartsTogether(std::string_view key, const std::string& library) const;
  absl::Status CheckBytes(const Space& space, std::string_view key, const Record& record,
                          const ConfirmOptions& options) const;
  absl::StatusOr<BatchItem> FileItem(const Space& space, std::string_view key, const Record& record,
                                     const ConfirmOptions& options) const;
  absl::StatusOr<Placed> Place(const BatchItem& file, std::string_view key,
                               const Record& record) const;

  absl::StatusOr<Stat> Store(const std::string& path, const ByteSource& source) const;
  absl::Status StoreWhole(std::string_view key, const std::string& library,
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
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const auto parent, TypeAt(space, path.substr(0, slash)));
  if (!parent.has_value()) {
    return MakeError(Code::kDirectoryNotFound, absl::StrCat("the directory of ", std::string(path),
                                                            " does not exist; make it first"));
  }
  return *parent == EntryType::kDirectory ? absl::OkStatus() : Taken(path);
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
  MARCOT_RETURN_IF_ERROR(api::PrepareTarget(Unrestricted(space), path, options, &put));
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
  MARCOT_ASSIGN_OR_RETURN(const std::string owner, KeyOf(space));
  if (IsHexadecimal(key, kKeyChars) && key.starts_with(owner)) return absl::OkStatus();
  return NoSuchUpload(Code::kConfirmKeyNotFound, key);
}

absl::StatusOr<Record> UploadsImpl::Open(std::string_view key, Code code) const {
  if (!IsHexadecimal(key, kKeyChars)) return NoSuchUpload(code, key);
  MARCOT_ASSIGN_OR_RETURN(auto record, shelf_.Find(RecordPath(key)));
  const bool open =
      record.has_value() && shelf_.now_ms() < static_cast<int64_t>(NumberOf(*record, "expires"));
  if (!open) return NoSuchUpload(code, key);
  return *std::move(record);
}

// ---- before it is confirmed --------------------------------------------------------------------

absl::StatusOr<UploadInfo> UploadsImpl::Begin(const Space& space, std::string_view path,
                                              const UploadOptions& options) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  MARCOT_RETURN_IF_ERROR(CheckTarget(space, path, options));
  MARCOT_RETURN_IF_ERROR(api::PrepareAttributes(options.attributes, path).status());
  MARCOT_ASSIGN_OR_RETURN(std::string key, KeyOf(space));
  MARCOT_ASSIGN_OR_RETURN(const std::string random, RandomKey());
  key += random;
  Record record{{"path", std::string(path)},
                {"library", space.library()},
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
  MARCOT_RETURN_IF_ERROR(shelf_.space().Put(path, source, options).status());
  return shelf_.space().GetStat(path);
}

absl::Status UploadsImpl::StoreWhole(std::string_view key, const std::string& library,
                                     const ByteSource& source) const {
  Digester digester;
  MARCOT_ASSIGN_OR_RETURN(const Stat stat, Store(FilePath(key), Digesting(source, &digester)));
  return digests_.Keep(library, stat.content, digester.Finish());
}

absl::StatusOr<UploadedPart> UploadsImpl::Send(std::string_view key, const ByteSource& source) {
  MARCOT_ASSIGN_OR_RETURN(const Record record, Open(key, Code::kUploadNotFound));
  if (NumberOf(record, "parts") != 0) {
    return MakeError(Code::kParamInvalid, "this upload was begun in parts; send parts");
  }
  MARCOT_RETURN_IF_ERROR(StoreWhole(key, TextOf(record, "library"), source));
  MARCOT_ASSIGN_OR_RETURN(const Stat stat, shelf_.space().GetStat(FilePath(key)));
  return PartOf(1, stat);
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
  MARCOT_ASSIGN_OR_RETURN(const Stat stat, Store(PartPath(key, number), source));
  return PartOf(number, stat);
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
  MARCOT_RETURN_IF_ERROR(shelf_.RunAll({shelf_.SetItem(RecordPath(key), record)}));
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

absl::Status UploadsImpl::PutPartsTogether(std::string_view key, const std::string& library) const {
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
    offset += bytes.size();
    return bytes.copy(buffer, capacity);
  };
  return StoreWhole(key, library, source);
}

absl::Status UploadsImpl::CheckBytes(const Space& space, std::string_view key, const Record& record,
                                     const ConfirmOptions& options) const {
  const auto stat = shelf_.space().GetStat(FilePath(key));
  const auto announced = record.find("size");
  if (!stat.ok() || (announced != record.end() && absl::StrCat(stat->size) != announced->second)) {
    return MakeError(
        Code::kUploadIncomplete,
        absl::StrCat(TextOf(record, "path"), ": ", stat.ok() ? stat->size : 0,
                     " bytes were sent, not ",
                     announced == record.end() ? "any" : announced->second, "; send them again"));
  }
  if (!options.crc64.has_value()) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const auto digest, digests_.Find(stat->content));
  if (digest.has_value() && digest->crc64 == *options.crc64) return absl::OkStatus();
  return MakeError(
      Code::kBadCrc64,
      absl::StrCat(space.name(), "/", TextOf(record, "path"),
                   ": the bytes that were sent have another checksum; send them again"));
}

absl::StatusOr<BatchItem> UploadsImpl::FileItem(const Space& space, std::string_view key,
                                                const Record& record,
                                                const ConfirmOptions& options) const {
  BatchItem item;
  item.kind = BatchItem::Kind::kPutStored;
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  item.space = Unrestricted(space);
  item.path = TextOf(record, "path");
  item.from_space = shelf_.space();
  item.from = FilePath(key);
  item.options.strategy =
      options.strategy.value_or(static_cast<Strategy>(NumberOf(record, "strategy")));
  const std::string& user = api::OperatorOf(*state, options.user);
  item.options.user = user.empty() ? TextOf(record, "user") : user;
  if (options.attributes.has_value()) {
    item.attributes = *options.attributes;
  } else {
    MARCOT_ASSIGN_OR_RETURN(const Stat stat, shelf_.space().GetStat(AttributesPath(key)));
    item.attributes = stat.attributes.Unpack();
  }
  return item;
}

absl::StatusOr<Placed> UploadsImpl::Place(const BatchItem& file, std::string_view key,
                                          const Record& record) const {
  const auto note = [&](std::span<const absl::StatusOr<Placed>> outcomes)
      -> absl::StatusOr<std::vector<BatchItem>> {
    MARCOT_RETURN_IF_ERROR(outcomes[0].status());
    Record confirmed = record;
    AddPlaced(*outcomes[0], &confirmed);
    return std::vector{shelf_.DeleteItem(UploadFolder(key)),
                       shelf_.PutItem(ConfirmedPath(key), confirmed)};
  };
  MARCOT_ASSIGN_OR_RETURN(const auto outcomes, shelf_.Run({&file, 1}, note));
  return outcomes[0];
}

absl::StatusOr<Placed> UploadsImpl::Confirm(const Space& space, std::string_view key,
                                            const ConfirmOptions& options) {
  MARCOT_RETURN_IF_ERROR(RequireGrant(space, Grant::kConfirmUpload, "confirming an upload"));
  if (options.strategy == Strategy::kOverwrite) {
    MARCOT_RETURN_IF_ERROR(
        RequireGrant(space, Grant::kBeginUploadForce, "an upload that overwrites"));
  }
  MARCOT_RETURN_IF_ERROR(CheckOwner(space, key));
  const auto confirm = [&]() -> absl::StatusOr<Placed> {
    MARCOT_ASSIGN_OR_RETURN(const Record record, Open(key, Code::kConfirmKeyNotFound));
    if (NumberOf(record, "parts") != 0) {
      MARCOT_RETURN_IF_ERROR(PutPartsTogether(key, space.library()));
    }
    MARCOT_RETURN_IF_ERROR(CheckBytes(space, key, record, options));
    MARCOT_ASSIGN_OR_RETURN(const BatchItem file, FileItem(space, key, record, options));
    return Place(file, key, record);
  };
  auto placed = confirm();
  if (placed.ok()) return placed;
  // Another call for the same upload may have come first: this one then found nothing, or lost.
  MARCOT_ASSIGN_OR_RETURN(const auto before, FindConfirmed(key));
  if (before.has_value()) return *before;
  return placed;
}

// ---- without bytes -----------------------------------------------------------------------------

absl::Status CheckHash(std::string_view hash) {
  if (IsHexadecimal(hash, kHashChars)) return absl::OkStatus();
  return MakeError(Code::kParamInvalid, "a hash is 64 lower-case hexadecimal digits");
}

absl::StatusOr<bool> UploadsImpl::MayKnow(const Space& space, std::string_view beginning_hash,
                                          uint64_t size) {
  MARCOT_RETURN_IF_ERROR(CheckHash(beginning_hash));
  return digests_.HasBeginning(space.library(), beginning_hash, size);
}

absl::StatusOr<std::optional<Placed>> UploadsImpl::PutKnown(const Space& space,
                                                            std::string_view path,
                                                            const KnownFile& file,
                                                            const PutOptions& options) {
  MARCOT_RETURN_IF_ERROR(CheckHash(file.beginning_hash));
  MARCOT_RETURN_IF_ERROR(CheckHash(file.full_hash));
  MARCOT_ASSIGN_OR_RETURN(const auto content, digests_.FindContent(space.library(), file));
  if (!content.has_value()) return std::nullopt;
  auto placed = space.PutStored(path, {.id = *content, .size = file.size}, options);
  const Code code = CodeOf(placed.status());
  if (code == Code::kContentNotFound || code == Code::kContentCondemned) {
    MARCOT_RETURN_IF_ERROR(digests_.Forget(space.library(), file));
    return std::nullopt;
  }
  MARCOT_RETURN_IF_ERROR(placed.status());
  return *std::move(placed);
}

absl::StatusOr<std::optional<uint64_t>> UploadsImpl::FindCrc64(const ContentId& content) {
  MARCOT_ASSIGN_OR_RETURN(const auto digest, digests_.Find(content));
  if (!digest.has_value()) return std::nullopt;
  return digest->crc64;
}

}  // namespace

std::unique_ptr<Uploads> MakeUploads(const Shelf& shelf) {
  return std::make_unique<UploadsImpl>(shelf);
}

// ---- expiry ------------------------------------------------------------------------------------

namespace {

absl::Status ExpireOf(const Shelf& shelf, const std::string& folder, const std::string& record) {
  constexpr size_t kPage = 256;
  std::vector<std::string> names;
  do {
    MARCOT_ASSIGN_OR_RETURN(
        names, shelf.Names(folder, names.empty() ? std::string() : names.back(), kPage));
    for (const std::string& name : names) {
      const std::string path = absl::StrCat(folder, "/", name);
      MARCOT_ASSIGN_OR_RETURN(const auto found, shelf.Find(path + record));
      const bool waits =
          found.has_value() && shelf.now_ms() < static_cast<int64_t>(NumberOf(*found, "expires"));
      if (!waits) MARCOT_RETURN_IF_ERROR(shelf.Delete(path).status());
    }
  } while (names.size() == kPage);
  return absl::OkStatus();
}

}  // namespace

absl::Status ExpireUploads(const Shelf& shelf) {
  const std::pair<const char*, const char*> kinds[] = {{"uploads", "/upload"}, {"confirmed", ""}};
  for (const auto& [top, record] : kinds) {
    MARCOT_RETURN_IF_ERROR(shelf.ForEachSpace(
        top, [&](const std::string& folder) { return ExpireOf(shelf, folder, record); }));
  }
  return absl::OkStatus();
}

}  // namespace marcot::service
