// Where an import goes to.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "host.h"
#include "marcot/marcot.hpp"
#include "progress.h"
#include "session.h"

namespace marcot::tool {

// What becomes one commit.
struct ImportBatch {
  std::vector<BatchItem> items;
  std::vector<std::string> host_paths;  // of the items
  size_t bytes = 0;                     // of the files
};

// What the threads of an import place, and how far they are. Thread-safe.
class ImportTarget {
 public:
  // `into_root`: what is imported becomes entries of the root, each to be taken back by itself.
  ImportTarget(Session& session, bool into_root) : session_(session), into_root_(into_root) {}

  // Adds an entry of the host under its path in the space; the store need not be open for it.
  // Nothing is placed under another name unseen.
  void Add(BatchItem::Kind kind, std::string host_path, std::string path, const struct stat& stat,
           std::string bytes, ImportBatch* batch) const;
  // All of the batch or nothing; leaves it empty. The error names the host's path.
  absl::Status Commit(ImportBatch* batch);
  // Puts a file that is too big for a batch.
  absl::Status Put(const std::string& host_path, const std::string& path, const struct stat& stat,
                   const ByteSource& source);

  // Something that is to be taken back with the rest.
  void Remember(const std::string& top);
  void TakeBack();

  void ShowProgress(uint64_t entries, uint64_t bytes);
  void FinishProgress();
  void Warn(const std::string& host_path, const char* why);
  uint64_t bytes() const;  // of the files so far

 private:
  void Count(uint64_t entries, uint64_t bytes);
  void RememberIfTop(const std::string& path);

  Session& session_;
  const bool into_root_;
  mutable std::mutex mutex_;  // of what follows
  std::vector<std::string> tops_;
  std::optional<Progress> progress_;
  uint64_t bytes_ = 0;
};

}  // namespace marcot::tool
