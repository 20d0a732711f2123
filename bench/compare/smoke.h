// Whether a peer does what it is timed for.
#pragma once

#include "measure.h"

namespace marcot::compare {

// Does every operation once and looks at what it did. Ends the program where that is wrong.
void CheckPeer(const Contestant& contestant);

}  // namespace marcot::compare
