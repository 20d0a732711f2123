// A space as one stream of bytes: to keep it, or to bring it into another store.
//
// What is shared travels once: a directory and its copies, a copy that was changed as the changes
// alone, a content that the store keeps itself with its first file. The import makes copies of what
// was one, so that it is shared there too. The tree comes out the same, byte for byte: names,
// contents, attributes, creators, times; so do the settings of the space. Object ids are new, as
// for a copy, and with them the eTags. Not in the stream: the recycle bin, versions of files, named
// snapshots, quotas, the changes that the space keeps. Contents that a host keeps travel as their
// ids alone: import such a stream only from where those ids may come from. One whose bytes the
// store has itself, or has another size here, is refused (StreamDamaged); so is one that was put as
// unique in this very store, because who holds it is not counted (ParamInvalid).
//
// Each part of a stream is checked against a checksum that covers all before it.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/content.h"
#include "marcot/space.h"
#include "marcot/store.h"

namespace marcot {

// Writes the space, as of one commit; others may write meanwhile. Thread-safe. SpaceNotFound; an
// error of the sink is the answer.
//
// O(what the space holds, copies that did not change counted once). Memory: some 200 bytes for each
// directory and 40 for each content that travels, and for each level of the tree a page of names,
// or what was changed there, up to 32 MiB.
absl::Status ExportSpace(const Space& space, const ByteSink& sink);

// Makes a space of a stream, in a library that exists. The space is there at the end, whole, and
// not before; an import that fails, or a crash, leaves nothing but bytes that a host was given and
// no file holds. Reads to the end of the stream and no further. Thread-safe.
//
// DuplicateSpace, LibraryNotFound, SpaceIdInvalid; StreamDamaged, StreamFormatTooNew; what a put
// answers where the store does not take a name or a content. An error of the source is the answer.
// Memory: 17 bytes for each directory and 60 for each content of the stream, and 64 MiB at most of
// small contents that wait for their first file.
absl::StatusOr<Space> ImportSpace(Store& store, std::string_view library, std::string_view space,
                                  const ByteSource& source);

}  // namespace marcot
