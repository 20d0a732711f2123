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

#include "commands.h"
#include "host.h"
#include "line_reader.h"
#include "text.h"

namespace marcot::tool {
namespace {

constexpr size_t kChunkBytes = 8 << 20;
// The longest put, escaped as badly as JSON can, and its paths.
constexpr size_t kLineBytesMax = 6 * kMaxBatchPutBytes + (1 << 20);

absl::Status Invalid(std::string message) {
  return MakeError(Code::kParamInvalid, std::move(message));
}

absl::Status Missing(const std::string& field) {
  return Invalid("the field \"" + field + "\" is missing");
}

absl::Status Mistyped(const std::string& field, const std::string& type) {
  return Invalid("the field \"" + field + "\" is not " + type);
}

// Takes a line apart. Fields that it does not know are refused: a misspelt "conflict" that went
// unseen would do something else than was meant.
class ItemParser {
 public:
  explicit ItemParser(const Session& session) : session_(session) {}

  absl::StatusOr<BatchItem> Parse(const std::string& line) {
    Json object = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (object.is_discarded()) return Invalid("not valid JSON");
    if (!object.is_object()) return Invalid("not a JSON object");
    error_ = absl::OkStatus();
    BatchItem item = TakeItem(object);
    if (error_.ok() && !object.empty()) {
      error_ = Invalid("the field \"" + object.begin().key() + "\" does not belong here");
    }
    if (!error_.ok()) return error_;
    return item;
  }

 private:
  // The parts below leave the first error in `error_`.
  void Fail(absl::Status status) {
    if (error_.ok()) error_ = std::move(status);
  }

  std::optional<std::string> TakeOptional(Json& object, const char* field) {
    const auto found = object.find(field);
    if (found == object.end()) return std::nullopt;
    std::optional<std::string> text;
    if (found->is_string()) {
      text = std::move(found->get_ref<std::string&>());
    } else {
      Fail(Mistyped(field, "a string"));
    }
    object.erase(field);
    return text;
  }

  std::string Take(Json& object, const char* field) {
    auto text = TakeOptional(object, field);
    if (!text.has_value()) {
      Fail(Missing(field));
      return "";
    }
    return *std::move(text);
  }

  bool TakeFlag(Json& object, const char* field) {
    const auto found = object.find(field);
    if (found == object.end()) return false;
    if (!found->is_boolean()) Fail(Mistyped(field, "true or false"));
    const bool flag = found->is_boolean() && found->get<bool>();
    object.erase(field);
    return flag;
  }

  uint64_t TakeId(Json& object, const char* field) {
    const auto found = object.find(field);
    if (found == object.end()) {
      Fail(Missing(field));
      return 0;
    }
    if (!found->is_number_unsigned()) Fail(Mistyped(field, "an id"));
    const uint64_t id = found->is_number_unsigned() ? found->get<uint64_t>() : 0;
    object.erase(field);
    return id;
  }

  Space TakeSpace(Json& object, const char* field) {
    const auto name = TakeOptional(object, field);
    if (!name.has_value()) return session_.space;
    const auto known = spaces_.find(*name);
    if (known != spaces_.end()) return known->second;
    auto space = session_.FindSpace(*name);
    if (!space.ok()) {
      Fail(space.status());
      return Space();
    }
    return spaces_[*name] = *space;
  }

  void TakeStrategy(Json& object, BatchItem& item) {
    const auto text = TakeOptional(object, "conflict");
    if (!text.has_value()) return;
    const auto strategy = ParseStrategy(*text);
    if (!strategy.ok()) return Fail(strategy.status());
    item.options.strategy = *strategy;
  }

  void TakeTransfer(Json& object, BatchItem::Kind kind, BatchItem& item) {
    item.kind = kind;
    item.from = StripSlashes(Take(object, "from"));
    item.path = StripSlashes(Take(object, "to"));
    item.from_space = item.space;
    if (kind != BatchItem::Kind::kCopy) return;
    if (object.contains("fromSpace")) item.from_space = TakeSpace(object, "fromSpace");
    const auto snapshot = TakeOptional(object, "fromSnapshot");
    if (!snapshot.has_value()) return;
    if (snapshot->empty()) Fail(Invalid("\"fromSnapshot\" names no snapshot"));
    item.from_tree.named_snapshot = *snapshot;
  }

  void TakePut(Json& object, BatchItem& item) {
    item.kind = BatchItem::Kind::kPut;
    item.path = StripSlashes(Take(object, "path"));
    item.bytes = Take(object, "data");
    if (item.bytes.size() > kMaxBatchPutBytes) {
      Fail(Invalid("\"data\" is longer than " + HumanBytes(kMaxBatchPutBytes)));
    }
  }

  void TakeDelete(Json& object, BatchItem& item) {
    item.kind = BatchItem::Kind::kDelete;
    item.path = StripSlashes(Take(object, "path"));
    item.permanent = TakeFlag(object, "permanent");
  }

  void TakeRestore(Json& object, BatchItem& item) {
    item.kind = BatchItem::Kind::kRestore;
    item.item = TakeId(object, "item");
    auto target = RestoreTarget(TakeOptional(object, "path").value_or(""));
    if (!target.ok()) return Fail(target.status());
    item.path = *std::move(target);
    item.from = StripSlashes(TakeOptional(object, "from").value_or(""));
    const auto parents = ParseMissingParents(TakeOptional(object, "parents").value_or("fail"));
    if (!parents.ok()) return Fail(parents.status());
    item.missing_parents = *parents;
  }

  BatchItem TakeItem(Json& object) {
    BatchItem item;
    const std::string op = Take(object, "op");
    if (!error_.ok()) return item;
    item.space = TakeSpace(object, "space");
    TakeStrategy(object, item);
    if (op == "mkdir") {
      item.path = StripSlashes(Take(object, "path"));
    } else if (op == "put") {
      TakePut(object, item);
    } else if (op == "copy") {
      TakeTransfer(object, BatchItem::Kind::kCopy, item);
    } else if (op == "move") {
      TakeTransfer(object, BatchItem::Kind::kMove, item);
    } else if (op == "delete") {
      TakeDelete(object, item);
    } else if (op == "restore") {
      TakeRestore(object, item);
    } else if (op == "purge") {
      item.kind = BatchItem::Kind::kPurge;
      item.item = TakeId(object, "item");
    } else {
      Fail(Invalid("\"op\" is not one of mkdir, put, copy, move, delete, restore, purge"));
    }
    return item;
  }

  const Session& session_;
  std::map<std::string, Space> spaces_;  // those met so far
  absl::Status error_;
};

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
        item = Invalid("the line is longer than " + HumanBytes(kLineBytesMax));
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
