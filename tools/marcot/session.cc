#include "session.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <span>
#include <utility>
#include <vector>

#include "text.h"

namespace marcot::tool {

SpaceName ParseSpaceName(std::string_view text, std::string_view default_library) {
  const size_t slash = text.find('/');
  if (slash == text.npos) return {std::string(default_library), std::string(text)};
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

absl::Status Session::OpenStore(bool create_if_missing) {
  StoreOptions options;
  options.create_if_missing = create_if_missing;
  return OpenWith(options);
}

absl::Status Session::OpenWith(StoreOptions options) {
  // One command's snapshot lives as long as the command, and an export may take hours.
  options.max_snapshot_age = std::chrono::hours(24 * 365);
  auto opened = Store::Open(folder, options);
  if (!opened.ok()) return opened.status();
  store = *std::move(opened);
  return absl::OkStatus();
}

absl::Status Session::Open(bool create_if_missing) {
  if (absl::Status status = OpenStore(create_if_missing); !status.ok()) return status;
  return FindOwnSpace();
}

absl::Status Session::OpenDamaged() {
  absl::Status opened = OpenStore(false);
  if (CodeOf(opened) == Code::kStoreDamaged) {
    std::fprintf(stderr, "damaged: %s\n", std::string(opened.message()).c_str());
    StoreOptions options;
    options.read_damaged = true;
    opened = OpenWith(options);
  }
  return opened.ok() ? FindOwnSpace() : opened;
}

absl::Status Session::FindOwnSpace() {
  auto found = FindSpace(space_name);
  if (!found.ok()) return found.status();
  space = *std::move(found);
  return absl::OkStatus();
}

absl::Status Session::OpenOrCreate() { return Open(true); }

absl::Status Session::OpenExisting() { return Open(false); }

void Session::Close() {
  space = Space();
  store.reset();
}

std::string Session::library() const { return ParseSpaceName(space_name, "default").library; }

absl::StatusOr<Space> Session::FindSpace(std::string_view name) const {
  const SpaceName parsed = ParseSpaceName(name, library());
  return store->OpenSpace(parsed.library, parsed.space);
}

ItemError SplitItemError(const absl::Status& status) {
  const std::string message(status.message());
  constexpr std::string_view kPrefix = "item ";
  size_t item = 0;
  if (message.compare(0, kPrefix.size(), kPrefix) != 0) return {0, status};
  const char* const begin = message.data() + kPrefix.size();
  const char* const end = message.data() + message.size();
  const auto [rest, error] = std::from_chars(begin, end, item);
  if (error != std::errc() || std::string_view(rest, end - rest).substr(0, 2) != ": ") {
    return {0, status};
  }
  return {item, MakeError(CodeOf(status), std::string(rest + 2, end))};
}

absl::StatusOr<Placed> RunOne(Session& session, const BatchItem& item) {
  const auto start = std::chrono::steady_clock::now();
  auto placed = session.store->RunAtomically(std::span(&item, 1));
  const auto took = std::chrono::steady_clock::now() - start;
  if (!placed.ok()) return SplitItemError(placed.status()).status;
  if (session.timing) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    std::fprintf(stderr, "took %lld us\n", static_cast<long long>(us));
  }
  return std::move(placed->front());
}

absl::Status RunAndPrint(Session& session, const BatchItem& item) {
  const auto placed = RunOne(session, item);
  if (!placed.ok()) return placed.status();
  PrintPlaced(session.json, placed->path);
  return absl::OkStatus();
}

absl::Status RunAndPrintJson(Session& session, const BatchItem& item) {
  const auto placed = RunOne(session, item);
  if (!placed.ok()) return placed.status();
  if (session.json) PrintPlaced(true, placed->path);
  return absl::OkStatus();
}

}  // namespace marcot::tool
