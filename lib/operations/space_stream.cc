#include "operations/space_stream.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/content.h"
#include "xxhash.h"

namespace marcot::operations {
namespace {

constexpr std::string_view kMagic = "MARCOTSP";
constexpr char kFormat = 1;
constexpr size_t kHeadBytes = 9;  // kind, length
constexpr size_t kSealBytes = 8;

enum class NameKind : uint8_t {
  kRemovedDirectory,
  kRemovedFile,
  kDirectory,
  kFile,
  kHostKeptFile,
};
constexpr uint8_t kNameKinds = 5;

NameKind KindOf(const StreamName& name) {
  if (name.is_directory()) {
    return name.removed ? NameKind::kRemovedDirectory : NameKind::kDirectory;
  }
  if (name.removed) return NameKind::kRemovedFile;
  return name.host_kept ? NameKind::kHostKeptFile : NameKind::kFile;
}

uint64_t SealOf(std::string_view bytes, uint64_t before) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), before);
}

absl::Status DoesNotDecode(std::string_view kind) {
  return StreamDamaged(absl::StrCat("a record of kind ", std::string(kind), " does not decode"));
}

void PutContentId(const ContentId& id, std::string* out) {
  PutFixed64(out, id.hi);
  PutFixed64(out, id.lo);
}

ContentId TakeContentId(Decoder* in) {
  const uint64_t hi = in->Fixed64();
  return {hi, in->Fixed64()};
}

template <typename Value>
void PutOptional(const std::optional<Value>& value, std::string* out) {
  PutVarint(out, value.has_value() ? uint64_t{*value} + 1 : 0);
}

template <typename Value>
std::optional<Value> TakeOptional(Decoder* in) {
  const uint64_t value = in->Varint();
  return value == 0 ? std::nullopt : std::optional(static_cast<Value>(value - 1));
}

}  // namespace

absl::Status StreamDamaged(std::string_view what) {
  return MakeError(Code::kStreamDamaged,
                   absl::StrCat("the stream is damaged or not whole: ", std::string(what),
                                "; export the space again"));
}

absl::Status StreamWriter::Begin() {
  record_ = kMagic;
  record_ += kFormat;
  seal_ = SealOf(record_, 0);
  return sink_(record_);
}

absl::Status StreamWriter::Write(StreamKind kind, std::string_view payload) {
  record_.assign(1, static_cast<char>(kind));
  PutFixed64(&record_, payload.size());
  record_.append(payload);
  seal_ = SealOf(record_, seal_);
  PutFixed64(&record_, seal_);
  return sink_(record_);
}

// Appends that many bytes to the record.
absl::Status StreamReader::Read(size_t bytes) {
  const size_t begin = record_.size();
  record_.resize(begin + bytes);
  MARCOT_ASSIGN_OR_RETURN(const size_t got, Fill(source_, record_.data() + begin, bytes));
  return got == bytes ? absl::OkStatus() : StreamDamaged("it ends too early");
}

absl::Status StreamReader::Begin() {
  record_.clear();
  MARCOT_RETURN_IF_ERROR(Read(kMagic.size() + 1));
  if (!record_.starts_with(kMagic)) {
    return MakeError(Code::kStreamDamaged, "this is not a stream of a space; export one");
  }
  if (record_.back() != kFormat) {
    return MakeError(
        Code::kStreamFormatTooNew,
        absl::StrCat("the stream has format ", static_cast<uint8_t>(record_.back()),
                     ", this Marcot reads ", static_cast<int>(kFormat), "; use a newer one"));
  }
  seal_ = SealOf(record_, 0);
  return absl::OkStatus();
}

absl::StatusOr<StreamKind> StreamReader::Next() {
  record_.clear();
  MARCOT_RETURN_IF_ERROR(Read(kHeadBytes));
  const uint64_t length = LoadFixed64(record_.data() + 1);
  // Only the seal says whether a length is right, and it stands behind what the length counts.
  if (length > kMaxStreamRecord) return StreamDamaged("a record is too long");
  MARCOT_RETURN_IF_ERROR(Read(length + kSealBytes));
  seal_ = SealOf({record_.data(), kHeadBytes + length}, seal_);
  if (LoadFixed64(record_.data() + kHeadBytes + length) != seal_) {
    return StreamDamaged("a checksum is wrong");
  }
  payload_ = {record_.data() + kHeadBytes, length};
  return static_cast<StreamKind>(record_[0]);
}

uint64_t OriginOf(uint64_t secret) {
  constexpr std::string_view kPurpose = "origin of a stream";
  return XXH3_64bits_withSeed(kPurpose.data(), kPurpose.size(), secret) | 1;
}

std::string EncodeStreamSpace(const StreamSpace& space) {
  std::string out;
  PutSignedVarint(&out, space.creation_time_ms);
  PutOptional(space.settings.recycle_bin, &out);
  PutOptional(space.settings.recycle_days, &out);
  PutVarint(&out, space.settings.change_feed_days);
  if (space.origin != 0) PutFixed64(&out, space.origin);
  return out;
}

absl::StatusOr<StreamSpace> DecodeStreamSpace(std::string_view payload) {
  Decoder in(payload);
  StreamSpace space;
  space.creation_time_ms = in.SignedVarint();
  space.settings.recycle_bin = TakeOptional<bool>(&in);
  space.settings.recycle_days = TakeOptional<uint32_t>(&in);
  space.settings.change_feed_days = static_cast<uint32_t>(in.Varint());
  if (in.ok() && !in.AtEnd()) space.origin = in.Fixed64();
  if (!in.Done()) return DoesNotDecode("space");
  return space;
}

std::string EncodeStreamTree(const StreamTree& tree) {
  std::string out;
  PutVarint(&out, tree.base);
  PutSignedVarint(&out, tree.modification_time_ms);
  PutString(&out, tree.attributes);
  return out;
}

absl::StatusOr<StreamTree> DecodeStreamTree(std::string_view payload) {
  Decoder in(payload);
  StreamTree tree;
  tree.base = in.Varint();
  tree.modification_time_ms = in.SignedVarint();
  tree.attributes = in.String();
  if (!in.Done()) return DoesNotDecode("tree");
  return tree;
}

void AppendStreamName(const StreamName& name, std::string* payload) {
  payload->push_back(static_cast<char>(KindOf(name)));
  PutString(payload, std::string_view(name.slot).substr(1));
  if (name.removed) return;
  PutSignedVarint(payload, name.creation_time_ms);
  PutString(payload, name.creator);
  if (name.is_directory()) {
    PutVarint(payload, name.tree);
    return;
  }
  PutSignedVarint(payload, name.modification_time_ms);
  PutContentId(name.content, payload);
  PutVarint(payload, name.size);
  PutString(payload, name.attributes);
}

absl::Status TakeStreamName(Decoder* in, StreamName* name) {
  *name = {};
  const uint8_t byte = in->Byte();
  const auto kind = static_cast<NameKind>(byte);
  const bool directory = kind == NameKind::kDirectory || kind == NameKind::kRemovedDirectory;
  name->slot = core::Slot(directory ? core::kDirectorySlot : core::kFileSlot, in->String());
  name->removed = kind == NameKind::kRemovedDirectory || kind == NameKind::kRemovedFile;
  name->host_kept = kind == NameKind::kHostKeptFile;
  if (!name->removed) {
    name->creation_time_ms = in->SignedVarint();
    name->creator = in->String();
  }
  if (kind == NameKind::kDirectory) name->tree = in->Varint();
  if (!name->removed && !directory) {
    name->modification_time_ms = in->SignedVarint();
    name->content = TakeContentId(in);
    name->size = in->Varint();
    name->attributes = in->String();
  }
  return in->ok() && byte < kNameKinds ? absl::OkStatus() : DoesNotDecode("names");
}

std::string EncodeStreamContent(const StreamContent& content) {
  std::string out;
  PutContentId(content.id, &out);
  PutVarint(&out, content.size);
  return out;
}

absl::StatusOr<StreamContent> DecodeStreamContent(std::string_view payload) {
  Decoder in(payload);
  StreamContent content;
  content.id = TakeContentId(&in);
  content.size = in.Varint();
  if (!in.Done()) return DoesNotDecode("content");
  return content;
}

std::string EncodeStreamEnd(const StreamEnd& end) {
  std::string out;
  for (const uint64_t number : {end.trees, end.names, end.contents, end.totals.bytes,
                                end.totals.files, end.totals.directories}) {
    PutVarint(&out, number);
  }
  return out;
}

absl::StatusOr<StreamEnd> DecodeStreamEnd(std::string_view payload) {
  Decoder in(payload);
  StreamEnd end;
  for (uint64_t* const number : {&end.trees, &end.names, &end.contents, &end.totals.bytes,
                                 &end.totals.files, &end.totals.directories}) {
    *number = in.Varint();
  }
  if (!in.Done()) return DoesNotDecode("end");
  return end;
}

}  // namespace marcot::operations
