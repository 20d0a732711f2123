// Sorts more byte strings than memory holds: full buffers are sorted and written to files that have
// no name, and merged as they are read.
//
// This is how the check joins facts that stand at different ends of a store: each side is added
// under the same key, and meets the other in the sorted stream.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace marcot::check {

class Sorter {
 public:
  // Of the sorted records. Not thread-safe.
  class Stream {
   public:
    virtual ~Stream() = default;
    virtual bool Valid() const = 0;
    virtual std::string_view record() const = 0;  // until the next move
    virtual void Next() = 0;
    virtual absl::Status status() const = 0;
  };

  // Records of one thread on their way into a sorter, which outlives it.
  class Appender {
   public:
    explicit Appender(Sorter& sorter) : sorter_(sorter) {}
    ~Appender() { Flush(); }
    Appender(const Appender&) = delete;
    Appender& operator=(const Appender&) = delete;
    void Add(std::string_view record);
    void Flush();

   private:
    Sorter& sorter_;
    std::string block_;
  };

  Sorter(std::string scratch_folder, size_t buffer_bytes)
      : folder_(std::move(scratch_folder)), buffer_bytes_(buffer_bytes) {}

  // After all appenders are gone; once. Errors of adding are its status.
  absl::StatusOr<std::unique_ptr<Stream>> Sort();

 private:
  friend class Appender;
  struct CloseFile {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<FILE, CloseFile>;
  class MemoryStream;
  class RunStream;
  class MergedStream;

  void Append(std::string_view block);
  absl::Status Spill(const std::string& records);
  absl::Status AddRun(File run, size_t level);
  absl::StatusOr<File> Merge(std::vector<File> runs) const;
  static std::unique_ptr<Stream> MergedOf(std::vector<std::unique_ptr<Stream>> parts);
  absl::StatusOr<File> NewRun() const;
  absl::Status ScratchError(const char* what) const;

  const std::string folder_;
  const size_t buffer_bytes_;
  std::mutex mutex_;
  std::string buffer_;  // length-prefixed records
  // Each run of a level is merged of kRunsMerged of the level below, so that few files are open.
  std::vector<std::vector<File>> levels_;
  absl::Status status_;
};

}  // namespace marcot::check
