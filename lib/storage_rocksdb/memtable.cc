#include "storage_rocksdb/memtable.h"

#include <cstdint>
#include <new>
#include <optional>

#include "storage_rocksdb/key_filter.h"
#include "storage_rocksdb/skip_list.h"
#include "storage_rocksdb/spare_memory.h"
#include "xxhash.h"

namespace marcot::storage {
namespace {

using rocksdb::Slice;
using Node = SkipList::Node;

uint64_t HashOf(const InternalKey& key) {
  return XXH3_64bits(key.user_key().data(), key.user_key().size());
}

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

 protected:
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

// In memory of the thread, for one look-up at a time. At nothing where the filter knows that the
// key is not there.
class LookupIterator final : public EntryIterator {
 public:
  static LookupIterator* Of(const SkipList* list, const KeyFilter* filter) {
    alignas(LookupIterator) static thread_local char memory[sizeof(LookupIterator)];
    return ::new (memory) LookupIterator(list, filter);
  }
  static void operator delete(void*) {}

  void Seek(const Slice& internal_key, const char*) override {
    const InternalKey key = KeyOf(internal_key);
    const bool absent = filter_ != nullptr && !filter_->MayHold(HashOf(key));
    at_ = absent ? nullptr : list_->FirstNotBefore(key);
  }

 private:
  LookupIterator(const SkipList* list, const KeyFilter* filter)
      : EntryIterator(list), filter_(filter) {}

  const KeyFilter* const filter_;
};

class Memtable final : public rocksdb::MemTableRep {
 public:
  Memtable(rocksdb::Allocator* allocator, size_t filter_bytes)
      : MemTableRep(allocator), list_(MakeNode(SkipList::kMaxHeight, 0)) {
    using Line = KeyFilter::Line;
    const size_t lines = filter_bytes / sizeof(Line);
    if (lines > 0) filter_.emplace(AllocateAligned(lines * sizeof(Line), alignof(Line)), lines);
  }

  rocksdb::KeyHandle Allocate(size_t size, char** entry) override {
    Node* const node = MakeNode(list_.RandomHeight(), size);
    *entry = node->entry();
    return node;
  }
  void Insert(rocksdb::KeyHandle handle) override {
    Node* const node = static_cast<Node*>(handle);
    if (filter_.has_value()) filter_->Add(HashOf(InternalKey::Of(node->entry())));
    list_.Insert(node);
  }
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
    if (arena != nullptr) return GetIterator(arena);
    return LookupIterator::Of(&list_, filter_.has_value() ? &*filter_ : nullptr);
  }

 private:
  Node* MakeNode(int height, size_t entry_bytes) {
    return Node::Make(AllocateAligned(Node::HeadBytes(height) + entry_bytes, alignof(Node)),
                      height);
  }
  // Memory of the memtable's arena, which goes with it.
  char* AllocateAligned(size_t size, size_t alignment) {
    char* memory = nullptr;
    MemTableRep::Allocate(size + alignment - 1, &memory);
    const size_t behind = reinterpret_cast<uintptr_t>(memory) % alignment;
    return memory + (behind == 0 ? 0 : alignment - behind);
  }

  SkipList list_;
  std::optional<KeyFilter> filter_;
};

class Factory final : public rocksdb::MemTableRepFactory {
 public:
  explicit Factory(size_t filter_bytes) : filter_bytes_(filter_bytes) {}

  static const char* kClassName() { return "marcot.Memtable"; }
  const char* Name() const override { return kClassName(); }
  using MemTableRepFactory::CreateMemTableRep;
  rocksdb::MemTableRep* CreateMemTableRep(const rocksdb::MemTableRep::KeyComparator&,
                                          rocksdb::Allocator* allocator,
                                          const rocksdb::SliceTransform*,
                                          rocksdb::Logger*) override {
    return new Memtable(allocator, filter_bytes_);
  }

 private:
  const size_t filter_bytes_;
};

}  // namespace

std::shared_ptr<rocksdb::MemTableRepFactory> MemtableFactory(size_t filter_bytes) {
  return std::make_shared<Factory>(filter_bytes);
}

}  // namespace marcot::storage
