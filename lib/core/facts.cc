#include "core/facts.h"

#include "core/record_coding.h"

namespace marcot::core {
namespace {

void PutNames(std::string* out, const std::vector<std::string>& names) {
  PutVarint(out, names.size());
  for (const std::string& name : names) PutString(out, name);
}
std::vector<std::string> GetNames(Decoder* in) {
  std::vector<std::string> names;
  for (uint64_t left = in->Varint(); left > 0 && in->ok(); --left) names.emplace_back(in->String());
  return names;
}

}  // namespace

std::string EncodeRecycled(const RecycledRecord& record) {
  std::string out = Formatted();
  PutVarint(&out, static_cast<uint64_t>(record.type));
  PutSignedVarint(&out, record.removal_time_ms);
  PutVarint(&out, record.totals.bytes);
  PutVarint(&out, record.totals.files);
  PutVarint(&out, record.totals.directories);
  PutNames(&out, record.path);
  PutString(&out, record.user);
  return out;
}

absl::StatusOr<RecycledRecord> DecodeRecycled(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  RecycledRecord record;
  record.type = static_cast<EntryType>(in.Varint());
  record.removal_time_ms = in.SignedVarint();
  record.totals.bytes = in.Varint();
  record.totals.files = in.Varint();
  record.totals.directories = in.Varint();
  record.path = GetNames(&in);
  record.user = in.String();
  if (!known || !in.Done() || record.path.empty()) return Damaged("recycled item");
  return record;
}

std::string BinOrderKey(DirId bin, BinOrder order) {
  std::string key = IdKey(bin);
  key += static_cast<char>(order);
  return key;
}

std::string BinKey(DirId bin, BinOrder order, uint64_t item, const RecycledRecord& record) {
  std::string key = BinOrderKey(bin, order);
  switch (order) {
    case BinOrder::kItem:
      break;
    case BinOrder::kTime:
      PutFixed64(&key, SortableTime(record.removal_time_ms));
      break;
    case BinOrder::kName:
      key += record.path.back();
      key += '\0';
      break;
    case BinOrder::kSize:
      PutFixed64(&key, record.totals.bytes);
      break;
  }
  PutFixed64(&key, item);
  return key;
}

std::string EncodeVersionedFile(const VersionedFile& file) {
  std::string out = Formatted();
  PutVarint(&out, file.dir);
  out += file.slot;
  return out;
}

absl::StatusOr<VersionedFile> DecodeVersionedFile(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  VersionedFile file;
  file.dir = in.Varint();
  file.slot = in.Rest();
  if (!known || !in.ok() || file.slot.empty()) return Damaged("versioned file");
  return file;
}

std::string EncodeVersion(const VersionRecord& record) {
  std::string out = Formatted();
  PutId(&out, record.content);
  PutVarint(&out, record.size);
  PutSignedVarint(&out, record.modification_time_ms);
  PutSignedVarint(&out, record.replaced_time_ms);
  PutVarint(&out, record.library);
  PutVarint(&out, record.id);
  return out;
}

absl::StatusOr<VersionRecord> DecodeVersion(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  VersionRecord record;
  record.content = GetId<ContentId>(&in);
  record.size = in.Varint();
  record.modification_time_ms = in.SignedVarint();
  record.replaced_time_ms = in.SignedVarint();
  record.library = in.Varint();
  record.id = in.Varint();
  if (!known || !in.Done()) return Damaged("version");
  return record;
}

std::string EncodeVersionName(const VersionName& name) {
  std::string out = Formatted();
  PutId(&out, name.file);
  PutVarint(&out, name.version);
  return out;
}

absl::StatusOr<VersionName> DecodeVersionName(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  VersionName name;
  name.file = GetId<ObjectId>(&in);
  name.version = in.Varint();
  if (!known || !in.Done()) return Damaged("id of a version");
  return name;
}

std::string VersionAgesKey(uint64_t library) { return std::string(kVersionAges) + IdKey(library); }

std::string VersionAge::Key() const {
  std::string key = VersionAgesKey(library);
  PutFixed64(&key, SortableTime(time_ms));
  key += PairKey(id.hi, id.lo);
  PutFixed64(&key, version);
  return key;
}

VersionAge VersionAge::Of(std::string_view key) {
  const char* const p = key.data() + 1;
  return {.library = LoadFixed64(p),
          .time_ms = TimeOfSortable(LoadFixed64(p + 8)),
          .id = {LoadFixed64(p + 16), LoadFixed64(p + 24)},
          .version = LoadFixed64(p + 32)};
}

std::string EncodeQuota(const QuotaRecord& record) {
  std::string out = Formatted();
  PutOptional(&out, record.limits.bytes);
  PutOptional(&out, record.limits.files);
  PutVarint(&out, record.limits.count_recycled);
  PutVarint(&out, record.limits.count_history);
  PutNames(&out, record.spaces);
  return out;
}

absl::StatusOr<QuotaRecord> DecodeQuota(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  QuotaRecord record;
  record.limits.bytes = GetOptional(&in);
  record.limits.files = GetOptional(&in);
  record.limits.count_recycled = in.Varint() != 0;
  record.limits.count_history = in.Varint() != 0;
  record.spaces = GetNames(&in);
  if (!known || !in.Done()) return Damaged("quota");
  return record;
}

std::string QuotaKey(std::string_view library, uint64_t quota) {
  return 'q' + LibraryKey(library) + IdKey(quota);
}

std::string EncodeSnapshot(const SnapshotRecord& record) {
  std::string out = Formatted();
  PutSignedVarint(&out, record.creation_time_ms);
  PutSignedVarint(&out, record.expiry_time_ms);
  PutNames(&out, record.path);
  return out;
}

absl::StatusOr<SnapshotRecord> DecodeSnapshot(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  SnapshotRecord record;
  record.creation_time_ms = in.SignedVarint();
  record.expiry_time_ms = in.SignedVarint();
  record.path = GetNames(&in);
  if (!known || !in.Done()) return Damaged("named snapshot");
  return record;
}

std::string SnapshotKey(DirId snapshots, std::string_view name) {
  return ('s' + IdKey(snapshots)).append(name);
}

std::string SnapshotExpiryKey(int64_t time_ms, DirId snapshots, std::string_view name) {
  return (std::string(kSnapshotExpiries) + PairKey(SortableTime(time_ms), snapshots)).append(name);
}

std::string EncodeChange(const Change& change) {
  std::string out = Formatted();
  out += static_cast<char>(change.kind);
  out += static_cast<char>(change.type);
  out += static_cast<char>(change.overwritten);
  PutId(&out, change.id);
  PutId(&out, change.from_id);
  PutSignedVarint(&out, change.time_ms);
  PutVarint(&out, change.item);
  PutNames(&out, change.path);
  PutNames(&out, change.from);
  PutString(&out, change.from_library);
  PutString(&out, change.from_space);
  PutString(&out, change.user);
  return out;
}

absl::StatusOr<Change> DecodeChange(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  Change change;
  change.kind = static_cast<ChangeKind>(in.Byte());
  change.type = static_cast<EntryType>(in.Byte());
  change.overwritten = in.Byte() != 0;
  change.id = GetId<ObjectId>(&in);
  change.from_id = GetId<ObjectId>(&in);
  change.time_ms = in.SignedVarint();
  change.item = in.Varint();
  change.path = GetNames(&in);
  change.from = GetNames(&in);
  change.from_library = in.String();
  change.from_space = in.String();
  change.user = in.String();
  if (!known || !in.Done()) return Damaged("change");
  return change;
}

std::string ChangeKey(DirId root, Seq seq, uint64_t number) {
  std::string key = PairKey(root, seq);
  PutFixed64(&key, number);
  return key;
}

}  // namespace marcot::core
