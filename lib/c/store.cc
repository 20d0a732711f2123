#include "c/handles.h"

namespace marcot::c {
namespace {

// The source of one call of the host, for the host's own store of contents.
marcot_status* PullFrom(void* source, char* buffer, size_t capacity, size_t* size) {
  return CallForValue(size,
                      [&] { return (*static_cast<const ByteSource*>(source))(buffer, capacity); });
}
marcot_status* PushTo(void* sink, const char* data, size_t size) {
  return Call([&] { return (*static_cast<const ByteSink*>(sink))(View({data, size})); });
}

class HostContentStore final : public ContentStore {
 public:
  explicit HostContentStore(const marcot_content_store& host) : host_(host) {}

  absl::StatusOr<ContentRef> Write(const ByteSource& source) override {
    marcot_content content{};
    ByteSource copy = source;
    MARCOT_RETURN_IF_ERROR(TakeStatus(host_.write(host_.context, PullFrom, &copy, &content)));
    return ContentOf(&content);
  }

  absl::Status Read(const ContentId& id, uint64_t offset, uint64_t length,
                    const ByteSink& sink) override {
    const marcot_id named = IdOf(id);
    ByteSink copy = sink;
    return TakeStatus(host_.read(host_.context, &named, offset, length, PushTo, &copy));
  }

 private:
  const marcot_content_store host_;
};

class HostListener final : public EventListener {
 public:
  explicit HostListener(const marcot_listener& host) : host_(host) {}

  void OnCommit(const CommitEvent& event) override {
    if (host_.on_commit == nullptr) return;
    host_.on_commit(host_.context, event.seq, event.operations, event.synced,
                    static_cast<uint64_t>(event.took.count()));
  }
  void OnFlattens(uint64_t queued, uint64_t finished) override {
    if (host_.on_flattens != nullptr) host_.on_flattens(host_.context, queued, finished);
  }
  void OnReclaimStep(const ReclaimEvent& event) override {
    if (host_.on_reclaim_step == nullptr) return;
    host_.on_reclaim_step(host_.context, event.records, event.queue);
  }
  void OnReadOnly(const absl::Status& why) override {
    if (host_.on_read_only == nullptr) return;
    marcot_status* const given = GiveStatus(why);
    host_.on_read_only(host_.context, given);
    marcot_status_free(given);
  }

 private:
  const marcot_listener host_;
};

std::shared_ptr<ContentStore> ContentStoreOf(const marcot_content_store* host) {
  if (host == nullptr) return nullptr;
  const marcot_content_store given = Sized(host, "content_store");
  if (given.write == nullptr || given.read == nullptr) {
    Refuse("write or read of content_store is NULL where something is needed");
  }
  return std::make_shared<HostContentStore>(given);
}

std::shared_ptr<EventListener> ListenerOf(const marcot_listener* host) {
  if (host == nullptr) return nullptr;
  return std::make_shared<HostListener>(Sized(host, "listener"));
}

StoreOptions StoreOptionsOf(const marcot_store_options* options) {
  const marcot_store_options given = Sized(options, "options");
  StoreOptions out;
  out.create_if_missing = given.create_if_missing;
  out.read_damaged = given.read_damaged;
  out.background_reclaim = !given.no_background_reclaim;
  if (given.durability != MARCOT_DEFAULT_DURABILITY) {
    out.durability = EnumOf<Durability::kSynced, MARCOT_SYNCED>(given.durability, "durability");
  }
  SetUnlessZero(&out.max_name_chars, given.max_name_chars);
  SetUnlessZero(&out.max_path_bytes, given.max_path_bytes);
  SetUnlessZero(&out.memory_bytes, given.memory_bytes);
  out.record_cache_bytes = OptionalOf(given.record_cache_bytes);
  out.memtable_bytes = OptionalOf(given.memtable_bytes);
  out.rocksdb_options_file = FileName(given.rocksdb_options_file);
  SetUnlessZero(&out.reclaim_percent, given.reclaim_percent);
  if (given.max_snapshot_age_s != 0) {
    out.max_snapshot_age = std::chrono::seconds(given.max_snapshot_age_s);
  }
  out.reclaim_steps_per_second = given.reclaim_steps_per_second;
  out.content_store = ContentStoreOf(given.content_store);
  out.listener = ListenerOf(given.listener);
  if (given.clock_ms != nullptr) {
    out.clock_ms = [clock = given.clock_ms, context = given.clock_context] {
      return clock(context);
    };
  }
  return out;
}

}  // namespace

std::unique_ptr<marcot_store> NewResult(std::unique_ptr<Store> store) {
  return std::make_unique<marcot_store>(marcot_store{std::move(store)});
}

std::unique_ptr<marcot_space> NewResult(Space space) {
  return std::make_unique<marcot_space>(marcot_space{std::move(space)});
}

std::unique_ptr<marcot_snapshot> NewResult(std::unique_ptr<Snapshot> snapshot) {
  return std::make_unique<marcot_snapshot>(marcot_snapshot{std::move(snapshot)});
}

NewOf<marcot_stats> NewResult(StoreStats stats) {
  auto result = std::make_unique<Result<marcot_stats>>();
  static_cast<marcot_stats&>(*result) = {.seq = stats.seq,
                                         .commits = stats.commits,
                                         .operations = stats.operations,
                                         .reclaim_backlog = stats.reclaim_backlog,
                                         .reclaim_steps = stats.reclaim_steps,
                                         .reclaim_done = stats.reclaim_done,
                                         .reclaim_pending = stats.reclaim_pending,
                                         .reclaim_paused = stats.reclaim_paused,
                                         .logical_bytes = stats.logical_bytes,
                                         .logical_files = stats.logical_files,
                                         .physical_bytes = stats.physical_bytes,
                                         .physical_files = stats.physical_files,
                                         .record_cache_hits = stats.record_cache_hits,
                                         .record_cache_misses = stats.record_cache_misses,
                                         .disk_bytes = stats.disk_bytes,
                                         .estimated_records = stats.estimated_records};
  return result;
}

extern "C" {

marcot_status* marcot_store_open(marcot_bytes folder, const marcot_store_options* options,
                                 marcot_store** store) {
  return CallFor(store, [&] { return Store::Open(FileName(folder), StoreOptionsOf(options)); });
}

void marcot_store_close(marcot_store* store) { delete store; }

marcot_status* marcot_store_create_library(marcot_store* store, marcot_bytes library) {
  return Call([&] { return Of(store).CreateLibrary(View(library)); });
}

marcot_status* marcot_store_delete_library(marcot_store* store, marcot_bytes library) {
  return Call([&] { return Of(store).DeleteLibrary(View(library)); });
}

marcot_status* marcot_store_list_libraries(marcot_store* store, marcot_texts** libraries) {
  return CallFor(libraries, [&] { return Of(store).ListLibraries(); });
}

marcot_status* marcot_store_open_space(marcot_store* store, marcot_bytes library,
                                       marcot_bytes space, marcot_space** handle) {
  return CallFor(handle, [&] { return Of(store).OpenSpace(View(library), View(space)); });
}

marcot_status* marcot_store_take_snapshot(marcot_store* store, marcot_snapshot** snapshot) {
  return CallFor(snapshot, [&]() -> absl::StatusOr<std::unique_ptr<Snapshot>> {
    return Of(store).TakeSnapshot();
  });
}

uint64_t marcot_snapshot_seq(const marcot_snapshot* snapshot) {
  return snapshot == nullptr ? 0 : snapshot->snapshot->seq();
}

void marcot_snapshot_close(marcot_snapshot* snapshot) { delete snapshot; }

marcot_status* marcot_store_expire_due(marcot_store* store, uint64_t* expired) {
  return CallForOptionalValue(expired, [&] { return Of(store).ExpireDue(); });
}

marcot_status* marcot_store_reclaim_until_idle(marcot_store* store) {
  return Call([&] { return Of(store).ReclaimUntilIdle(); });
}

marcot_status* marcot_store_reclaim_steps(marcot_store* store, size_t steps, bool* work_left) {
  return CallForValue(work_left, [&] { return Of(store).ReclaimSteps(steps); });
}

marcot_status* marcot_store_pause_reclaim(marcot_store* store, bool paused) {
  return Call([&] {
    Of(store).PauseReclaim(paused);
    return absl::OkStatus();
  });
}

marcot_status* marcot_store_released_contents(marcot_store* store, const marcot_id* after,
                                              size_t limit, marcot_ids** released) {
  return CallFor(released, [&] {
    return Of(store).ReleasedContents(after == nullptr ? ContentId{} : ContentIdOf(*after), limit);
  });
}

marcot_status* marcot_store_condemn_contents(marcot_store* store, const marcot_id* ids,
                                             size_t count, marcot_ids** condemned) {
  return CallFor(condemned, [&] { return Of(store).CondemnContents(ContentIds(ids, count)); });
}

marcot_status* marcot_store_acknowledge_contents(marcot_store* store, const marcot_id* ids,
                                                 size_t count) {
  return Call([&] { return Of(store).AcknowledgeContents(ContentIds(ids, count)); });
}

marcot_status* marcot_store_stats(marcot_store* store, marcot_stats** stats) {
  return CallFor(stats, [&] { return Of(store).GetStats(); });
}

marcot_status* marcot_store_metrics(marcot_store* store, marcot_buffer** text) {
  return CallFor(text, [&]() -> absl::StatusOr<std::string> {
    return PrometheusText(Of(store).GetMetrics());
  });
}

marcot_status* marcot_store_check_invariants(marcot_store* store, marcot_texts** faults) {
  return CallFor(faults, [&] { return Of(store).CheckInvariants(); });
}

void marcot_stats_free(marcot_stats* stats) { Free(stats); }

}  // extern "C"

}  // namespace marcot::c
