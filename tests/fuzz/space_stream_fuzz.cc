// Streams of spaces: what is no stream is refused, and one with checksums that are right but that
// no export wrote becomes a sound space or nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "operations/space_stream.h"
#include "support/temp_store.h"

namespace {

using namespace marcot;
using namespace marcot::operations;

void Require(bool holds) {
  if (!holds) std::abort();
}

// One store for all inputs; each import leaves it as it was.
testing::TempStore& SharedStore() {
  static testing::TempStore* const store = [] {
    auto* made = new testing::TempStore;
    std::atexit([] { delete &SharedStore(); });
    return made;
  }();
  return *store;
}

// Pieces of the input, each a kind, a length of two bytes and the payload, as records.
std::string Seal(std::string_view input) {
  std::string stream;
  const ByteSink sink = [&](std::string_view piece) {
    stream += piece;
    return absl::OkStatus();
  };
  StreamWriter writer(sink);
  Require(writer.Begin().ok());
  for (Decoder in(input); !in.AtEnd();) {
    const auto kind = static_cast<StreamKind>(in.Byte());
    const size_t length = (size_t{in.Byte()} << 8) | in.Byte();
    const std::string_view payload = in.Rest().substr(0, length);
    Require(writer.Write(kind, payload).ok());
    in = Decoder(in.Rest().substr(payload.size()));
  }
  return stream;
}

void Import(std::string_view stream) {
  testing::TempStore& store = SharedStore();
  const auto space = ImportSpace(*store, "default", "fuzzed",
                                 [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
                                   const size_t n = stream.copy(buffer, capacity);
                                   stream.remove_prefix(n);
                                   return n;
                                 });
  if (!space.ok()) {
    Require(!store->OpenSpace("default", "fuzzed").ok());
    return;
  }
  Require(store->CheckInvariants()->empty());
  Require(ExportSpace(*space, [](std::string_view) { return absl::OkStatus(); }).ok());
  Require(store->DeleteSpace("default", "fuzzed", true).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Import(bytes);
  Import(Seal(bytes));
  Require(SharedStore()->ReclaimUntilIdle().ok());
  Require(SharedStore()->GetStats()->physical_files == 0);
  return 0;
}
