// A skip list of memtable entries: one writer, readers without locks. Nodes are never removed, and
// live in memory that somebody else owns.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace marcot::storage {

// The key of an entry as RocksDB lays it out: the user's key, then its sequence number and type in
// 8 bytes. Ordered by the user's key, the newest first.
class InternalKey {
 public:
  explicit InternalKey(std::string_view internal_key);
  // Of a whole entry: the length of the key in front, the value behind.
  static InternalKey Of(const char* entry);

  bool Before(const InternalKey& other) const;
  std::string_view user_key() const { return user_key_; }

 private:
  std::string_view user_key_;
  uint64_t tag_;
};

class SkipList {
 public:
  static constexpr int kMaxHeight = 12;

  // The links of a node stand before it, the entry behind it.
  class Node {
   public:
    // Of a node of this height: what stands before the entry, and what before the node.
    static constexpr size_t HeadBytes(int height) {
      return static_cast<size_t>(height) * sizeof(std::atomic<Node*>);
    }
    // In memory for its head and its entry, aligned as a pointer.
    static Node* Make(char* memory, int height);

    char* entry() { return reinterpret_cast<char*>(this + 1); }
    const char* entry() const { return reinterpret_cast<const char*>(this + 1); }
    const Node* next() const { return Next(0); }

   private:
    friend class SkipList;
    std::atomic<Node*>& Link(int level) { return *(&link_ - level); }
    Node* Next(int level) const { return (&link_ - level)->load(std::memory_order_acquire); }

    std::atomic<Node*> link_;  // of level 0; until the node is inserted, its height
  };

  // `head` is a node of kMaxHeight without an entry.
  explicit SkipList(Node* head);

  int RandomHeight();
  // By the one writer.
  void Insert(Node* node);

  // By anyone. Null: there is none.
  const Node* First() const { return head_->next(); }
  const Node* Last() const;
  const Node* FirstNotBefore(const InternalKey& key) const { return Around(key).after; }
  const Node* LastBefore(const InternalKey& key) const;

 private:
  struct Neighbours {
    const Node *before, *after;
  };
  // Where an insertion ended: for each level the last node before that place.
  using Finger = std::array<Node*, kMaxHeight>;

  static bool Precedes(const Node* node, const InternalKey& key);
  bool IsBefore(const Node* node, const InternalKey& key) const;
  Neighbours Around(const InternalKey& key) const;
  Finger& FingerOf(const InternalKey& key);
  void MoveTo(const InternalKey& key, int height, Finger* finger) const;

  Node* const head_;
  std::atomic<int> height_{1};
  uint64_t random_ = 0x9e3779b97f4a7c15;
  std::array<Finger, 16> fingers_;
};

}  // namespace marcot::storage
