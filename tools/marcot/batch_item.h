// One line of a batch: a JSON object that says what to do.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "session.h"
#include "text.h"

namespace marcot::tool {

// Takes a line apart. Fields that it does not know are refused: a misspelt "conflict" that went
// unseen would do something else than was meant.
class ItemParser {
 public:
  // Spaces are those of the session's store, which is open.
  explicit ItemParser(const Session& session) : session_(session) {}

  absl::StatusOr<BatchItem> Parse(const std::string& line);

 private:
  // These leave the first error in `error_`.
  void Fail(absl::Status status);
  std::optional<std::string> TakeOptional(Json& object, const char* field);
  std::string Take(Json& object, const char* field);
  bool TakeFlag(Json& object, const char* field);
  uint64_t TakeId(Json& object, const char* field);
  Space TakeSpace(Json& object, const char* field);
  void TakeStrategy(Json& object, BatchItem& item);
  void TakeTransfer(Json& object, BatchItem::Kind kind, BatchItem& item);
  void TakePut(Json& object, BatchItem& item);
  void TakeDelete(Json& object, BatchItem& item);
  void TakeRestore(Json& object, BatchItem& item);
  BatchItem TakeItem(Json& object);

  const Session& session_;
  std::map<std::string, Space> spaces_;  // those met so far
  absl::Status error_;
};

}  // namespace marcot::tool
