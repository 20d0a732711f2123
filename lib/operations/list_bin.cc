// Pages of the recycle bin: each order has rows of its own, so a page costs what it shows.
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/recycle.h"
#include "xxhash.h"

namespace marcot::operations {
namespace {

using core::BinOrder;
using storage::Family;

constexpr size_t kMaxLimit = 1000;

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

// A marker is the key of the last row shown, sealed for this bin, order and direction.
uint64_t SealOf(std::string_view key, const ListRecycledOptions& options, uint64_t secret) {
  std::string sealed(key);
  sealed += static_cast<char>(options.order);
  sealed += static_cast<char>(options.descending);
  return XXH3_64bits_withSeed(sealed.data(), sealed.size(), secret);
}

std::string MarkerOf(std::string_view key, const ListRecycledOptions& options, uint64_t secret) {
  std::string marker;
  PutFixed64(&marker, SealOf(key, options, secret));
  marker += key;
  return absl::WebSafeBase64Escape(marker);
}

absl::StatusOr<std::string> KeyOfMarker(const std::string& prefix,
                                        const ListRecycledOptions& options, uint64_t secret) {
  std::string bytes;
  if (absl::WebSafeBase64Unescape(options.marker, &bytes) && bytes.size() > 8) {
    std::string key = bytes.substr(8);
    const bool here = key.compare(0, prefix.size(), prefix) == 0;
    if (here && LoadFixed64(bytes.data()) == SealOf(key, options, secret)) return key;
  }
  return MakeError(Code::kMarkerNotFound,
                   "the marker was not given by this listing; begin with an empty one");
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

}  // namespace

absl::StatusOr<RecycledPage> ListBin(core::View& view, core::DirId bin, uint32_t days,
                                     const ListRecycledOptions& options, uint64_t secret) {
  if (options.limit < 1 || options.limit > kMaxLimit) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat("a limit of ", options.limit, "; 1 to 1000 is allowed"));
  }
  RecycledPage page;
  const BinOrder order = OrderOf(options.order);
  const std::string first = core::BinOrderKey(bin, order);
  std::string end = first, last;
  ++end.back();
  if (!options.marker.empty()) {
    MARCOT_ASSIGN_OR_RETURN(last, KeyOfMarker(first, options, secret));
  }
  if (bin == 0) return page;
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, view.GetTotals(bin));
  page.total_items = totals.child_files + totals.child_directories;
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
  if (rows->Valid()) page.marker = MarkerOf(last, options, secret);
  return page;
}

}  // namespace marcot::operations
