// The files of the web page (page/), which the build puts into the program (embed.py).
#pragma once

#include <span>
#include <string_view>

namespace marcot::httpd {

struct PageFile {
  std::string_view name, etag;  // the tag with its quotes
  std::string_view bytes;
};

std::span<const PageFile> PageFiles();

}  // namespace marcot::httpd
