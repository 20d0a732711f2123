// Memory for many small strings that end together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace marcot::core {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Room for so many bytes, until the next call; Take says how many of them are used, and stay
  // until Clear.
  char* Room(size_t bytes) {
    if (bytes > left_) MakeRoom(bytes);
    return next_;
  }
  std::string_view Take(size_t bytes) {
    left_ -= bytes;
    return {std::exchange(next_, next_ + bytes), bytes};
  }

  // A copy that stays until Clear.
  std::string_view Keep(std::string_view bytes) {
    if (bytes.empty()) return "";
    std::memcpy(Room(bytes.size()), bytes.data(), bytes.size());
    return Take(bytes.size());
  }

  // What is destroyed without a trace.
  template <typename T>
  T* Make(const T& value) {
    static_assert(std::is_trivially_destructible_v<T>);
    char* const room = Room(sizeof(T) + alignof(T) - 1);
    const size_t behind = reinterpret_cast<uintptr_t>(room) % alignof(T);
    const size_t skipped = behind == 0 ? 0 : alignof(T) - behind;
    Take(skipped + sizeof(T));
    return new (room + skipped) T(value);
  }

  // Some blocks are kept for what comes next.
  void Clear() {
    large_.clear();
    if (blocks_.size() > kMaxKept) blocks_.resize(kMaxKept);
    used_ = left_ = 0;
  }

 private:
  using Block = std::unique_ptr<char[]>;
  static constexpr size_t kBlockBytes = 64u << 10, kMaxKept = 4;

  void MakeRoom(size_t bytes) {
    if (bytes > kBlockBytes) {
      large_.push_back(Block(new char[bytes]));
      next_ = large_.back().get();
      left_ = bytes;
      return;
    }
    if (used_ == blocks_.size()) blocks_.push_back(Block(new char[kBlockBytes]));
    next_ = blocks_[used_++].get();
    left_ = kBlockBytes;
  }

  std::vector<Block> blocks_, large_;
  size_t used_ = 0;  // of the blocks
  char* next_ = nullptr;
  size_t left_ = 0;  // behind it
};

}  // namespace marcot::core
