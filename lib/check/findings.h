// What a pass of the check has found, and how a repair would mend it.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "check/faults.h"
#include "marcot/check.h"

namespace marcot::check {

class Repairer;

// Mends one finding, by what is stored when it runs: fixes of one round follow each other.
using Fix = std::function<absl::Status(Repairer&)>;

// Thread-safe.
class Findings {
 public:
  // `on_finding` may be null.
  Findings(bool keep_fixes, std::function<void(const Finding&)> on_finding)
      : keep_fixes_(keep_fixes), on_finding_(std::move(on_finding)) {}

  void Add(Fault fault, std::string where, std::string detail, Fix fix = nullptr);

  uint64_t count() const;
  // Calls it while no finding is reported, with the number of those so far.
  void Between(const std::function<void(uint64_t count)>& call) const;
  // Equal for two passes that have found the same.
  uint64_t fingerprint() const { return fingerprint_; }
  bool Has(Fault fault) const;
  std::vector<Finding> TakeKept() { return std::move(kept_); }
  // Of the fixes: the lowest of a finding that has one.
  int stage() const { return stage_; }
  // The fixes of that stage, in the order they were found.
  std::vector<Fix> TakeFixes();

 private:
  const bool keep_fixes_;
  const std::function<void(const Finding&)> on_finding_;
  mutable std::mutex mutex_;
  uint64_t count_ = 0;
  uint64_t fingerprint_ = 0;
  std::vector<bool> seen_ = std::vector<bool>(256);  // by fault
  std::vector<Finding> kept_;
  int stage_ = 1000;  // of the fixes
  std::vector<Fix> fixes_;
};

}  // namespace marcot::check
