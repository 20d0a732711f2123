// Named points at which a process can be killed.
//
// All that is not atomic in an engine is a sequence of atomic batches, so a storage that knows what
// is in each batch names every point between its steps: `trim goes on`, the second time, before or
// after the storage has it, or with half of it in the log. Around the engine, where files are made
// and moved, the steps are calls of the system: `rename CURRENT`. Whoever links this has those
// calls replaced by ones that look whether they are a point. The engine itself knows of none of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/storage.h"

namespace marcot::testing {

enum class Moment { kBefore, kAmid, kAfter };

struct KillPoint {
  std::string name;
  uint64_t n = 1;  // the n-th time
  Moment moment = Moment::kBefore;
};

// From now on this process dies of SIGKILL when it gets there.
void DieAt(const KillPoint& point);
// The points passed so far, in order; those of calls as threads came to them.
std::vector<std::string> PassedPoints();

// Every batch is a point. The names: `format`, what makes a store of an empty database; `fold`, of
// totals; `<job> goes on` and `<job> ends`, a step of reclaim, for flatten `copies`, `drops the
// base` and `sweeps whiteouts`; `chunk`, of an upload; else `commit`. `ingestion`, beside
// batches, amid: with half of it in the manifest.
std::unique_ptr<storage::Storage> StorageWithKillPoints(std::unique_ptr<storage::Storage> below);

// While one exists, calls that change a file or folder are points, but for the folder `skipped`
// and what is in it: `<call> <file>`, numbers in the name of the file as #. Writes also amid. One
// at a time.
class FileKillPoints {
 public:
  explicit FileKillPoints(const std::string& skipped);
  ~FileKillPoints();
  FileKillPoints(const FileKillPoints&) = delete;
  FileKillPoints& operator=(const FileKillPoints&) = delete;
};

}  // namespace marcot::testing
