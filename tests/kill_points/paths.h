// The paths through a store that take several steps, each with the kill points that are on it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "marcot/marcot.hpp"
#include "support/temp_store.h"

namespace marcot::testing {

// What steps work on. Only steps that expire something move the clock.
struct Place {
  std::filesystem::path folder;  // its own: the store in `store`, beside it what else a path makes
  ManualClock clock;
  std::unique_ptr<Store> store;

  std::string Folder(const char* name) const { return (folder / name).string(); }
  Space space() const { return *store->OpenSpace("default", "-"); }
};

// Done again where a kill has kept it from being acknowledged.
struct Step {
  std::function<absl::Status(Place&)> run;
  // One commit, of what a reader sees: there or not. False: several, that change no tree.
  bool whole = true;
};

struct Path {
  std::string name;
  // Into a store that is not killed; none: there is no store at first. May end the process.
  std::function<absl::Status(Place&)> prepare;
  std::vector<Step> steps;
  // Those that must be passed, and how often at least: of batches all that there are, of calls
  // those that matter. All that are passed are killed at.
  std::map<std::string, uint64_t> points;
  // Of batches, the opening of the store included; else of the calls while a step says so.
  bool of_batches = true;
};

std::vector<Path> EnginePaths();
std::vector<Path> FilePaths();

inline void PrintTo(const Path& path, std::ostream* out) { *out << path.name; }

}  // namespace marcot::testing
