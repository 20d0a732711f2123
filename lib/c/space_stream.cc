#include "marcot/space_stream.h"

#include "c/handles.h"

namespace marcot::c {

extern "C" {

marcot_status* marcot_space_export(const marcot_space* space, marcot_sink sink, void* context) {
  return Call([&] { return ExportSpace(Of(space), SinkOf(sink, context)); });
}

marcot_status* marcot_space_import(marcot_store* store, marcot_bytes library, marcot_bytes space,
                                   marcot_source source, void* context, marcot_space** handle) {
  return CallForOptional(handle, [&] {
    return ImportSpace(Of(store), View(library), View(space), SourceOf(source, context));
  });
}

}  // extern "C"

}  // namespace marcot::c
