// Paths and names: the rules of shared names, and how a taken name is numbered.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/types.h"

namespace marcot::operations {

struct Limits {
  size_t max_name_chars = 255;
  size_t max_path_bytes = 16384;
};

// A path that ParsePath took apart before, or nothing.
struct KnownPath {
  std::string_view path;
  const std::vector<std::string>* names = nullptr;
};

// The names of a path, root first; none for the root. EmptyFileName, IllegalFileName,
// DirectoryLevelExceed. Their lengths are not checked: a name may be older than a lowered limit.
// Cheaper in the directory of a `known` path.
absl::StatusOr<std::vector<std::string>> ParsePath(std::string_view path, const Limits& limits,
                                                   const KnownPath& known = {});

// Whether it may be the name of an entry: EmptyFileName, IllegalFileName,
// DirectoryNameLengthExceed, FileNameLengthExceed.
absl::Status CheckName(std::string_view name, EntryType type, const Limits& limits);

// For messages: as a host writes it; the root too has a name.
std::string ShownPath(const std::vector<std::string>& names);

// DirectoryNameLengthExceed, and for the last name of a file FileNameLengthExceed.
absl::Status CheckNameLengths(const std::vector<std::string>& names, EntryType last,
                              const Limits& limits);

// Whether it may be the creator of an entry.
bool IsUser(std::string_view user);

// A name taken apart as the naming rule does: `file (1).docx` is stem "file", number 1, extension
// ".docx". Directories have no extension. A number without a leading zero only; 0: there is none.
struct NumberedName {
  std::string stem, extension;
  uint64_t number = 0;

  // The name with another number, its stem cut at a code point where the limit asks for it.
  std::string With(uint64_t new_number, size_t max_chars) const;
};
NumberedName SplitName(std::string_view name, EntryType type);

inline constexpr uint64_t kMaxNameNumber = (uint64_t{1} << 31) - 1;

// A number past name.number whose name is free: the smallest one where those in use have no gaps.
// O(log k) probes; two when `hint` is the largest number in use. RenameTooManyTimes.
absl::StatusOr<uint64_t> FreeNumber(const NumberedName& name, uint64_t hint,
                                    const std::function<absl::StatusOr<bool>(uint64_t)>& taken);

}  // namespace marcot::operations
