// Pages of the recycle bin: each order has rows of its own, so a page costs what it shows.
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/page.h"
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
  }
  return BinOrder::kTime;
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
  RecycledPage page;
  const BinOrder order = OrderOf(options.order);
  const std::string first = core::BinOrderKey(bin, order);
  std::string end = first, listing = first;
  ++end.back();
  listing += static_cast<char>(options.order);
  listing += static_cast<char>(options.descending);
  std::string last;  // the key of the last row shown
  if (!options.marker.empty()) {
    MARCOT_ASSIGN_OR_RETURN(last, OpenMarker(options.marker, listing, secret));
  }
  if (bin == 0) return page;
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, view.GetTotals(bin));
  page.total_items = CountItems(totals);
  const auto rows = view.NewCursor(Family::kBin, {first, end});
  MARCOT_RETURN_IF_ERROR(SeekToStart(last, first, end, options.descending, rows.get()));
  while (rows->Valid() && page.items.size() < options.limit) {
    last = rows->key();
    const uint64_t item = core::ItemOfBinKey(last);
    MARCOT_ASSIGN_OR_RETURN(const core::RecycledRecord record, FindItem(view, bin, item));
    page.items.push_back(ShownItem(item, record, days));
    options.descending ? rows->Prev() : rows->Next();
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (rows->Valid()) page.marker = SealMarker(last, listing, secret);
  return page;
}

}  // namespace marcot::operations
