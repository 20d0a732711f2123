// Facts on their way to where their other end is looked at. Each is a record of a sorter: a key, a
// tag that says which side speaks, and what it says. Integers are 8 bytes, big-endian.
//
//   nodes     DirId | tag:   n flags parent   the node's own row, see NodeFlag
//                            o parent         a head entry of `parent` owns it
//                            r                a space has it as a root
//                            t                totals without a node
//                            q                a quota
//   pins      DirId seq | tag:   o   an owner      p owners   the pin's own row
//   history   history key | tag:   h death pin   the record, and the newest pin before its death
//                                  l list 0      a deadlist row
//   births    birth key 00 | tag:   e   a record that must have a row      r   a row
//   contents  ContentId | tag:   h size   a record that holds it
//                                c count size blob   its row      f   it is on the feed
//   ids       ObjectId | DirId   a live entry
//   versions  ObjectId | tag:   e DirId versions bytes slot   a live file that says it has some
//   blobs     blob | tag:   c ContentId size   a content's      u   an upload's or a job's
//
// A tag in upper case: that row is damaged, so what it says is not known.
#pragma once

#include <atomic>
#include <string>

#include "base/coding.h"
#include "check/sorter.h"
#include "check/state.h"
#include "core/keys.h"

namespace marcot::check {

enum NodeFlag : uint8_t {
  kNodeLive = 1,
  kNodeWaits = 2,  // for its trim
  kNodeSpeaksAsRoot = 4,
  // Of a dead one: no pin needs it, or one of its entries.
  kNodeUnneeded = 8,
  kEntryUnneeded = 16,
};

struct Claims {
  Claims(const std::string& scratch, size_t bytes)
      : nodes(scratch, bytes),
        pins(scratch, bytes),
        history(scratch, bytes),
        births(scratch, bytes),
        contents(scratch, bytes),
        ids(scratch, bytes),
        versions(scratch, bytes),
        blobs(scratch, bytes) {}
  Sorter nodes, pins, history, births, contents, ids, versions, blobs;

  std::atomic<uint64_t> records{0};       // read so far
  std::atomic<uint64_t> file_records{0};  // those that hold a content
  std::atomic<uint64_t> jobs{0};
  // The greatest that were met.
  std::atomic<uint64_t> greatest_id{0};
  std::atomic<core::Seq> greatest_seq{0};

  // Of records that decode. A number that no store comes to is damage of its own.
  static void Raise(std::atomic<uint64_t>& greatest, uint64_t value) {
    if (value >= kNoNumber) return;
    uint64_t known = greatest.load(std::memory_order_relaxed);
    while (known < value && !greatest.compare_exchange_weak(known, value)) {
    }
  }
};

// One thread's way to add claims.
struct Claimer {
  explicit Claimer(Claims& claims)
      : nodes(claims.nodes),
        pins(claims.pins),
        history(claims.history),
        births(claims.births),
        contents(claims.contents),
        ids(claims.ids),
        versions(claims.versions),
        blobs(claims.blobs),
        totals(claims) {}
  Sorter::Appender nodes, pins, history, births, contents, ids, versions, blobs;
  Claims& totals;

  void OwnsPin(core::DirId dir, core::Seq seq) { pins.Add(core::PairKey(dir, seq) + 'o'); }
  void HoldsContent(const ContentId& id, uint64_t size) {
    totals.file_records.fetch_add(1, std::memory_order_relaxed);
    if (id.empty()) return;
    std::string claim = core::ContentKey(id) + 'h';
    PutFixed64(&claim, size);
    contents.Add(claim);
  }
};

}  // namespace marcot::check
