// What the service says of a space beside its entries, kept in the metadata of the space's root and
// given back. None of it changes what the space does.
#pragma once

#include <string>

#include "call.h"

namespace marcot::httpd {

AttributeChanges TakeExtension(Fields& body);
Json ExtensionOf(const Stat& root);

}  // namespace marcot::httpd
