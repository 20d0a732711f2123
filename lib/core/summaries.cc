#include "core/summaries.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/fold.h"
#include "base/status_macros.h"
#include "base/thread_kept.h"
#include "marcot/error.h"
#include "xxhash.h"

namespace marcot::core {
namespace {

using storage::Family;

// So many ids are listed one by one.
constexpr size_t kMaxListed = 1024;

constexpr char kDistances = 0;
constexpr char kBits = 1;  // as they stand in memory: the first in the lowest bit of the first byte

using Pieces = std::bitset<kPieces>;
static_assert(sizeof(Pieces) == kPieces / 8 && std::endian::native == std::endian::little);

enum Flag : uint8_t {
  kHasDirectories = 1,
  kHasFiles = 2,
  kOthers = 4,
  kContexts = 8,
  kListed = 16
};

// Not to be changed: pieces are stored.
Piece PieceOf(char32_t a, char32_t b, char32_t c) {
  constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;
  const uint64_t hash = ((a * kFactor + b) * kFactor + c) * kFactor;
  return static_cast<Piece>(hash >> 46);
}

uint32_t HashOf(const ObjectId& id) {
  const uint64_t parts[] = {id.hi, id.lo};
  return static_cast<uint32_t>(XXH3_64bits(parts, sizeof parts));
}

void PutDistance(std::string* out, uint64_t number, uint64_t* last) {
  PutVarint(out, number - *last);
  *last = number;
}

}  // namespace

// ---- pieces of names ---------------------------------------------------------------------------

void AddPieces(std::u32string_view folded, std::vector<Piece>* pieces) {
  for (size_t i = 1; i < folded.size(); ++i) {
    pieces->push_back(PieceOf(folded[i - 1], folded[i], 0));
    if (i > 1) pieces->push_back(PieceOf(folded[i - 2], folded[i - 1], folded[i]));
  }
}

// No name has a control character, so none gives a piece that begins with one.
Piece ExtensionPiece(std::u32string_view folded_extension) {
  Piece piece = 0;
  for (const char32_t c : folded_extension) piece = PieceOf(1, piece, c);
  return piece;
}

std::u32string_view ExtensionOf(std::u32string_view name) {
  const size_t dot = name.rfind(U'.');
  return dot == std::u32string_view::npos || dot == 0 ? std::u32string_view()
                                                      : name.substr(dot + 1);
}

// There are millions of names.
struct FoldedName {
  std::u32string name;
};
struct PiecesOfName {
  std::vector<Piece> pieces;
};

void AddPiecesOfName(char kind, std::string_view name, std::vector<Piece>* pieces) {
  std::u32string& folded = KeptByThread<FoldedName>().name;
  FoldCase(name, &folded);
  AddPieces(folded, pieces);
  const std::u32string_view extension = ExtensionOf(folded);
  if (kind == kFileSlot && !extension.empty()) pieces->push_back(ExtensionPiece(extension));
}

// ---- object ids --------------------------------------------------------------------------------

void ObjectIds::Range::Add(const Range& other) {
  least = std::min(least, other.least);
  greatest = std::max(greatest, other.greatest);
}

ObjectIds::Range* ObjectIds::RangeOf(const ObjectId& id) {
  return id.hi == 1 ? &directories_ : id.hi == 2 ? &files_ : nullptr;
}

void ObjectIds::Add(const ObjectId& id) {
  if (Range* const range = RangeOf(id); range != nullptr) {
    range->Add({id.lo, id.lo});
  } else {
    others_ = true;
  }
  List(HashOf(id));
}

void ObjectIds::List(uint32_t hash) {
  if (!listed_) return;
  // Ids mostly come in no order.
  hashes_.insert(std::lower_bound(hashes_.begin(), hashes_.end(), hash), hash);
  listed_ = hashes_.size() <= kMaxListed;
  if (!listed_) hashes_.clear();
}

void ObjectIds::Merge(const ObjectIds& other) {
  directories_.Add(other.directories_);
  files_.Add(other.files_);
  others_ |= other.others_;
  contexts_ |= other.contexts_;
  if (!other.listed_) {
    listed_ = false;
    hashes_.clear();
  }
  for (const uint32_t hash : other.hashes_) List(hash);
}

bool ObjectIds::MayHold(const ObjectId& id) const {
  if (listed_) return std::binary_search(hashes_.begin(), hashes_.end(), HashOf(id));
  if (id.hi == 1) return directories_.Holds(id.lo);
  if (id.hi == 2) return files_.Holds(id.lo);
  return others_;
}

bool ObjectIds::Covers(const ObjectIds& other) const {
  if (other.contexts_ && !contexts_) return false;
  if (listed_) {
    return other.listed_ && std::includes(hashes_.begin(), hashes_.end(), other.hashes_.begin(),
                                          other.hashes_.end());
  }
  return directories_.Covers(other.directories_) && files_.Covers(other.files_) &&
         (others_ || !other.others_);
}

void ObjectIds::Encode(std::string* out) const {
  out->push_back(static_cast<char>((directories_.any() ? kHasDirectories : 0) |
                                   (files_.any() ? kHasFiles : 0) | (others_ ? kOthers : 0) |
                                   (contexts_ ? kContexts : 0) | (listed_ ? kListed : 0)));
  for (const Range& range : {directories_, files_}) {
    if (!range.any()) continue;
    PutVarint(out, range.least);
    PutVarint(out, range.greatest);
  }
  if (!listed_) return;
  PutVarint(out, hashes_.size());
  uint64_t last = 0;
  for (const uint32_t hash : hashes_) PutDistance(out, hash, &last);
}

bool ObjectIds::Decode(Decoder* in) {
  const uint8_t flags = in->Byte();
  for (const auto& [range, flag] :
       {std::pair(&directories_, kHasDirectories), std::pair(&files_, kHasFiles)}) {
    if ((flags & flag) == 0) continue;
    range->least = in->Varint();
    range->greatest = in->Varint();
  }
  others_ = (flags & kOthers) != 0;
  contexts_ = (flags & kContexts) != 0;
  listed_ = (flags & kListed) != 0;
  if (!listed_) return in->ok();
  uint64_t last = 0;
  for (uint64_t left = in->Varint(); left > 0 && in->ok(); --left) {
    last += in->Varint();
    if (last > ~uint32_t{0} || hashes_.size() > kMaxListed) return false;
    hashes_.push_back(static_cast<uint32_t>(last));
  }
  return in->ok();
}

// ---- summaries ---------------------------------------------------------------------------------

void Summary::AddName(char kind, std::string_view name) {
  std::vector<Piece>& pieces = KeptByThread<PiecesOfName>().pieces;
  pieces.clear();
  AddPiecesOfName(kind, name, &pieces);
  for (const Piece piece : pieces) pieces_->set(piece);
}

void Summary::AddBelow(const Summary& below, const ObjectId& context) {
  *pieces_ |= *below.pieces_;
  if (context == ObjectId{}) {
    ids_.Merge(below.ids_);
  } else {
    ids_.AddContext();
  }
}

bool Summary::Covers(const Summary& below, const ObjectId& context) const {
  if ((*below.pieces_ & ~*pieces_).any()) return false;
  return context == ObjectId{} ? ids_.Covers(below.ids_) : ids_.has_contexts();
}

void Summary::Clear() {
  pieces_->reset();
  ids_ = {};
  runs_ = 0;
}

std::string Summary::Encode() const {
  std::string out(1, static_cast<char>(kRecordFormat));
  PutVarint(&out, FoldTables());
  PutVarint(&out, runs_);
  ids_.Encode(&out);
  std::string distances;
  PutVarint(&distances, pieces_->count());
  uint64_t last = 0;
  for (size_t i = pieces_->_Find_first(); i < kPieces && distances.size() < sizeof(Pieces);
       i = pieces_->_Find_next(i)) {
    PutDistance(&distances, i, &last);
  }
  if (distances.size() < sizeof(Pieces)) {
    out += kDistances;
    return out + distances;
  }
  out += kBits;
  out.append(reinterpret_cast<const char*>(pieces_.get()), sizeof(Pieces));
  return out;
}

absl::StatusOr<bool> Summary::Decode(std::string_view value, Summary* summary) {
  summary->Clear();
  Decoder in(value);
  bool sound = in.Byte() == kRecordFormat;
  const uint64_t tables = in.Varint();
  summary->runs_ = in.Varint();
  sound = summary->ids_.Decode(&in) && sound;
  const uint8_t form = in.Byte();
  if (form == kDistances) {
    uint64_t last = 0;
    for (uint64_t left = in.Varint(); left > 0 && in.ok() && last < kPieces; --left) {
      last += in.Varint();
      if (last < kPieces) summary->pieces_->set(last);
    }
    sound = sound && last < kPieces && in.Done();
  } else {
    const std::string_view bits = in.Rest();
    sound = sound && form == kBits && in.ok() && bits.size() == sizeof(Pieces);
    if (sound) std::memcpy(static_cast<void*>(summary->pieces_.get()), bits.data(), bits.size());
  }
  if (!sound) return MakeError(Code::kStoreDamaged, "a summary of a directory does not decode");
  return tables == FoldTables();
}

absl::StatusOr<bool> FindSummary(View& view, DirId dir, Seq changed, Summary* summary) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kSummaries, SummaryKey(dir, changed), &value));
  if (!found) return false;
  return Summary::Decode(value, summary);
}

}  // namespace marcot::core
