// import: a directory of this machine into a space.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "commands.h"
#include "host.h"
#include "import_files.h"
#include "import_target.h"
#include "text.h"
#include "workers.h"

namespace marcot::tool {
namespace {

// Commits follow each other whoever makes them: more threads than these would wait for them.
constexpr unsigned kMaxThreads = 4;

std::string Join(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

bool IsKept(const struct stat& stat) {
  return S_ISDIR(stat.st_mode) || S_ISREG(stat.st_mode) || S_ISLNK(stat.st_mode);
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// All of it or nothing: one that fails takes back what it placed. Walks and makes directories
// itself, and leaves files to workers once their directories are there.
class Import {
 public:
  Import(Session& session, std::string host_directory, std::string path)
      : session_(session),
        host_directory_(std::move(host_directory)),
        path_(std::move(path)),
        target_(session, path_.empty()) {}

  absl::Status Run() {
    struct stat top;
    if (stat(host_directory_.c_str(), &top) != 0) {
      return HostError(Code::kParamInvalid, "cannot read", host_directory_);
    }
    if (!S_ISDIR(top.st_mode)) {
      return MakeError(Code::kParamInvalid, host_directory_ + " is not a directory");
    }
    if (absl::Status status = session_.OpenOrCreate(); !status.ok()) return status;
    has_store_stat_ = stat(session_.folder.c_str(), &store_stat_) == 0;
    const absl::Status status = ImportAll(top);
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
  absl::Status ImportAll(const struct stat& top) {
    if (absl::Status status = StartProgress(); !status.ok()) return status;
    if (absl::Status status = MakeTop(top); !status.ok()) return status;
    Workers workers(std::clamp(std::thread::hardware_concurrency(), 1u, kMaxThreads));
    absl::Status status =
        WalkHost(host_directory_, [&](const HostEntry& entry) { return Visit(entry, workers); });
    if (status.ok()) status = HandOver(workers);
    const absl::Status worked = workers.Wait();
    if (!status.ok() || !worked.ok()) return worked.ok() ? status : worked;
    target_.FinishProgress();
    return absl::OkStatus();
  }

  // A first walk that only counts, where somebody watches.
  absl::Status StartProgress() {
    if (!Progress::Enabled()) return absl::OkStatus();
    uint64_t entries = 0, bytes = 0;
    const auto count = [&](const HostEntry& entry) -> absl::StatusOr<bool> {
      if (IsStore(entry.stat) || !IsKept(entry.stat)) return false;
      ++entries;
      if (S_ISREG(entry.stat.st_mode)) bytes += static_cast<uint64_t>(entry.stat.st_size);
      return true;
    };
    if (absl::Status status = WalkHost(host_directory_, count); !status.ok()) return status;
    target_.ShowProgress(entries, bytes);
    return absl::OkStatus();
  }

  bool IsStore(const struct stat& stat) const {
    return has_store_stat_ && SameFile(stat, store_stat_);
  }

  absl::Status MakeTop(const struct stat& top) {
    if (!path_.empty()) {
      const std::string new_top = FirstMissing();
      OperationOptions options;
      options.strategy = Strategy::kAsk;
      auto placed = session_.space.MakeDirectory(path_, options);
      if (!placed.ok()) return placed.status();
      final_path_ = std::move(placed->path);
      target_.Remember(new_top);
    }
    return session_.space.SetAttributes(path_, AttributesOf(top));
  }

  // What making the directory makes: itself, or the highest of the parents it lacks.
  std::string FirstMissing() const {
    for (size_t at = path_.find('/'); at != path_.npos; at = path_.find('/', at + 1)) {
      std::string parent = path_.substr(0, at);
      if (!session_.space.GetStat(parent).ok()) return parent;
    }
    return path_;
  }

  absl::StatusOr<bool> Visit(const HostEntry& entry, Workers& workers) {
    if (IsStore(entry.stat)) {
      target_.Warn(entry.path, "the store itself");
      return false;
    }
    if (!IsKept(entry.stat)) {
      target_.Warn(entry.path, "neither a file, a directory nor a symbolic link");
      return false;
    }
    const absl::Status status =
        S_ISDIR(entry.stat.st_mode) ? AddDirectory(entry) : AddFile(entry, workers);
    if (!status.ok()) return status;
    return true;
  }

  absl::Status AddDirectory(const HostEntry& entry) {
    ++totals_.directories;
    target_.Add(BatchItem::Kind::kMakeDirectory, entry.path, Join(path_, entry.relative),
                entry.stat, {}, &directories_);
    return directories_.items.size() == kMaxBatchItems ? target_.Commit(&directories_)
                                                       : absl::OkStatus();
  }

  absl::Status AddFile(const HostEntry& entry, Workers& workers) {
    ++totals_.files;
    files_.push_back({entry.path, Join(path_, entry.relative), entry.stat});
    file_bytes_ += static_cast<uint64_t>(entry.stat.st_size);
    const bool full = files_.size() == kMaxBatchItems || file_bytes_ >= kImportBatchBytes;
    return full ? HandOver(workers) : absl::OkStatus();
  }

  absl::Status HandOver(Workers& workers) {
    if (absl::Status status = target_.Commit(&directories_); !status.ok()) return status;
    auto files = std::make_shared<const std::vector<FileToImport>>(std::exchange(files_, {}));
    file_bytes_ = 0;
    return workers.Run([this, files] { return ImportFiles(*files, target_); });
  }

  Session& session_;
  const std::string host_directory_, path_;
  ImportTarget target_;
  bool has_store_stat_ = false;
  struct stat store_stat_;
  ImportBatch directories_;          // not there yet
  std::vector<FileToImport> files_;  // not handed over yet
  uint64_t file_bytes_ = 0;          // theirs, as the host says
  std::vector<std::string> final_path_;
  RecursiveTotals totals_;  // but for the bytes
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
