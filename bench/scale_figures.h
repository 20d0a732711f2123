// What a store costs at one moment: the process's memory, and what its files hold.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace marcot::bench {

// In bytes.
struct ProcessMemory {
  uint64_t now = 0, peak = 0;  // resident; the peak since ForgetPeakMemory
  uint64_t allocated = 0;      // in use, now; what else is resident the allocator keeps
};
ProcessMemory MemoryOfProcess();
void ForgetPeakMemory();
double ProcessorSeconds();  // that all threads have used

// What the files of a family hold, in bytes but for the counts.
struct FamilyShape {
  uint64_t records = 0, tombstones = 0, keys = 0, values = 0;
  uint64_t files = 0, disk = 0, indexes = 0, filters = 0;
  std::string files_of_levels;  // from level 0 down: "0 0 1 12"
};
// By the family's name, those that hold something. The store must be closed.
std::map<std::string, FamilyShape> ShapesOf(const std::filesystem::path& store);

// Writes a folder's files back and drops them from the system's cache, so that what comes next
// reads the disk.
void DropFromCache(const std::filesystem::path& folder);

}  // namespace marcot::bench
