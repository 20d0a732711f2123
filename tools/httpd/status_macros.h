// Early return for absl::Status.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define HTTPD_RETURN_IF_ERROR(expr)                               \
  do {                                                            \
    if (absl::Status httpd_status = (expr); !httpd_status.ok()) { \
      return httpd_status;                                        \
    }                                                             \
  } while (false)

#define HTTPD_CONCAT_INNER(a, b) a##b
#define HTTPD_CONCAT(a, b) HTTPD_CONCAT_INNER(a, b)

// HTTPD_ASSIGN_OR_RETURN(auto x, F()): x is the value of F, or its error is returned.
#define HTTPD_ASSIGN_OR_RETURN(lhs, expr) \
  HTTPD_ASSIGN_OR_RETURN_IMPL(HTTPD_CONCAT(httpd_value_, __LINE__), lhs, expr)
#define HTTPD_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                \
  if (!tmp.ok()) return std::move(tmp).status();    \
  lhs = *std::move(tmp)
