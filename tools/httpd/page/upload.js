// Uploads: what was chosen or dropped, its bytes on the wire, and the progress of it all.

import {errorOf, ApiError} from "./api.js";
import {Crc64} from "./crc64.js";
import {Cancelled, settle} from "./dialogs.js";
import {byId, count, element} from "./dom.js";

const MAX_SIMPLE = 32 << 20, MIN_PART = 8 << 20, MAX_PARTS = 10000;  // bytes, bytes, parts

// ---- what there is to upload: {path, file}, or {path} of a directory

// Of an <input type=file>, with the directories that its files are in.
export function chosen(files) {
  const items = new Map();
  for (const file of files) {
    const path = (file.webkitRelativePath || file.name).split("/");
    for (let depth = 1; depth < path.length; depth++) {
      items.set(path.slice(0, depth).join("/"), {path: path.slice(0, depth)});
    }
    items.set(path.join("/"), {path, file});
  }
  return [...items.values()];
}

// The entries are there only while the event is handled, so they are taken before the first wait.
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const items = [];
  for (const entry of entries) await walk(entry, [], items);
  return items;
}

async function walk(entry, above, items) {
  const path = [...above, entry.name];
  if (entry.isFile) {
    items.push({path, file: await new Promise((done, fail) => entry.file(done, fail))});
    return;
  }
  items.push({path});
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (some.length === 0) return;
    for (const child of some) await walk(child, path, items);
  }
}

// ---- one file

// fetch has no progress of what it sends.
function send(url, headers, blob, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => (request.status < 300 ? resolve()
                                                 : reject(errorOf(request.status, request.responseText)));
    request.onerror = () => reject(new ApiError("NetworkError", "The upload was cut off."));
    request.onabort = () => reject(new Cancelled());
    request.onloadend = () => signal.removeEventListener("abort", stop);
    signal.addEventListener("abort", stop);
    request.send(blob);
  });
}

async function sendAll(begun, file, onProgress, signal) {
  const partSize = begun.uploadId ? Math.max(MIN_PART, Math.ceil(file.size / MAX_PARTS)) : file.size;
  const crc = new Crc64();
  for (let at = 0, number = 1; at < file.size || number === 1; at += partSize, number++) {
    const part = file.slice(at, at + partSize);
    const query = begun.uploadId ? `?partNumber=${number}&uploadId=${begun.uploadId}` : "";
    await crc.addBlob(part);
    if (signal.aborted) throw new Cancelled();
    await send(begun.path + query, begun.headers, part, (sent) => onProgress(at + sent), signal);
  }
  return crc.toString();
}

async function uploadFile(api, space, path, file, {batch, onProgress, signal}) {
  const name = path.at(-1);
  let picked;
  const begun = await settle(name, "file", batch, (strategy) => {
    picked = strategy;
    return api.beginUpload(space, path, strategy, file.size, file.size > MAX_SIMPLE);
  });
  try {
    const crc64 = await sendAll(begun, file, onProgress, signal);
    // Another one may have taken the name meanwhile.
    return await settle(name, "file", batch, (strategy) =>
      api.confirmUpload(space, begun.confirmKey, strategy === "ask" ? picked : strategy, crc64));
  } catch (error) {
    await api.abortUpload(space, begun.confirmKey).catch(() => {});
    throw error;
  }
}

async function makeDirectory(api, space, path) {
  try {
    await api.makeDirectory(space, path, "ask");
  } catch (error) {
    if (error.code !== "SameNameDirectoryOrFileExists") throw error;  // files go into what is there
  }
}

// ---- all of them, one after the other, with a line that shows how far it is

export async function upload(api, space, directory, items) {
  const files = items.filter((item) => item.file);
  const total = files.reduce((sum, item) => sum + item.file.size, 0);
  const stopper = new AbortController();
  const line = progressLine(() => stopper.abort());
  const batch = {many: files.length > 1};
  const errors = [];
  let tried = 0, bytes = 0;
  const uploadOne = async ({path, file}) => {
    const target = [...directory, ...path];
    if (!file) return makeDirectory(api, space, target);
    const label = `${path.at(-1)} (${++tried} of ${files.length})`;
    const onProgress = (sent) => line.show(label, (bytes + sent) / (total || 1));
    onProgress(0);
    await uploadFile(api, space, target, file, {batch, onProgress, signal: stopper.signal});
    bytes += file.size;
  };
  try {
    for (const item of items) {
      await uploadOne(item).catch((error) => {
        if (error instanceof Cancelled) throw error;
        errors.push(error);  // the others may do better
      });
    }
  } finally {
    line.remove();
  }
  if (errors.length > 1) errors[0].message += ` (and ${errors.length - 1} more that failed)`;
  if (errors.length > 0) throw errors[0];
  return `Uploaded ${count(files.length, "file")}.`;
}

function progressLine(onCancel) {
  const label = element("span");
  const bar = element("progress", {max: 1, "aria-label": "Upload"});
  const line = element("li", {}, label, bar, element("button", {onclick: onCancel}, "Cancel"));
  byId("uploads").append(line);
  return {
    show(text, share) {
      label.textContent = text;
      bar.value = share;
    },
    remove: () => line.remove(),
  };
}
