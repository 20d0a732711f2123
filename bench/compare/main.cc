// marcot_compare: Marcot and its peers, one operation after the other, by turns. bench/compare/run
// prepares the folders and makes a table of what this writes.
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

std::vector<Contestant> MakeContestants(const Arguments& arguments) {
  std::vector<Contestant> contestants;
  for (const PeerKind& kind : PeerKinds()) {
    if (!IsWanted(arguments, kind.name)) continue;
    auto peer = kind.make(arguments.folders);
    if (peer != nullptr) contestants.push_back({std::string(kind.name), std::move(peer)});
  }
  return contestants;
}

void Smoke(const std::vector<Contestant>& contestants) {
  for (const Contestant& contestant : contestants) {
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
                    {"operations", result.operations},
                    {"ns", result.nanoseconds},
                    {"cut", result.cut}});
  }
  std::ofstream out(path);
  out << rows.dump(1) << '\n';
  if (!out.flush()) bench::Die("cannot write " + path);
}

void Measure(std::vector<Contestant>& contestants, const Arguments& arguments) {
  Measurer measurer(contestants, arguments.folders.disk);
  for (const uint64_t files : arguments.sizes) {
    for (int round = 0; round < arguments.rounds; ++round) {
      std::cerr << files << " files, round " << round + 1 << std::endl;
      measurer.MeasureTree(files, round);
    }
  }
  for (int round = 0; round < arguments.rounds; ++round) {
    std::cerr << "rename copies, round " << round + 1 << std::endl;
    measurer.MeasureRenameCopies(round);
  }
  Write(measurer.results(), arguments.out);
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Marcot beside its peers");
  AddOptions(app, arguments);
  CLI11_PARSE(app, argc, argv);
  std::vector<Contestant> contestants = MakeContestants(arguments);
  if (arguments.smoke) {
    Smoke(contestants);
  } else {
    Measure(contestants, arguments);
  }
  return 0;
}

}  // namespace
}  // namespace marcot::compare

int main(int argc, char** argv) { return marcot::compare::Main(argc, argv); }
