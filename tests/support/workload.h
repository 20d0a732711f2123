// A mixed workload that can be played again, and what tells two stores apart: for tests that break
// a store and compare what is left with a twin that was never broken.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "marcot/marcot.hpp"

namespace marcot::testing {

using Random = std::mt19937_64;

// So many, or more or fewer where MARCOT_TEST_SCALE, a factor, asks for it; at least one.
int Scaled(int count);
// MARCOT_TEST_SEED, or 1.
uint64_t BaseSeed();

std::string Text(const absl::Status& status);
std::string BytesOf(uint64_t seed, size_t size);
ByteSource SourceOf(std::string_view rest);

// Every step follows from the seed, its number and the state.
class Workload {
 public:
  Workload(Store& store, uint64_t seed);

  // Step n is one commit, or none where it is refused. What is wrong; empty: nothing.
  std::string Step(uint64_t n);

 private:
  static constexpr uint64_t kManyEntries = 1500;

  uint64_t Below(uint64_t end) { return random_() % end; }
  std::string Directory();
  std::string File() { return Directory() + "/f" + std::to_string(Below(6)); }
  bool Exists(const std::string& path);
  std::string Content();
  void Add(BatchItem::Kind kind, const std::string& path, const std::string& from = "");
  void AddTransfer(BatchItem::Kind kind);
  void Draw();
  std::string Begin();
  std::string RunBatch();
  std::string PutStream();

  Store& store_;
  const uint64_t seed_;
  Space space_;
  Random random_;
  uint64_t step_ = 0;
  std::vector<BatchItem> batch_;
  absl::Status unread_;  // why the state could not be read
};

// What is wrong; empty: nothing, as in all that follows.
std::string CheckSound(const Store& store, const char* when);

// Everything below the root but what the engine chooses (ids, eTags, times): a line each.
struct Contents {
  std::map<std::string, std::string> entries;
  std::map<ContentId, std::string> files;  // a path of each content
};
std::string LineOf(const Stat& stat);
std::string Collect(const Space& space, Contents* contents);
std::string Difference(const Contents& is, const Contents& expected);
std::string CheckFiles(const Space& space, const Space& twin, const Contents& contents);
// A batch is there with both of its marks, or with none.
std::string CheckHalves(const Contents& contents);

}  // namespace marcot::testing
