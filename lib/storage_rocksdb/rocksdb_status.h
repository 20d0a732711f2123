// RocksDB's errors as the codes of marcot/error.h.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "rocksdb/status.h"

namespace marcot::storage {

inline absl::Status ToStatus(const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const Code code = status.IsCorruption() ? Code::kStoreDamaged : Code::kInternalServerError;
  return MakeError(code, absl::StrCat("storage: ", status.ToString()));
}

}  // namespace marcot::storage
