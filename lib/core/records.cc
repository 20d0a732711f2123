#include "core/records.h"

#include <algorithm>

#include "base/status_macros.h"
#include "core/record_coding.h"

namespace marcot::core {
namespace {

// To zeros; the strings keep their memory.
void Reset(Entry* e) {
  *e = Entry{.creator = std::move(e->creator), .attributes = std::move(e->attributes)};
  e->creator.clear();
  e->attributes.clear();
}

// Most files have neither creator nor attributes, and most lists show files.
void Assign(std::string_view bytes, std::string* to) {
  if (bytes.empty()) {
    to->clear();
  } else {
    to->assign(bytes);
  }
}

// A number near another one, in a byte or two. Any pair of numbers comes back.
uint64_t Near(uint64_t v, uint64_t other) { return ZigZag(static_cast<int64_t>(v - other)); }
uint64_t GetNear(Decoder* in, uint64_t other) {
  return static_cast<uint64_t>(in->SignedVarint()) + other;
}

char* WriteFile(char* out, const Entry& e, Seq birth) {
  out = WriteId(WriteId(out, e.id), e.content);
  out = WriteVarint(out, e.size);
  out = WriteVarint(out, ZigZag(e.creation_time_ms));
  out = WriteVarint(out, Near(e.modification_time_ms, e.creation_time_ms));
  out = WriteVarint(out, Near(e.modified, birth));
  out = WriteVarint(out, e.versions);
  if (e.versions > 0) out = WriteVarint(out, e.version_bytes);
  out = WriteBytes(WriteVarint(out, e.creator.size()), e.creator);
  return WriteBytes(out, e.attributes);
}

void GetFile(Decoder* in, Entry* e) {
  e->id = GetId<ObjectId>(in);
  e->content = GetId<ContentId>(in);
  e->size = in->Varint();
  e->creation_time_ms = in->SignedVarint();
  e->modification_time_ms = static_cast<int64_t>(GetNear(in, e->creation_time_ms));
  e->modified = GetNear(in, e->birth);
  e->versions = in->Varint();
  e->version_bytes = e->versions > 0 ? in->Varint() : 0;
  Assign(in->String(), &e->creator);
  Assign(in->Rest(), &e->attributes);
}

char* WriteDirectory(char* out, const Entry& e) {
  out = WriteId(WriteVarint(out, e.dir), e.id);
  if (e.kind == EntryKind::kReference) out = WriteId(WriteVarint(out, e.seq), e.context);
  out = WriteVarint(out, ZigZag(e.creation_time_ms));
  return WriteBytes(out, e.creator);
}

void GetDirectory(Decoder* in, Entry* e) {
  e->dir = in->Varint();
  e->id = GetId<ObjectId>(in);
  if (e->kind == EntryKind::kReference) {
    e->seq = in->Varint();
    e->context = GetId<ObjectId>(in);
  }
  e->creation_time_ms = in->SignedVarint();
  e->creator = in->Rest();
}

enum TotalsFlag : uint8_t {
  kHasVersions = 1,
  kHasAccount = 2,
  kLogged = 4,
  kHasLimits = 8,
  kHasLibrary = 16
};

uint8_t FlagsOf(const Totals& t) {
  return static_cast<uint8_t>((t.versions > 0 ? kHasVersions : 0) |
                              (t.account != 0 ? kHasAccount : 0) | (t.logged ? kLogged : 0) |
                              (t.limits.any() ? kHasLimits : 0) |
                              (t.library != 0 ? kHasLibrary : 0));
}

Limits GetLimits(Decoder* in) {
  Limits limits;
  limits.bytes = GetOptional(in);
  limits.files = GetOptional(in);
  limits.count_versions = in->Varint() != 0;
  return limits;
}

}  // namespace

Totals GetTotals(Decoder* in) {
  Totals t;
  t.bytes = in->Varint();
  t.files = in->Varint();
  t.directories = in->Varint();
  t.child_files = in->Varint();
  t.child_directories = in->Varint();
  t.changed = in->Varint();
  t.modified = in->Varint();
  t.modification_time_ms = in->SignedVarint();
  t.whiteouts = in->Varint();
  const uint8_t flags = in->Byte();
  if ((flags & kHasVersions) != 0) {
    t.versions = in->Varint();
    t.version_bytes = in->Varint();
  }
  if ((flags & kHasAccount) != 0) t.account = in->Varint();
  t.logged = (flags & kLogged) != 0;
  if ((flags & kHasLimits) != 0) t.limits = GetLimits(in);
  if ((flags & kHasLibrary) != 0) t.library = in->Varint();
  return t;
}

std::string EncodeEntry(const Entry& e) {
  std::string out;
  AppendEntry(e, e.birth, &out);
  return out;
}

void AppendEntry(const Entry& e, Seq birth, std::string* out) {
  const size_t begin = out->size();
  out->resize(begin + MaxEntryBytes(e));
  out->resize(WriteEntry(e, birth, out->data() + begin) - out->data());
}

size_t MaxEntryBytes(const Entry& e) {
  constexpr size_t kNumbers = 2 + 4 * kFixedBytes + 8 * kMaxVarintBytes;
  return kNumbers + e.creator.size() + e.attributes.size();
}

char* WriteEntry(const Entry& e, Seq birth, char* out) {
  *out++ = static_cast<char>(kRecordFormat);
  *out++ = static_cast<char>(e.kind);
  out = WriteVarint(out, birth);
  switch (e.kind) {
    case EntryKind::kWhiteout:
      return out;
    case EntryKind::kFile:
      return WriteFile(out, e, birth);
    case EntryKind::kDirectory:
    case EntryKind::kReference:
      return WriteDirectory(out, e);
    case EntryKind::kAttributes:
      return WriteBytes(out, e.attributes);
  }
  return out;
}

absl::StatusOr<Entry> DecodeEntry(std::string_view value) {
  absl::StatusOr<Entry> entry{Entry()};
  if (absl::Status status = DecodeEntry(value, &*entry); !status.ok()) entry = std::move(status);
  return entry;
}

absl::Status DecodeEntry(std::string_view value, Entry* e) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  const auto kind = static_cast<EntryKind>(in.Byte());
  // A cursor meets one kind again and again, and each kind sets all of its fields.
  if (e->kind != kind) Reset(e);
  e->kind = kind;
  e->birth = in.Varint();
  switch (e->kind) {
    case EntryKind::kWhiteout:
      known = known && in.AtEnd();
      break;
    case EntryKind::kFile:
      GetFile(&in, e);
      break;
    case EntryKind::kDirectory:
    case EntryKind::kReference:
      GetDirectory(&in, e);
      break;
    case EntryKind::kAttributes:
      e->attributes = in.Rest();
      break;
    default:
      known = false;
  }
  if (!known || !in.ok()) return Damaged("entry");
  return absl::OkStatus();
}

std::string EncodeHistory(Seq death, const Entry& entry) {
  std::string out = Formatted();
  PutVarint(&out, death);
  out += EncodeEntry(entry);
  return out;
}

absl::StatusOr<HistoryRecord> DecodeHistory(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  HistoryRecord record;
  record.death = in.Varint();
  record.entry = in.Rest();
  if (!known || !in.ok()) return Damaged("history");
  return record;
}

std::string EncodeNode(const Node& node) {
  std::string out = Formatted();
  const bool based = node.base.dir != 0;
  out += static_cast<char>((node.live ? 1 : 0) | (based ? 2 : 0) | (node.flattening ? 4 : 0));
  PutVarint(&out, node.created);
  PutVarint(&out, node.synced);
  PutVarint(&out, node.newest_pin);
  PutVarint(&out, node.youngest + 1);  // ~0 becomes one byte
  PutVarint(&out, node.parent);
  if (based) {
    PutVarint(&out, node.base.dir);
    PutVarint(&out, node.base.seq);
    PutId(&out, node.base.context);
  }
  return out;
}

absl::Status DecodeNode(std::string_view value, Node* node) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  const uint8_t flags = in.Byte();
  node->live = (flags & 1) != 0;
  node->flattening = (flags & 4) != 0;
  node->created = in.Varint();
  node->synced = in.Varint();
  node->newest_pin = in.Varint();
  node->youngest = in.Varint() - 1;
  node->parent = in.Varint();
  node->base = {};
  if ((flags & 2) != 0) {
    node->base.dir = in.Varint();
    node->base.seq = in.Varint();
    node->base.context = GetId<ObjectId>(&in);
  }
  return known && in.Done() ? absl::OkStatus() : Damaged("node");
}

absl::StatusOr<Node> DecodeNode(std::string_view value) {
  Node node;
  MARCOT_RETURN_IF_ERROR(DecodeNode(value, &node));
  return node;
}

namespace {

constexpr size_t kMaxTotalsBytes = 17 * kMaxVarintBytes;

char* WriteOptional(char* out, const std::optional<uint64_t>& v) {
  return WriteVarint(out, v.has_value() ? *v + 1 : 0);
}

char* WriteTotals(char* out, const Totals& t) {
  for (const uint64_t number :
       {t.bytes, t.files, t.directories, t.child_files, t.child_directories, t.changed, t.modified,
        ZigZag(t.modification_time_ms), t.whiteouts}) {
    out = WriteVarint(out, number);
  }
  const uint8_t flags = FlagsOf(t);
  *out++ = static_cast<char>(flags);
  if (flags == 0) return out;
  if ((flags & kHasVersions) != 0) {
    out = WriteVarint(WriteVarint(out, t.versions), t.version_bytes);
  }
  if ((flags & kHasAccount) != 0) out = WriteVarint(out, t.account);
  if ((flags & kHasLimits) != 0) {
    out = WriteOptional(WriteOptional(out, t.limits.bytes), t.limits.files);
    out = WriteVarint(out, t.limits.count_versions);
  }
  if ((flags & kHasLibrary) != 0) out = WriteVarint(out, t.library);
  return out;
}

}  // namespace

void AppendTotals(const Totals& totals, std::string* out) {
  char bytes[kMaxTotalsBytes];
  out->append(bytes, WriteTotals(bytes, totals) - bytes);
}

Totals OfNewNode(const Totals& totals) {
  Totals own = totals;
  own.whiteouts = own.versions = own.version_bytes = 0;
  own.account = own.library = 0;
  own.logged = false;
  own.limits = {};
  return own;
}

std::string EncodeTotals(const Totals& totals) {
  std::string out = Formatted();
  AppendTotals(totals, &out);
  return out;
}

absl::StatusOr<Totals> DecodeTotals(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  const Totals totals = GetTotals(&in);
  if (!known || !in.Done()) return Damaged("totals");
  return totals;
}

std::string EncodePin(const Pin& pin) {
  std::string out = Formatted();
  PutVarint(&out, pin.owners);
  AppendTotals(pin.frozen, &out);
  return out;
}

absl::StatusOr<Pin> DecodePin(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  Pin pin;
  pin.owners = in.Varint();
  pin.frozen = GetTotals(&in);
  if (!known || !in.Done()) return Damaged("pin");
  return pin;
}

std::string EncodeContent(const ContentRow& row) {
  std::string out = Formatted();
  PutVarint(&out, row.count);
  PutVarint(&out, row.size);
  PutVarint(&out, row.blob);
  return out;
}

absl::StatusOr<ContentRow> DecodeContent(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  ContentRow row;
  row.count = in.Varint();
  row.size = in.Varint();
  row.blob = in.Varint();
  if (!known || !in.Done()) return Damaged("content");
  return row;
}

std::string EncodeJob(const Job& job) {
  std::string out = Formatted();
  out += static_cast<char>(job.kind);
  PutVarint(&out, job.a);
  PutVarint(&out, job.b);
  PutString(&out, job.cursor);
  return out;
}

absl::StatusOr<Job> DecodeJob(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  Job job;
  const uint8_t kind = in.Byte();
  job.kind = static_cast<Job::Kind>(kind);
  job.a = in.Varint();
  job.b = in.Varint();
  job.cursor = in.String();
  if (!known || !in.Done() || kind > static_cast<uint8_t>(Job::Kind::kRows)) return Damaged("job");
  return job;
}

std::string EncodeSpace(const SpaceRecord& record) {
  std::string out = Formatted();
  PutVarint(&out, record.root);
  PutVarint(&out, record.bin);
  PutVarint(&out, record.snapshots);
  PutVarint(&out, record.quota);
  PutSignedVarint(&out, record.creation_time_ms);
  const SpaceSettings& s = record.settings;
  PutOptional(&out, s.recycle_bin);
  PutOptional(&out, s.recycle_days);
  PutVarint(&out, s.change_feed_days);
  return out;
}

absl::StatusOr<SpaceRecord> DecodeSpace(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  SpaceRecord record;
  record.root = in.Varint();
  record.bin = in.Varint();
  record.snapshots = in.Varint();
  record.quota = in.Varint();
  record.creation_time_ms = in.SignedVarint();
  SpaceSettings& s = record.settings;
  if (const auto on = GetOptional(&in); on.has_value()) s.recycle_bin = *on != 0;
  if (const auto days = GetOptional(&in); days.has_value()) {
    s.recycle_days = static_cast<uint32_t>(*days);
  }
  s.change_feed_days = static_cast<uint32_t>(in.Varint());
  if (!known || !in.Done()) return Damaged("space");
  return record;
}

std::string EncodeLibrary(const LibraryRecord& record) {
  std::string out = Formatted();
  const LibrarySettings& s = record.settings;
  for (const uint64_t number :
       {record.id, record.tightened, uint64_t{s.recycle_bin}, uint64_t{s.recycle_days},
        uint64_t{s.history}, uint64_t{s.history_versions}, uint64_t{s.history_days},
        uint64_t{s.history_merge_seconds}}) {
    PutVarint(&out, number);
  }
  return out;
}

absl::StatusOr<LibraryRecord> DecodeLibrary(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  LibraryRecord record;
  LibrarySettings& s = record.settings;
  record.id = in.Varint();
  record.tightened = in.Varint();
  s.recycle_bin = in.Varint() != 0;
  s.recycle_days = static_cast<uint32_t>(in.Varint());
  s.history = in.Varint() != 0;
  for (uint32_t* const number : {&s.history_versions, &s.history_days, &s.history_merge_seconds}) {
    *number = static_cast<uint32_t>(in.Varint());
  }
  if (!known || !in.Done()) return Damaged("library");
  return record;
}

}  // namespace marcot::core
