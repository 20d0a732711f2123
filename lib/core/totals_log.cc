#include "core/totals_log.h"

#include "core/record_coding.h"

namespace marcot::core {
namespace {

// The byte behind a directory's number.
enum ChangeFlag : uint8_t {
  kWhole = 1,
  kStep = 2,
  // Of a step. Without sums: those of the step before it in the row.
  kHasSums = 4,
  kHasChildren = 8,
};

int64_t Difference(uint64_t after, uint64_t before) { return static_cast<int64_t>(after - before); }
void Add(int64_t difference, uint64_t* number) { *number += static_cast<uint64_t>(difference); }

char* WriteSigned(char* out, int64_t v) { return WriteVarint(out, ZigZag(v)); }

class RowWriter {
 public:
  RowWriter(Seq seq, std::string* out) : seq_(seq), out_(out) {}

  void Write(const LoggedChange& change) {
    if (const auto* const step = std::get_if<TotalsStep>(&change.what); step != nullptr) {
      return WriteStep(change.dir, *step);
    }
    const auto* const whole = std::get_if<Totals>(&change.what);
    PutVarint(out_, change.dir);
    *out_ += static_cast<char>(whole != nullptr ? kWhole : 0);
    if (whole != nullptr) AppendTotals(*whole, out_);
  }

 private:
  void WriteStep(DirId dir, const TotalsStep& step) {
    char bytes[10 * kMaxVarintBytes];
    char* end = WriteVarint(bytes, dir);
    const bool has_sums = step.sums != last_;
    *end++ = static_cast<char>(kStep | (has_sums ? kHasSums : 0) |
                               (step.children.has_value() ? kHasChildren : 0));
    end = WriteVarint(end, seq_ - step.changed);
    if (has_sums) {
      end = WriteSigned(end, step.sums.bytes);
      end = WriteSigned(end, step.sums.files);
      end = WriteSigned(end, step.sums.directories);
      last_ = step.sums;
    }
    if (step.children.has_value()) {
      end = WriteSigned(end, step.children->files);
      end = WriteSigned(end, step.children->directories);
      end = WriteSigned(end, step.children->modification_time_ms);
      end = WriteVarint(end, seq_ - step.children->modified);
    }
    out_->append(bytes, end - bytes);
  }

  const Seq seq_;
  std::string* const out_;
  TotalsStep::Sums last_;
};

class RowReader {
 public:
  RowReader(Seq seq, Decoder* in) : seq_(seq), in_(in) {}

  LoggedChange Read() {
    LoggedChange change{in_->Varint(), Purged()};
    const uint8_t flags = in_->Byte();
    if ((flags & kWhole) != 0) change.what = GetTotals(in_);
    if ((flags & kStep) != 0) change.what = ReadStep(flags);
    return change;
  }

 private:
  TotalsStep ReadStep(uint8_t flags) {
    TotalsStep step;
    step.changed = seq_ - in_->Varint();
    if ((flags & kHasSums) != 0) {
      last_.bytes = in_->SignedVarint();
      last_.files = in_->SignedVarint();
      last_.directories = in_->SignedVarint();
    }
    step.sums = last_;
    if ((flags & kHasChildren) != 0) {
      TotalsStep::Children& children = step.children.emplace(TotalsStep::Children{});
      children.files = in_->SignedVarint();
      children.directories = in_->SignedVarint();
      children.modification_time_ms = in_->SignedVarint();
      children.modified = seq_ - in_->Varint();
    }
    return step;
  }

  const Seq seq_;
  Decoder* const in_;
  TotalsStep::Sums last_;
};

}  // namespace

std::optional<TotalsStep> StepBetween(const Totals& before, const Totals& after) {
  TotalsStep step;
  step.sums = {Difference(after.bytes, before.bytes), Difference(after.files, before.files),
               Difference(after.directories, before.directories)};
  step.changed = after.changed;
  const TotalsStep::Children same{.modification_time_ms = before.modification_time_ms,
                                  .modified = before.modified};
  const TotalsStep::Children children{Difference(after.child_files, before.child_files),
                                      Difference(after.child_directories, before.child_directories),
                                      after.modification_time_ms, after.modified};
  if (children != same) step.children = children;
  Totals reached = before;
  Apply(step, &reached);
  if (reached != after) return std::nullopt;
  return step;
}

void Apply(const TotalsStep& step, Totals* totals) {
  Add(step.sums.bytes, &totals->bytes);
  Add(step.sums.files, &totals->files);
  Add(step.sums.directories, &totals->directories);
  totals->changed = step.changed;
  if (!step.children.has_value()) return;
  Add(step.children->files, &totals->child_files);
  Add(step.children->directories, &totals->child_directories);
  totals->modification_time_ms = step.children->modification_time_ms;
  totals->modified = step.children->modified;
}

void AppendLogRow(const LogRow& row, std::string* out) {
  constexpr size_t kNumbers = 8;
  char bytes[1 + kNumbers * kMaxVarintBytes];
  bytes[0] = static_cast<char>(kRecordFormat);
  char* end = bytes + 1;
  const Counters& c = row.counters;
  for (const uint64_t number : {row.seq, c.next_id, c.queued, c.pending, c.content_bytes,
                                c.file_records, c.queue_head, uint64_t{row.changes.size()}}) {
    end = WriteVarint(end, number);
  }
  out->append(bytes, end - bytes);
  RowWriter writer(row.seq, out);
  for (const LoggedChange& change : row.changes) writer.Write(change);
}

std::string EncodeLogRow(const LogRow& row) {
  std::string out;
  AppendLogRow(row, &out);
  return out;
}

absl::StatusOr<LogRow> DecodeLogRow(std::string_view value) {
  Decoder in(value);
  bool known = KnownFormat(&in);
  LogRow row;
  Counters& c = row.counters;
  for (uint64_t* const number : {&row.seq, &c.next_id, &c.queued, &c.pending, &c.content_bytes,
                                 &c.file_records, &c.queue_head}) {
    *number = in.Varint();
  }
  const uint64_t count = in.Varint();
  RowReader reader(row.seq, &in);
  for (uint64_t left = count; left > 0 && in.ok(); --left) row.changes.push_back(reader.Read());
  if (!known || !in.Done()) return Damaged("totals log");
  return row;
}

absl::Status Apply(const LogRow& row, TotalsOfDirs* totals) {
  absl::Status status;
  for (const auto& [dir, what] : row.changes) {
    const auto* const step = std::get_if<TotalsStep>(&what);
    if (step == nullptr) {
      const auto* const whole = std::get_if<Totals>(&what);
      (*totals)[dir] = whole != nullptr ? std::optional(*whole) : std::nullopt;
      continue;
    }
    const auto it = totals->find(dir);
    if (it == totals->end() || !it->second.has_value()) {
      status = Damaged("totals log");
    } else {
      Apply(*step, &*it->second);
    }
  }
  return status;
}

}  // namespace marcot::core
