#include "check/rows.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/coding.h"

namespace marcot::check {
namespace {

uint64_t PrefixOf(std::string_view key) {
  std::string padded(key.substr(0, 8));
  padded.resize(8);
  return LoadFixed64(padded.data());
}

}  // namespace

Rows::Rows(const storage::Storage& storage, const storage::Snapshot* snapshot,
           storage::Family family, std::string_view lower, std::string_view upper,
           Findings& findings)
    : family_(family),
      upper_(upper),
      findings_(findings),
      cursor_(
          storage.NewCursor(family, {.lower = lower, .upper = upper_, .sealed = true}, snapshot)),
      last_prefix_(PrefixOf(lower)) {
  cursor_->Seek(lower);
  Settle();
}

void Rows::Next() {
  cursor_->Next();
  Settle();
}

void Rows::Settle() {
  if (!cursor_->Valid() && !cursor_->status().ok()) SkipUnreadable();
  if (!cursor_->Valid()) return;
  last_prefix_ = PrefixOf(cursor_->key());
  const auto value = storage::CheckSeal(family_, cursor_->key(), cursor_->value());
  damaged_ = !value.ok();
  value_ = value.ok() ? *value : std::string_view();
}

bool Rows::SeekReads(uint64_t prefix) {
  std::string key;
  PutFixed64(&key, prefix);
  cursor_->Seek(key);
  return cursor_->Valid() || cursor_->status().ok();
}

// What stands behind the unreadable block is not known: looks for the next directory, or other
// prefix of 8 bytes, from which reading goes on.
void Rows::SkipUnreadable() {
  const std::string why(cursor_->status().message());
  uint64_t bad = last_prefix_, step = 1;
  while (bad + step > bad && !SeekReads(bad + step)) {
    bad += step;
    step *= 2;
  }
  for (uint64_t good = bad + step; good > bad && good - bad > 1;) {
    const uint64_t middle = bad + (good - bad) / 2;
    (SeekReads(middle) ? good : bad) = middle;
    if (good - bad == 1) SeekReads(good);
  }
  findings_.Add(Fault::kFileUnreadable,
                absl::StrCat("family ", std::string(storage::FamilyName(family_)), " behind key ",
                             last_prefix_),
                why);
}

std::string Record(storage::Family family, std::string_view key) {
  return absl::StrCat(std::string(storage::FamilyName(family)), " ",
                      absl::BytesToHexString(absl::string_view(key.data(), key.size())));
}

}  // namespace marcot::check
