// marcot_compare: Marcot and its peers, one operation after the other, by turns. bench/compare/run
// prepares the folders and makes a table of what this writes.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "../support.h"
#include "CLI/CLI.hpp"
#include "measure.h"
#include "nlohmann/json.hpp"
#include "smoke.h"

namespace marcot::compare {
namespace {

struct Arguments {
  std::vector<uint64_t> sizes = {1'000, 100'000, 1'000'000};
  std::vector<std::string> peers;
  int rounds = 3;
  Folders folders;
  std::string out;
  bool smoke = false;
};

void AddOptions(CLI::App& app, Arguments& arguments) {
  app.add_option("--sizes", arguments.sizes, "Files of the trees")->delimiter(',');
  app.add_option("--peers", arguments.peers, "Those to run; all unless given")->delimiter(',');
  app.add_option("--rounds", arguments.rounds, "How often each tree is made and measured")
      ->check(CLI::PositiveNumber);
  app.add_option("--disk", arguments.folders.disk, "An empty folder on ext4")->required();
  app.add_option("--tmpfs", arguments.folders.tmpfs, "An empty folder on tmpfs");
  app.add_option("--overlay", arguments.folders.overlay,
                 "An empty folder whose parts can be mounted on");
  app.add_option("--btrfs", arguments.folders.btrfs, "A mounted btrfs");
  app.add_option("--xfs", arguments.folders.xfs, "A mounted XFS with reflink");
  app.add_option("--out", arguments.out, "The file for the results");
  app.add_flag("--smoke", arguments.smoke, "Check what the peers do, time nothing");
}

bool IsWanted(const Arguments& arguments, std::string_view peer) {
  const auto& peers = arguments.peers;
  return peers.empty() || std::find(peers.begin(), peers.end(), peer) != peers.end();
}

// New folders of one name below those that are there.
Folders Below(const Folders& folders, const std::string& name) {
  Folders below = folders;
  for (std::string* folder :
       {&below.disk, &below.tmpfs, &below.overlay, &below.btrfs, &below.xfs}) {
    if (folder->empty()) continue;
    *folder += "/" + name;
    std::filesystem::create_directory(*folder);
  }
  return below;
}

// All peers, new and empty: what one had to delete before is not what it is measured by.
std::vector<Contestant> MakeContestants(const Arguments& arguments, const std::string& folder) {
  const Folders folders = Below(arguments.folders, folder);
  std::vector<Contestant> contestants;
  for (const PeerKind& kind : PeerKinds()) {
    if (!IsWanted(arguments, kind.name)) continue;
    auto peer = kind.make(folders);
    if (peer != nullptr) contestants.push_back({std::string(kind.name), std::move(peer)});
  }
  return contestants;
}

void Smoke(const Arguments& arguments) {
  for (const Contestant& contestant : MakeContestants(arguments, "smoke")) {
    CheckPeer(contestant);
    std::cerr << contestant.name << ": does what is timed" << std::endl;
  }
}

void Write(const std::vector<Result>& results, const std::string& path) {
  auto rows = nlohmann::json::array();
  for (const Result& result : results) {
    rows.push_back({{"peer", result.peer},
                    {"operation", OperationName(result.operation)},
                    {"files", result.files},
                    {"round", result.round},
                    {"operations", result.measured.operations},
                    {"ns", result.measured.nanoseconds},
                    {"cut", result.measured.cut}});
  }
  std::ofstream out(path);
  out << rows.dump(1) << '\n';
  if (!out.flush()) bench::Die("cannot write " + path);
}

// `measure(measurer, round)`, as often as there are rounds, each in peers of its own.
template <typename Body>
void MeasureRounds(const Arguments& arguments, const std::string& what,
                   std::vector<Result>* results, const Body& measure) {
  for (int round = 0; round < arguments.rounds; ++round) {
    std::cerr << what << ", round " << round + 1 << std::endl;
    std::vector<Contestant> contestants =
        MakeContestants(arguments, what + "-" + std::to_string(round));
    Measurer measurer(contestants, arguments.folders.disk);
    measure(measurer, round);
    results->insert(results->end(), measurer.results().begin(), measurer.results().end());
  }
}

void Measure(const Arguments& arguments) {
  std::vector<Result> results;
  for (const uint64_t files : arguments.sizes) {
    MeasureRounds(arguments, std::to_string(files) + "-files", &results,
                  [&](Measurer& at, int round) { at.MeasureTree(files, round); });
  }
  MeasureRounds(arguments, "rename-copies", &results,
                [](Measurer& at, int round) { at.MeasureRenameCopies(round); });
  Write(results, arguments.out);
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Marcot beside its peers");
  AddOptions(app, arguments);
  CLI11_PARSE(app, argc, argv);
  if (arguments.smoke) {
    Smoke(arguments);
  } else {
    Measure(arguments);
  }
  return 0;
}

}  // namespace
}  // namespace marcot::compare

int main(int argc, char** argv) { return marcot::compare::Main(argc, argv); }
