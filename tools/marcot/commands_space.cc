// space: the settings of the space and of its library, and what the space uses.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>

#include "commands.h"
#include "text.h"

namespace marcot::tool {
namespace {

struct Settings {
  SpaceSettings space;
  LibrarySettings library;
};

bool Parse(std::string_view text, bool* value) {
  *value = text == "on";
  return text == "on" || text == "off";
}

bool Parse(std::string_view text, uint32_t* value) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && rest == end;
}

// Of a space, where its library may decide.
template <typename Value>
bool Parse(std::string_view text, std::optional<Value>* value) {
  value->reset();
  return text == "library" || Parse(text, &value->emplace());
}

std::string Shown(bool value) { return value ? "on" : "off"; }
std::string Shown(uint32_t value) { return std::to_string(value); }
template <typename Value>
std::string Shown(const std::optional<Value>& value) {
  return value.has_value() ? Shown(*value) : "library";
}

template <typename Value>
Json ToJson(const Value& value) {
  return value;
}
template <typename Value>
Json ToJson(const std::optional<Value>& value) {
  return value.has_value() ? Json(*value) : Json();
}

struct Setting {
  const char* key;
  const char* field;   // of the JSON
  const char* values;  // for people
  bool of_library;
  bool (*parse)(std::string_view text, Settings* settings);
  std::string (*shown)(const Settings&);
  Json (*json)(const Settings&);
};

template <auto kPart, auto kMember>
constexpr Setting Row(const char* key, const char* field, const char* values) {
  return {
      key,
      field,
      values,
      std::is_same_v<decltype(kPart), LibrarySettings Settings::*>,
      [](std::string_view text, Settings* s) { return Parse(text, &((s->*kPart).*kMember)); },
      [](const Settings& s) { return Shown((s.*kPart).*kMember); },
      [](const Settings& s) { return ToJson((s.*kPart).*kMember); },
  };
}

template <auto kMember>
constexpr Setting OfSpace(const char* key, const char* field, const char* values) {
  return Row<&Settings::space, kMember>(key, field, values);
}

template <auto kMember>
constexpr Setting OfLibrary(const char* key, const char* field, const char* values) {
  return Row<&Settings::library, kMember>(key, field, values);
}

constexpr Setting kSettings[] = {
    OfSpace<&SpaceSettings::recycle_bin>("recycle-bin", "recycleBin", "on, off or library"),
    OfSpace<&SpaceSettings::recycle_days>("recycle-days", "recycleDays", "1..10000 or library"),
    OfSpace<&SpaceSettings::change_feed_days>("changes-days", "changesDays", "0..3650; 0: none"),
    OfLibrary<&LibrarySettings::recycle_bin>("library.recycle-bin", "recycleBin", "on or off"),
    OfLibrary<&LibrarySettings::recycle_days>("library.recycle-days", "recycleDays", "1..10000"),
    OfLibrary<&LibrarySettings::history>("library.history", "history", "on or off"),
    OfLibrary<&LibrarySettings::history_versions>("library.history-versions", "historyVersions",
                                                  "1..999"),
    OfLibrary<&LibrarySettings::history_days>("library.history-days", "historyDays",
                                              "0..999; 0: for ever"),
    OfLibrary<&LibrarySettings::history_merge_seconds>("library.history-merge-seconds",
                                                       "historyMergeSeconds", "0 or 5..600"),
};

absl::StatusOr<const Setting*> FindSetting(const std::string& key) {
  std::string keys;
  for (const Setting& setting : kSettings) {
    if (key == setting.key) return &setting;
    keys += std::string(keys.empty() ? "" : ", ") + setting.key;
  }
  return MakeError(Code::kParamInvalid, "`" + key + "` is not one of " + keys);
}

absl::StatusOr<Settings> Load(const Session& session) {
  const auto space = session.space.GetSettings();
  if (!space.ok()) return space.status();
  const auto library = session.store->GetLibrarySettings(session.space.library());
  if (!library.ok()) return library.status();
  return Settings{*space, *library};
}

Json SettingsJson(const Settings& settings) {
  Json json;
  for (const Setting& setting : kSettings) {
    Json& part = setting.of_library ? json["library"] : json;
    part[setting.field] = setting.json(settings);
  }
  return json;
}

absl::Status Get(Session& session) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  const auto settings = Load(session);
  if (!settings.ok()) return settings.status();
  if (session.json) {
    PrintJson(SettingsJson(*settings));
    return absl::OkStatus();
  }
  for (const Setting& setting : kSettings) {
    std::printf("%-30s %s\n", setting.key, setting.shown(*settings).c_str());
  }
  return absl::OkStatus();
}

absl::Status Set(Session& session, const std::string& key, const std::string& value) {
  const auto found = FindSetting(key);
  if (!found.ok()) return found.status();
  const Setting& setting = **found;
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  auto settings = Load(session);
  if (!settings.ok()) return settings.status();
  if (!setting.parse(value, &*settings)) {
    return MakeError(Code::kParamInvalid, "`" + value + "`: " + key + " is " + setting.values);
  }
  const absl::Status set = setting.of_library ? session.store->SetLibrarySettings(
                                                    session.space.library(), settings->library)
                                              : session.space.SetSettings(settings->space);
  if (set.ok() && session.json) PrintJson(SettingsJson(*settings));
  return set;
}

Json UsageJson(const Usage& usage) {
  Json json;
  AddTotals(&json, usage.tree);
  AddTotals(&json["recycled"], usage.recycled);
  json["versions"] = usage.versions;
  json["versionBytes"] = usage.version_bytes;
  json["capacity"] = ToJson(usage.capacity);
  json["available"] = ToJson(usage.available);
  return json;
}

std::string Totals(const RecursiveTotals& totals) {
  return HumanBytes(totals.bytes) + ", " + Counted(totals.files, "file", "files") + ", " +
         Counted(totals.directories, "directory", "directories");
}

void PrintUsage(const Usage& usage) {
  PrintField("tree", Totals(usage.tree));
  PrintField("recycle bin", Totals(usage.recycled));
  PrintField("versions", HumanBytes(usage.version_bytes) + ", " +
                             Counted(usage.versions, "version", "versions"));
  if (!usage.capacity.has_value()) return;
  PrintField("quota", HumanBytes(*usage.capacity) + ", " + HumanBytes(*usage.available) + " left");
}

absl::Status ShowUsage(Session& session) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  const auto usage = session.space.GetUsage();
  if (!usage.ok()) return usage.status();
  if (session.json) {
    PrintJson(UsageJson(*usage));
  } else {
    PrintUsage(*usage);
  }
  return absl::OkStatus();
}

std::string KeysHelp() {
  std::string text = "Keys:";
  for (const Setting& setting : kSettings) {
    text += "\n  " + std::string(setting.key) + ": " + setting.values;
  }
  return text + "\nThose of the library are for all its spaces.";
}

void AddSet(CLI::App& space, Action& action) {
  auto key = std::make_shared<std::string>();
  auto value = std::make_shared<std::string>();
  CLI::App* const command = space.add_subcommand("set", "Change a setting");
  command->add_option("KEY", *key, "Which one")->required();
  command->add_option("VALUE", *value, "What it shall be")->required();
  command->footer(KeysHelp());
  command->callback([&action, key, value] {
    action = [key, value](Session& session) { return Set(session, *key, *value); };
  });
}

}  // namespace

void AddSpaceCommand(CLI::App& app, Action& action) {
  CLI::App* const space =
      app.add_subcommand("space", "The space: set, get, usage; export and import as a stream");
  space->require_subcommand(1);
  AddSet(*space, action);
  space->add_subcommand("get", "Print all settings")->callback([&action] { action = Get; });
  space->add_subcommand("usage", "Print what the space uses")->callback([&action] {
    action = ShowUsage;
  });
  AddSpaceStreamCommands(*space, action);
}

}  // namespace marcot::tool
