#include "links.h"

#include <utility>

#include "entry_json.h"
#include "inode.h"
#include "marcot/error.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

constexpr char kTargetKey[] = "marcot:link";
// Links may lead to links; a circle of them ends too.
constexpr int kMaxHops = 8;

absl::Status LeadsNowhere(const std::string& path, const char* why) {
  return MakeError(Code::kFileNotFound, path + " is a link " + why + "; make another");
}

}  // namespace

Attributes LinkTo(const ObjectId& target, Attributes attributes) {
  attributes.metadata[kTypeKey] = kSymlink;
  attributes.metadata[kTargetKey] = target.Hex();
  return attributes;
}

std::optional<ObjectId> LinkOf(const Stat& stat) {
  const Attributes attributes = stat.attributes.Unpack();
  if (TypeOf(stat, attributes) != kSymlink) return std::nullopt;
  const auto target = attributes.metadata.find(kTargetKey);
  if (target == attributes.metadata.end()) return std::nullopt;
  const auto id = ParseInode(target->second);
  return id.ok() ? std::optional(*id) : std::nullopt;
}

absl::StatusOr<Found> Follow(const Space& space, Found found) {
  const std::string path = JoinPath(found.path);
  for (int hops = 0; hops <= kMaxHops; ++hops) {
    const auto target = LinkOf(found.stat);
    if (!target.has_value()) return found;
    auto next = space.FindObject(*target);
    if (CodeOf(next.status()) == Code::kPathNotFound) {
      return LeadsNowhere(path, "to what is gone");
    }
    HTTPD_RETURN_IF_ERROR(next.status());
    found = *std::move(next);
  }
  return LeadsNowhere(path, "through too many others");
}

absl::StatusOr<Space> OpenForLinks(const Call& call, Strategy strategy) {
  const bool force = strategy == Strategy::kOverwrite;
  const Grant needed = force ? Grant::kCreateSymlinkForce : Grant::kCreateSymlink;
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  if (!session.grants().Allow(needed)) {
    return MakeError(Code::kNoPermission, call.path + ": the session lacks the grant " +
                                              std::string(GrantName(needed)) +
                                              "; open one that has it");
  }
  SessionRequest request = session.request();
  request.grants = {force ? Grant::kUploadFileForce : Grant::kUploadFile};
  HTTPD_ASSIGN_OR_RETURN(const Session putting, call.app.store.OpenSession(request));
  return putting.OpenSpace(call.space);
}

}  // namespace marcot::httpd
