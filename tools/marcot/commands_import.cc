// import: a directory of this machine into a space.
#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "commands.h"
#include "file_queue.h"
#include "host.h"
#include "import_files.h"
#include "import_target.h"
#include "text.h"
#include "workers.h"

namespace marcot::tool {
namespace {

// Commits follow each other whoever makes them: more threads than these would wait for them.
constexpr unsigned kMaxThreads = 4;

// Directories are made so many files at a time, before those files are handed over.
constexpr size_t kPartFiles = 512;

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// All of it or nothing: one that fails takes back what it placed. Walks and makes directories
// itself, and leaves files to workers once their directories are there. The walk begins while the
// store is still being opened.
class Import {
 public:
  Import(Session& session, std::string host_directory, std::string path)
      : session_(session),
        host_directory_(std::move(host_directory)),
        path_(std::move(path)),
        target_(session, path_.empty()) {}

  absl::Status Run() {
    if (stat(host_directory_.c_str(), &top_) != 0) {
      return HostError(Code::kParamInvalid, "cannot read", host_directory_);
    }
    if (!S_ISDIR(top_.st_mode)) {
      return MakeError(Code::kParamInvalid, host_directory_ + " is not a directory");
    }
    has_store_stat_ = stat(session_.folder.c_str(), &store_stat_) == 0;
    opening_ = std::async([this] { return session_.OpenOrCreate(); });
    // Else the walk could meet the store before anybody knows that it is one.
    absl::Status status = has_store_stat_ ? absl::OkStatus() : Begin();
    if (!has_store_stat_) has_store_stat_ = stat(session_.folder.c_str(), &store_stat_) == 0;
    if (status.ok()) status = ImportAll();
    if (!status.ok()) target_.TakeBack();
    return status;
  }

  const std::vector<std::string>& final_path() const { return final_path_; }
  RecursiveTotals totals() const {
    RecursiveTotals totals = totals_;
    totals.bytes = target_.bytes();
    return totals;
  }

 private:
  // What is made and handed over together.
  struct Part {
    ImportBatch directories;
    std::vector<HostFile> files;
  };

  absl::Status ImportAll() {
    if (absl::Status status = StartProgress(); !status.ok()) return status;
    Workers workers(std::clamp(std::thread::hardware_concurrency(), 1u, kMaxThreads),
                    [this] { return ImportFiles(queue_, path_, target_); });
    const absl::Cleanup stop([this] { queue_.Stop(); });
    const absl::Status status = WalkAll();
    if (status.ok()) queue_.Close();
    if (!status.ok()) queue_.Stop();
    const absl::Status worked = workers.Wait();
    if (!status.ok() || !worked.ok()) return worked.ok() ? status : worked;
    target_.FinishProgress();
    return absl::OkStatus();
  }

  absl::Status WalkAll() {
    const HostVisitor visitor{
        [this](const HostDirectory& directory, const struct stat& stat) {
          return AddDirectory(directory, stat);
        },
        [this](HostFile&& file) { return AddFile(std::move(file)); },
    };
    if (absl::Status status = WalkHost(host_directory_, visitor); !status.ok()) return status;
    parts_.push_back(std::move(part_));
    return HandOver();
  }

  // A first walk that only counts, where somebody watches.
  absl::Status StartProgress() {
    if (!Progress::Enabled()) return absl::OkStatus();
    uint64_t entries = 0, bytes = 0;
    const HostVisitor visitor{
        [&](const HostDirectory&, const struct stat& stat) {
          if (!IsStore(stat)) ++entries;
          return !IsStore(stat);
        },
        [&](const HostFile& file) {
          struct stat stat;
          if (file.type == HostFile::Type::kOther) return absl::OkStatus();
          ++entries;
          const bool regular = file.type == HostFile::Type::kRegular;
          if (regular && lstat(file.path().c_str(), &stat) == 0) {
            bytes += static_cast<uint64_t>(stat.st_size);
          }
          return absl::OkStatus();
        },
    };
    if (absl::Status status = WalkHost(host_directory_, visitor); !status.ok()) return status;
    target_.ShowProgress(entries, bytes);
    return absl::OkStatus();
  }

  bool IsStore(const struct stat& stat) const {
    return has_store_stat_ && SameFile(stat, store_stat_);
  }

  // Once the store is open.
  absl::Status Begin() {
    if (!opening_.valid()) return absl::OkStatus();
    if (absl::Status status = opening_.get(); !status.ok()) return status;
    return MakeTop();
  }

  absl::Status MakeTop() {
    if (!path_.empty()) {
      const std::string new_top = FirstMissing();
      OperationOptions options;
      options.strategy = Strategy::kAsk;
      auto placed = session_.space.MakeDirectory(path_, options);
      if (!placed.ok()) return placed.status();
      final_path_ = std::move(placed->path);
      target_.Remember(new_top);
    }
    return session_.space.SetAttributes(path_, AttributesOf(top_));
  }

  // What making the directory makes: itself, or the highest of the parents it lacks.
  std::string FirstMissing() const {
    for (size_t at = path_.find('/'); at != path_.npos; at = path_.find('/', at + 1)) {
      std::string parent = path_.substr(0, at);
      if (!session_.space.GetStat(parent).ok()) return parent;
    }
    return path_;
  }

  absl::StatusOr<bool> AddDirectory(const HostDirectory& directory, const struct stat& stat) {
    if (IsStore(stat)) {
      target_.Warn(directory.path, "the store itself");
      return false;
    }
    ++totals_.directories;
    target_.Add(BatchItem::Kind::kMakeDirectory, directory.path,
                JoinNames(path_, directory.relative), stat, {}, &part_.directories);
    const bool full = part_.directories.items.size() == kMaxBatchItems;
    if (absl::Status status = full ? EndPart() : absl::OkStatus(); !status.ok()) return status;
    return true;
  }

  absl::Status AddFile(HostFile&& file) {
    if (file.type == HostFile::Type::kOther) {
      target_.Warn(file.path(), "neither a file, a directory nor a symbolic link");
      return absl::OkStatus();
    }
    ++totals_.files;
    part_.files.push_back(std::move(file));
    return part_.files.size() == kPartFiles ? EndPart() : absl::OkStatus();
  }

  // Parts wait for the store, but no more of them than the queue would take.
  absl::Status EndPart() {
    parts_.push_back(std::exchange(part_, {}));
    const bool wait = opening_.valid() && parts_.size() < FileQueue::kMostWaiting / kPartFiles &&
                      opening_.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
    return wait ? absl::OkStatus() : HandOver();
  }

  absl::Status HandOver() {
    if (absl::Status status = Begin(); !status.ok()) return status;
    for (Part& part : parts_) {
      if (absl::Status status = target_.Commit(&part.directories); !status.ok()) return status;
      if (!queue_.Push(std::move(part.files))) return absl::CancelledError();  // a worker failed
    }
    parts_.clear();
    return absl::OkStatus();
  }

  Session& session_;
  const std::string host_directory_, path_;
  ImportTarget target_;
  struct stat top_;
  bool has_store_stat_ = false;
  struct stat store_stat_;
  FileQueue queue_;
  Part part_;                // that the walk is at
  std::vector<Part> parts_;  // those before it that are not handed over yet
  std::vector<std::string> final_path_;
  RecursiveTotals totals_;             // but for the bytes
  std::future<absl::Status> opening_;  // until the store is open; waits for that at its end
};

absl::Status RunImport(Session& session, const std::string& directory, const std::string& path) {
  const auto start = std::chrono::steady_clock::now();
  Import import(session, directory, StripSlashes(path));
  if (absl::Status status = import.Run(); !status.ok()) return status;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  PrintTransferSummary(session.json, "imported", &import.final_path(), import.totals(),
                       took.count());
  return absl::OkStatus();
}

}  // namespace

void AddImportCommand(CLI::App& app, Action& action) {
  auto directory = std::make_shared<std::string>();
  auto path = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("import", "Copy a directory of this machine into the store");
  command->add_option("HOST_DIR", *directory, "Directory of this machine")->required();
  command->add_option("PATH", *path, "The new directory; / imports into the root")->required();
  command->footer(
      "Keeps symbolic links, permissions and modification times; skips sockets and devices.\n"
      "One that fails takes back what it placed.");
  command->callback([&action, directory, path] {
    action = [directory, path](Session& session) { return RunImport(session, *directory, *path); };
  });
}

}  // namespace marcot::tool
