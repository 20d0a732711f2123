#include "storage_rocksdb/memtable.h"

#include <cstdint>
#include <new>

#include "storage_rocksdb/skip_list.h"
#include "storage_rocksdb/spare_memory.h"

namespace marcot::storage {
namespace {

using rocksdb::Slice;
using Node = SkipList::Node;

class EntryIterator : public rocksdb::MemTableRep::Iterator {
 public:
  explicit EntryIterator(const SkipList* list) : list_(list) {}

  bool Valid() const override { return at_ != nullptr; }
  const char* key() const override { return at_->entry(); }
  void Next() override { at_ = at_->next(); }
  void Prev() override { at_ = list_->LastBefore(InternalKey::Of(at_->entry())); }
  void Seek(const Slice& internal_key, const char*) override {
    at_ = list_->FirstNotBefore(KeyOf(internal_key));
  }
  void SeekForPrev(const Slice& internal_key, const char*) override {
    const InternalKey key = KeyOf(internal_key);
    at_ = list_->FirstNotBefore(key);
    if (at_ == nullptr || key.Before(InternalKey::Of(at_->entry()))) at_ = list_->LastBefore(key);
  }
  void SeekToFirst() override { at_ = list_->First(); }
  void SeekToLast() override { at_ = list_->Last(); }

 private:
  static InternalKey KeyOf(const Slice& key) { return InternalKey({key.data(), key.size()}); }

  const SkipList* const list_;
  const Node* at_ = nullptr;
};

// Whoever has an arena destroys the iterator and leaves its memory to the arena, whose API is not
// public: so this one gives it back itself.
class ArenaIterator final : public EntryIterator {
 public:
  using EntryIterator::EntryIterator;
  ~ArenaIterator() override { SpareMemory<ArenaIterator>::Give(this); }
};

// In memory of the thread, for one look-up at a time.
class LookupIterator final : public EntryIterator {
 public:
  static LookupIterator* Of(const SkipList* list) {
    alignas(LookupIterator) static thread_local char memory[sizeof(LookupIterator)];
    return ::new (memory) LookupIterator(list);
  }
  static void operator delete(void*) {}

 private:
  using EntryIterator::EntryIterator;
};

class Memtable final : public rocksdb::MemTableRep {
 public:
  explicit Memtable(rocksdb::Allocator* allocator)
      : MemTableRep(allocator), list_(MakeNode(SkipList::kMaxHeight, 0)) {}

  rocksdb::KeyHandle Allocate(size_t size, char** entry) override {
    Node* const node = MakeNode(list_.RandomHeight(), size);
    *entry = node->entry();
    return node;
  }
  void Insert(rocksdb::KeyHandle node) override { list_.Insert(static_cast<Node*>(node)); }
  bool Contains(const char* entry) const override {
    const InternalKey key = InternalKey::Of(entry);
    const Node* const found = list_.FirstNotBefore(key);
    return found != nullptr && !key.Before(InternalKey::Of(found->entry()));
  }
  size_t ApproximateMemoryUsage() override { return sizeof(*this); }
  Iterator* GetIterator(rocksdb::Arena* arena) override {
    if (arena == nullptr) return new EntryIterator(&list_);
    return new (SpareMemory<ArenaIterator>::Take()) ArenaIterator(&list_);
  }
  // Without an arena only RocksDB's MemTableRep::Get asks, and never frees what it gets. (What it
  // looks for is of a type that is not public, so that function must be left to it.)
  Iterator* GetDynamicPrefixIterator(rocksdb::Arena* arena) override {
    return arena == nullptr ? LookupIterator::Of(&list_) : GetIterator(arena);
  }

 private:
  Node* MakeNode(int height, size_t entry_bytes) {
    constexpr size_t kAlign = alignof(Node);
    char* memory = nullptr;
    MemTableRep::Allocate(Node::HeadBytes(height) + entry_bytes + kAlign - 1, &memory);
    const size_t behind = reinterpret_cast<uintptr_t>(memory) % kAlign;
    return Node::Make(memory + (behind == 0 ? 0 : kAlign - behind), height);
  }

  SkipList list_;
};

class Factory final : public rocksdb::MemTableRepFactory {
 public:
  static const char* kClassName() { return "marcot.Memtable"; }
  const char* Name() const override { return kClassName(); }
  using MemTableRepFactory::CreateMemTableRep;
  rocksdb::MemTableRep* CreateMemTableRep(const rocksdb::MemTableRep::KeyComparator&,
                                          rocksdb::Allocator* allocator,
                                          const rocksdb::SliceTransform*,
                                          rocksdb::Logger*) override {
    return new Memtable(allocator);
  }
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> MemtableFactory() {
  return std::make_shared<Factory>();
}

}  // namespace marcot::storage
