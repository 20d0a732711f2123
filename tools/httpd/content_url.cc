#include "content_url.h"

#include "marcot/error.h"

namespace marcot::httpd {

std::string UploadPath(std::string_view key) { return "/upload/" + std::string(key); }

std::string ContentUrl(const Call& call, const ContentTarget& target, int64_t expiry_ms) {
  std::string url = "/content/" + PercentEncode(target.library) + "/" + PercentEncode(target.space);
  for (const std::string& name : Split(target.path, '/')) url += "/" + PercentEncode(name);
  url += "?version=" + std::to_string(target.version);
  if (target.recycled_item != 0) url += "&recycled=" + std::to_string(target.recycled_item);
  if (!target.disposition.empty()) url += "&disposition=" + target.disposition;
  return call.BaseUrl() + call.app.signer.Sign(url, expiry_ms);
}

ContentTarget ParseContentTarget(Call& call) {
  return {.library = call.library,
          .space = call.space,
          .path = call.path,
          .version = call.query.Number("version").value_or(0),
          .recycled_item = call.query.Number("recycled").value_or(0),
          .disposition = call.query.Text("disposition")};
}

void RefuseContentCas(Call& call) {
  if (call.query.Text("content_cas").empty() && !call.body.Has("contentCas")) return;
  call.query.Fail(MakeError(Code::kParamInvalid,
                            "no operation compares contents first; leave `content_cas` out"));
}

}  // namespace marcot::httpd
