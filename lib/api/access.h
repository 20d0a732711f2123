// What the holder of a handle may do: which grant each operation needs, and whose it is.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "api/store_impl.h"
#include "marcot/access.h"
#include "operations/operation.h"

namespace marcot::api {

// NoPermission where the handle may not do this operation at all; where that is up to the kind of
// entry it meets, the operation is told what to answer. Needs its kind, `only`, strategy and
// `permanent`. `source`: the space that a copy or move is from, else null.
absl::Status CheckAccess(const Space::State& target, const Space::State* source,
                         std::string_view path, operations::Operation* operation);

// NoPermission; `what` is what the grant is for.
absl::Status RequireGrant(const SessionRequest& session, Grant grant, std::string_view what);
// The same of a handle, which must administer its space.
absl::Status RequireSpaceAdmin(const Space::State& space, std::string_view what);
// `admin`, in a session for the whole library: else NoPermission, AccessTokenNotMatchSpace.
absl::Status RequireLibraryAdmin(const Session::State& session, std::string_view what);
// AccessTokenNotMatchSpace.
absl::Status RequireSpaceOf(const Session::State& session, std::string_view space);

// Who is recorded as the operator where the caller names `named`.
const std::string& OperatorOf(const Space::State& space, const std::string& named);

}  // namespace marcot::api
