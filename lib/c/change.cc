// What changes a space, one operation a call.
#include "c/handles.h"

namespace marcot::c {
namespace {

// Which kind of source a copy or move is asked for.
bool IsDirectory(int type) {
  if (type != MARCOT_DIRECTORY && type != MARCOT_FILE) {
    Refuse("type must be MARCOT_DIRECTORY or MARCOT_FILE here");
  }
  return type == MARCOT_DIRECTORY;
}

DeleteOptions DeleteOptionsOf(const marcot_options* options, bool permanent) {
  return {OptionsOf(options), permanent};
}

}  // namespace

extern "C" {

marcot_status* marcot_space_make_directory(const marcot_space* space, marcot_bytes path,
                                           const marcot_attributes* attributes,
                                           const marcot_options* options, marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    return Of(space).MakeDirectory(View(path), OptionsOf(options), AttributesOf(attributes));
  });
}

marcot_status* marcot_space_put(const marcot_space* space, marcot_bytes path, marcot_bytes bytes,
                                const marcot_attributes* attributes, const marcot_options* options,
                                marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    return Of(space).Put(View(path), View(bytes), PutOptionsOf(options, attributes));
  });
}

marcot_status* marcot_space_put_stream(const marcot_space* space, marcot_bytes path,
                                       marcot_source source, void* context,
                                       const marcot_attributes* attributes,
                                       const marcot_options* options, marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    return Of(space).Put(View(path), SourceOf(source, context), PutOptionsOf(options, attributes));
  });
}

marcot_status* marcot_space_put_reference(const marcot_space* space, marcot_bytes path,
                                          const marcot_content* content,
                                          const marcot_attributes* attributes,
                                          const marcot_options* options, marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    return Of(space).PutReference(View(path), ContentOf(content),
                                  PutOptionsOf(options, attributes));
  });
}

marcot_status* marcot_space_put_stored(const marcot_space* space, marcot_bytes path,
                                       const marcot_content* content,
                                       const marcot_attributes* attributes,
                                       const marcot_options* options, marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    return Of(space).PutStored(View(path), ContentOf(content), PutOptionsOf(options, attributes));
  });
}

marcot_status* marcot_space_copy(const marcot_space* from_space, marcot_bytes from,
                                 const marcot_space* space, marcot_bytes path, int type,
                                 const marcot_options* options, marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    const Space& source = Need(from_space, "from_space").space;
    return IsDirectory(type)
               ? Of(space).CopyDirectory(source, View(from), View(path), OptionsOf(options))
               : Of(space).CopyFile(source, View(from), View(path), OptionsOf(options));
  });
}

marcot_status* marcot_space_move(const marcot_space* from_space, marcot_bytes from,
                                 const marcot_space* space, marcot_bytes path, int type,
                                 const marcot_options* options, marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    const Space& source = Need(from_space, "from_space").space;
    return IsDirectory(type)
               ? Of(space).MoveDirectory(source, View(from), View(path), OptionsOf(options))
               : Of(space).MoveFile(source, View(from), View(path), OptionsOf(options));
  });
}

marcot_status* marcot_space_delete(const marcot_space* space, marcot_bytes path, int type,
                                   bool permanent, const marcot_options* options,
                                   marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    const DeleteOptions given = DeleteOptionsOf(options, permanent);
    if (type == MARCOT_ANY_TYPE) return Of(space).Delete(View(path), given);
    return IsDirectory(type) ? Of(space).DeleteDirectory(View(path), given)
                             : Of(space).DeleteFile(View(path), given);
  });
}

marcot_status* marcot_space_set_attributes(const marcot_space* space, marcot_bytes path,
                                           const marcot_attributes* attributes,
                                           const marcot_options* options) {
  return Call([&] {
    return Of(space).SetAttributes(View(path), AttributesOf(attributes), OptionsOf(options));
  });
}

marcot_status* marcot_space_change_attributes(const marcot_space* space, marcot_bytes path,
                                              const marcot_attribute_changes* changes,
                                              const marcot_options* options) {
  return Call([&] {
    return Of(space).ChangeAttributes(View(path), ChangesOf(&Need(changes, "changes")),
                                      OptionsOf(options));
  });
}

}  // extern "C"

}  // namespace marcot::c
