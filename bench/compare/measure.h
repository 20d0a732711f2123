// Times the operations of all peers, who take turns in each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "peer.h"

namespace marcot::compare {

struct Contestant {
  std::string name;
  std::unique_ptr<Peer> peer;
  std::vector<std::string> copies = {};  // of the tree that is measured
};

struct Result {
  std::string peer;
  Operation operation;
  uint64_t files;  // of the tree
  int round;
  uint64_t operations;  // how many were timed
  double nanoseconds;   // of one
  bool cut;             // not all that were wanted: time was up
};

class Measurer {
 public:
  // `disk`: a folder of the file system whose writes are waited for after each turn.
  Measurer(std::vector<Contestant>& contestants, const std::string& disk);
  ~Measurer();

  // Makes a new tree of so many files, does all operations on it, deletes it.
  void MeasureTree(uint64_t files, int round);
  // Copies a directory of 100 files 10,000 times, each time onto one name.
  void MeasureRenameCopies(int round);

  const std::vector<Result>& results() const { return results_; }

 private:
  struct Measured {
    uint64_t operations = 0;
    double nanoseconds = 0;
    bool cut = false;
  };

  // `body(contestant)` answers what it measured. Who begins differs from round to round.
  template <typename Body>
  void TakeTurns(Operation operation, uint64_t files, int round, const Body& body);
  void Settle(Peer& peer) const;

  std::vector<Contestant>& contestants_;
  const int disk_;
  std::vector<Result> results_;
};

struct Created {
  uint64_t files;
  double seconds;
};
// `callers` threads make files, each in a tree of its own of the same shape, until time is up;
// `root` is the first part of the trees' names.
Created CreateByMany(Peer& peer, const std::string& root, int callers, uint64_t files_each,
                     bool synced);

}  // namespace marcot::compare
