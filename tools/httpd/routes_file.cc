// Files (section 5), but for their uploads.
#include "content_url.h"
#include "entry_json.h"
#include "links.h"
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

constexpr char kStrategy[] = "conflict_resolution_strategy";
constexpr uint64_t kMinUrlPeriodS = 60, kMaxUrlPeriodS = 7200;

// ---- changes

absl::StatusOr<Response> AnswerFile(Call& call, const Space& space, const Placed& placed) {
  Json json{{"path", placed.path}};
  if (call.query.Flag("with_content_cas")) {
    HTTPD_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(JoinPath(placed.path)));
    json["contentCas"] = stat.Etag();
  }
  return Answer(200, json);
}

absl::StatusOr<Response> Copy(Call& call) {
  OperationOptions options;
  options.strategy = call.query.StrategyOf(kStrategy);
  const std::string from = call.body.Required("copyFrom");
  RefuseContentCas(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.CopyFile(from, call.path, options));
  return AnswerFile(call, space, placed);
}

absl::StatusOr<Response> Move(Call& call) {
  OperationOptions options;
  options.strategy = call.query.StrategyOf(kStrategy);
  const std::string from = call.body.Required("from");
  RefuseContentCas(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.MoveFile(from, call.path, options));
  return AnswerFile(call, space, placed);
}

// A file without bytes, for a host that has something else in its place.
absl::StatusOr<Response> MakeVirtual(Call& call) {
  PutOptions options;
  options.strategy = call.query.StrategyOf(kStrategy);
  TakeAttributes(call.body).ApplyTo(&options.attributes);
  options.attributes.metadata[kTypeKey] = kVirtual;
  if (call.body.Number("size").value_or(0) != 0) {
    call.body.Fail(MakeError(Code::kParamInvalid, "a virtual file has no bytes; leave `size` out"));
  }
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.Put(call.path, "", options));
  return Answer(201, {{"path", placed.path}, {"type", kVirtual}});
}

absl::StatusOr<Response> Link(Call& call) {
  PutOptions options;
  options.strategy = call.query.StrategyOf(kStrategy);
  const std::string to = call.body.Required("linkTo");
  TakeAttributes(call.body).ApplyTo(&options.attributes);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, OpenForLinks(call, options.strategy));
  HTTPD_ASSIGN_OR_RETURN(const Stat target, space.GetStat(to));
  if (to.empty()) {
    return MakeError(Code::kRootDirectoryNotAllowed,
                     "no link leads to a space's root; name a path in it");
  }
  if (to == call.path) {
    return MakeError(Code::kParamInvalid, to + " cannot be a link to itself");
  }
  options.attributes = LinkTo(target.id, std::move(options.attributes));
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.Put(call.path, "", options));
  return Answer(200, {{"path", placed.path}});
}

absl::StatusOr<Response> Delete(Call& call) {
  DeleteOptions options;
  options.permanent = call.query.Flag("permanent");
  RefuseContentCas(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.DeleteFile(call.path, options));
  if (placed.recycled_item == 0) return NoContent();
  return Answer(200, {{"recycledItemId", placed.recycled_item}});
}

// ---- reads

absl::Status NoFile(const std::string& path) {
  return MakeError(Code::kFileNotFound, path + " is a directory");
}

// The file, over links, or the version of it that the query names. The path of a directory is no
// file's.
absl::StatusOr<Found> FindFile(Call& call, const Space& space) {
  ReadOptions options;
  options.version_id = call.query.Number("history_id").value_or(0);
  HTTPD_RETURN_IF_ERROR(call.error());
  if (call.query.Has("history_id") && options.version_id == 0) {
    return MakeError(Code::kVersionNotFound, "`history_id` names no version");
  }
  const auto reader = space.OpenFile(call.path, options);
  if (CodeOf(reader.status()) == Code::kFileTypeNotMatched) {
    return NoFile(call.path);
  }
  HTTPD_RETURN_IF_ERROR(reader.status());
  Found file{Split(call.path, '/'), (*reader)->stat()};
  if (options.version_id != 0) return file;
  HTTPD_ASSIGN_OR_RETURN(file, Follow(space, std::move(file)));
  if (file.stat.type == EntryType::kDirectory) return NoFile(call.path);
  return file;
}

absl::StatusOr<std::string> UrlOf(Call& call, const Found& file) {
  ContentTarget target{call.library, call.space, JoinPath(file.path), file.stat.version};
  target.disposition = call.query.Text("content_disposition");
  const uint64_t period = call.query.Number("period").value_or(kUrlLifeMs / 1000);
  HTTPD_RETURN_IF_ERROR(call.error());
  if (!target.disposition.empty() && target.disposition != "inline" &&
      target.disposition != "attachment") {
    return MakeError(Code::kParamInvalid, "`content_disposition` must be inline or attachment");
  }
  if (period < kMinUrlPeriodS || period > kMaxUrlPeriodS) {
    return MakeError(Code::kParamInvalid, "`period` must be 60 to 7200 seconds");
  }
  return ContentUrl(call, target, NowMs() + static_cast<int64_t>(period) * 1000);
}

absl::StatusOr<Response> Download(Call& call) {
  RefuseContentCas(call);
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Found file, FindFile(call, space));
  HTTPD_ASSIGN_OR_RETURN(const std::string url, UrlOf(call, file));
  Response response;
  response.status = 302;
  response.headers = {{"location", url}};
  return response;
}

absl::StatusOr<Response> Info(Call& call) {
  RefuseContentCas(call);
  const EntryWriter writer(call);
  const bool pre_check = call.query.Flag("pre_check");
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Found file, FindFile(call, space));
  Json json;
  if (!pre_check) {
    HTTPD_ASSIGN_OR_RETURN(json["cosUrl"], UrlOf(call, file));
  }
  HTTPD_ASSIGN_OR_RETURN(const Json entry, writer.MarkedEntry(space, file.stat));
  json.update(entry);
  return Answer(200, json);
}

absl::StatusOr<Response> Exists(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_RETURN_IF_ERROR(FindFile(call, space).status());
  return Response{};
}

constexpr char kFile[] = "file/{L}/{P}/{F}";

constexpr Route kRoutes[] = {
    {"PUT", kFile, "virtual_file", "", MakeVirtual},
    {"PUT", kFile, "", "copyFrom", Copy},
    {"PUT", kFile, "", "from", Move},
    {"PUT", kFile, "", "linkTo", Link},
    {"GET", kFile, "info", "", Info},
    {"GET", kFile, "", "", Download},
    {"HEAD", kFile, "", "", Exists},
    {"DELETE", kFile, "", "", Delete},
};

}  // namespace

std::span<const Route> FileRoutes() { return kRoutes; }

}  // namespace marcot::httpd
