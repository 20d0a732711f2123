// space export, space import: a space as one stream, which keeps what its directories share.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "commands.h"
#include "host.h"
#include "text.h"

namespace marcot::tool {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

absl::Status Export(Session& session) {
  const auto begin = Clock::now();
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  if (isatty(STDOUT_FILENO) != 0) {
    return MakeError(Code::kParamInvalid, "a stream is no text; send it to a file or a pipe");
  }
  const absl::Status exported = ExportSpace(session.space, [](std::string_view piece) {
    if (std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size()) return absl::OkStatus();
    return MakeError(Code::kInternalServerError, "cannot write to standard output");
  });
  if (!exported.ok()) return exported;
  const auto totals = session.space.GetTotals("");
  if (!totals.ok()) return totals.status();
  PrintTransferSummary(false, "exported", nullptr, *totals, SecondsSince(begin));
  return absl::OkStatus();
}

absl::Status Summarize(const Session& session, const Space& space, double seconds) {
  const auto totals = space.GetTotals("");
  if (!totals.ok()) return totals.status();
  if (session.json) {
    Json json;
    json["library"] = space.library();
    json["space"] = space.name();
    AddTotals(&json, *totals);
    json["seconds"] = seconds;
    PrintJson(json);
    return absl::OkStatus();
  }
  std::printf("%s/%s\n", space.library().c_str(), space.name().c_str());
  PrintTransferSummary(false, "imported", nullptr, *totals, seconds);
  return absl::OkStatus();
}

absl::Status Import(Session& session, const std::string& file) {
  const auto begin = Clock::now();
  const auto input = OpenInput(file);
  if (!input.ok()) return input.status();
  if (absl::Status status = session.OpenStore(true); !status.ok()) return status;
  const SpaceName name = ParseSpaceName(session.space_name, "default");
  const absl::Status library = session.store->CreateLibrary(name.library);
  if (!library.ok() && CodeOf(library) != Code::kDuplicateLibrary) return library;
  const auto space = ImportSpace(*session.store, name.library, name.space, SourceOf(*input, file));
  if (!space.ok()) {
    // A library made for a space that cannot be is not left behind.
    if (library.ok()) session.store->DeleteLibrary(name.library).IgnoreError();
    return space.status();
  }
  return Summarize(session, *space, SecondsSince(begin));
}

}  // namespace

void AddSpaceStreamCommands(CLI::App& space, Action& action) {
  CLI::App* const out =
      space.add_subcommand("export", "Write the space to standard output, as a stream for import");
  out->footer(
      "As of one commit. What is shared travels once: copies, equal contents. Not in it: the\n"
      "recycle bin, versions, snapshots, quotas, kept changes.");
  out->callback([&action] { action = Export; });

  auto file = std::make_shared<std::string>();
  CLI::App* const in = space.add_subcommand(
      "import", "Make the space that --space names of a stream; it must be new");
  in->add_option("FILE", *file, "What export wrote; - is standard input")->required();
  in->footer(
      "With its library if there is none. The space is there whole or not at all: a stream that "
      "is\n"
      "cut off or damaged changes nothing.");
  in->callback(
      [&action, file] { action = [file](Session& session) { return Import(session, *file); }; });
}

}  // namespace marcot::tool
