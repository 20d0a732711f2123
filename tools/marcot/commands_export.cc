// export: a directory of a space onto this machine.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "commands.h"
#include "host.h"
#include "location.h"
#include "progress.h"
#include "text.h"

namespace marcot::tool {
namespace {

namespace fs = std::filesystem;

// Only the owner works in a directory until all of it is there.
constexpr mode_t kModeWhileWritten = 0700;
constexpr mode_t kFileModeWhileWritten = 0600;

absl::Status MakeHostTop(const std::string& directory) {
  std::error_code error;
  if (fs::create_directory(directory, error)) return absl::OkStatus();
  if (!error && fs::is_directory(directory, error) && fs::is_empty(directory, error)) {
    return absl::OkStatus();
  }
  if (error) {
    return MakeError(Code::kParamInvalid, "cannot make " + directory + ": " + error.message());
  }
  return MakeError(Code::kParamInvalid, directory + " exists and is not an empty directory");
}

bool IsUnreadable(const absl::Status& status) {
  const Code code = CodeOf(status);
  return CodeHttpStatus(code) >= 500 || code == Code::kContentNotFound;
}

// What a damaged store could not give, each named as it is met.
class Losses {
 public:
  explicit Losses(Progress& progress) : progress_(progress) {}

  void Add(const char* what, const std::vector<std::string>& path, const absl::Status& why) {
    if (count_++ == 0) first_ = CodeOf(why);
    progress_.EndLine();
    std::fprintf(stderr, "%s %s: %s: %s\n", what, ShownPath(path).c_str(),
                 std::string(CodeName(CodeOf(why))).c_str(), std::string(why.message()).c_str());
  }

  bool none() const { return count_ == 0; }
  absl::Status Summary() const {
    if (none()) return absl::OkStatus();
    return MakeError(first_, Counted(count_, "file or directory", "files and directories") +
                                 " could not be saved, or not all of it; named above");
  }

 private:
  Progress& progress_;
  uint64_t count_ = 0;
  Code first_ = Code::kOk;
};

// Writes what a walk gives: a directory before what is in it. A directory gets its permissions and
// time when the walk has left it, since they may forbid, and are changed by, writing into it.
class Export {
 public:
  Export(Session& session, std::string host_directory, const Stat& top, const ReadOptions& options,
         Progress& progress, Losses& losses)
      : session_(session), options_(options), progress_(progress), losses_(losses) {
    open_.push_back({std::move(host_directory), top.attributes.Unpack()});
  }

  absl::StatusOr<WalkStep> Visit(const WalkEntry& entry, size_t depth) {
    if (absl::Status status = LeaveTo(depth); !status.ok()) return status;
    const std::string target = open_.back().path + "/" + entry.stat.name;
    const absl::Status status = entry.stat.type == EntryType::kDirectory
                                    ? Enter(target, entry.stat)
                                    : WriteEntry(target, entry);
    if (!status.ok()) return status;
    progress_.Advance(1, 0);
    return WalkStep::kGoOn;
  }

  const RecursiveTotals& written() const { return written_; }

  // Leaves the directories that are open below the first `levels`.
  absl::Status LeaveTo(size_t levels) {
    while (open_.size() > levels) {
      const auto [path, attributes] = std::move(open_.back());
      open_.pop_back();
      if (absl::Status status = RestoreMode(path, EntryType::kDirectory, attributes);
          !status.ok()) {
        return status;
      }
      if (absl::Status status = RestoreTime(path, attributes); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  struct OpenDirectory {
    std::string path;
    Attributes attributes;
  };

  absl::Status Enter(const std::string& target, const Stat& stat) {
    if (mkdir(target.c_str(), kModeWhileWritten) != 0) {
      return HostError(Code::kInternalServerError, "cannot make", target);
    }
    open_.push_back({target, stat.attributes.Unpack()});
    ++written_.directories;
    return absl::OkStatus();
  }

  absl::Status WriteEntry(const std::string& target, const WalkEntry& entry) {
    const std::string path = JoinPath(entry.path);
    const Attributes attributes = entry.stat.attributes.Unpack();
    absl::Status unread;
    const absl::Status written = IsSymlink(attributes)
                                     ? WriteSymlink(target, path, entry.stat.size, &unread)
                                     : WriteFile(target, path, attributes, &unread);
    if (!unread.ok() && IsUnreadable(unread)) {
      losses_.Add("not saved:", entry.path, unread);
      return absl::OkStatus();
    }
    if (!unread.ok()) return unread;
    if (!written.ok()) return written;
    ++written_.files;
    written_.bytes += entry.stat.size;
    return RestoreTime(target, attributes);
  }

  // Of these two, `*unread`: what the store answered where it did not give the bytes. Then nothing
  // is left at the target.
  absl::Status WriteSymlink(const std::string& target, const std::string& path, uint64_t size,
                            absl::Status* unread) {
    if (size >= PATH_MAX) {
      return MakeError(Code::kInternalServerError, target + ": too long for a symbolic link");
    }
    const auto link = session_.space.Read(path, options_);
    if (!link.ok()) {
      *unread = link.status();
      return absl::OkStatus();
    }
    if (symlink(link->c_str(), target.c_str()) != 0) {
      return HostError(Code::kInternalServerError, "cannot make the symbolic link", target);
    }
    return absl::OkStatus();
  }

  absl::Status WriteFile(const std::string& target, const std::string& path,
                         const Attributes& attributes, absl::Status* unread) {
    const auto reader = session_.space.OpenFile(path, options_);
    if (!reader.ok()) {
      *unread = reader.status();
      return absl::OkStatus();
    }
    const Fd fd(open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                     kFileModeWhileWritten));
    if (fd.get() < 0) return HostError(Code::kInternalServerError, "cannot make", target);
    absl::Status written;
    uint64_t bytes = 0;
    absl::Status copied = (*reader)->Read(0, (*reader)->stat().size, [&](std::string_view piece) {
      progress_.Advance(0, piece.size());
      bytes += piece.size();
      written = WriteAll(fd.get(), piece, target);
      return written;
    });
    if (!written.ok()) return written;
    if (copied.ok() && bytes != (*reader)->stat().size) {
      copied = MakeError(Code::kStoreDamaged, "its content is shorter than it says");
    }
    if (!copied.ok()) {
      *unread = copied;
      unlink(target.c_str());
      return absl::OkStatus();
    }
    return RestoreMode(target, EntryType::kFile, attributes);
  }

  Session& session_;
  const ReadOptions options_;
  Progress& progress_;
  Losses& losses_;
  RecursiveTotals written_;
  std::vector<OpenDirectory> open_;  // from the top down to where the walk is
};

// What stands at the top, or a directory of which nothing is known where `*unread` says why: the
// names in it may be there all the same.
absl::StatusOr<Stat> TopOf(const Session& session, const Location& location,
                           const ReadOptions& options, absl::Status* unread) {
  auto top = session.space.GetStat(location.path, options);
  if (!top.ok() && IsUnreadable(top.status())) {
    *unread = top.status();
    return Stat{.type = EntryType::kDirectory};
  }
  if (top.ok() && top->type == EntryType::kFile) {
    return MakeError(Code::kFileTypeNotMatched,
                     "`" + location.shown + "` is a file; print it with cat");
  }
  return top;
}

// Answers what was written.
absl::StatusOr<RecursiveTotals> ExportTree(Session& session, const Location& location,
                                           const std::string& directory, const Stat& top,
                                           const ReadOptions& options, Losses& losses,
                                           Progress& progress) {
  if (absl::Status status = MakeHostTop(directory); !status.ok()) return status;
  Export run(session, directory, top, options, progress, losses);
  const size_t top_depth = Depth(location);
  const auto visit = [&](const WalkEntry& entry) {
    return run.Visit(entry, entry.path.size() - top_depth);
  };
  const auto on_damage = [&](const std::vector<std::string>& path, const absl::Status& why) {
    losses.Add("not whole:", path, why);
  };
  const absl::Status walked = session.space.Walk(location.path, visit, options, on_damage);
  if (!walked.ok()) return walked;
  if (absl::Status status = run.LeaveTo(0); !status.ok()) return status;
  progress.Finish();
  return run.written();
}

absl::Status RunExport(Session& session, const std::string& path, const std::string& directory) {
  const auto start = std::chrono::steady_clock::now();
  const auto location = ParseLocation(path);
  if (!location.ok()) return location.status();
  if (absl::Status status = session.OpenDamaged(); !status.ok()) return status;
  const auto snapshot = session.store->TakeSnapshot();
  const ReadOptions options{.snapshot = snapshot.get(), .tree = location->tree};
  absl::Status unread;
  const auto top = TopOf(session, *location, options, &unread);
  if (!top.ok()) return top.status();
  Progress progress("export", top->totals.files + top->totals.directories, top->totals.bytes);
  Losses losses(progress);
  const auto written = ExportTree(session, *location, directory, *top, options, losses, progress);
  if (!written.ok()) return written.status();
  if (losses.none() && !unread.ok()) losses.Add("not whole:", {location->shown}, unread);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  PrintTransferSummary(session.json, "exported", nullptr, *written, took.count());
  session.partly_done = !losses.none();
  return losses.Summary();
}

}  // namespace

void AddExportCommand(CLI::App& app, Action& action) {
  auto path = std::make_shared<std::string>();
  auto directory = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("export", "Copy a directory of the store onto this machine");
  command->add_option("PATH", *path, "The directory; / is the root")->required();
  command->add_option("HOST_DIR", *directory, "Where to: a new or empty directory")->required();
  command->footer(
      "As of one commit, with the symbolic links, permissions (set-id bits left out) and\n"
      "modification times that import kept. Of a damaged store all that can be read is saved: "
      "what\n"
      "cannot is named on standard error, and the exit code is 3. No file is saved in part.");
  command->callback([&action, path, directory] {
    action = [path, directory](Session& session) { return RunExport(session, *path, *directory); };
  });
}

}  // namespace marcot::tool
