// What the buttons do. An action resolves to what there is to say, or rejects.

import {Cancelled, ask, directoryField, settle, textField} from "./dialogs.js";
import {count, element} from "./dom.js";

const BY_NAME = {key: "name", descending: false};
const split = (text) => text.split("/").filter(Boolean);
const named = (rows) => (rows.length === 1 ? `“${rows[0].name}”` : count(rows.length, "item"));
const folderName = (path) => (path.length ? `“${path.join("/")}”` : "the top folder");

export async function newFolder(api, {space, path}) {
  const {name} = await ask({title: "New folder", fields: [textField("name", "Name", "")],
                            choices: [["make", "Make"]]});
  await settle(name, "dir", {}, (strategy) => api.makeDirectory(space, [...path, name], strategy));
  return `Made “${name}”.`;
}

export async function download(api, {space}, {name, path}) {
  const href = await api.downloadPath(space, path);
  element("a", {href, download: name}).click();
}

export async function rename(api, {space}, [row]) {
  const {name} = await ask({title: `Rename “${row.name}”`,
                            fields: [textField("name", "New name", row.name)],
                            choices: [["rename", "Rename"]]});
  if (name === row.name) throw new Cancelled();
  await settle(name, row.type, {}, (strategy) =>
    api.move(space, row.type, row.path, [...row.where, name], strategy));
  return `Renamed “${row.name}” to “${name}”.`;
}

export const copy = (api, place, rows) =>
  transfer(api, place, rows, "Copy", "Copied", api.copy.bind(api));
export const move = (api, place, rows) =>
  transfer(api, place, rows, "Move", "Moved", api.move.bind(api));

async function transfer(api, {space, path}, rows, verb, past, operation) {
  const fields = [directoryField("folder", "To folder", path.join("/"), (text) => suggest(api, space, text))];
  if (rows.length === 1) fields.push(textField("name", "Name", rows[0].name));
  const answer = await ask({title: `${verb} ${named(rows)}`, fields, choices: [["go", verb]]});
  const folder = split(answer.folder);
  const batch = {many: rows.length > 1};
  for (const row of rows) {
    const name = answer.name ?? row.name;
    await settle(name, row.type, batch, (strategy) =>
      operation(space, row.type, row.path, [...folder, name], strategy));
  }
  return `${past} ${named(rows)} to ${folderName(folder)}.`;
}

// The directories whose paths begin so.
async function suggest(api, space, text) {
  const end = text.lastIndexOf("/") + 1;
  const above = split(text.slice(0, end));
  const page = await api.list(space, above, BY_NAME, "",
                              {filter: "onlyDir", prefix: text.slice(end)});
  return page.contents.map((entry) => [...above, entry.name].join("/"));
}

export async function remove(api, {space}, rows) {
  const hasBin = await api.hasBin(space);
  const choices = hasBin ? [["bin", "Move to the recycle bin"]] : [];
  choices.push(["permanent", "Delete for good", "danger"]);
  const text = hasBin ? "" : "The space has no recycle bin: what is deleted cannot be restored.";
  const {choice} = await ask({title: `Delete ${named(rows)}?`, text, choices});
  for (const row of rows) await api.remove(space, row.type, row.path, choice === "permanent");
  return choice === "bin" ? `Moved ${named(rows)} to the recycle bin.`
                          : `Deleted ${named(rows)} for good.`;
}

export async function restore(api, {space}, rows) {
  const batch = {many: rows.length > 1};
  for (const row of rows) await restoreOne(api, space, row, batch);
  return `Restored ${named(rows)}.`;
}

async function restoreOne(api, space, row, batch) {
  const into = (toRoot) => settle(row.name, row.type, batch, (strategy) =>
    api.restore(space, row.recycledItemId, strategy, toRoot));
  try {
    await into(false);
  } catch (error) {
    if (error.code !== "DirectoryNotFound") throw error;
    await ask({title: `Restore “${row.name}” to the top folder?`,
               text: `${folderName(row.where)}, where it was, is gone.`,
               choices: [["root", "Restore"]]});
    await into(true);
  }
}

export async function purge(api, {space}, rows) {
  await ask({title: `Delete ${named(rows)} for good?`, text: "This cannot be undone.",
             choices: [["purge", "Delete for good", "danger"]]});
  for (const row of rows) await api.purge(space, row.recycledItemId);
  return `Deleted ${named(rows)} for good.`;
}

export async function emptyBin(api, {space}) {
  await ask({title: "Empty the recycle bin?", text: "This cannot be undone.",
             choices: [["empty", "Empty the bin", "danger"]]});
  await api.emptyBin(space);
  return "The recycle bin is empty.";
}
