// import: a directory of this machine into a space.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "commands.h"
#include "host.h"
#include "progress.h"
#include "text.h"
#include "worker.h"

namespace marcot::tool {
namespace {

// Files up to here travel many to a commit, bigger ones are streamed.
constexpr size_t kSmallFileBytes = kMaxBatchPutBytes;
constexpr size_t kBatchBytes = 8 << 20;

// What becomes one commit.
struct Batch {
  std::vector<BatchItem> items;
  std::vector<std::string> host_paths;  // of the items
  size_t bytes = 0;
};

std::string Join(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

bool IsKept(const struct stat& stat) {
  return S_ISDIR(stat.st_mode) || S_ISREG(stat.st_mode) || S_ISLNK(stat.st_mode);
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// All of it or nothing: one that fails takes back what it placed. While a worker commits one batch
// the next is read.
class Import {
 public:
  Import(Session& session, std::string host_directory, std::string path)
      : session_(session), host_directory_(std::move(host_directory)), path_(std::move(path)) {}

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
    if (status.ok()) return status;
    worker_.Wait().IgnoreError();  // `status` came first
    TakeBack();
    return status;
  }

  const std::vector<std::string>& final_path() const { return final_path_; }
  const RecursiveTotals& totals() const { return totals_; }

 private:
  absl::Status ImportAll(const struct stat& top) {
    if (absl::Status status = StartProgress(); !status.ok()) return status;
    if (absl::Status status = MakeTop(top); !status.ok()) return status;
    const absl::Status walked =
        WalkHost(host_directory_, [this](const HostEntry& entry) { return Visit(entry); });
    if (!walked.ok()) return walked;
    if (absl::Status status = RunAll(); !status.ok()) return status;
    if (progress_.has_value()) progress_->Finish();
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
    progress_.emplace("import", entries, bytes);
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
      placed_tops_.push_back(new_top);
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

  absl::StatusOr<bool> Visit(const HostEntry& entry) {
    if (IsStore(entry.stat)) {
      Warn(entry.path, "the store itself");
      return false;
    }
    if (!IsKept(entry.stat)) {
      Warn(entry.path, "neither a file, a directory nor a symbolic link");
      return false;
    }
    const absl::Status status = S_ISDIR(entry.stat.st_mode) ? AddDirectory(entry) : AddFile(entry);
    if (!status.ok()) return status;
    return true;
  }

  void Warn(const std::string& path, const char* why) {
    worker_.Wait().IgnoreError();  // it draws the bar; its error shows with the next batch
    if (progress_.has_value()) progress_->EndLine();
    std::fprintf(stderr, "skipped %s: %s\n", path.c_str(), why);
  }

  absl::Status AddDirectory(const HostEntry& entry) {
    ++totals_.directories;
    return Add(Item(BatchItem::Kind::kMakeDirectory, entry), entry.path);
  }

  absl::Status AddFile(const HostEntry& entry) {
    ++totals_.files;
    if (S_ISLNK(entry.stat.st_mode)) return AddSymlink(entry);
    auto input = OpenInput(entry.path);
    if (!input.ok()) return input.status();
    // Sizes are asked of the bytes: files change, and those of /proc have none.
    const auto head = ReadHead(*input, entry.path);
    if (!head.ok()) return head.status();
    if (head->size() > kSmallFileBytes) return Stream(*input, entry, *head);
    return AddSmall(entry, std::string(*head));
  }

  absl::Status AddSymlink(const HostEntry& entry) {
    std::error_code error;
    const std::string target = std::filesystem::read_symlink(entry.path, error).native();
    if (error) {
      return MakeError(Code::kParamInvalid, "cannot read " + entry.path + ": " + error.message());
    }
    return AddSmall(entry, target);
  }

  absl::Status AddSmall(const HostEntry& entry, std::string bytes) {
    totals_.bytes += bytes.size();
    BatchItem item = Item(BatchItem::Kind::kPut, entry);
    item.bytes = std::move(bytes);
    return Add(std::move(item), entry.path);
  }

  // Reads what a small file holds, of a bigger one the first bytes. Valid until the next call.
  absl::StatusOr<std::string_view> ReadHead(const Fd& fd, const std::string& file) {
    const ByteSource source = SourceOf(fd, file);
    size_t filled = 0;
    while (filled < kHeadBytes) {
      const auto got = source(head_.get() + filled, kHeadBytes - filled);
      if (!got.ok()) return got.status();
      if (*got == 0) break;
      filled += *got;
    }
    return std::string_view(head_.get(), filled);
  }

  // Puts a file whose first bytes, `head`, were read already.
  absl::Status Stream(const Fd& fd, const HostEntry& entry, std::string_view head) {
    // Its directory may still be waiting there.
    if (absl::Status status = RunAll(); !status.ok()) return status;
    size_t given = 0;
    const ByteSource rest = SourceOf(fd, entry.path);
    const ByteSource source = [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
      absl::StatusOr<size_t> got = head.copy(buffer, capacity, given);
      given += *got;
      if (*got == 0) got = rest(buffer, capacity);
      if (got.ok()) CountBytes(*got);
      return got;
    };
    PutOptions options;
    options.strategy = Strategy::kAsk;
    options.attributes = AttributesOf(entry.stat);
    const std::string target = Join(path_, entry.relative);
    const auto placed = session_.space.Put(target, source, options);
    if (!placed.ok()) return WithHostPath(entry.path, placed.status());
    RememberTop(target);
    if (progress_.has_value()) progress_->Advance(1, 0);
    return absl::OkStatus();
  }

  void CountBytes(uint64_t bytes) {
    totals_.bytes += bytes;
    if (progress_.has_value()) progress_->Advance(0, bytes);
  }

  BatchItem Item(BatchItem::Kind kind, const HostEntry& entry) const {
    BatchItem item;
    item.kind = kind;
    item.space = session_.space;
    item.path = Join(path_, entry.relative);
    item.attributes = AttributesOf(entry.stat);
    item.options.strategy = Strategy::kAsk;  // nothing is placed under another name unseen
    return item;
  }

  absl::Status Add(BatchItem item, const std::string& host_path) {
    batch_.bytes += item.bytes.size();
    batch_.items.push_back(std::move(item));
    batch_.host_paths.push_back(host_path);
    if (batch_.items.size() < kMaxBatchItems && batch_.bytes < kBatchBytes) return absl::OkStatus();
    return HandOver();
  }

  absl::Status HandOver() {
    auto batch = std::make_shared<const Batch>(std::exchange(batch_, {}));
    return worker_.Run([this, batch] { return Commit(*batch); });
  }

  // Until all that was added is in the store.
  absl::Status RunAll() {
    if (!batch_.items.empty()) {
      if (absl::Status status = HandOver(); !status.ok()) return status;
    }
    return worker_.Wait();
  }

  // On the worker's thread, as all that is called here.
  absl::Status Commit(const Batch& batch) {
    const auto placed = session_.store->RunAtomically(batch.items);
    if (!placed.ok()) {
      const ItemError error = SplitItemError(placed.status());
      return WithHostPath(batch.host_paths.at(error.item), error.status);
    }
    for (const BatchItem& item : batch.items) RememberTop(item.path);
    if (progress_.has_value()) progress_->Advance(batch.items.size(), batch.bytes);
    return absl::OkStatus();
  }

  static absl::Status WithHostPath(const std::string& host_path, const absl::Status& status) {
    return MakeError(CodeOf(status), host_path + ": " + std::string(status.message()));
  }

  // Into the root, each entry directly below it is one to take back.
  void RememberTop(const std::string& target) {
    if (path_.empty() && target.find('/') == target.npos) placed_tops_.push_back(target);
  }

  void TakeBack() {
    for (const std::string& top : placed_tops_) {
      const auto deleted = session_.space.Delete(top, {.permanent = true});
      if (!deleted.ok()) std::fprintf(stderr, "%s is left in the store\n", top.c_str());
    }
  }

  Session& session_;
  const std::string host_directory_, path_;
  bool has_store_stat_ = false;
  struct stat store_stat_;
  std::optional<Progress> progress_;
  Batch batch_;  // the next
  // One byte more than a small file has tells it from a bigger one.
  static constexpr size_t kHeadBytes = kSmallFileBytes + 1;
  const std::unique_ptr<char[]> head_{new char[kHeadBytes]};
  std::vector<std::string> placed_tops_;
  std::vector<std::string> final_path_;
  RecursiveTotals totals_;
  // The last: it is done before the rest goes. What a task uses its owner leaves alone until Wait.
  Worker worker_;
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
