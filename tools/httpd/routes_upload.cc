// Uploads: how they begin and end (section 5). Their bytes go to routes_content.cc.
#include "content_url.h"
#include "entry_json.h"
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

constexpr char kStrategy[] = "conflict_resolution_strategy";

const char* NameOf(Strategy strategy) {
  switch (strategy) {
    case Strategy::kAsk:
      return "ask";
    case Strategy::kOverwrite:
      return "overwrite";
    default:
      return "rename";
  }
}

// ---- begin

// Where the bytes go.
Json PlaceOf(const Call& call, const UploadInfo& upload) {
  const std::string url = call.BaseUrl();
  Json json{{"domain", url.substr(url.find("//") + 2)},
            {"path", UploadPath(upload.key)},
            {"headers", Json::object()},
            {"expiration", IsoTime(upload.expiry_time_ms)}};
  if (upload.parts) json["uploadId"] = upload.key;
  return json;
}

Json BeginJson(const Call& call, const UploadInfo& upload) {
  Json json = PlaceOf(call, upload);
  json["confirmKey"] = upload.key;
  return json;
}

// The attributes in the body and in the header x-smh-meta.
Attributes TakeUploadAttributes(Call& call) {
  Attributes attributes;
  const std::string_view header = call.request.Header("x-smh-meta");
  if (!header.empty()) {
    Fields meta(Json{{"x-smh-meta", ParseJson(header).value_or(false)}});
    attributes.metadata = meta.Map("x-smh-meta").value_or(attributes.metadata);
    meta.Fail(CheckKeys(attributes.metadata));
    call.body.Fail(meta.error());
  }
  TakeAttributes(call.body).ApplyTo(&attributes);
  return attributes;
}

KnownFile TakeKnownFile(Call& call) {
  KnownFile file;
  file.beginning_hash = call.body.Text("beginningHash").value_or("");
  file.full_hash = call.body.Text("fullHash").value_or("");
  file.size = call.body.Number("size").value_or(0);
  return file;
}

// The answer where the bytes need not be sent, or maybe need not; nothing: they must be.
absl::StatusOr<std::optional<Response>> WithoutBytes(Call& call, const Space& space,
                                                     const KnownFile& file,
                                                     const UploadOptions& options,
                                                     const EntryWriter& writer) {
  Uploads& uploads = call.app.service.uploads();
  if (file.beginning_hash.empty() || !call.body.Has("size")) return std::nullopt;
  if (file.full_hash.empty()) {
    HTTPD_ASSIGN_OR_RETURN(const bool may, uploads.MayKnow(space, file.beginning_hash, file.size));
    if (!may) return std::nullopt;
    return Answer(202, Json::object());
  }
  HTTPD_ASSIGN_OR_RETURN(const auto placed, uploads.PutKnown(space, call.path, file, options));
  if (!placed.has_value()) return std::nullopt;
  HTTPD_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(JoinPath(placed->path)));
  return Answer(200, writer.File(stat, *placed));
}

absl::StatusOr<Response> Begin(Call& call, bool parts) {
  UploadOptions options;
  options.strategy = call.query.StrategyOf(kStrategy);
  options.parts = parts;
  options.size = call.query.Number("filesize");
  if (!options.size.has_value()) options.size = call.body.Number("size");
  options.attributes = TakeUploadAttributes(call);
  const KnownFile file = TakeKnownFile(call);
  const EntryWriter writer(call);
  RefuseContentCas(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const auto answer, WithoutBytes(call, space, file, options, writer));
  if (answer.has_value()) return *answer;
  HTTPD_ASSIGN_OR_RETURN(const UploadInfo upload,
                         call.app.service.uploads().Begin(space, call.path, options));
  return Answer(201, BeginJson(call, upload));
}

absl::StatusOr<Response> BeginSimple(Call& call) { return Begin(call, false); }
absl::StatusOr<Response> BeginParts(Call& call) { return Begin(call, true); }

// ---- under way. The path of these routes is the confirm key.

absl::StatusOr<Response> Confirm(Call& call) {
  ConfirmOptions options;
  options.crc64 = call.body.Number("crc64");
  if (call.query.Has(kStrategy)) options.strategy = call.query.StrategyOf(kStrategy);
  options.changes = TakeAttributes(call.body);
  const EntryWriter writer(call);
  RefuseContentCas(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed,
                         call.app.service.uploads().Confirm(space, call.path, options));
  HTTPD_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(JoinPath(placed.path)));
  return Answer(200, writer.File(stat, placed));
}

absl::StatusOr<Response> Renew(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const UploadInfo upload,
                         call.app.service.uploads().Renew(space, call.path));
  return Answer(200, BeginJson(call, upload));
}

Json PartsJson(const std::vector<UploadedPart>& parts) {
  Json json = Json::array();
  for (const UploadedPart& part : parts) {
    json.push_back({{"PartNumber", part.number},
                    {"LastModified", IsoTime(part.time_ms)},
                    {"ETag", part.etag},
                    {"Size", part.size}});
  }
  return json;
}

absl::StatusOr<Response> State(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  Uploads& uploads = call.app.service.uploads();
  HTTPD_ASSIGN_OR_RETURN(const UploadInfo upload, uploads.Get(space, call.path));
  Json json{{"confirmed", upload.confirmed},
            {"path", upload.path},
            {"type", "file"},
            {"creationTime", IsoTime(upload.creation_time_ms)},
            {"conflictResolutionStrategy", NameOf(upload.strategy)},
            {"force", upload.strategy == Strategy::kOverwrite}};
  if (upload.parts && !upload.confirmed) {
    HTTPD_ASSIGN_OR_RETURN(const auto parts, uploads.ListParts(space, call.path));
    json["uploadId"] = upload.key;
    json["parts"] = PartsJson(parts);
    json["uploadPartInfo"] = PlaceOf(call, upload);
  }
  return Answer(200, json);
}

absl::StatusOr<Response> Abort(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_RETURN_IF_ERROR(call.app.service.uploads().Abort(space, call.path));
  return NoContent();
}

constexpr char kFile[] = "file/{L}/{P}/{F}";

constexpr Route kRoutes[] = {
    {"PUT", kFile, "", "", BeginSimple},     {"POST", kFile, "multipart", "", BeginParts},
    {"POST", kFile, "confirm", "", Confirm}, {"POST", kFile, "renew", "", Renew},
    {"GET", kFile, "upload", "", State},     {"DELETE", kFile, "upload", "", Abort},
};

}  // namespace

std::span<const Route> UploadRoutes() { return kRoutes; }

}  // namespace marcot::httpd
