#include "marcot/error.h"

#include "absl/strings/cord.h"

namespace marcot {
namespace {

constexpr char kPayloadUrl[] = "marcot/code";

struct CodeRow {
  std::string_view name, meaning;
  int http_status;
};

constexpr CodeRow kRows[] = {{"Ok", "success", 200},
#define MARCOT_CODE_ROW(name, http, meaning) {#name, meaning, http},
                             MARCOT_ERROR_CODES(MARCOT_CODE_ROW)
#undef MARCOT_CODE_ROW
};

const CodeRow& Row(Code code) { return kRows[static_cast<int>(code)]; }

absl::StatusCode CanonicalCode(Code code) {
  if (code == Code::kStoreDamaged) return absl::StatusCode::kDataLoss;
  if (code == Code::kQuotaLimitReached) return absl::StatusCode::kResourceExhausted;
  switch (CodeHttpStatus(code)) {
    case 400:
      return absl::StatusCode::kInvalidArgument;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

std::string_view CodeName(Code code) { return Row(code).name; }
std::string_view CodeMeaning(Code code) { return Row(code).meaning; }
int CodeHttpStatus(Code code) { return Row(code).http_status; }

Code CodeOf(const absl::Status& status) {
  if (status.ok()) return Code::kOk;
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return Code::kInternalServerError;
  int code = 0;
  for (const char digit : std::string(*payload)) code = code * 10 + (digit - '0');
  if (code <= 0 || code >= static_cast<int>(std::size(kRows))) return Code::kInternalServerError;
  return static_cast<Code>(code);
}

absl::Status MakeError(Code code, std::string message) {
  absl::Status status(CanonicalCode(code), message);
  status.SetPayload(kPayloadUrl, absl::Cord(std::to_string(static_cast<int>(code))));
  return status;
}

}  // namespace marcot
