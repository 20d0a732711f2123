// Summaries: what cannot be found below a directory, so that a search need not look there.
//
// A summary says of a node as of one change of it (Totals::changed) which pieces of names, and
// which object ids, may occur in it or anywhere below it. It says more than there is, never less.
// As long as a reader sees the node as of that change, be it live or through any number of
// references, the summary holds for him: so a copy of a directory needs none of its own. It is a
// statement about the past, which nothing that happens later makes wrong.
//
//   family      key                      value
//   summaries   DirId | changed          summary of the node and all below it
//               DirId | changed | slot   the same of a run of its slots, from this one to the next
//                                        such row's; only of directories with many entries
//
//   summary     0x01 | tables | runs | flags | [range of ids of directories] | [of files] |
//               [count, hashes of ids] | pieces
//   pieces      0 | count | the distance of each from the one before it   or   1 | a bit for each
//
// The rows of a run are good only where the whole node has its row, which is written last.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/coding.h"
#include "core/keys.h"
#include "core/records.h"
#include "core/view.h"

namespace marcot::core {

// A subtree with fewer entries is read as fast as its summary would be.
inline constexpr uint64_t kWorthSummary = 16;
// Of a directory with more direct entries each run has a row of its own.
inline constexpr uint64_t kRunSlots = 512;
inline constexpr uint64_t kWorthRuns = 2 * kRunSlots;

// ---- pieces of names ---------------------------------------------------------------------------

// A number for two or three code points that follow each other in a folded name, and for an
// extension.
using Piece = uint32_t;
inline constexpr size_t kPieces = size_t{1} << 18;

// Those that every name that contains the word has; none of a word of one code point.
void AddPieces(std::u32string_view folded, std::vector<Piece>* pieces);
Piece ExtensionPiece(std::u32string_view folded_extension);
// All of an entry's name, that of its extension too.
void AddPiecesOfName(char kind, std::string_view name, std::vector<Piece>* pieces);
// What follows the last dot, unless that is the first character; empty: nothing does.
std::u32string_view ExtensionOf(std::u32string_view name);

// ---- object ids --------------------------------------------------------------------------------

// The ids that a reader without a context meets below a node.
class ObjectIds {
 public:
  void Add(const ObjectId& id);
  void Merge(const ObjectIds& other);
  // A reference with a context is below: who looks for an id has to look for another one there.
  void AddContext() { contexts_ = true; }
  // Whether the other says nothing that this does not.
  bool Covers(const ObjectIds& other) const;

  bool has_contexts() const { return contexts_; }
  // Whether it may be below without a context in between.
  bool MayHold(const ObjectId& id) const;

  void Encode(std::string* out) const;
  bool Decode(Decoder* in);

 private:
  struct Range {
    uint64_t least = ~uint64_t{0}, greatest = 0;
    void Add(const Range& other);
    bool Covers(const Range& other) const {
      return !other.any() || (least <= other.least && other.greatest <= greatest);
    }
    bool any() const { return least <= greatest; }
    bool Holds(uint64_t number) const { return least <= number && number <= greatest; }
  };
  Range* RangeOf(const ObjectId& id);
  void List(uint32_t hash);

  Range directories_, files_;  // {1, number}, {2, seq}
  bool others_ = false;        // of another form: those of what was copied
  bool contexts_ = false;
  bool listed_ = true;            // few enough to be listed one by one
  std::vector<uint32_t> hashes_;  // sorted
};

// ---- summaries ---------------------------------------------------------------------------------

class Summary {
 public:
  Summary() : pieces_(std::make_unique<std::bitset<kPieces>>()) {}

  void AddName(char kind, std::string_view name);
  void AddId(const ObjectId& id) { ids_.Add(id); }
  // What a subdirectory's says; `context`: of the reference that leads there.
  void AddBelow(const Summary& below, const ObjectId& context);
  void Clear();

  // Of the whole node: how many runs there are, each with a row.
  void set_runs(uint64_t runs) { runs_ = runs; }
  uint64_t runs() const { return runs_; }

  bool MayHold(Piece piece) const { return pieces_->test(piece); }
  const ObjectIds& ids() const { return ids_; }
  // Whether what is below, seen through that context, says nothing that this does not.
  bool Covers(const Summary& below, const ObjectId& context) const;

  std::string Encode() const;
  // False: it was made with other tables of cases, so it says nothing here. StoreDamaged.
  static absl::StatusOr<bool> Decode(std::string_view value, Summary* summary);

 private:
  std::unique_ptr<std::bitset<kPieces>> pieces_;
  ObjectIds ids_;
  uint64_t runs_ = 0;
};

inline std::string SummaryKey(DirId dir, Seq changed) { return PairKey(dir, changed); }
inline std::string RunKey(DirId dir, Seq changed, std::string_view slot) {
  return PairKey(dir, changed).append(slot);
}
inline Seq ChangedOfSummaryKey(std::string_view key) { return LoadFixed64(key.data() + 8); }
inline bool IsRunKey(std::string_view key) { return key.size() > 16; }
inline std::string_view SlotOfRunKey(std::string_view key) { return key.substr(16); }

// The summary of a node as of that change; false: there is none.
absl::StatusOr<bool> FindSummary(View& view, DirId dir, Seq changed, Summary* summary);

}  // namespace marcot::core
