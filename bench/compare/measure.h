// Times the operations of all peers, who take turns in each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "peer.h"
#include "workload.h"

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
  Measured measured;
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
  struct Round {
    const Tree tree;
    const int number;
  };

  void MeasureCreation(const Round& round);
  void MeasureReading(const Round& round);
  void MeasureCopies(const Round& round);
  void MeasureDeletion(const Round& round);

  // `body(contestant)` answers what it measured. Who begins differs from round to round.
  template <typename Body>
  void TakeTurns(Operation operation, const Round& round, const Body& body);
  void Settle(Peer& peer) const;

  std::vector<Contestant>& contestants_;
  const int disk_;
  std::vector<Result> results_;
};

}  // namespace marcot::compare
