// Marcot's memtable: what was committed and not yet flushed, in order. RocksDB calls it through its
// own interface for them.
//
// A skip list as RocksDB's default is one, with less to do for each record: keys are compared here
// and not through two virtual calls (all families are ordered by bytes), and an insertion starts
// where the last one among its neighbours ended. One writer at a time, any number of readers beside
// it, none of which waits.
#pragma once

#include <cstddef>
#include <memory>

#include "rocksdb/memtablerep.h"

namespace marcot::storage {

// Needs allow_concurrent_memtable_write = false and the order of bytes. Of a memtable's memory
// `filter_bytes` are for a filter of its keys, in front of look-ups; 0: it has none.
std::shared_ptr<rocksdb::MemTableRepFactory> MemtableFactory(size_t filter_bytes);

}  // namespace marcot::storage
