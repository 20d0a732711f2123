// Pages of the recycle bin: each order but one has rows of its own, so a page costs what it shows.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/operation.h"
#include "operations/page.h"
#include "operations/read.h"
#include "operations/recycle.h"
#include "operations/spaces.h"

namespace marcot::operations {
namespace {

using core::BinOrder;
using storage::Family;

BinOrder OrderOf(RecycledOrder order) {
  switch (order) {
    case RecycledOrder::kRemovalTime:
    case RecycledOrder::kRemainingTime:  // of one space all items have the same time to stay
      return BinOrder::kTime;
    case RecycledOrder::kName:
      return BinOrder::kName;
    case RecycledOrder::kSize:
      return BinOrder::kSize;
    case RecycledOrder::kModificationTime:
      break;
  }
  return BinOrder::kItem;
}

absl::Status SeekToStart(const std::string& last, const std::string& first, const std::string& end,
                         bool descending, storage::Cursor* rows) {
  if (last.empty()) {
    descending ? rows->SeekForPrev(end) : rows->Seek(first);
    return rows->status();
  }
  descending ? rows->SeekForPrev(last) : rows->Seek(last);
  if (rows->Valid() && rows->key() == last) descending ? rows->Prev() : rows->Next();
  return rows->status();
}

uint64_t CountItems(const core::Totals& bin) { return bin.child_files + bin.child_directories; }

class BinLister {
 public:
  BinLister(core::View& view, core::DirId bin, uint32_t days, const ListRecycledOptions& options,
            uint64_t secret)
      : view_(view),
        bin_(bin),
        days_(days),
        options_(options),
        secret_(secret),
        first_(core::BinOrderKey(bin, OrderOf(options.order))),
        end_(first_) {
    ++end_.back();
  }

  absl::StatusOr<RecycledPage> Run() {
    std::string after;
    if (!options_.marker.empty()) {
      MARCOT_ASSIGN_OR_RETURN(after, OpenMarker(options_.marker, Listing(), secret_));
    }
    if (bin_ == 0) return page_;
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, view_.GetTotals(bin_));
    page_.total_items = CountItems(totals);
    const bool has_rows = options_.order != RecycledOrder::kModificationTime;
    MARCOT_RETURN_IF_ERROR(has_rows ? ListRows(std::move(after)) : ListSorted(after));
    return std::move(page_);
  }

 private:
  // In the order of modification, later of two ids behind.
  struct Key {
    int64_t time_ms = 0;
    uint64_t item = 0;
    auto operator<=>(const Key&) const = default;
  };

  std::string Listing() const {
    std::string listing = first_;
    listing += static_cast<char>(options_.order);
    listing += static_cast<char>(options_.descending);
    return listing;
  }

  void EndAt(std::string_view position) { page_.marker = SealMarker(position, Listing(), secret_); }

  absl::Status Show(uint64_t item) {
    MARCOT_ASSIGN_OR_RETURN(const core::RecycledRecord record, FindItem(view_, bin_, item));
    page_.items.push_back(ShownItem(item, record, days_));
    return absl::OkStatus();
  }

  // Behind the row `last`; empty: from the start.
  absl::Status ListRows(std::string last) {
    const auto rows = view_.NewCursor(Family::kBin, {first_, end_});
    MARCOT_RETURN_IF_ERROR(SeekToStart(last, first_, end_, options_.descending, rows.get()));
    while (rows->Valid() && page_.items.size() < options_.limit) {
      last = rows->key();
      MARCOT_RETURN_IF_ERROR(Show(core::ItemOfBinKey(last)));
      options_.descending ? rows->Prev() : rows->Next();
    }
    MARCOT_RETURN_IF_ERROR(rows->status());
    if (rows->Valid()) EndAt(last);
    return absl::OkStatus();
  }

  // Keeps the best `limit` of what lies behind the marker, in a heap with the worst on top. There
  // are no rows of this order: what is in the bin is modified when a part of it is restored.
  absl::Status ListSorted(std::string_view after) {
    std::vector<Key> best;
    bool more = false;
    const auto before = [this](const Key& a, const Key& b) { return Before(a, b); };
    const auto rows = view_.NewCursor(Family::kBin, {first_, end_});
    for (rows->Seek(first_); rows->Valid(); rows->Next()) {
      MARCOT_ASSIGN_OR_RETURN(const Key key, KeyOf(core::ItemOfBinKey(rows->key())));
      if (!after.empty() && !Before(DecodeKey(after), key)) continue;
      best.push_back(key);
      std::push_heap(best.begin(), best.end(), before);
      if (best.size() <= options_.limit) continue;
      std::pop_heap(best.begin(), best.end(), before);
      best.pop_back();
      more = true;
    }
    MARCOT_RETURN_IF_ERROR(rows->status());
    std::sort_heap(best.begin(), best.end(), before);
    for (const Key& key : best) MARCOT_RETURN_IF_ERROR(Show(key.item));
    if (more) EndAt(EncodeKey(best.back()));
    return absl::OkStatus();
  }

  bool Before(const Key& a, const Key& b) const { return options_.descending ? b < a : a < b; }

  absl::StatusOr<Key> KeyOf(uint64_t item) {
    MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(view_, bin_, {ItemName(item)}));
    if (found.outcome != Resolved::Outcome::kFound) {
      return MakeError(Code::kStoreDamaged,
                       absl::StrCat("recycled item ", item, " is lost; check the store"));
    }
    MARCOT_ASSIGN_OR_RETURN(const Stat stat, StatOf(view_, found.entry, ""));
    return Key{stat.modification_time_ms, item};
  }

  static std::string EncodeKey(const Key& key) {
    std::string bytes;
    PutSignedVarint(&bytes, key.time_ms);
    PutVarint(&bytes, key.item);
    return bytes;
  }

  static Key DecodeKey(std::string_view bytes) {
    Decoder in(bytes);
    Key key;
    key.time_ms = in.SignedVarint();
    key.item = in.Varint();
    return key;
  }

  core::View& view_;
  const core::DirId bin_;
  const uint32_t days_;
  const ListRecycledOptions& options_;
  const uint64_t secret_;
  const std::string first_;  // of the rows
  std::string end_;
  RecycledPage page_;
};

}  // namespace

absl::Status CheckBinInUse(core::View& view, const core::SpaceRecord& space,
                           const core::LibraryRecord& library) {
  if (BinIsOn(space, library)) return absl::OkStatus();
  core::Totals bin;
  if (space.bin != 0) {
    MARCOT_ASSIGN_OR_RETURN(bin, view.GetTotals(space.bin));
  }
  if (CountItems(bin) > 0) return absl::OkStatus();
  return MakeError(Code::kRecycleBinNotEnabled,
                   "the space's recycle bin is off; turn it on in its settings");
}

absl::StatusOr<RecycledPage> ListBin(core::View& view, core::DirId bin, uint32_t days,
                                     const ListRecycledOptions& options, uint64_t secret) {
  MARCOT_RETURN_IF_ERROR(CheckLimit(options.limit));
  return BinLister(view, bin, days, options, secret).Run();
}

}  // namespace marcot::operations
