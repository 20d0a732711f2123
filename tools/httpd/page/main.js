// The page: shows the place that the user is at, and runs what the buttons ask for.

import * as actions from "./actions.js";
import {Cancelled} from "./dialogs.js";
import {byId, element, formatBytes, hideError, say, showError} from "./dom.js";
import {List} from "./list.js";
import {hashOf, placeOf} from "./places.js";
import * as session from "./session.js";
import {chosen, dropped, upload} from "./upload.js";

let api;    // undefined: signed out
let place;  // {view, space, path, words}
const list = new List(showToolbar);

// ---- running things

const SESSION_OVER = ["InvalidAccessToken", "EmptyAccessToken"];

async function guard(action) {
  hideError();
  say("");
  try {
    await action();
  } catch (error) {
    if (error instanceof Cancelled) return;
    if (SESSION_OVER.includes(error.code)) showSignIn();
    showError(error);
  }
}

// Runs what changes something, and shows what has become of the place: what failed or was called
// off may have done half of it.
function change(action) {
  return guard(async () => {
    const here = place;
    let said;
    try {
      said = await action();
    } finally {
      if (here === place && api) await showPlace((view) => list.refresh(view));
    }
    say(said);
  });
}

// ---- session

function showSignIn() {
  api = undefined;
  byId("app").hidden = true;
  byId("sign-in").hidden = false;
  byId("sign-in").elements[0].focus();
}

async function start(opening) {
  const {api: opened, spaces} = await session.open(opening);
  api = opened;
  byId("space").replaceChildren(...spaces.map((space) => element("option", {}, space)));
  byId("sign-in").hidden = true;
  byId("app").hidden = false;
  await go();
}

async function signOut() {
  const closing = api;
  showSignIn();
  await session.close(closing);
}

// ---- the place

const SORTS = {
  files: {key: "name", descending: false},
  search: {key: "", descending: false},
  bin: {key: "removalTime", descending: true},
};
const NAME = ["name", "Name", true], SIZE = ["size", "Size", true];
const CHANGED = ["modificationTime", "Changed", true];

const rowsOf = (page, more) => ({
  rows: page.contents.map((entry) => ({...entry, ...more(entry)})),
  marker: page.nextMarker ?? "",
});

function viewOf({view, space, path, words}) {
  const common = {sort: SORTS[view], guard, nameOf, sizeOf};
  if (view === "bin") {
    return {...common, nameOf: (row) => element("span", {}, row.name),
            columns: [NAME, ["where", "Was in"], SIZE, ["removalTime", "Deleted", true],
                      ["remainingTime", "Stays"]],
            load: async (sort, marker) => rowsOf(await api.listBin(space, sort, marker), (item) => (
              {where: item.originalPath.slice(0, -1)}))};
  }
  if (view === "search") {
    return {...common, columns: [NAME, ["where", "In"], SIZE, CHANGED],
            load: async (sort, marker) => rowsOf(
              await api.search(space, [words], path, sort, marker), (found) => (
                {where: found.path.slice(0, -1)}))};
  }
  return {...common, columns: [NAME, SIZE, CHANGED],
          load: async (sort, marker) => rowsOf(
            await api.list(space, path, sort, marker), (entry) => (
              {path: [...path, entry.name], where: path}))};
}

function nameOf(row) {
  if (row.type === "dir") {
    return element("a", {href: hashOf({view: "files", space: place.space, path: row.path})}, row.name);
  }
  return element("button", {className: "link", title: "Download",
                            onclick: () => guard(() => actions.download(api, place, row))}, row.name);
}

const sizeOf = async (row) => (await api.stats(place.space, row.path)).storage;

async function go() {
  place = placeOf(location.hash, [...byId("space").options].map((one) => one.value)
                                   .sort((a, b) => (b === "-") - (a === "-"))[0]);
  byId("place").focus();
  await showPlace((view) => list.show(view));
}

async function showPlace(read) {
  const {view, space, path} = place;
  byId("space").value = space;
  byId("below").disabled = path.length === 0;
  byId("to-files").href = hashOf({view: "files", space});
  byId("to-bin").href = hashOf({view: "bin", space});
  byId("to-files").ariaCurrent = view === "files" ? "page" : null;
  byId("to-bin").ariaCurrent = view === "bin" ? "page" : null;
  showTitle();
  await Promise.all([read(viewOf(place)), showUsage(space)]);
  // What had the focus may be gone or have nothing to do any more.
  if (document.activeElement === document.body) byId("place").focus();
}

function showTitle() {
  const {view, space, path, words} = place;
  const steps = [space, ...path].map((name, depth) => {
    const last = depth === path.length;
    if (view === "files" && last) return element("span", {"aria-current": "page"}, name);
    return element("a", {href: hashOf({view: "files", space, path: path.slice(0, depth)})}, name);
  });
  const crumbs = steps.flatMap((step) => [element("span", {className: "slash"}, " / "), step]).slice(1);
  const before = {files: [], bin: ["Recycle bin of "], search: [`“${words}” in `]}[view];
  byId("place").replaceChildren(...before, ...crumbs);
  document.title = `${byId("place").textContent} – Marcot`;
}

async function showUsage(space) {
  const {size, capacity} = await api.usage(space);
  const limited = capacity !== null;
  byId("usage-text").textContent =
    formatBytes(size) + (limited ? ` of ${formatBytes(capacity)} used` : " used");
  const meter = byId("quota");
  meter.hidden = !limited;
  meter.max = Number(capacity);
  meter.high = 0.9 * Number(capacity);
  meter.value = Number(size);
}

// ---- the buttons

const NEEDS = {
  nothing: () => true,
  some: (rows) => rows.length > 0,
  one: (rows) => rows.length === 1,
  file: (rows) => rows.length === 1 && rows[0].type !== "dir",
};

function showToolbar() {
  const rows = list.selected();
  for (const button of byId("toolbar").children) {
    button.hidden = !button.dataset.views.split(" ").includes(place.view);
    button.disabled = !NEEDS[button.dataset.needs ?? "nothing"](rows);
  }
}

const CHANGES = {
  "new-folder": actions.newFolder, rename: actions.rename, copy: actions.copy, move: actions.move,
  delete: actions.remove, restore: actions.restore, purge: actions.purge,
  "empty-bin": actions.emptyBin,
};
for (const [id, action] of Object.entries(CHANGES)) {
  byId(id).onclick = () => change(() => action(api, place, list.selected()));
}
byId("download").onclick = () => guard(() => actions.download(api, place, list.selected()[0]));

for (const [button, input] of [["upload-files", "files"], ["upload-folder", "folder"]]) {
  byId(button).onclick = () => byId(input).click();
  byId(input).onchange = () => {
    const items = chosen(byId(input).files);
    byId(input).value = "";  // so that the same ones can be chosen again
    change(() => upload(api, place.space, place.path, items));
  };
}

// ---- drop

const takesFiles = () => api && place.view === "files";

// What the page does not take the browser would open in its place.
document.ondragover = (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  if (takesFiles()) document.body.classList.add("dropping");
  else event.dataTransfer.dropEffect = "none";
};
document.ondragleave = (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dropping");
};
document.ondrop = (event) => {
  document.body.classList.remove("dropping");
  if (!event.dataTransfer.types.includes("Files") || !takesFiles()) return;
  event.preventDefault();
  const {space, path} = place;
  const items = dropped(event.dataTransfer);
  change(async () => upload(api, space, path, await items));
};

// ---- the rest of the page

byId("sign-in").onsubmit = (event) => {
  event.preventDefault();
  guard(async () => start(await session.sessionOfForm()));
};
byId("sign-out").onclick = () => guard(signOut);
byId("error-close").onclick = hideError;
byId("space").onchange = (event) => {
  location.hash = hashOf({view: "files", space: event.target.value});
};
byId("search").onsubmit = (event) => {
  event.preventDefault();
  const path = byId("below").checked ? place.path : [];
  location.hash = hashOf({view: "search", space: place.space, words: byId("words").value, path});
};
window.onhashchange = () => {
  if (api) guard(go);
};
window.onbeforeunload = (event) => {
  if (byId("uploads").children.length > 0) event.preventDefault();
};

const saved = session.savedSession();
if (saved) guard(() => start(saved));
else showSignIn();
