#include "marcot/check.h"

#include "c/handles.h"

namespace marcot::c {
namespace {

CheckOptions CheckOptionsOf(const marcot_check_options* options) {
  const marcot_check_options given = Sized(options, "options");
  CheckOptions out;
  out.deep = given.deep;
  out.repair = given.repair;
  if (given.threads < 0) Refuse("threads is negative");
  out.threads = given.threads;
  SetUnlessZero(&out.memory_bytes, given.memory_bytes);
  out.scratch_folder = FileName(given.scratch_folder);
  out.undo_log = FileName(given.undo_log);
  return out;
}

}  // namespace

NewOf<marcot_check_report> NewResult(CheckReport report) {
  auto result = std::make_unique<Result<marcot_check_report>>();
  const CheckReport& held = result->Hold(std::move(report));
  result->found = held.found;
  result->left = held.left;
  result->repaired = held.repaired;
  result->records = held.records;
  result->passes = held.passes;
  result->SetItems(held.findings, [](const Finding& finding) {
    return marcot_finding{BytesOf(finding.code), BytesOf(finding.where), BytesOf(finding.detail),
                          BytesOf(finding.meaning), BytesOf(finding.repair)};
  });
  result->undo_log = BytesOf(held.undo_log);
  return result;
}

extern "C" {

marcot_status* marcot_check_store(marcot_bytes folder, const marcot_check_options* options,
                                  marcot_check_report** report) {
  return CallFor(report, [&] { return CheckStore(FileName(folder), CheckOptionsOf(options)); });
}

marcot_status* marcot_undo_repair(marcot_bytes folder, marcot_bytes undo_log) {
  return Call([&] { return UndoRepair(FileName(folder), FileName(undo_log)); });
}

void marcot_check_report_free(marcot_check_report* report) { Free(report); }

}  // extern "C"

}  // namespace marcot::c
