// The differential test: random operations on a store and on the naive namespace, compared after
// every step. A failing seed is printed, played again and made as short as it gets.
//
//   differential_test [--seed N] [--seeds N] [--steps N] [--seconds S]
//
// Ends after so many seeds or seconds (also MARCOT_DIFF_SECONDS), whichever is first; without
// either, after 20 seconds.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "differential/op.h"
#include "differential/runner.h"

namespace marcot::testing {
namespace {

using Clock = std::chrono::steady_clock;
using Ops = std::vector<Op>;

constexpr std::chrono::seconds kShrinkLimit{60};
constexpr double kDefaultSeconds = 20;

struct Arguments {
  uint64_t seed = 1;
  std::optional<uint64_t> seeds;
  uint64_t steps = 20000;
  std::optional<double> seconds;

  double SecondsLimit() const {
    return seconds.value_or(seeds ? std::numeric_limits<double>::infinity() : kDefaultSeconds);
  }
  uint64_t SeedsLimit() const { return seeds.value_or(std::numeric_limits<uint64_t>::max()); }
};

[[noreturn]] void Usage() {
  std::cerr << "usage: differential_test [--seed N] [--seeds N] [--steps N] [--seconds S]\n";
  std::exit(2);
}

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  if (const char* seconds = std::getenv("MARCOT_DIFF_SECONDS")) {
    arguments.seconds = std::atof(seconds);
  }
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) Usage();
    if (name == "--seed") {
      arguments.seed = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (name == "--seeds") {
      arguments.seeds = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (name == "--steps") {
      arguments.steps = std::strtoull(argv[i + 1], nullptr, 10);
    } else if (name == "--seconds") {
      arguments.seconds = std::atof(argv[i + 1]);
    } else {
      Usage();
    }
  }
  return arguments;
}

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct SeedResult {
  Ops ops;  // up to the one that failed
  uint64_t operations = 0;
  std::string wrong;  // empty: nothing is
};

SeedResult RunSeed(uint64_t seed, uint64_t steps) {
  SeedResult result;
  Runner runner(seed);
  Generator generator(seed, Runner::spaces());
  for (uint64_t step = 0; step < steps && result.wrong.empty(); ++step) {
    result.ops.push_back(generator.Next(runner.model()));
    result.wrong = runner.Run(result.ops.back());
  }
  if (result.wrong.empty()) result.wrong = runner.Finish();
  result.operations = runner.operations();
  return result;
}

// Plays recorded operations; `*used`: how many it took to fail.
std::string Replay(uint64_t seed, const Ops& ops, size_t* used) {
  Runner runner(seed);
  for (*used = 0; *used < ops.size();) {
    std::string wrong = runner.Run(ops[(*used)++]);
    if (!wrong.empty()) return wrong;
  }
  return runner.Finish();
}

class Shrinker {
 public:
  Shrinker(uint64_t seed, SeedResult failing) : seed_(seed), failing_(std::move(failing)) {}

  // Leaves out ever smaller pieces as long as it still fails, in whatever way; then items of
  // batches.
  SeedResult Shrink() {
    for (size_t piece = std::max<size_t>(failing_.ops.size() / 2, 1);; piece = (piece + 1) / 2) {
      const bool shorter = LeaveOutPieces(piece);
      if (TimeIsOver() || (piece == 1 && !shorter)) break;
    }
    for (size_t i = 0; i < failing_.ops.size(); ++i) LeaveOutItems(i);
    return failing_;
  }

 private:
  bool TimeIsOver() const { return Clock::now() - start_ > kShrinkLimit; }

  bool LeaveOutPieces(size_t piece) {
    bool shorter = false;
    for (size_t at = 0; at < failing_.ops.size() && !TimeIsOver();) {
      Ops fewer = failing_.ops;
      const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(from, from + static_cast<std::ptrdiff_t>(std::min(piece, fewer.size() - at)));
      const bool fails = TakeIfItFails(std::move(fewer));
      if (!fails) at += piece;
      shorter |= fails;
    }
    return shorter;
  }

  void LeaveOutItems(size_t op) {
    for (size_t at = 0; op < failing_.ops.size() && at < failing_.ops[op].requests.size();) {
      if (TimeIsOver() || failing_.ops[op].requests.size() == 1) return;
      Ops fewer = failing_.ops;
      std::vector<Request>& requests = fewer[op].requests;
      requests.erase(requests.begin() + static_cast<std::ptrdiff_t>(at));
      if (!TakeIfItFails(std::move(fewer))) ++at;
    }
  }

  bool TakeIfItFails(Ops ops) {
    size_t used = 0;
    std::string wrong = Replay(seed_, ops, &used);
    if (wrong.empty()) return false;
    ops.resize(used);
    failing_.ops = std::move(ops);
    failing_.wrong = std::move(wrong);
    return true;
  }

  const Clock::time_point start_ = Clock::now();
  const uint64_t seed_;
  SeedResult failing_;
};

void Print(const SeedResult& result) {
  for (size_t i = 0; i < result.ops.size(); ++i) {
    std::cout << "  " << i << ": " << Abbreviate(ToString(result.ops[i])) << "\n";
  }
  std::cout << "  => " << Abbreviate(result.wrong) << std::endl;
}

void Report(uint64_t seed, const SeedResult& result) {
  constexpr size_t kShown = 20;
  std::cout << "seed " << seed << " FAILED at step " << result.ops.size() << ": "
            << Abbreviate(result.wrong) << "\nthe last operations before that:\n";
  SeedResult tail = result;
  if (tail.ops.size() > kShown) {
    tail.ops.erase(tail.ops.begin(), tail.ops.end() - static_cast<std::ptrdiff_t>(kShown));
  }
  Print(tail);
  std::cout << "shrinking, at most " << kShrinkLimit.count() << " s ..." << std::endl;
  size_t used = 0;
  if (Replay(seed, result.ops, &used).empty()) {
    std::cout << "it does not fail again when played from the list" << std::endl;
    return;
  }
  std::cout << "the shortest that still fails:\n";
  Print(Shrinker(seed, result).Shrink());
}

int Run(const Arguments& arguments) {
  const Clock::time_point start = Clock::now();
  uint64_t operations = 0, passed = 0, failed = 0;
  for (uint64_t i = 0; i < arguments.SeedsLimit() && failed == 0; ++i) {
    if (SecondsSince(start) >= arguments.SecondsLimit()) break;
    const uint64_t seed = arguments.seed + i;
    std::cout << "seed " << seed << std::flush;
    const Clock::time_point seed_start = Clock::now();
    const SeedResult result = RunSeed(seed, arguments.steps);
    std::cout << ": " << result.operations << " operations in " << result.ops.size() << " steps, "
              << SecondsSince(seed_start) << " s" << std::endl;
    operations += result.operations;
    ++(result.wrong.empty() ? passed : failed);
    if (!result.wrong.empty()) Report(seed, result);
  }
  const auto rate = [&](double seconds) {
    return std::to_string(static_cast<uint64_t>(static_cast<double>(operations) / seconds));
  };
  // Where the processor is shared the first says little.
  std::cout << operations << " operations, " << rate(SecondsSince(start)) << " ops/s, "
            << rate(static_cast<double>(std::clock()) / CLOCKS_PER_SEC) << " per processor second\n"
            << passed << " passed, " << failed << " failed" << std::endl;
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace marcot::testing

int main(int argc, char** argv) { return marcot::testing::Run(marcot::testing::Parse(argc, argv)); }
