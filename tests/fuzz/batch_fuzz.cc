// Lines of a batch: each is an item or an error, and an item runs or is refused; nothing throws.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include "batch_item.h"
#include "support/temp_store.h"

namespace {

using marcot::testing::TempStore;

// One store for all inputs, so what an item does depends on those before it; that it is parsed does
// not.
marcot::tool::Session& SharedSession() {
  static TempStore* const temporary = new TempStore;
  static marcot::tool::Session* const session = [] {
    auto* made = new marcot::tool::Session;
    const std::string folder = temporary->folder();
    temporary->Close();
    made->folder = folder;
    if (!made->OpenExisting().ok()) std::abort();
    std::atexit([] {
      SharedSession().Close();
      delete temporary;
    });
    return made;
  }();
  return *session;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const marcot::tool::Session& session = SharedSession();
  marcot::tool::ItemParser parser(session);
  const auto item = parser.Parse(std::string(reinterpret_cast<const char*>(data), size));
  if (item.ok()) session.store->RunEach(std::span(&*item, 1)).IgnoreError();
  return 0;
}
