// Threads of our own that compact, at a low priority: a caller does not wait while compaction has
// the core that it ran on. RocksDB's own threads are those of all databases of the process, the
// host's too, whose priority is not ours to change. Flushes stay with them: who writes waits for
// those.
#pragma once

#include "rocksdb/env.h"

namespace marcot::storage {

// MappedLogEnv, but for what RocksDB schedules with Priority::LOW. Lives as long as the process, as
// do its threads: a store may be closed by a destructor that runs at exit. Jobs that run at exit
// are waited for.
rocksdb::Env* OwnEnv();

}  // namespace marcot::storage
