#include "check/faults.h"

#include "marcot/check.h"

namespace marcot {
namespace check {
namespace {

constexpr FaultEntry kFaults[] = {
#define MARCOT_FAULT(code, stage, meaning, repair) {#code, stage, meaning, repair},
    MARCOT_FAULTS(MARCOT_FAULT)
#undef MARCOT_FAULT
};

}  // namespace

const FaultEntry& Describe(Fault fault) { return kFaults[static_cast<int>(fault)]; }

}  // namespace check

std::vector<FaultDescription> AllFaults() {
  std::vector<FaultDescription> all;
  for (const check::FaultEntry& fault : check::kFaults) {
    all.push_back({fault.code, fault.meaning, fault.repair});
  }
  return all;
}

}  // namespace marcot
