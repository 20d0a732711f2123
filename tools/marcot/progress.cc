#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "text.h"

namespace marcot::tool {
namespace {

constexpr int kBarCells = 30;
constexpr auto kRedrawInterval = std::chrono::milliseconds(100);
// An entry costs about as much as this many bytes.
constexpr double kBytesPerEntry = 64 * 1024;

double Work(uint64_t entries, uint64_t bytes) {
  return static_cast<double>(entries) + static_cast<double>(bytes) / kBytesPerEntry;
}

std::string TimeLeft(double seconds_so_far, double fraction) {
  // Too early for a guess that holds.
  if (seconds_so_far < 1 || fraction < 0.02 || fraction >= 1) return "";
  const double left = seconds_so_far * (1 - fraction) / fraction;
  return "  " + Grouped(static_cast<uint64_t>(left) + 1) + " s left";
}

}  // namespace

bool Progress::Enabled() {
  const char* const forced = std::getenv("MARCOT_PROGRESS");
  if (forced != nullptr && std::string_view(forced) == "1") return true;
  if (forced != nullptr && std::string_view(forced) == "0") return false;
  return isatty(STDERR_FILENO) == 1;
}

Progress::Progress(std::string label, uint64_t entries, uint64_t bytes)
    : label_(std::move(label)), entries_total_(entries), bytes_total_(bytes) {}

Progress::~Progress() { EndLine(); }

void Progress::EndLine() {
  if (std::exchange(drawn_, false)) std::fputc('\n', stderr);
}

double Progress::Fraction() const {
  const double total = Work(entries_total_, bytes_total_);
  return total <= 0 ? 1 : std::min(1.0, Work(entries_, bytes_) / total);
}

void Progress::Advance(uint64_t entries, uint64_t bytes) {
  entries_ += entries;
  bytes_ += bytes;
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_draw_ < kRedrawInterval) return;
  last_draw_ = now;
  Draw();
}

void Progress::Finish() {
  if (enabled_) Draw();
  EndLine();
}

void Progress::Draw() {
  const double fraction = Fraction();
  const int full = static_cast<int>(fraction * kBarCells);
  const std::chrono::duration<double> so_far = std::chrono::steady_clock::now() - start_;
  const std::string bar = std::string(full, '#') + std::string(kBarCells - full, '.');
  std::string line = label_ + " [" + bar + "] ";
  line += std::to_string(static_cast<int>(fraction * 100)) + "%  " + Grouped(entries_);
  if (bytes_total_ > 0) line += "  " + HumanBytes(bytes_);
  line += TimeLeft(so_far.count(), fraction);
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
  drawn_ = true;
}

}  // namespace marcot::tool
