#include "c/handles.h"

namespace marcot::c {
namespace {

ListOptions ListOptionsOf(const marcot_list_options* options, const marcot_read_options* read) {
  const marcot_list_options given = Sized(options, "options");
  ListOptions out{ReadOptionsOf(read)};
  out.order = EnumOf<ListOrder::kCreationTime, MARCOT_BY_CREATION_TIME>(given.order, "order");
  out.descending = given.descending;
  out.directories_first = given.directories_first;
  out.filter = EnumOf<ListFilter::kOnlyFiles, MARCOT_FILE>(given.only, "only");
  out.prefix = String(given.prefix);
  out.start_after = String(given.start_after);
  SetUnlessZero(&out.limit, given.limit);
  out.marker = String(given.marker);
  return out;
}

// The visitors of the C++ API that tell those of the host.
class WalkVisitor {
 public:
  WalkVisitor(marcot_visitor visitor, void* context) : visitor_(visitor), context_(context) {
    Need(visitor, "visitor");
  }

  absl::StatusOr<WalkStep> operator()(const WalkEntry& at) const {
    const std::string path = JoinPath(at.path);
    const EntryItem entry = EntryOf(at.stat, BytesOf(path));
    int step = MARCOT_GO_ON;
    MARCOT_RETURN_IF_ERROR(TakeStatus(visitor_(context_, &entry, &step)));
    if (step >= MARCOT_GO_ON && step <= MARCOT_STOP) return static_cast<WalkStep>(step);
    return MakeError(Code::kParamInvalid, "step must be MARCOT_GO_ON, MARCOT_SKIP or MARCOT_STOP");
  }

 private:
  const marcot_visitor visitor_;
  void* const context_;
};

DamageVisitor DamageVisitorOf(marcot_on_damage on_damage, void* context) {
  if (on_damage == nullptr) return nullptr;
  return [on_damage, context](const std::vector<std::string>& names, const absl::Status& why) {
    const std::string path = JoinPath(names);
    marcot_status* const given = GiveStatus(why);
    on_damage(context, path.data(), path.size(), given);
    marcot_status_free(given);
  };
}

}  // namespace

std::unique_ptr<marcot_reader> NewResult(std::unique_ptr<FileReader> reader) {
  const EntryItem entry = EntryOf(reader->stat());
  return std::make_unique<marcot_reader>(marcot_reader{std::move(reader), entry});
}

extern "C" {

marcot_status* marcot_space_stat(const marcot_space* space, marcot_bytes path,
                                 const marcot_read_options* read, marcot_entry** entry) {
  return CallFor(entry, [&] { return Of(space).GetStat(View(path), ReadOptionsOf(read)); });
}

marcot_status* marcot_space_totals(const marcot_space* space, marcot_bytes path,
                                   const marcot_read_options* read, marcot_totals* totals) {
  return CallForValue(totals, [&]() -> absl::StatusOr<marcot_totals> {
    MARCOT_ASSIGN_OR_RETURN(const RecursiveTotals got,
                            Of(space).GetTotals(View(path), ReadOptionsOf(read)));
    return TotalsOf(got);
  });
}

marcot_status* marcot_space_list(const marcot_space* space, marcot_bytes path,
                                 const marcot_read_options* read,
                                 const marcot_list_options* options, marcot_entries** page) {
  return CallFor(page, [&] { return Of(space).List(View(path), ListOptionsOf(options, read)); });
}

marcot_status* marcot_space_walk(const marcot_space* space, marcot_bytes path,
                                 const marcot_read_options* read, marcot_visitor visitor,
                                 marcot_on_damage on_damage, void* context) {
  return Call([&] {
    return Of(space).Walk(View(path), WalkVisitor(visitor, context), ReadOptionsOf(read),
                          DamageVisitorOf(on_damage, context));
  });
}

marcot_status* marcot_space_open_file(const marcot_space* space, marcot_bytes path,
                                      const marcot_read_options* read, marcot_reader** reader) {
  return CallFor(reader, [&] { return Of(space).OpenFile(View(path), ReadOptionsOf(read)); });
}

marcot_status* marcot_reader_read(marcot_reader* reader, uint64_t offset, char* buffer,
                                  size_t capacity, size_t* size) {
  return CallForValue(size, [&]() -> absl::StatusOr<size_t> {
    if (capacity > 0) Need(buffer, "buffer");
    size_t filled = 0;
    MARCOT_RETURN_IF_ERROR(
        Need(reader, "reader").reader->Read(offset, capacity, [&](std::string_view piece) {
          filled += piece.copy(buffer + filled, piece.size());
          return absl::OkStatus();
        }));
    return filled;
  });
}

marcot_status* marcot_reader_stream(marcot_reader* reader, uint64_t offset, uint64_t length,
                                    marcot_sink sink, void* context) {
  return Call(
      [&] { return Need(reader, "reader").reader->Read(offset, length, SinkOf(sink, context)); });
}

const marcot_entry* marcot_reader_entry(const marcot_reader* reader) {
  return reader == nullptr ? nullptr : &reader->entry;
}

void marcot_reader_close(marcot_reader* reader) { delete reader; }

marcot_status* marcot_space_read(const marcot_space* space, marcot_bytes path,
                                 const marcot_read_options* read, marcot_buffer** bytes) {
  return CallFor(bytes, [&] { return Of(space).Read(View(path), ReadOptionsOf(read)); });
}

}  // extern "C"

}  // namespace marcot::c
