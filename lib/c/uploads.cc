#include "marcot/uploads.h"

#include "c/handles.h"

namespace marcot::c {
namespace {

UploadOptions UploadOptionsOf(const marcot_upload_options* upload_options,
                              const marcot_attributes* attributes, const marcot_options* options) {
  const marcot_upload_options given = Sized(upload_options, "upload_options");
  return {PutOptionsOf(options, attributes), OptionalOf(given.size), given.parts};
}

ConfirmOptions ConfirmOptionsOf(const marcot_confirm_options* options) {
  const marcot_confirm_options given = Sized(options, "options");
  ConfirmOptions out;
  out.crc64 = OptionalOf(given.crc64);
  if (given.strategy != MARCOT_DEFAULT_STRATEGY) {
    out.strategy = EnumOf<Strategy::kOverwrite, MARCOT_OVERWRITE>(given.strategy, "strategy");
  }
  out.changes = ChangesOf(given.changes);
  out.user = String(given.user);
  return out;
}

}  // namespace

NewOf<marcot_upload> NewResult(UploadInfo upload) {
  auto result = std::make_unique<Result<marcot_upload>>();
  const UploadInfo& held = result->Hold(std::move(upload));
  result->key = BytesOf(held.key);
  result->path = result->NewPath(held.path);
  result->strategy = static_cast<int>(held.strategy);
  result->parts = held.parts;
  result->confirmed = held.confirmed;
  result->creation_time_ms = held.creation_time_ms;
  result->expiry_time_ms = held.expiry_time_ms;
  return result;
}

NewOf<marcot_parts> NewResult(std::vector<UploadedPart> parts) {
  auto result = std::make_unique<Result<marcot_parts>>();
  result->SetItems(result->Hold(std::move(parts)), [](const UploadedPart& part) {
    return marcot_part{part.number, part.size, part.time_ms, BytesOf(part.etag)};
  });
  return result;
}

extern "C" {

marcot_status* marcot_uploads_begin(marcot_service* service, const marcot_space* space,
                                    marcot_bytes path, const marcot_upload_options* upload_options,
                                    const marcot_attributes* attributes,
                                    const marcot_options* options, marcot_upload** upload) {
  return CallFor(upload, [&] {
    return Of(service).uploads().Begin(Of(space), View(path),
                                       UploadOptionsOf(upload_options, attributes, options));
  });
}

marcot_status* marcot_uploads_send(marcot_service* service, marcot_bytes key, uint32_t number,
                                   marcot_source source, void* context, marcot_parts** sent) {
  return CallForOptional(sent, [&]() -> absl::StatusOr<std::vector<UploadedPart>> {
    Uploads& uploads = Of(service).uploads();
    const ByteSource bytes = SourceOf(source, context);
    MARCOT_ASSIGN_OR_RETURN(
        const UploadedPart part,
        number == 0 ? uploads.Send(View(key), bytes) : uploads.SendPart(View(key), number, bytes));
    return std::vector{part};
  });
}

marcot_status* marcot_uploads_get(marcot_service* service, const marcot_space* space,
                                  marcot_bytes key, marcot_upload** upload) {
  return CallFor(upload, [&] { return Of(service).uploads().Get(Of(space), View(key)); });
}

marcot_status* marcot_uploads_list_parts(marcot_service* service, const marcot_space* space,
                                         marcot_bytes key, marcot_parts** parts) {
  return CallFor(parts, [&] { return Of(service).uploads().ListParts(Of(space), View(key)); });
}

marcot_status* marcot_uploads_renew(marcot_service* service, const marcot_space* space,
                                    marcot_bytes key, marcot_upload** renewed) {
  return CallForOptional(renewed,
                         [&] { return Of(service).uploads().Renew(Of(space), View(key)); });
}

marcot_status* marcot_uploads_abort(marcot_service* service, const marcot_space* space,
                                    marcot_bytes key) {
  return Call([&] { return Of(service).uploads().Abort(Of(space), View(key)); });
}

marcot_status* marcot_uploads_confirm(marcot_service* service, const marcot_space* space,
                                      marcot_bytes key, const marcot_confirm_options* options,
                                      marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    return Of(service).uploads().Confirm(Of(space), View(key), ConfirmOptionsOf(options));
  });
}

marcot_status* marcot_uploads_may_know(marcot_service* service, const marcot_space* space,
                                       marcot_bytes beginning_hash, uint64_t size, bool* may) {
  return CallForValue(
      may, [&] { return Of(service).uploads().MayKnow(Of(space), View(beginning_hash), size); });
}

marcot_status* marcot_uploads_put_known(marcot_service* service, const marcot_space* space,
                                        marcot_bytes path, marcot_bytes beginning_hash,
                                        marcot_bytes full_hash, uint64_t size,
                                        const marcot_attributes* attributes,
                                        const marcot_options* options, bool* known,
                                        marcot_placed** placed) {
  if (placed != nullptr) *placed = nullptr;
  return CallForValue(known, [&]() -> absl::StatusOr<bool> {
    MARCOT_ASSIGN_OR_RETURN(
        auto put, Of(service).uploads().PutKnown(Of(space), View(path),
                                                 {String(beginning_hash), String(full_hash), size},
                                                 PutOptionsOf(options, attributes)));
    if (put.has_value() && placed != nullptr) *placed = NewResult(*std::move(put)).release();
    return put.has_value();
  });
}

marcot_status* marcot_uploads_find_crc64(marcot_service* service, marcot_id content, bool* known,
                                         uint64_t* crc64) {
  if (crc64 != nullptr) *crc64 = 0;
  return CallForValue(known, [&]() -> absl::StatusOr<bool> {
    Need(crc64, "crc64");
    MARCOT_ASSIGN_OR_RETURN(const auto found,
                            Of(service).uploads().FindCrc64(ContentIdOf(content)));
    *crc64 = found.value_or(0);
    return found.has_value();
  });
}

void marcot_upload_free(marcot_upload* upload) { Free(upload); }
void marcot_parts_free(marcot_parts* parts) { Free(parts); }

}  // extern "C"

}  // namespace marcot::c
