#include "storage_rocksdb/log_order.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/numbers.h"
#include "base/coding.h"

namespace marcot::storage {
namespace {

// Finds a batch's number; the records are passed over.
class NumberReader final : public rocksdb::WriteBatch::Handler {
 public:
  void LogData(const rocksdb::Slice& blob) override {
    if (blob.size() == sizeof(uint64_t)) number = LoadFixed64(blob.data());
  }
  rocksdb::Status PutCF(uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
    return {};
  }
  rocksdb::Status DeleteCF(uint32_t, const rocksdb::Slice&) override { return {}; }
  rocksdb::Status DeleteRangeCF(uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
    return {};
  }

  std::optional<uint64_t> number;
};

// The log with the lowest number, of those from `lowest` on; empty: there is none.
std::filesystem::path FirstLog(const std::string& folder, uint64_t lowest) {
  std::filesystem::path first;
  uint64_t first_number = 0;
  std::error_code error;
  std::filesystem::directory_iterator file(folder, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    uint64_t number = 0;
    const bool log = file->path().extension() == ".log" &&
                     absl::SimpleAtoi(file->path().stem().string(), &number);
    if (!log || number < lowest || (!first.empty() && number > first_number)) continue;
    first = file->path();
    first_number = number;
  }
  return first;
}

// A log whose first record is lost begins with zeros, in place of a checksum, length and kind.
bool BeginsWithARecord(const std::filesystem::path& log) {
  constexpr size_t kHeaderBytes = 7;
  char header[kHeaderBytes] = {};
  std::ifstream(log, std::ios::binary).read(header, kHeaderBytes);
  return std::any_of(std::begin(header), std::end(header), [](char byte) { return byte != 0; });
}

}  // namespace

rocksdb::Status NumberBatch(uint64_t number, rocksdb::WriteBatch* batch) {
  std::string bytes;
  PutFixed64(&bytes, number);
  return batch->PutLogData(bytes);
}

// A log gets a successor only when something was written to it, so no later one is replayed either.
void LogOrder::ColumnFamilyLogNumberMap(const std::map<uint32_t, uint64_t>& log_of_family,
                                        const std::map<std::string, uint32_t>&) {
  uint64_t lowest = ~uint64_t{0};
  for (const auto& [family, log] : log_of_family) lowest = std::min(lowest, log);
  const std::filesystem::path first = FirstLog(folder_, lowest);
  begins_ = first.empty() || BeginsWithARecord(first);
}

rocksdb::WalFilter::WalProcessingOption LogOrder::LogRecordFound(unsigned long long,
                                                                 const std::string&,
                                                                 const rocksdb::WriteBatch& batch,
                                                                 rocksdb::WriteBatch*, bool*) {
  if (!begins_) return WalProcessingOption::kStopReplay;
  NumberReader reader;
  if (!batch.Iterate(&reader).ok()) return WalProcessingOption::kCorruptedRecord;
  // RocksDB's own, at the beginning of a log, when an opening has met a torn one: the first of ours
  // comes next. A release that did not number leaves none of its logs to be replayed with these.
  if (!reader.number.has_value()) {
    unnumbered_ = true;
    return WalProcessingOption::kContinueProcessing;
  }
  const bool follows =
      *reader.number == 0 || (last_.has_value() ? *reader.number == *last_ + 1 : !unnumbered_);
  last_ = reader.number;
  return follows ? WalProcessingOption::kContinueProcessing : WalProcessingOption::kStopReplay;
}

}  // namespace marcot::storage
