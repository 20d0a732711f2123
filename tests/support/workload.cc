#include "support/workload.h"

#include <algorithm>
#include <cstdlib>

#include "support/temp_store.h"

namespace marcot::testing {

using Kind = BatchItem::Kind;

int Scaled(int count) {
  const char* scale = std::getenv("MARCOT_TEST_SCALE");
  return std::max(1, static_cast<int>(count * (scale == nullptr ? 1.0 : std::atof(scale))));
}
uint64_t BaseSeed() {
  const char* seed = std::getenv("MARCOT_TEST_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

std::string Text(const absl::Status& status) {
  return std::string(CodeName(CodeOf(status))) + ": " + status.ToString();
}

std::string BytesOf(uint64_t seed, size_t size) {
  std::string bytes(size, '\0');
  Random random(seed);
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

ByteSource SourceOf(std::string_view rest) {
  return [rest](char* buffer, size_t capacity) mutable -> absl::StatusOr<size_t> {
    const size_t count = rest.copy(buffer, std::min<size_t>(capacity, 100'000));
    rest.remove_prefix(count);
    return count;
  };
}

Workload::Workload(Store& store, uint64_t seed) : store_(store), seed_(seed) {
  absl::StatusOr<Space> space = store.OpenSpace("default", "-");
  if (!space.ok()) Die("cannot open the space: " + Text(space.status()));
  space_ = *space;
}

std::string Workload::Step(uint64_t n) {
  random_ = Random(seed_ * 1'000'003 + n);
  step_ = n;
  if (n == 0) return Begin();
  return n % 40 == 7 ? PutStream() : RunBatch();
}

std::string Workload::Directory() {
  std::string path = "t";
  for (uint64_t depth = 1 + Below(3); depth > 0; --depth) {
    path += {'/', static_cast<char>('a' + Below(4))};
  }
  return path;
}

bool Workload::Exists(const std::string& path) {
  const absl::Status status = space_.GetStat(path).status();
  if (!status.ok() && CodeHttpStatus(CodeOf(status)) >= 500) unread_ = status;
  return status.ok();
}

std::string Workload::Content() {
  const uint64_t draw = Below(100);
  if (draw < 3) return BytesOf(step_, 300'000 + Below(300'000));
  if (draw < 40) return "shared " + std::to_string(Below(5));
  return "own " + std::to_string(step_) + std::string(Below(200), '.');
}

void Workload::Add(Kind kind, const std::string& path, const std::string& from) {
  BatchItem item;
  item.kind = kind;
  item.space = space_;
  item.path = path;
  item.from = from;
  if (kind == Kind::kPut) {
    item.bytes = Content();
    item.options.strategy = Strategy::kOverwrite;
  } else if (kind == Kind::kSetAttributes) {
    item.attributes.category = std::to_string(step_);
  } else if (kind != Kind::kDelete) {
    item.options.strategy = Strategy::kAsk;
  }
  batch_.push_back(std::move(item));
}
void Workload::AddTransfer(Kind kind) {
  const std::string from = Directory(), to = Directory();
  if (Exists(to)) Add(Kind::kDelete, to);
  Add(kind, to, from);
  if (Below(2) == 0) Add(Kind::kPut, to + "/f" + std::to_string(Below(6)));
  if (const std::string child = to + "/a"; Below(3) == 0) Add(Kind::kMakeDirectory, child + "/x");
  if (Below(3) == 0) Add(Kind::kSetAttributes, to);
  if (Below(4) == 0) Add(Kind::kCopy, to + "/d", to);
}

void Workload::Draw() {
  const absl::StatusOr<RecursiveTotals> totals = space_.GetTotals("t");
  if (!totals.ok()) {
    unread_ = totals.status();
    return;
  }
  if (totals->files + totals->directories > kManyEntries) {
    return Add(Kind::kDelete, std::string("t/") + static_cast<char>('a' + Below(4)));
  }
  switch (Below(10)) {
    case 0:
    case 1:
    case 2:
      return Add(Kind::kPut, File());
    case 3:
      return Add(Kind::kMakeDirectory, Directory());
    case 4:
    case 5:
    case 6:
      return AddTransfer(Kind::kCopy);
    case 7:
      return AddTransfer(Kind::kMove);
    case 8:
      return Add(Kind::kDelete, Below(2) == 0 ? File() : Directory());
    default:
      return Add(Kind::kSetAttributes, Directory());
  }
}

std::string Workload::Begin() {
  batch_.clear();
  for (const char* path : {"t/a/a", "t/b/b", "t/c/c", "s", "left", "right"}) {
    Add(Kind::kMakeDirectory, path);
  }
  const absl::Status status = store_.RunAtomically(batch_).status();
  return status.ok() ? "" : Text(status);
}

// What is refused is refused in the same way when the steps are played again.
std::string Workload::RunBatch() {
  batch_.clear();
  Add(Kind::kPut, "left/" + std::to_string(step_));
  unread_ = absl::OkStatus();
  Draw();
  if (!unread_.ok()) return Text(unread_);
  Add(Kind::kPut, "right/" + std::to_string(step_));
  const absl::Status status = store_.RunAtomically(batch_).status();
  return CodeHttpStatus(CodeOf(status)) < 500 ? "" : Text(status);
}

std::string Workload::PutStream() {
  const std::string bytes = BytesOf(step_, 300'000 + Below(600'000));
  PutOptions options;
  options.strategy = Strategy::kOverwrite;
  const absl::Status status =
      space_.Put("s/" + std::to_string(Below(5)), SourceOf(bytes), options).status();
  return status.ok() ? "" : Text(status);
}
// ---- checks ------------------------------------------------------------------------------------

std::string CheckSound(const Store& store, const char* when) {
  const absl::StatusOr<std::vector<std::string>> broken = store.CheckInvariants();
  if (!broken.ok()) return std::string(when) + ": " + Text(broken.status());
  if (broken->empty()) return "";
  return std::string(when) + ": " + std::to_string(broken->size()) + " broken invariants, first " +
         broken->front();
}

std::string LineOf(const Stat& stat) {
  std::string line = stat.attributes.Unpack().category + " ";
  if (stat.type == EntryType::kFile) {
    return line + std::to_string(stat.size) + " " + stat.content.Hex();
  }
  for (const uint64_t number : {stat.totals.bytes, stat.totals.files, stat.totals.directories,
                                stat.child_files, stat.child_directories}) {
    line += std::to_string(number) + " ";
  }
  return line;
}

std::string Collect(const Space& space, Contents* contents) {
  const auto visit = [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
    const std::string path = JoinPath(entry.path);
    contents->entries[path] = LineOf(entry.stat);
    if (entry.stat.type == EntryType::kFile) contents->files[entry.stat.content] = path;
    return WalkStep::kGoOn;
  };
  const absl::Status status = space.Walk("", visit);
  return status.ok() ? "" : "walk: " + Text(status);
}

std::string Difference(const Contents& is, const Contents& expected) {
  for (const auto& [path, line] : expected.entries) {
    const auto at = is.entries.find(path);
    if (at == is.entries.end()) return "'" + path + "' is missing";
    if (at->second != line) return "'" + path + "' is " + at->second + ", should be " + line;
  }
  for (const auto& [path, line] : is.entries) {
    if (!expected.entries.contains(path)) return "'" + path + "' should not exist";
  }
  return "";
}

std::string CheckFiles(const Space& space, const Space& twin, const Contents& contents) {
  for (const auto& [id, path] : contents.files) {
    const absl::StatusOr<std::string> is = space.Read(path), expected = twin.Read(path);
    if (!is.ok()) return "'" + path + "': " + Text(is.status());
    if (!expected.ok()) return "the twin's '" + path + "': " + Text(expected.status());
    if (*is != *expected) return "'" + path + "' has wrong bytes";
  }
  return "";
}

std::string CheckHalves(const Contents& contents) {
  for (const auto& [path, line] : contents.entries) {
    const bool left = path.starts_with("left/"), right = path.starts_with("right/");
    if (!left && !right) continue;
    const std::string other = (left ? "right" : "left") + path.substr(path.find('/'));
    if (!contents.entries.contains(other)) return "'" + path + "' without '" + other + "'";
  }
  return "";
}

}  // namespace marcot::testing
