// The changes that a repair makes: what fixes of findings are written in. One round is one commit
// of the engine's own transaction, so that caches, counters and the queue stay as they must be.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "check/undo.h"
#include "core/committed.h"
#include "core/facts.h"
#include "core/totals_log.h"
#include "core/tree_writer.h"
#include "core/txn.h"

namespace marcot::check {

inline constexpr char kLostLibrary[] = "lost-found";
inline constexpr char kLostSpace[] = "-";

class Repairer {
 public:
  // Reads from one, writes to the other: the same storage.
  Repairer(UndoLog& undo, const storage::Storage& storage, storage::Storage& writable)
      : undo_(undo), storage_(storage), writable_(writable) {}

  // Runs the fixes of one round and commits what they changed.
  absl::Status Run(const std::vector<std::function<absl::Status(Repairer&)>>& fixes);
  // The same of fixes without which the store cannot be opened: they see no transaction.
  absl::Status RunRaw(const std::vector<std::function<absl::Status(Repairer&)>>& fixes);

  core::Txn& txn() { return *txn_; }

  // ---- rows
  absl::Status Put(storage::Family family, const std::string& key, std::string_view value);
  absl::Status Delete(storage::Family family, const std::string& key);
  // A record that does not decode: mended if one flipped bit explains its checksum, else taken out
  // of the store, into a file of the library lost-found that says all that is known of it.
  absl::Status MoveAway(storage::Family family, const std::string& key);
  // The same, but what cannot be mended stays.
  absl::Status MendAlone(storage::Family family, const std::string& key) {
    return Mend(family, key).status();
  }
  absl::Status Queue(const core::Job& job);

  // ---- nodes
  absl::Status ChangeNode(core::DirId dir, const std::function<void(core::Node&)>& change);
  absl::Status RemakeNode(core::DirId dir);
  absl::Status AttachOrphan(core::DirId dir);
  absl::Status CorrectNewestPin(core::DirId dir);
  absl::Status ChangeEntry(core::DirId dir, const std::string& slot,
                           const std::function<void(core::Entry&)>& change);

  // ---- pins, history
  absl::Status ChangePin(core::DirId dir, core::Seq seq,
                         const std::function<void(core::Pin&)>& change);
  absl::Status SetOwners(core::DirId dir, core::Seq seq, uint64_t owners);
  absl::Status RemakePin(core::DirId dir, core::Seq seq);
  absl::Status ListAnew(core::DirId dir, const std::string& slot, core::Seq birth, core::Seq death);
  absl::Status CorrectPushed(const core::DeadlistKey& row);

  // ---- totals
  absl::Status ChangeTotals(core::DirId dir, const std::function<void(core::Totals&)>& change);
  absl::Status RecountLive(core::DirId dir);  // and all above it
  absl::Status RecountPin(core::DirId dir, core::Seq seq);
  absl::Status RemakeTotals(core::DirId dir);
  absl::Status DropTotals(core::DirId dir);

  // ---- beside the trees
  absl::Status CountContent(const ContentId& id, uint64_t holders, uint64_t size);
  // Bytes that no content has: the content of that hash, if it lacks its bytes, gets them.
  absl::Status AdoptBlob(uint64_t blob, uint64_t chunks, const ContentId& id, uint64_t size);
  absl::Status AttachVersions(const ObjectId& id);
  // Gives a version an id of its own.
  absl::Status RenumberVersion(const core::VersionName& name);
  absl::Status RemakeItem(core::DirId bin, uint64_t item);
  absl::Status RemakeLibrary(const std::string& library);
  absl::Status LinkQuota(const std::string& library, const std::string& space);
  absl::Status UnlinkQuota(const std::string& library, core::DirId quota, const std::string& space);
  // Changes up to the one that is lost are no longer kept.
  absl::Status LoseChange(core::DirId root, const std::string& key);
  absl::Status DropSummary(core::DirId dir, core::Seq changed);

  // ---- what the store is opened with
  absl::Status CountAnew();
  absl::Status CountAnewFrom(core::Seq seq, uint64_t next_id);
  absl::Status WriteFormat();

 private:
  struct Lost {
    std::string name, text;
  };
  absl::StatusOr<bool> Mend(storage::Family family, const std::string& key);
  absl::StatusOr<bool> MendRaw(storage::Family family, const std::string& key);
  core::Seq NewestFolded();
  void FoldLog(core::LogRow* row, core::Seq* seq);
  core::Totals FoldedTotals(core::DirId dir) const;  // zeros where they cannot be read
  absl::StatusOr<std::string> SealedValue(storage::Family family, const std::string& key);
  absl::StatusOr<core::DirId> LostRoot();
  ObjectId LostId();
  core::Entry LostFile(const ContentId& content, uint64_t size);
  template <typename Visit>
  absl::Status ForEachRecord(core::DirId dir, const Visit& visit);
  absl::StatusOr<bool> IsAlone(core::DirId dir);
  absl::StatusOr<core::Seq> OldestBirth(core::DirId dir);  // kLive: it has no record
  absl::Status WriteLost(const Lost& lost);
  absl::Status AttachLost(const std::string& slot, const core::Entry& entry);
  absl::StatusOr<core::Totals> SumsAt(core::DirId dir, core::Seq seq);

  UndoLog& undo_;
  const storage::Storage& storage_;
  storage::Storage& writable_;
  core::Txn* txn_ = nullptr;
  storage::Batch* raw_ = nullptr;
  std::vector<Lost> lost_;
  bool counted_anew_ = false;     // several findings ask for it, once is enough
  std::set<core::DirId> remade_;  // nodes of which it is not known whether they live
};

}  // namespace marcot::check
