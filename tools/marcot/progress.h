// A bar on the terminal for commands that take a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace marcot::tool {

// Drawn on standard error, where that is a terminal; MARCOT_PROGRESS=1 draws it anyway and
// MARCOT_PROGRESS=0 never. Otherwise it does nothing, so that scripts see no stray bytes.
class Progress {
 public:
  // Whether it would be drawn: callers spare themselves the counting where not.
  static bool Enabled();

  // The work is `entries` things that hold `bytes` in all.
  Progress(std::string label, uint64_t entries, uint64_t bytes);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Advance(uint64_t entries, uint64_t bytes);
  // Ends the bar's line, so that what is printed next starts on its own.
  void EndLine();
  // The last state of the bar, and its end.
  void Finish();

 private:
  double Fraction() const;
  void Draw();

  const std::string label_;
  const uint64_t entries_total_, bytes_total_;
  uint64_t entries_ = 0, bytes_ = 0;
  const bool enabled_ = Enabled();
  bool drawn_ = false;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_draw_{};
};

}  // namespace marcot::tool
