#include "storage_rocksdb/compaction_threads.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "storage_rocksdb/mapped_log.h"

namespace marcot::storage {
namespace {

// A tenth of the time of a thread that competes with it: at 19 it would be a hundredth, and under a
// load that leaves no core idle the files of level 0 would pile up until writers are stopped.
constexpr int kNice = 10;

struct Job {
  void (*run)(void*);
  void* argument;
  void* tag;               // whose job it is
  void (*discard)(void*);  // called in place of `run` when it is taken back; may be null
};

// Does jobs in the order in which they come. Thread-safe.
class Threads {
 public:
  void AllowAtLeast(int count) {
    const std::lock_guard lock(mutex_);
    limit_ = std::max(limit_, count);
  }

  // False: there is no thread to do it, nor can one be made.
  bool Schedule(const Job& job) {
    const std::lock_guard lock(mutex_);
    if (ending_) return false;
    if (jobs_.size() >= idle_ && count_ < limit_) Start();
    if (count_ == 0) return false;
    jobs_.push_back(job);
    changed_.notify_one();
    return true;
  }

  // Takes back what is of `tag` and has not begun; answers how many.
  int Discard(void* tag) {
    std::vector<Job> taken;
    {
      const std::lock_guard lock(mutex_);
      const auto others = std::stable_partition(jobs_.begin(), jobs_.end(),
                                                [tag](const Job& job) { return job.tag != tag; });
      taken.assign(others, jobs_.end());
      jobs_.erase(others, jobs_.end());
    }
    for (const Job& job : taken) {
      if (job.discard != nullptr) job.discard(job.argument);
    }
    return static_cast<int>(taken.size());
  }

  // Begins no more jobs, and waits for those that run. What is queued can still be discarded.
  void End() {
    std::unique_lock lock(mutex_);
    ending_ = true;
    ended_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  void Start() {
    try {
      std::thread([this, nice = is_one_] { Work(nice); }).detach();
      ++count_;
    } catch (const std::system_error&) {
      // Those that run, if any, do it too.
    }
  }

  // `nice`: one of these threads made it, and so it begins with that one's priority.
  void Work(bool nice) {
    is_one_ = true;
    pthread_setname_np(pthread_self(), "marcot:compact");
    // Of this thread alone. Whoever is nice already becomes more so.
    if (!nice) setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kNice);
    std::unique_lock lock(mutex_);
    while (true) {
      ++idle_;
      changed_.wait(lock, [this] { return !jobs_.empty() && !ending_; });
      --idle_;
      ++running_;
      const Job job = jobs_.front();
      jobs_.pop_front();
      lock.unlock();
      job.run(job.argument);
      lock.lock();
      if (--running_ == 0) ended_.notify_all();
    }
  }

  static inline thread_local bool is_one_ = false;
  std::mutex mutex_;  // of all below
  std::condition_variable changed_, ended_;
  std::deque<Job> jobs_;
  int limit_ = 1;
  int count_ = 0;    // of the threads
  size_t idle_ = 0;  // of those, the ones that wait
  int running_ = 0;  // and the ones that do a job
  bool ending_ = false;
};

class CompactionThreadsEnv final : public rocksdb::EnvWrapper {
 public:
  explicit CompactionThreadsEnv(rocksdb::Env* env) : EnvWrapper(env) {
    // RocksDB asks these, not the functions of Env that do the same.
    file_system_ = env->GetFileSystem();
    system_clock_ = env->GetSystemClock();
  }

  void Schedule(void (*run)(void*), void* argument, Priority priority, void* tag,
                void (*discard)(void*)) override {
    if (priority == LOW && threads_.Schedule({run, argument, tag, discard})) return;
    EnvWrapper::Schedule(run, argument, priority, tag, discard);
  }

  int UnSchedule(void* tag, Priority priority) override {
    const int discarded = priority == LOW ? threads_.Discard(tag) : 0;
    return discarded + EnvWrapper::UnSchedule(tag, priority);
  }

  void IncBackgroundThreadsIfNeeded(int count, Priority priority) override {
    if (priority == LOW) threads_.AllowAtLeast(count);
    EnvWrapper::IncBackgroundThreadsIfNeeded(count, priority);
  }

  void End() { threads_.End(); }

 private:
  Threads threads_;
};

}  // namespace

rocksdb::Env* OwnEnv() {
  static auto* const env = new CompactionThreadsEnv(MappedLogEnv());
  // RocksDB's own Env is destroyed at exit, after this, and jobs of a store that was left open use
  // it to their end. Its own threads are waited for there too.
  static const struct AtExit {
    ~AtExit() { env->End(); }
  } at_exit;
  static_cast<void>(at_exit);
  return env;
}

}  // namespace marcot::storage
