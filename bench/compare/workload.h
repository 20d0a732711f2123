// What is done to a peer, and how it is timed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "peer.h"

namespace marcot::compare {

// What a peer gets for an operation. Where it is not through by then, what it did counts.
inline constexpr double kTurnSeconds = 2;

class Clock {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// The times of single operations, in seconds; at least one, and no new one when time is up.
class Samples {
 public:
  explicit Samples(size_t most) : most_(most) {}
  bool Wanted() const {
    return seconds_.empty() || (seconds_.size() < most_ && clock_.Seconds() < kTurnSeconds);
  }
  template <typename Body>
  void Take(const Body& body) {
    const Clock clock;
    body();
    seconds_.push_back(clock.Seconds());
  }
  uint64_t count() const { return seconds_.size(); }
  double MedianNanoseconds();

 private:
  const size_t most_;
  const Clock clock_;
  std::vector<double> seconds_;
};

// How many things were done or seen, and what one took.
struct Measured {
  uint64_t operations = 0;
  double nanoseconds = 0;
  bool cut = false;  // not all that were wanted: time was up
};

// Warm files, in random order, below `root`: the tree or a copy of it.
Measured MeasureStats(Peer& peer, const Tree& tree, const std::string& root);
// Of directories at the bottom; what counts is entries.
Measured MeasureLists(Peer& peer, const Tree& tree, const std::string& root);

// Files by one caller. The directories of `target` are made before, and are not timed.
Measured MeasureCreates(Peer& peer, const Tree& target, bool synced);
// Files by 16 callers, each in a tree of its own of the same shape; `root` is the first part of the
// trees' names.
Measured MeasureCreatesBy16(Peer& peer, const std::string& root, uint64_t files_each, bool synced);

// Deletes a few small trees: the one that is timed then is not the first for a while.
void DeleteSome(Peer& peer, const std::string& prefix);

}  // namespace marcot::compare
