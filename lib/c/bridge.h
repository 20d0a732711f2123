// What every function of marcot.h goes through: nothing is thrown past it, and arguments become
// those of the C++ API. An argument that cannot be used ends the call by a Refusal, caught in Call.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "c/marcot_c.h"
#include "c/results.h"
#include "marcot/content.h"
#include "marcot/error.h"
#include "marcot/options.h"
#include "marcot/settings.h"
#include "marcot/types.h"

namespace marcot::c {

// ---- statuses

struct Refusal {
  absl::Status status;
};
[[noreturn]] void Refuse(std::string message);  // ParamInvalid

// NULL for one that is OK. Never throws: where memory is short it answers a status that says so.
marcot_status* GiveStatus(const absl::Status& status) noexcept;
// Of the exception that is being handled.
marcot_status* GiveException() noexcept;
// Frees it.
absl::Status TakeStatus(marcot_status* status);

template <typename Body>
marcot_status* Call(const Body& body) noexcept {
  try {
    return GiveStatus(body());
  } catch (...) {
    return GiveException();
  }
}

// ---- arguments

template <typename T>
T& Need(T* given, std::string_view name) {
  if (given == nullptr) Refuse(std::string(name) + " is NULL where something is needed");
  return *given;
}

// A struct of options: what this library knows of it; zero where it is not given. A shorter one is
// that of an older header, and no pointer of it is cut in two. None must end in padding, or a field
// that is added there would not change its size.
inline constexpr size_t kMaxStructSize = 4096;
template <typename T>
T Sized(const T* given, std::string_view name) {
  T options{};
  if (given == nullptr) return options;
  const size_t size = given->struct_size;
  if (size <= sizeof size || size % alignof(T) != 0 || size > kMaxStructSize) {
    Refuse("struct_size of " + std::string(name) + " is not set; use MARCOT_INIT");
  }
  const char* const bytes = reinterpret_cast<const char*>(given);
  if (std::any_of(bytes + std::min(size, sizeof(T)), bytes + size, [](char c) { return c != 0; })) {
    Refuse(std::string(name) + " asks for what a newer library has");
  }
  std::memcpy(&options, given, std::min(size, sizeof(T)));
  options.struct_size = sizeof(T);
  return options;
}

// The enumerations of marcot.h have the order of those of C++: both end alike.
template <auto kLast, int kLastInC>
auto EnumOf(int value, std::string_view name) {
  static_assert(static_cast<int>(kLast) == kLastInC);
  if (value < 0 || value > kLastInC) {
    Refuse(std::string(name) + " " + std::to_string(value) + " is none there is; see marcot.h");
  }
  return static_cast<decltype(kLast)>(value);
}

std::string_view View(marcot_bytes bytes);
inline std::string String(marcot_bytes bytes) { return std::string(View(bytes)); }
std::string FileName(marcot_bytes bytes);  // a path on this machine, in which there is no NUL
std::vector<std::string> Strings(marcot_strings strings);
inline ObjectId ObjectIdOf(marcot_id id) { return {id.hi, id.lo}; }
inline ContentId ContentIdOf(marcot_id id) { return {id.hi, id.lo}; }
ContentRef ContentOf(const marcot_content* content);
std::vector<ContentId> ContentIds(const marcot_id* ids, size_t count);

Attributes AttributesOf(const marcot_attributes* attributes);
AttributeChanges ChangesOf(const marcot_attribute_changes* changes);
OperationOptions OptionsOf(const marcot_options* options);
PutOptions PutOptionsOf(const marcot_options* options, const marcot_attributes* attributes);
ReadOptions ReadOptionsOf(const marcot_read_options* read);
QuotaLimits LimitsOf(const marcot_quota_limits* limits);

ByteSource SourceOf(marcot_source source, void* context);
ByteSink SinkOf(marcot_sink sink, void* context);

template <typename T>
std::optional<T> OptionalOf(const T* given) {
  return given == nullptr ? std::nullopt : std::optional<T>(*given);
}
// 0 stands for the default.
template <typename T, typename Given>
void SetUnlessZero(T* field, Given given) {
  if (given != 0) *field = static_cast<T>(given);
}

// ---- what a call gives

// `body` answers a StatusOr of what NewResult takes.
template <typename Out, typename Body>
marcot_status* CallForOptional(Out** out, const Body& body) noexcept {
  if (out != nullptr) *out = nullptr;
  return Call([&]() -> absl::Status {
    auto given = body();
    if (given.ok() && out != nullptr) *out = NewResult(*std::move(given)).release();
    return given.status();
  });
}
template <typename Out, typename Body>
marcot_status* CallFor(Out** out, const Body& body) noexcept {
  return CallForOptional(out, [&] {
    Need(out, "the address of the result");
    return body();
  });
}

// The same of a plain value.
template <typename Out, typename Body>
marcot_status* CallForOptionalValue(Out* out, const Body& body) noexcept {
  if (out != nullptr) *out = Out{};
  return Call([&]() -> absl::Status {
    auto given = body();
    if (given.ok() && out != nullptr) *out = *std::move(given);
    return given.status();
  });
}
template <typename Out, typename Body>
marcot_status* CallForValue(Out* out, const Body& body) noexcept {
  return CallForOptionalValue(out, [&] {
    Need(out, "the address of the result");
    return body();
  });
}

}  // namespace marcot::c
