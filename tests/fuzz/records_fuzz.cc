// Values of stored records: whatever the bytes, a decoder answers a record or an error, and what it
// answers is encoded and decoded again without a change.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/attributes.h"
#include "core/facts.h"
#include "core/records.h"
#include "core/summaries.h"
#include "core/totals_log.h"

namespace {

using namespace marcot::core;

void Require(bool holds) {
  if (!holds) std::abort();
}

template <typename Decode, typename Encode>
void Check(std::string_view bytes, const Decode& decode, const Encode& encode) {
  const auto record = decode(bytes);
  if (!record.ok()) return;
  const std::string stored = encode(*record);
  const auto again = decode(stored);
  Require(again.ok());
  Require(encode(*again) == stored);
}

void CheckEntry(std::string_view bytes) {
  const auto decode = [](std::string_view value) { return DecodeEntry(value); };
  Check(bytes, decode, [](const Entry& entry) { return EncodeEntry(entry); });
}

void CheckHistory(std::string_view bytes) {
  const auto record = DecodeHistory(bytes);
  if (!record.ok()) return;
  const auto entry = DecodeEntry(record->entry);
  if (!entry.ok()) return;
  const std::string stored = EncodeHistory(record->death, *entry);
  Require(DecodeHistory(stored).ok());
}

void CheckSummary(std::string_view bytes) {
  Summary summary, again;
  if (!Summary::Decode(bytes, &summary).ok()) return;
  const std::string stored = summary.Encode();
  Require(Summary::Decode(stored, &again).ok());
  Require(again.Encode() == stored);
  Require(again.Covers(summary, {}) && summary.Covers(again, {}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 18) {
    case 0:
      CheckEntry(bytes);
      break;
    case 1:
      CheckHistory(bytes);
      break;
    case 2:
      Check(
          bytes, [](std::string_view value) { return DecodeNode(value); }, EncodeNode);
      break;
    case 3:
      Check(bytes, DecodeTotals, EncodeTotals);
      break;
    case 4:
      Check(bytes, DecodePin, EncodePin);
      break;
    case 5:
      Check(bytes, DecodeLogRow, EncodeLogRow);
      break;
    case 6:
      Check(bytes, DecodeContent, EncodeContent);
      break;
    case 7:
      Check(bytes, DecodeJob, EncodeJob);
      break;
    case 8:
      Check(bytes, DecodeSpace, EncodeSpace);
      break;
    case 9:
      Check(bytes, DecodeLibrary, EncodeLibrary);
      break;
    case 10:
      Check(bytes, DecodeRecycled, EncodeRecycled);
      break;
    case 11:
      Check(bytes, DecodeVersionedFile, EncodeVersionedFile);
      break;
    case 12:
      Check(bytes, DecodeVersion, EncodeVersion);
      break;
    case 13:
      Check(bytes, DecodeQuota, EncodeQuota);
      break;
    case 14:
      Check(bytes, DecodeSnapshot, EncodeSnapshot);
      break;
    case 15:
      Check(bytes, DecodeChange, EncodeChange);
      break;
    case 16:
      CheckSummary(bytes);
      break;
    default:
      marcot::AreAttributes(bytes);
  }
  return 0;
}
