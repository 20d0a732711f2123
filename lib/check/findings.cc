#include "check/findings.h"

#include "xxhash.h"

namespace marcot::check {
namespace {

// A round mends so many, the next one the rest.
constexpr size_t kMaxFixes = 10'000;

}  // namespace

void Findings::Add(Fault fault, std::string where, std::string detail, Fix fix) {
  const FaultEntry& description = Describe(fault);
  Finding finding{.code = std::string(description.code),
                  .where = std::move(where),
                  .detail = std::move(detail),
                  .meaning = std::string(description.meaning),
                  .repair = fix == nullptr ? "" : std::string(description.repair)};
  const std::lock_guard lock(mutex_);
  ++count_;
  for (const std::string& part : {finding.code, finding.where, finding.detail}) {
    fingerprint_ += XXH3_64bits(part.data(), part.size());  // in whichever order they come
  }
  seen_[static_cast<size_t>(fault)] = true;
  if (on_finding_ != nullptr) on_finding_(finding);
  if (kept_.size() < kMaxKeptFindings) kept_.push_back(std::move(finding));
  if (!keep_fixes_ || fix == nullptr || description.stage > stage_) return;
  if (description.stage < stage_) fixes_.clear();
  stage_ = description.stage;
  if (fixes_.size() < kMaxFixes) fixes_.push_back(std::move(fix));
}

uint64_t Findings::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

bool Findings::Has(Fault fault) const {
  const std::lock_guard lock(mutex_);
  return seen_[static_cast<size_t>(fault)];
}

void Findings::Between(const std::function<void(uint64_t count)>& call) const {
  const std::lock_guard lock(mutex_);
  call(count_);
}

std::vector<Fix> Findings::TakeFixes() {
  const std::lock_guard lock(mutex_);
  return std::move(fixes_);
}

}  // namespace marcot::check
