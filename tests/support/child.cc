#include "support/child.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <iostream>
#include <new>

#include "support/temp_store.h"

namespace marcot::testing {

void Shared::Complain(const std::string& text) {
  std::strncpy(wrong, text.c_str(), sizeof(wrong) - 1);
}

SharedMemory::SharedMemory() {
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Die("mmap failed");
  shared_ = new (memory) Shared;
}

SharedMemory::~SharedMemory() { munmap(shared_, sizeof(Shared)); }

pid_t StartChild(Shared& shared, const std::function<std::string()>& work) {
  shared.wrong[0] = '\0';
  shared.started = false;
  std::cout.flush();
  const pid_t child = fork();
  if (child < 0) Die("fork failed");
  if (child > 0) return child;
  const std::string wrong = work();
  if (!wrong.empty()) shared.Complain(wrong);
  _exit(0);
}

std::string EndOf(pid_t child, const Shared& shared, bool* was_killed) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return "waitpid failed";
  if (shared.wrong[0] != '\0') return shared.wrong;
  const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (was_killed != nullptr) {
    *was_killed = killed;
    if (killed) return "";
  }
  if (WIFSIGNALED(status)) return "the child died of signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : "the child exited with " + std::to_string(status);
}

std::string RunInChild(Shared& shared, const std::function<std::string()>& work) {
  return EndOf(StartChild(shared, work), shared);
}

}  // namespace marcot::testing
