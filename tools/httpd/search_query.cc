#include "search_query.h"

#include <string>
#include <utility>
#include <vector>

#include "links.h"
#include "marcot/error.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

// A keyword with spaces is several, one of which is enough.
std::vector<std::string> TakeKeywords(Fields& body) {
  std::vector<std::string> words;
  for (const std::string& keyword : body.Texts("keywords").value_or(std::vector<std::string>())) {
    for (std::string& word : Split(keyword, ' ')) {
      if (!word.empty()) words.push_back(std::move(word));
    }
  }
  return words;
}

absl::Status TakeTypes(Fields& body, SearchQuery* query) {
  const auto types = body.Texts("fileTypes");
  if (!types.has_value() || types->empty()) return absl::OkStatus();
  bool directories = false, files = false, links = false;
  for (const std::string& type : *types) {
    if (type != "all" && type != "dir" && type != "file" && type != kSymlink) {
      return MakeError(Code::kParamInvalid, "`fileTypes` are all, dir, file and symlink");
    }
    directories |= type == "all" || type == "dir";
    files |= type == "all" || type == "file";
    links |= type == "all" || type == kSymlink;
  }
  query->directories = directories;
  query->files = files || links;
  if (files == links) return absl::OkStatus();
  query->also = [links](const Stat& stat) {
    return stat.type == EntryType::kDirectory || LinkOf(stat).has_value() == links;
  };
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SearchQuery> TakeSearchQuery(Fields& body) {
  SearchQuery query;
  query.keywords = TakeKeywords(body);
  query.below = body.Text("scope").value_or("");
  query.extensions = body.Texts("inExtnames").value_or(query.extensions);
  query.excluded_extensions = body.Texts("excludeExtnames").value_or(query.excluded_extensions);
  query.min_size = body.Number("minFileSize");
  query.max_size = body.Number("maxFileSize");
  query.modified_from_ms = body.Time("modificationTimeStart");
  query.modified_until_ms = body.Time("modificationTimeEnd");
  query.labels = body.Texts("labels").value_or(query.labels);
  query.categories = body.Texts("categories").value_or(query.categories);
  const std::string type = body.Text("type").value_or("filename");
  HTTPD_RETURN_IF_ERROR(TakeTypes(body, &query));
  HTTPD_RETURN_IF_ERROR(body.error());
  if (type != "filename") {
    return MakeError(Code::kParamInvalid, "`type` must be filename: contents are not looked at");
  }
  return query;
}

}  // namespace marcot::httpd
