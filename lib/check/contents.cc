#include "check/contents.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "check/repairer.h"
#include "core/chunks.h"
#include "xxhash.h"

namespace marcot::check {
namespace {

using storage::Family;

// One blob as it is read: its chunks against what its content says.
class Blob {
 public:
  Blob(const State& state, uint64_t number)
      : state_(state), number_(number), hash_(XXH3_createState(), &XXH3_freeState) {
    XXH3_128bits_reset(hash_.get());
  }

  void Claimed(char tag, std::string_view said) {
    claimed_ = true;
    if (tag != 'c') return;
    content_ = core::ContentOfKey(said);
    size_ = LoadFixed64(said.data() + 16);
  }

  void Take(const Rows& rows) {
    const uint64_t index = LoadFixed64(rows.key().data() + 8);
    whole_ = whole_ && index == chunks_;
    if (rows.damaged()) {
      damaged_ = true;
      Find(Fault::kContentDamaged, absl::StrCat("chunk ", index, " fails its checksum"),
           [key = std::string(rows.key())](Repairer& repairer) {
             return repairer.MendAlone(Family::kChunks, key);
           });
    }
    chunks_ = index + 1;
    if (!rows.damaged()) Add(rows, index);
  }

  void Check() const {
    if (!claimed_ && damaged_) return;  // mended first, or known to be lost
    if (!claimed_) {
      Find(Fault::kChunkStray, absl::StrCat(chunks_, " chunks, ", bytes_, " bytes"),
           [number = number_, chunks = chunks_, bytes = bytes_, id = id()](Repairer& repairer) {
             return repairer.AdoptBlob(number, chunks, id, bytes);
           });
      return;
    }
    if (content_.empty()) return;
    if (damaged_) return;
    if (!whole_ || bytes_ != size_) {
      Find(Fault::kChunkMissing, absl::StrCat("says ", size_, " bytes, has ", bytes_));
    } else if (id() != content_) {
      Find(Fault::kContentDamaged, "its hash is another");
    }
  }

 private:
  ContentId id() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(hash_.get());
    return {hash.high64, hash.low64};
  }

  void Add(const Rows& rows, uint64_t index) {
    const auto bytes = core::DecodeChunk(rows.value(), &buffer_);
    if (!bytes.ok()) {
      damaged_ = true;
      return Find(Fault::kContentDamaged, absl::StrCat("chunk ", index, " does not decode"),
                  [key = std::string(rows.key())](Repairer& repairer) {
                    return repairer.MoveAway(Family::kChunks, key);
                  });
    }
    bytes_ += bytes->size();
    XXH3_128bits_update(hash_.get(), bytes->data(), bytes->size());
  }

  void Find(Fault fault, std::string detail, Fix fix = nullptr) const {
    state_.findings().Add(fault,
                          content_.empty()
                              ? absl::StrCat("blob ", number_)
                              : absl::StrCat("content ", content_.Hex(), " (blob ", number_, ")"),
                          std::move(detail), std::move(fix));
  }

  const State& state_;
  const uint64_t number_;
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> hash_;
  bool claimed_ = false, whole_ = true, damaged_ = false;
  ContentId content_;
  std::string buffer_;
  uint64_t size_ = 0, bytes_ = 0, chunks_ = 0;
};

}  // namespace

absl::Status CheckContents(const State& state, Claims& claims) {
  MARCOT_ASSIGN_OR_RETURN(const auto said, claims.blobs.Sort());
  Rows rows = state.RowsOf(Family::kChunks);
  const auto fits = [&] {
    for (; rows.Valid(); rows.Next()) {
      const bool fits = rows.key().size() == 16;
      if (fits && LoadFixed64(rows.key().data() + 8) < core::ChunkCount(kMaxFileBytes)) return true;
      state.findings().Add(Fault::kKeyDamaged, Record(Family::kChunks, rows.key()), "",
                           [key = std::string(rows.key())](Repairer& repairer) {
                             return repairer.MoveAway(Family::kChunks, key);
                           });
    }
    return false;
  };
  while (fits() || said->Valid()) {
    uint64_t number = rows.Valid() ? LoadFixed64(rows.key().data()) : ~uint64_t{0};
    if (said->Valid()) number = std::min(number, LoadFixed64(said->record().data()));
    Blob blob(state, number);
    for (; said->Valid() && LoadFixed64(said->record().data()) == number; said->Next()) {
      blob.Claimed(said->record()[8], said->record().substr(9));
    }
    for (; fits() && LoadFixed64(rows.key().data()) == number; rows.Next()) {
      claims.records.fetch_add(1, std::memory_order_relaxed);
      blob.Take(rows);
    }
    blob.Check();
  }
  return said->status();
}

}  // namespace marcot::check
