// marcot.h as this library implements it.
#pragma once

#define MARCOT_API_VERSION 1
#include "marcot/marcot.h"
