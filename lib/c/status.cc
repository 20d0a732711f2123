#include <exception>
#include <iterator>
#include <new>

#include "c/bridge.h"

namespace marcot::c {
namespace {

constexpr Code kCodes[] = {
#define MARCOT_C_CODE(name, http, meaning) Code::k##name,
    MARCOT_ERROR_CODES(MARCOT_C_CODE)
#undef MARCOT_C_CODE
};

constexpr marcot_code kRows[] = {
#define MARCOT_C_ROW(name, http, meaning) {#name, http, meaning},
    MARCOT_ERROR_CODES(MARCOT_C_ROW)
#undef MARCOT_C_ROW
};

Code CodeNamed(const char* name) {
  for (size_t i = 0; name != nullptr && i < std::size(kRows); ++i) {
    if (std::strcmp(name, kRows[i].name) == 0) return kCodes[i];
  }
  return Code::kInternalServerError;
}

// Given where there is no memory for another; never freed.
marcot_status no_memory{Code::kInternalServerError, "no memory"};

}  // namespace

void Refuse(std::string message) {
  throw Refusal{MakeError(Code::kParamInvalid, std::move(message))};
}

marcot_status* GiveStatus(const absl::Status& status) noexcept {
  if (status.ok()) return nullptr;
  try {
    return new marcot_status{CodeOf(status), std::string(status.message())};
  } catch (...) {
    return &no_memory;
  }
}

marcot_status* GiveException() noexcept {
  try {
    throw;
  } catch (const Refusal& refusal) {
    return GiveStatus(refusal.status);
  } catch (const std::bad_alloc&) {
    return &no_memory;
  } catch (const std::exception& exception) {
    return marcot_status_new(nullptr, marcot_text(exception.what()));
  } catch (...) {
    return marcot_status_new(nullptr, marcot_text("an exception of an unknown type"));
  }
}

absl::Status TakeStatus(marcot_status* status) {
  if (status == nullptr) return absl::OkStatus();
  const std::unique_ptr<marcot_status, decltype(&marcot_status_free)> owned(status,
                                                                            &marcot_status_free);
  return MakeError(status->code, status->message);
}

extern "C" {

const char* marcot_status_code(const marcot_status* status) {
  return CodeName(status == nullptr ? Code::kOk : status->code).data();
}

int marcot_status_http(const marcot_status* status) {
  return CodeHttpStatus(status == nullptr ? Code::kOk : status->code);
}

marcot_bytes marcot_status_message(const marcot_status* status) {
  return status == nullptr ? marcot_bytes{"", 0} : BytesOf(status->message);
}

bool marcot_status_is(const marcot_status* status, const char* code) {
  return code != nullptr && std::strcmp(marcot_status_code(status), code) == 0;
}

marcot_status* marcot_status_new(const char* code, marcot_bytes message) {
  try {
    return new marcot_status{CodeNamed(code), String(message)};
  } catch (const Refusal& refusal) {
    return GiveStatus(refusal.status);
  } catch (...) {
    return &no_memory;
  }
}

void marcot_status_free(marcot_status* status) {
  if (status != &no_memory) delete status;
}

const marcot_code* marcot_code_at(size_t index) {
  return index < std::size(kRows) ? &kRows[index] : nullptr;
}

marcot_status* marcot_check_version(unsigned api_version) {
  return Call([&] {
    if (api_version == MARCOT_API_VERSION) return absl::OkStatus();
    return MakeError(Code::kParamInvalid,
                     "the program is written for version " + std::to_string(api_version) +
                         " of marcot.h, the library has version " +
                         std::to_string(MARCOT_API_VERSION) + "; install one that fits");
  });
}

}  // extern "C"

}  // namespace marcot::c
