// Child processes that open stores, and are killed.
//
// A store's threads outlive it, and a process with threads must not fork: so a process that starts
// children opens no store itself. Whatever does runs in a child, which says what is wrong.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace marcot::testing {

// What a child and its parent both see.
struct Shared {
  std::atomic<bool> started{false};
  std::atomic<uint64_t> done{0};  // steps that were acknowledged
  char wrong[4096] = "";

  void Complain(const std::string& text);
};

class SharedMemory {
 public:
  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  Shared* operator->() const { return shared_; }
  Shared& operator*() const { return *shared_; }

 private:
  Shared* shared_;
};

// The child does the work and ends; what is wrong is what the work answers.
pid_t StartChild(Shared& shared, const std::function<std::string()>& work);

// Waits for the end; what is wrong with it. That it was killed is right where `was_killed` is
// given, and said there.
std::string EndOf(pid_t child, const Shared& shared, bool* was_killed = nullptr);

std::string RunInChild(Shared& shared, const std::function<std::string()>& work);

}  // namespace marcot::testing
