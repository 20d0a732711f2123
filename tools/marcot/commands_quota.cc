// quota: of the space, or of a directory in it.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "text.h"

namespace marcot::tool {
namespace {

// A limit on the command line: as it was, none, or a number.
struct Limit {
  CLI::Option* option = nullptr;
  uint64_t value = 0;
  bool none = false;

  void Apply(std::optional<uint64_t>* limit) const {
    if (option->count() == 0) return;
    *limit = none ? std::nullopt : std::optional(value);
  }
};

// What a quota does not count; as it was unless given.
struct Ignore {
  CLI::Option* option = nullptr;
  bool value = false;

  void Apply(bool* counts) const {
    if (option->count() > 0) *counts = !value;
  }
};

struct Arguments {
  CLI::Option* path_option = nullptr;
  std::string path;
  Limit bytes, files;
  Ignore trash, history;
  std::vector<std::string> also;

  bool of_directory() const { return path_option->count() > 0; }

  void Apply(QuotaLimits* limits) const {
    bytes.Apply(&limits->bytes);
    files.Apply(&limits->files);
    trash.Apply(&limits->count_recycled);
    history.Apply(&limits->count_history);
  }
};

Json LimitJson(const std::optional<uint64_t>& limit) {
  return limit.has_value() ? Json(*limit) : Json();
}

Json QuotaJson(const QuotaInfo& quota, bool of_directory) {
  Json json;
  if (!of_directory) json["id"] = quota.id;
  json["bytes"] = LimitJson(quota.limits.bytes);
  json["usedBytes"] = quota.used_bytes;
  json["files"] = LimitJson(quota.limits.files);
  json["usedFiles"] = quota.used_files;
  if (!of_directory) json["countRecycled"] = quota.limits.count_recycled;
  json["countHistory"] = quota.limits.count_history;
  if (!of_directory) json["spaces"] = quota.spaces;
  return json;
}

void PrintUse(const char* what, uint64_t used, const std::optional<uint64_t>& limit) {
  PrintField(what, Grouped(used) + (limit.has_value() ? " of " + Grouped(*limit) : ", no limit"));
}

void PrintQuota(const QuotaInfo& quota, bool of_directory) {
  PrintUse("bytes", quota.used_bytes, quota.limits.bytes);
  PrintUse("files", quota.used_files, quota.limits.files);
  if (!of_directory) {
    PrintField("recycle bin", quota.limits.count_recycled ? "counts" : "does not count");
  }
  PrintField("versions", quota.limits.count_history ? "count" : "do not count");
  for (const std::string& space : quota.spaces) PrintField("space", space);
}

absl::StatusOr<QuotaInfo> Find(const Session& session, const Arguments& arguments) {
  if (arguments.of_directory()) {
    return session.space.GetDirectoryQuota(StripSlashes(arguments.path));
  }
  return session.store->GetQuotaOf(session.space.library(), session.space.name());
}

absl::Status Show(const Session& session, const Arguments& arguments) {
  const auto quota = Find(session, arguments);
  if (!quota.ok()) return quota.status();
  if (session.json) {
    PrintJson(QuotaJson(*quota, arguments.of_directory()));
  } else {
    PrintQuota(*quota, arguments.of_directory());
  }
  return absl::OkStatus();
}

absl::Status Get(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  return Show(session, arguments);
}

absl::StatusOr<std::vector<std::string>> SpacesOf(const Session& session,
                                                  const std::vector<std::string>& also) {
  std::vector<std::string> spaces{session.space.name()};
  for (const std::string& text : also) {
    const SpaceName name = ParseSpaceName(text, session.library());
    if (name.library != session.library()) {
      return MakeError(Code::kParamInvalid, text + ": a quota is over spaces of one library");
    }
    spaces.push_back(name.space);
  }
  return spaces;
}

absl::Status Create(Session& session, const Arguments& arguments, const QuotaLimits& limits) {
  const auto spaces = SpacesOf(session, arguments.also);
  if (!spaces.ok()) return spaces.status();
  return session.store->CreateQuota(session.library(), *spaces, limits).status();
}

absl::Status Apply(Session& session, const Arguments& arguments) {
  auto quota = Find(session, arguments);
  const bool exists = quota.ok();
  if (!exists && CodeOf(quota.status()) != Code::kQuotaNotFound) return quota.status();
  QuotaLimits limits = exists ? quota->limits : QuotaLimits();
  arguments.Apply(&limits);
  if (arguments.of_directory()) {
    return session.space.SetDirectoryQuota(StripSlashes(arguments.path), limits);
  }
  // With other spaces it is for one that is not there yet: DuplicateQuota.
  if (!exists || !arguments.also.empty()) return Create(session, arguments, limits);
  return session.store->SetQuota(session.library(), quota->id, limits);
}

absl::Status Set(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  if (absl::Status status = Apply(session, arguments); !status.ok()) return status;
  return Show(session, arguments);
}

absl::Status Remove(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  const auto quota = Find(session, arguments);
  if (!quota.ok()) return quota.status();
  const absl::Status removed =
      arguments.of_directory() ? session.space.RemoveDirectoryQuota(StripSlashes(arguments.path))
                               : session.store->DeleteQuota(session.library(), quota->id);
  if (removed.ok() && session.json) PrintJson(QuotaJson(*quota, arguments.of_directory()));
  return removed;
}

void AddLimit(CLI::App* command, const char* name, const char* help, Limit* limit) {
  const auto take = [limit](std::string& text) {
    limit->none = text == "none";
    if (limit->none) text = "0";
    return CLI::AsSizeValue(/*kb_is_1000=*/false)(text);
  };
  limit->option = command->add_option(name, limit->value, help);
  limit->option->transform(CLI::Validator(take, "N|none"));
}

CLI::App* AddCommand(CLI::App& quota, Action& action, const char* name, const char* description,
                     const std::shared_ptr<Arguments>& arguments,
                     absl::Status (*run)(Session&, const Arguments&)) {
  CLI::App* const command = quota.add_subcommand(name, description);
  arguments->path_option = command->add_option(
      "PATH", arguments->path,
      "A directory, / is the root; unless given, the quota is that of the space");
  command->callback([&action, arguments, run] {
    action = [arguments, run](Session& session) { return run(session, *arguments); };
  });
  return command;
}

void AddSet(CLI::App& quota, Action& action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      AddCommand(quota, action, "set", "Make or change a quota, and print it", arguments, Set);
  CLI::Option_group* const limits = command->add_option_group("Limits");
  limits->require_option(1, 2);
  AddLimit(limits, "--bytes", "At most so many bytes; also with K, M, G, T", &arguments->bytes);
  AddLimit(limits, "--files", "At most so many files", &arguments->files);
  arguments->trash.option = command->add_flag("--ignore-trash", arguments->trash.value,
                                              "What is in the recycle bin does not count");
  arguments->history.option = command->add_flag("--ignore-history", arguments->history.value,
                                                "Versions of files do not count");
  CLI::Option* const also = command->add_option(
      "--also", arguments->also, "A space of the same library that a new quota is over too");
  also->allow_extra_args(false);
  arguments->path_option->excludes(also)->excludes(arguments->trash.option);
  command->footer(
      "What is not given stays as it is; a new quota has no limit and counts everything.\n"
      "--ignore-trash=false and --ignore-history=false make an old one count them again.");
}

}  // namespace

void AddQuotaCommand(CLI::App& app, Action& action) {
  CLI::App* const quota =
      app.add_subcommand("quota", "How much a space or directory may hold: set, get, rm");
  quota->require_subcommand(1);
  AddSet(*quota, action);
  AddCommand(*quota, action, "get", "Print a quota and what of it is in use",
             std::make_shared<Arguments>(), Get);
  AddCommand(*quota, action, "rm", "Remove a quota", std::make_shared<Arguments>(), Remove);
}

}  // namespace marcot::tool
