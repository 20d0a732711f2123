// A file system that writes RocksDB's log through a mapping instead of by write(): a commit that is
// not synced then makes no system call, which else is a quarter of what it costs. What was appended
// is in the page cache, as after write(): it survives the process, however that ends.
//
// Space is reserved and its pages are made in steps, before they are written, so that a disk that
// is full answers an append with an error. Only on file systems that write what is reserved in
// place, ext4 and tmpfs: where others must find space for a page that is written again, a full disk
// would raise a signal; there write() is used. A disk that fails while the page at the end of the
// log was dropped from memory still raises one. Until a log is closed it ends in zeros, which
// RocksDB reads as its end.
//
// A power cut may leave a hole in what was not synced, since pages reach the disk in any order;
// what stands behind it must not be replayed: log_order.h.
#pragma once

#include "rocksdb/env.h"

namespace marcot::storage {

// The default environment, but for its logs. Lives as long as the process.
rocksdb::Env* MappedLogEnv();

}  // namespace marcot::storage
