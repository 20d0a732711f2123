// The bytes of files, both ways (sections 6 and 7). No token: who knows the key of an upload may
// send its bytes, and who has a signed address may fetch them.
#include <memory>

#include "content_url.h"
#include "entry_json.h"
#include "marcot/error.h"
#include "ranges.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

// ---- upload

absl::StatusOr<UploadedPart> Receive(Call& call, const ByteSource& source) {
  Uploads& uploads = call.app.service.uploads();
  if (!call.query.Has("partNumber")) return uploads.Send(call.id, source);
  const uint64_t number = call.query.Number("partNumber").value_or(0);
  HTTPD_RETURN_IF_ERROR(call.error());
  if (call.query.Text("uploadId") != call.id) {
    return MakeError(Code::kParamInvalid, "`uploadId` is not that of this upload; renew it");
  }
  return uploads.SendPart(
      call.id, static_cast<uint32_t>(std::min<uint64_t>(number, kMaxUploadParts + 1)), source);
}

absl::StatusOr<Response> Upload(Call& call) {
  BodyReader& body = *call.request.body;
  const auto part =
      Receive(call, [&body](char* buffer, size_t capacity) { return body.Read(buffer, capacity); });
  Response response;
  // The wire's word for an upload whose time is over.
  if (CodeOf(part.status()) == Code::kUploadNotFound) {
    response = Answer(403, {{"code", std::string(CodeName(Code::kUploadNotFound))},
                            {"message", std::string(part.status().message())},
                            {"requestId", call.request.id}});
    return response;
  }
  HTTPD_RETURN_IF_ERROR(part.status());
  response.headers = {{"etag", "\"" + part->etag + "\""}};
  return response;
}

// ---- download

std::string Disposition(const std::string& kind, const std::string& name) {
  return kind + "; filename*=UTF-8''" + PercentEncode(name);
}

absl::Status Expired() {
  return MakeError(Code::kNoPermission,
                   "this address has expired, or was never given; ask for the file's info again");
}

absl::StatusOr<std::shared_ptr<FileReader>> Open(Call& call, const ContentTarget& target) {
  ReadOptions options;
  options.version = target.version;
  options.tree.recycled_item = target.recycled_item;
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.app.store.OpenSpace(target.library, target.space));
  auto reader = space.OpenFile(target.path, options);
  // The file is another one by now.
  if (CodeOf(reader.status()) == Code::kVersionNotFound) return Expired();
  HTTPD_RETURN_IF_ERROR(reader.status());
  return std::shared_ptr<FileReader>(*std::move(reader));
}

void SetRange(const Request& request, const std::string& etag, const std::string& modified,
              uint64_t size, Response* response, ByteRange* range) {
  *range = {0, size};
  if (!RangeCounts(request, etag, modified)) return;
  const auto asked = ParseRange(request.Header("range"), size);
  if (!asked.has_value()) return;
  *range = *asked;
  const std::string all = "/" + std::to_string(size);
  response->status = range->length == 0 ? 416 : 206;
  response->headers.emplace_back("content-range",
                                 range->length == 0
                                     ? "bytes *" + all
                                     : "bytes " + std::to_string(range->offset) + "-" +
                                           std::to_string(range->offset + range->length - 1) + all);
}

absl::StatusOr<Response> Fetch(Call& call) {
  if (!call.app.signer.Allows(call.request.target, NowMs())) return Expired();
  const ContentTarget target = ParseContentTarget(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const auto reader, Open(call, target));
  const Stat& stat = reader->stat();
  const std::string etag = "\"" + stat.Etag() + "\"";
  const std::string modified = HttpTime(stat.modification_time_ms);
  Response response;
  response.headers = {{"etag", etag}, {"last-modified", modified}, {"accept-ranges", "bytes"}};
  if (ClientHas(call.request, etag)) {
    response.status = 304;
    return response;
  }
  const std::string type = ContentTypeOf(stat, stat.attributes.Unpack());
  response.headers.emplace_back("content-type", type);
  // Anybody's file, at the address of the web page: no script of it may act as the page. Browsers
  // keep PDF apart themselves, and do not show it in a sandbox.
  if (type != "application/pdf") {
    response.headers.emplace_back("content-security-policy", "sandbox");
  }
  if (!target.disposition.empty()) {
    response.headers.emplace_back("content-disposition",
                                  Disposition(target.disposition, stat.name));
  }
  ByteRange range;
  SetRange(call.request, etag, modified, stat.size, &response, &range);
  response.length = range.length;
  response.stream = [reader, range](const ByteSink& sink) {
    return reader->Read(range.offset, range.length, sink);
  };
  return response;
}

constexpr Route kRoutes[] = {
    {"PUT", "upload/{I}", "", "", Upload},
    {"GET", "content/{L}/{P}/{F}", "", "", Fetch},
    {"HEAD", "content/{L}/{P}/{F}", "", "", Fetch},
};

}  // namespace

std::span<const Route> ContentRoutes() { return kRoutes; }

}  // namespace marcot::httpd
