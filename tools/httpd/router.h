// Finds the handler of a request and gives every answer what all of them have: the id, errors as
// JSON, the headers for browsers. Thread-safe.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "call.h"
#include "http.h"

namespace marcot::httpd {

inline constexpr size_t kMaxJsonBytes = 1u << 20;

class Router {
 public:
  explicit Router(App& app);
  Response Handle(Request& request) const;

 private:
  struct Candidate {
    const Route* route;
    std::vector<std::string_view> pattern;
  };

  void Add(std::span<const Route> routes, std::vector<Candidate>* to);
  absl::StatusOr<Response> Find(Request& request) const;
  // Those whose method and pattern fit; the call has what the pattern of the first says.
  absl::StatusOr<std::vector<const Route*>> Match(const std::vector<Candidate>& candidates,
                                                  std::string_view path, Call* call) const;

  App& app_;
  std::vector<Candidate> api_;    // below /api/v1/, with a JSON body
  std::vector<Candidate> bytes_;  // the others; they read their bodies themselves
};

}  // namespace marcot::httpd
