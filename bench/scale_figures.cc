#include "scale_figures.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <vector>

#include "operations/memory.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/metadata.h"
#include "storage/storage.h"
#include "storage_rocksdb/family_options.h"
#include "support.h"

namespace marcot::bench {
namespace {

void Must(const rocksdb::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

FamilyShape ShapeOf(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* handle) {
  FamilyShape shape;
  rocksdb::TablePropertiesCollection tables;
  Must(db->GetPropertiesOfAllTables(handle, &tables));
  for (const auto& [name, table] : tables) {
    shape.records += table->num_entries - table->num_deletions;
    shape.tombstones += table->num_deletions;
    shape.keys += table->raw_key_size;
    shape.values += table->raw_value_size;
    shape.indexes += table->index_size;
    shape.filters += table->filter_size;
  }
  rocksdb::ColumnFamilyMetaData data;
  db->GetColumnFamilyMetaData(handle, &data);
  shape.files = data.file_count;
  shape.disk = data.size + data.blob_file_size;
  size_t used = 0;
  for (const auto& level : data.levels) {
    if (!level.files.empty()) used = static_cast<size_t>(level.level) + 1;
  }
  for (size_t i = 0; i < used; ++i) {
    if (i > 0) shape.files_of_levels += ' ';
    shape.files_of_levels += std::to_string(data.levels[i].files.size());
  }
  return shape;
}

}  // namespace

ProcessMemory MemoryOfProcess() {
  constexpr uint64_t kKib = 1024;
  ProcessMemory memory;
  std::ifstream status("/proc/self/status");
  std::string name;
  while (status >> name) {
    if (name == "VmRSS:") status >> memory.now;
    if (name == "VmHWM:") status >> memory.peak;
  }
  const struct mallinfo2 heap = mallinfo2();
  return {memory.now * kKib, memory.peak * kKib, heap.uordblks + heap.hblkhd};
}

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void ForgetPeakMemory() {
  constexpr char kForgetPeak[] = "5";  // proc(5)
  std::ofstream("/proc/self/clear_refs") << kForgetPeak;
}

std::map<std::string, FamilyShape> ShapesOf(const std::filesystem::path& store) {
  const operations::MemoryShares memory = operations::SharesOf({});
  const auto cache = rocksdb::NewLRUCache(memory.blocks);
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {{rocksdb::kDefaultColumnFamilyName, {}}};
  for (int i = 0; i < storage::kFamilyCount; ++i) {
    const auto family = static_cast<storage::Family>(i);
    families.emplace_back(std::string(storage::FamilyName(family)),
                          storage::FamilyOptions(family, memory.memtables, cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  Must(rocksdb::DB::OpenForReadOnly({}, store.string(), families, &handles, &raw));
  const std::unique_ptr<rocksdb::DB> db(raw);
  std::map<std::string, FamilyShape> shapes;
  for (rocksdb::ColumnFamilyHandle* const handle : handles) {
    const FamilyShape shape = ShapeOf(db.get(), handle);
    if (shape.files > 0) shapes[handle->GetName()] = shape;
    Must(db->DestroyColumnFamilyHandle(handle));
  }
  return shapes;
}

void DropFromCache(const std::filesystem::path& folder) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (!file.is_regular_file()) continue;
    const int fd = open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    fsync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }
}

}  // namespace marcot::bench
