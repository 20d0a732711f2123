// changes: what was done in the space, one operation's effect a line.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "commands.h"
#include "text.h"

namespace marcot::tool {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPageChanges = 1000;
constexpr std::chrono::milliseconds kPollInterval{200}, kPollIntervalMax{5000};

const char* KindName(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kDirectoryMade:
      return "directoryMade";
    case ChangeKind::kFilePut:
      return "filePut";
    case ChangeKind::kCopied:
      return "copied";
    case ChangeKind::kMoved:
      return "moved";
    case ChangeKind::kDeleted:
      return "deleted";
    case ChangeKind::kRecycled:
      return "recycled";
    case ChangeKind::kRestored:
      return "restored";
    case ChangeKind::kAttributesSet:
      return "attributesSet";
    case ChangeKind::kLoaded:
      return "loaded";
  }
  return "unknown";
}

bool HasSource(const Change& change) {
  return change.kind == ChangeKind::kCopied || change.kind == ChangeKind::kMoved;
}

void AddSource(Json& json, const Change& change) {
  json["from"] = change.from;
  if (!change.from_space.empty()) {
    json["fromLibrary"] = change.from_library;
    json["fromSpace"] = change.from_space;
  }
  if (change.kind == ChangeKind::kCopied) json["fromId"] = change.from_id.Hex();
}

Json ChangeJson(const Change& change) {
  Json json;
  json["seq"] = change.seq;
  json["kind"] = KindName(change.kind);
  json["type"] = TypeName(change.type);
  json["id"] = change.id.Hex();
  json["path"] = change.path;
  if (HasSource(change)) AddSource(json, change);
  if (change.item != 0) json["item"] = change.item;
  json["overwritten"] = change.overwritten;
  json["user"] = change.user;
  json["time"] = IsoTime(change.time_ms);
  return json;
}

void PrintChange(const Change& change) {
  std::string line = IsoTime(change.time_ms) + "  " + KindName(change.kind);
  line.resize(std::max<size_t>(line.size(), 40), ' ');
  line += ShownPath(change.path);
  if (HasSource(change)) {
    line += " from ";
    if (!change.from_space.empty()) line += change.from_library + "/" + change.from_space + ": ";
    line += ShownPath(change.from);
  }
  if (change.item != 0) line += ", item " + std::to_string(change.item);
  std::puts(line.c_str());
}

// Takes the signals that end a program for itself, so that it can end in order.
class Interrupts {
 public:
  // Before the store is opened: its threads inherit what is held back.
  Interrupts() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  // Waits for so long; answers whether one came.
  bool Wait(std::chrono::nanoseconds time) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const timespec timeout{.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
    return sigtimedwait(&signals_, nullptr, &timeout) > 0;
  }

 private:
  sigset_t signals_;
};

// Prints a page and moves the cursor behind it.
absl::Status PrintPage(bool json, const ChangePage& page, std::string* cursor) {
  for (const Change& change : page.changes) {
    if (json) {
      PrintJson(ChangeJson(change));
    } else {
      PrintChange(change);
    }
  }
  *cursor = page.cursor;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return absl::OkStatus();
  return MakeError(Code::kInternalServerError, "cannot write to standard output");
}

// Whether there may be more.
bool IsFull(const ChangePage& page) { return page.changes.size() == kPageChanges; }

absl::Status PrintAll(Session& session, std::string* cursor) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  while (true) {
    const auto page = session.space.ReadChanges(*cursor, kPageChanges);
    if (!page.ok()) return page.status();
    if (absl::Status status = PrintPage(session.json, *page, cursor); !status.ok()) return status;
    if (!IsFull(*page)) return absl::OkStatus();
  }
}

// When the store was opened last, by whomever: RocksDB writes CURRENT anew then.
fs::file_time_type LastOpened(const std::string& folder) {
  std::error_code absent;
  return fs::last_write_time(fs::path(folder) / "CURRENT", absent);
}

// One page. `seen` becomes LastOpened where it is the last.
absl::StatusOr<ChangePage> Look(Session& session, const std::string& cursor,
                                fs::file_time_type* seen) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  auto page = session.space.ReadChanges(cursor, kPageChanges);
  if (page.ok() && !IsFull(*page)) *seen = LastOpened(session.folder);
  return page;
}

// One process has a store open at a time. So it is open for no longer than a look takes, not while
// a page is printed: who reads that may want to open it. And it is not looked at, which would keep
// others out, where none of them was there since. Looks that find nothing become rare: another
// follower, which looks since this one did, must not be its reason to look again at once.
absl::Status Follow(Session& session, std::string* cursor) {
  const Interrupts interrupts;
  fs::file_time_type seen;
  std::chrono::milliseconds pause = kPollInterval;
  do {
    if (LastOpened(session.folder) == seen) continue;
    const auto page = Look(session, *cursor, &seen);
    session.Close();
    if (!page.ok()) {
      if (CodeOf(page.status()) == Code::kStoreInUse) continue;
      return page.status();
    }
    if (absl::Status status = PrintPage(session.json, *page, cursor); !status.ok()) return status;
    pause = page->changes.empty() ? std::min(2 * pause, kPollIntervalMax) : kPollInterval;
    if (IsFull(*page)) pause = pause.zero();
  } while (!interrupts.Wait(pause));
  return absl::OkStatus();
}

void PrintCursor(bool json, const std::string& cursor) {
  if (json) {
    Json object;
    object["cursor"] = cursor;
    PrintJson(object);
  } else {
    std::fprintf(stderr, "cursor: %s\n", cursor.c_str());
  }
}

absl::Status Changes(Session& session, const std::string& since, bool follow) {
  std::string cursor = since;
  const absl::Status status = follow ? Follow(session, &cursor) : PrintAll(session, &cursor);
  // After an error too, where some was printed: that need not be read again.
  if (status.ok() || cursor != since) PrintCursor(session.json, cursor);
  return status;
}

}  // namespace

void AddChangesCommand(CLI::App& app, Action& action) {
  auto cursor = std::make_shared<std::string>();
  auto follow = std::make_shared<bool>(false);
  CLI::App* const command = app.add_subcommand("changes", "Print what was done in the space");
  command->add_option("--since", *cursor,
                      "Only what is behind the cursor that an earlier run gave; unless given, all "
                      "that is kept");
  command->add_flag("--follow", *follow, "Wait for more, until interrupted");
  command->footer(
      "Kept from when `space set changes-days DAYS` says so. The cursor to go on from comes last:\n"
      "on standard error as `cursor: ..`; with --json, which is one object a line, as\n"
      "{\"cursor\":\"..\"}.");
  command->callback([&action, cursor, follow] {
    action = [cursor, follow](Session& session) { return Changes(session, *cursor, *follow); };
  });
}

}  // namespace marcot::tool
