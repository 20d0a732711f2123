// Early return for absl::Status, as every layer uses it.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define MARCOT_RETURN_IF_ERROR(expr)                                \
  do {                                                              \
    if (absl::Status marcot_status = (expr); !marcot_status.ok()) { \
      return marcot_status;                                         \
    }                                                               \
  } while (false)

#define MARCOT_CONCAT_INNER(a, b) a##b
#define MARCOT_CONCAT(a, b) MARCOT_CONCAT_INNER(a, b)

// MARCOT_ASSIGN_OR_RETURN(auto x, F()): x is the value of F, or its error is returned.
#define MARCOT_ASSIGN_OR_RETURN(lhs, expr) \
  MARCOT_ASSIGN_OR_RETURN_IMPL(MARCOT_CONCAT(marcot_value_, __LINE__), lhs, expr)
#define MARCOT_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) return std::move(tmp).status();     \
  lhs = *std::move(tmp)
