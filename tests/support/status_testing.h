// Assertions on what the API answers, by code.
#pragma once

#include <gtest/gtest.h>

#include <ostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/error.h"

namespace marcot {

inline void PrintTo(Code code, std::ostream* out) { *out << CodeName(code); }

namespace testing {

inline const absl::Status& ToStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& ToStatus(const absl::StatusOr<T>& result) {
  return result.status();
}

template <typename Result>
::testing::AssertionResult IsOk(const Result& result) {
  if (result.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << CodeName(CodeOf(ToStatus(result))) << ": " << ToStatus(result).ToString();
}

}  // namespace testing
}  // namespace marcot

#define ASSERT_OK(expression) ASSERT_TRUE(::marcot::testing::IsOk(expression))
#define EXPECT_OK(expression) EXPECT_TRUE(::marcot::testing::IsOk(expression))
// EXPECT_CODE(PathNotFound, space.Delete("a"))
#define EXPECT_CODE(code, expression) \
  EXPECT_EQ(::marcot::CodeOf(::marcot::testing::ToStatus(expression)), ::marcot::Code::k##code)
