#include "storage_rocksdb/skip_list.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace marcot::storage {
namespace {

constexpr size_t kTagBytes = 8;

uint64_t Word(const char* bytes, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  return word;
}

}  // namespace

InternalKey::InternalKey(std::string_view internal_key)
    : user_key_(internal_key.substr(0, internal_key.size() - kTagBytes)),
      tag_(Word(internal_key.data() + user_key_.size(), kTagBytes)) {}

InternalKey InternalKey::Of(const char* entry) {
  size_t size = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(*entry++);
    size |= static_cast<size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return InternalKey({entry, size});
  }
}

bool InternalKey::Before(const InternalKey& other) const {
  const size_t shared = std::min(user_key_.size(), other.user_key_.size());
  const int order = std::memcmp(user_key_.data(), other.user_key_.data(), shared);
  if (order != 0) return order < 0;
  if (user_key_.size() != other.user_key_.size()) return user_key_.size() < other.user_key_.size();
  return tag_ > other.tag_;
}

SkipList::Node* SkipList::Node::Make(char* memory, int height) {
  auto* const links = reinterpret_cast<std::atomic<Node*>*>(memory);
  for (int i = 0; i < height; ++i) new (links + i) std::atomic<Node*>(nullptr);
  auto* const node = reinterpret_cast<Node*>(links + height - 1);
  node->link_.store(reinterpret_cast<Node*>(static_cast<uintptr_t>(height)),
                    std::memory_order_relaxed);
  return node;
}

SkipList::SkipList(Node* head) : head_(head) {
  head->link_.store(nullptr, std::memory_order_relaxed);
  for (Finger& finger : fingers_) finger.fill(head);
}

// A quarter of the nodes of a level are of the next one too.
int SkipList::RandomHeight() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  int height = 1;
  for (uint64_t bits = random_; height < kMaxHeight && (bits & 3) == 0; bits >>= 2) ++height;
  return height;
}

bool SkipList::Precedes(const Node* node, const InternalKey& key) {
  return InternalKey::Of(node->entry()).Before(key);
}

bool SkipList::IsBefore(const Node* node, const InternalKey& key) const {
  return node == head_ || Precedes(node, key);
}

SkipList::Neighbours SkipList::Around(const InternalKey& key) const {
  const Node *before = head_, *after = nullptr;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0;) {
    const Node* const next = before->Next(level);
    // What was found not to precede on one level is often met on the next one too.
    if (next != after && Precedes(next, key)) {
      before = next;
    } else {
      after = next;
      --level;
    }
  }
  return {before, after};
}

const SkipList::Node* SkipList::LastBefore(const InternalKey& key) const {
  const Node* const before = Around(key).before;
  return before == head_ ? nullptr : before;
}

const SkipList::Node* SkipList::Last() const {
  const Node* last = head_;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    while (const Node* const next = last->Next(level)) last = next;
  }
  return last == head_ ? nullptr : last;
}

// By what neighbours share: the directory, or all of a number but its last byte.
SkipList::Finger& SkipList::FingerOf(const InternalKey& key) {
  const std::string_view bytes = key.user_key();
  const size_t shared = bytes.empty() ? 0 : std::min<size_t>(8, bytes.size() - 1);
  return fingers_[(Word(bytes.data(), shared) * 0x9e3779b97f4a7c15) >> 60];
}

// Climbs from where the finger is until its level spans the key, then descends: the cost is
// logarithmic in the way, not in the list.
void SkipList::MoveTo(const InternalKey& key, int height, Finger* finger) const {
  Finger& before = *finger;
  int level = 0;
  while (level < kMaxHeight && !IsBefore(before[level], key)) ++level;
  const int first = level;  // those below are behind the key
  Node* at = head_;
  if (level == kMaxHeight) {
    --level;
  } else {
    const auto spans = [&] {
      const Node* const next = before[level]->Next(level);
      return next == nullptr || !Precedes(next, key);
    };
    while (level + 1 < kMaxHeight && (level + 1 < height || !spans())) ++level;
    at = before[level];
  }
  const Node* after = nullptr;
  for (bool moved = false; level >= 0; --level) {
    if (!moved && level >= first) at = before[level];
    for (Node* next = at->Next(level); next != after && next != nullptr && Precedes(next, key);) {
      at = next;
      next = at->Next(level);
      moved = true;
    }
    after = at->Next(level);
    before[level] = at;
  }
}

void SkipList::Insert(Node* node) {
  const auto height =
      static_cast<int>(reinterpret_cast<uintptr_t>(node->link_.load(std::memory_order_relaxed)));
  const InternalKey key = InternalKey::Of(node->entry());
  Finger& before = FingerOf(key);
  MoveTo(key, height, &before);
  if (height > height_.load(std::memory_order_relaxed)) {
    height_.store(height, std::memory_order_relaxed);
  }
  // Its links first: who finds it goes on from it.
  for (int level = 0; level < height; ++level) {
    node->Link(level).store(before[level]->Next(level), std::memory_order_relaxed);
  }
  for (int level = 0; level < height; ++level) {
    before[level]->Link(level).store(node, std::memory_order_release);
    before[level] = node;
  }
}

}  // namespace marcot::storage
