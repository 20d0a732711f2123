// Reading the recycle bin.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/facts.h"
#include "core/view.h"
#include "marcot/recycle_bin.h"

namespace marcot::operations {

inline constexpr int64_t kMsPerDay = 86'400'000;

// An item's name in the bin's directory.
std::string ItemName(uint64_t item);
// RecycledItemNotFound. `bin` 0: the space has none.
absl::StatusOr<core::RecycledRecord> FindItem(core::View& view, core::DirId bin, uint64_t item);
// As it is shown where items are kept for so many days.
RecycledItem ShownItem(uint64_t id, const core::RecycledRecord& record, uint32_t days);
// RecycleBinNotEnabled where the bin is off and holds nothing.
absl::Status CheckBinInUse(core::View& view, const core::SpaceRecord& space,
                           const core::LibraryRecord& library);
// `secret` seals the markers.
absl::StatusOr<RecycledPage> ListBin(core::View& view, core::DirId bin, uint32_t days,
                                     const ListRecycledOptions& options, uint64_t secret);

}  // namespace marcot::operations
