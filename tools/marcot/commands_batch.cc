// batch: operations as JSON lines, answered as JSON lines.
#include <cctype>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "batch_item.h"
#include "commands.h"
#include "host.h"
#include "line_reader.h"
#include "text.h"

namespace marcot::tool {
namespace {

constexpr size_t kChunkBytes = 8 << 20;
// The longest put, escaped as badly as JSON can, and its paths.
constexpr size_t kLineBytesMax = 6 * kMaxBatchPutBytes + (1 << 20);

bool IsBlank(const std::string& line) {
  for (const unsigned char c : line) {
    if (std::isspace(c) == 0) return false;
  }
  return true;
}

// The items of a file, one by one. Blank lines are none.
class ItemReader {
 public:
  ItemReader(const Session& session, int fd, const std::string& file)
      : lines_(fd, file, kLineBytesMax), parser_(session) {}

  // The next item, or the error that is its outcome; false at the end. An error of the call itself
  // means that the file cannot be read.
  absl::StatusOr<bool> Next(absl::StatusOr<BatchItem>& item) {
    while (true) {
      const auto result = lines_.Next(line_);
      if (!result.ok()) return result.status();
      if (*result == LineReader::Result::kEnd) return false;
      if (*result == LineReader::Result::kTooLong) {
        item =
            MakeError(Code::kParamInvalid, "the line is longer than " + HumanBytes(kLineBytesMax));
        return true;
      }
      if (IsBlank(line_)) continue;
      item = parser_.Parse(line_);
      return true;
    }
  }

  bool WouldWait() const { return lines_.WouldWait(); }

 private:
  LineReader lines_;
  ItemParser parser_;
  std::string line_;
};

absl::Status WithItem(uint64_t item, const absl::Status& status) {
  return MakeError(CodeOf(status),
                   "item " + std::to_string(item) + ": " + std::string(status.message()));
}

// Runs items one by one, a chunk at a time, and answers in their order.
class EachRun {
 public:
  EachRun(Session& session, ItemReader& items) : session_(session), items_(items) {}

  absl::Status Run() {
    while (true) {
      absl::StatusOr<BatchItem> item;
      const auto more = items_.Next(item);
      if (!more.ok()) return more.status();
      if (!*more) break;
      Add(std::move(item));
      if (!ChunkIsFull() && !items_.WouldWait()) continue;
      if (absl::Status status = RunChunk(); !status.ok()) return status;
    }
    if (absl::Status status = RunChunk(); !status.ok()) return status;
    return Summary();
  }

 private:
  void Add(absl::StatusOr<BatchItem> item) {
    parsed_.push_back(item.status());
    if (!item.ok()) return;
    chunk_bytes_ += item->bytes.size();
    chunk_.push_back(*std::move(item));
  }

  bool ChunkIsFull() const {
    return parsed_.size() >= kMaxBatchItems || chunk_bytes_ >= kChunkBytes;
  }

  absl::Status RunChunk() {
    std::vector<absl::StatusOr<Placed>> outcomes;
    if (!chunk_.empty()) {
      auto run = session_.store->RunEach(chunk_);
      if (!run.ok()) return run.status();
      outcomes = *std::move(run);
    }
    size_t next = 0;
    for (const absl::Status& parsed : parsed_) {
      Answer(parsed.ok() ? outcomes[next++] : absl::StatusOr<Placed>(parsed));
    }
    std::fflush(stdout);
    parsed_.clear();
    chunk_.clear();
    chunk_bytes_ = 0;
    return absl::OkStatus();
  }

  void Answer(const absl::StatusOr<Placed>& outcome) {
    if (outcome.ok()) {
      PrintJson(PathJson(outcome->path));
    } else {
      PrintJson(ErrorJson(outcome.status()));
      if (failed_++ == 0) first_error_ = WithItem(done_, outcome.status());
    }
    ++done_;
  }

  absl::Status Summary() const {
    if (done_ == 0) return MakeError(Code::kNoItemsProvided, "the batch has no items");
    if (failed_ == 0) return absl::OkStatus();
    return MakeError(CodeOf(first_error_), std::string(first_error_.message()) + " (" +
                                               Grouped(failed_) + " of " +
                                               Counted(done_, "item", "items") + " failed)");
  }

  Session& session_;
  ItemReader& items_;
  std::vector<absl::Status> parsed_;  // of the chunk's lines; `chunk_` holds those that are OK
  std::vector<BatchItem> chunk_;
  size_t chunk_bytes_ = 0;
  uint64_t done_ = 0, failed_ = 0;
  absl::Status first_error_;
};

absl::StatusOr<std::vector<Placed>> RunAllOrNone(Session& session, ItemReader& items) {
  std::vector<BatchItem> all;
  // One more than allowed is enough to be refused.
  while (all.size() <= kMaxBatchItems) {
    absl::StatusOr<BatchItem> item;
    const auto more = items.Next(item);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (!item.ok()) return WithItem(all.size(), item.status());
    all.push_back(*std::move(item));
  }
  return session.store->RunAtomically(all);
}

absl::Status RunAtomic(Session& session, ItemReader& items) {
  const auto placed = RunAllOrNone(session, items);
  if (!placed.ok()) {
    PrintJson(ErrorJson(placed.status()));
    return placed.status();
  }
  for (const Placed& one : *placed) PrintJson(PathJson(one.path));
  return absl::OkStatus();
}

absl::Status Batch(Session& session, const std::string& file, bool atomic) {
  auto input = OpenInput(file);
  if (!input.ok()) return input.status();
  if (absl::Status status = session.OpenOrCreate(); !status.ok()) return status;
  ItemReader items(session, input->get(), file);
  if (atomic) return RunAtomic(session, items);
  return EachRun(session, items).Run();
}

constexpr char kDescription[] =
    "Run operations, one JSON object a line, and print one a line in the same order";
constexpr char kFooter[] = R"help(Operations:
  {"op":"mkdir","path":"a/b"}
  {"op":"put","path":"a/f","data":"text"}
  {"op":"copy","from":"a","to":"c","conflict":"rename"}
  {"op":"move","from":"a","to":"d"}
  {"op":"delete","path":"d","permanent":true}
  {"op":"restore","item":7,"path":"e","from":"inside","parents":"create"}
  {"op":"purge","item":8}
each with optional "space" and "conflict"; copy also with "fromSpace" and "fromSnapshot".
Optional: "permanent" and all of restore but "item" (see trash restore --help).
Answers: {"path":["c (1)"]} or {"error":"CODE","message":".."}. Exit 1 if any failed.
With --atomic (at most 1000 operations) a failure prints the one line
{"error":"CODE","message":"item N: .."}, N from 0, and nothing is done.)help";

}  // namespace

void AddBatchCommand(CLI::App& app, Action& action) {
  auto file = std::make_shared<std::string>();
  auto atomic = std::make_shared<bool>(false);
  CLI::App* const command = app.add_subcommand("batch", kDescription);
  command->add_option("FILE", *file, "JSON lines; - is standard input")->required();
  command->add_flag("--atomic", *atomic, "All of them or none, in one commit");
  command->footer(kFooter);
  command->callback([&action, file, atomic] {
    action = [file, atomic](Session& session) { return Batch(session, *file, *atomic); };
  });
}

}  // namespace marcot::tool
