// Everything a host includes.
#pragma once

#include "marcot/access.h"
#include "marcot/backup.h"
#include "marcot/content.h"
#include "marcot/error.h"
#include "marcot/history.h"
#include "marcot/metrics.h"
#include "marcot/options.h"
#include "marcot/recycle_bin.h"
#include "marcot/service.h"
#include "marcot/settings.h"
#include "marcot/space.h"
#include "marcot/space_stream.h"
#include "marcot/store.h"
#include "marcot/tasks.h"
#include "marcot/types.h"
#include "marcot/uploads.h"
