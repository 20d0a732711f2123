// export: a directory of a space onto this machine.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <climits>
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

// Writes what a walk gives: a directory before what is in it. A directory gets its permissions and
// time when the walk has left it, since they may forbid, and are changed by, writing into it.
class Export {
 public:
  Export(Session& session, std::string host_directory, const Stat& top, const ReadOptions& options,
         Progress& progress)
      : session_(session), options_(options), progress_(progress) {
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
    return absl::OkStatus();
  }

  absl::Status WriteEntry(const std::string& target, const WalkEntry& entry) {
    const std::string path = JoinPath(entry.path);
    const Attributes attributes = entry.stat.attributes.Unpack();
    const absl::Status written = IsSymlink(attributes) ? WriteSymlink(target, path, entry.stat.size)
                                                       : WriteFile(target, path, attributes);
    return written.ok() ? RestoreTime(target, attributes) : written;
  }

  absl::Status WriteSymlink(const std::string& target, const std::string& path, uint64_t size) {
    if (size >= PATH_MAX) {
      return MakeError(Code::kInternalServerError, target + ": too long for a symbolic link");
    }
    const auto link = session_.space.Read(path, options_);
    if (!link.ok()) return link.status();
    if (symlink(link->c_str(), target.c_str()) != 0) {
      return HostError(Code::kInternalServerError, "cannot make the symbolic link", target);
    }
    return absl::OkStatus();
  }

  absl::Status WriteFile(const std::string& target, const std::string& path,
                         const Attributes& attributes) {
    const auto reader = session_.space.OpenFile(path, options_);
    if (!reader.ok()) return reader.status();
    const Fd fd(open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                     kFileModeWhileWritten));
    if (fd.get() < 0) return HostError(Code::kInternalServerError, "cannot make", target);
    const absl::Status copied =
        (*reader)->Read(0, (*reader)->stat().size, [&](std::string_view piece) {
          progress_.Advance(0, piece.size());
          return WriteAll(fd.get(), piece, target);
        });
    if (!copied.ok()) return copied;
    return RestoreMode(target, EntryType::kFile, attributes);
  }

  Session& session_;
  const ReadOptions options_;
  Progress& progress_;
  std::vector<OpenDirectory> open_;  // from the top down to where the walk is
};

absl::Status ExportTree(Session& session, const Location& location, const std::string& directory,
                        const Stat& top, const ReadOptions& options) {
  if (absl::Status status = MakeHostTop(directory); !status.ok()) return status;
  Progress progress("export", top.totals.files + top.totals.directories, top.totals.bytes);
  Export run(session, directory, top, options, progress);
  const size_t top_depth = Depth(location);
  const auto visit = [&](const WalkEntry& entry) {
    return run.Visit(entry, entry.path.size() - top_depth);
  };
  const absl::Status walked = session.space.Walk(location.path, visit, options);
  if (!walked.ok()) return walked;
  if (absl::Status status = run.LeaveTo(0); !status.ok()) return status;
  progress.Finish();
  return absl::OkStatus();
}

absl::Status RunExport(Session& session, const std::string& path, const std::string& directory) {
  const auto start = std::chrono::steady_clock::now();
  const auto location = ParseLocation(path);
  if (!location.ok()) return location.status();
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  const auto snapshot = session.store->TakeSnapshot();
  const ReadOptions options{.snapshot = snapshot.get(), .tree = location->tree};
  auto top = session.space.GetStat(location->path, options);
  if (!top.ok()) return top.status();
  if (top->type == EntryType::kFile) {
    return MakeError(Code::kFileTypeNotMatched,
                     "`" + location->shown + "` is a file; print it with cat");
  }
  const absl::Status exported = ExportTree(session, *location, directory, *top, options);
  if (!exported.ok()) return exported;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  PrintTransferSummary(session.json, "exported", nullptr, top->totals, took.count());
  return absl::OkStatus();
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
      "modification times that import kept.");
  command->callback([&action, path, directory] {
    action = [path, directory](Session& session) { return RunExport(session, *path, *directory); };
  });
}

}  // namespace marcot::tool
