// Where the user is. The address says it, in its fragment, so that going back works:
// #files/SPACE/PATH, #bin/SPACE, #search/SPACE/WORDS/PATH, each name escaped.

export function hashOf({view, space, path = [], words}) {
  const parts = [view, space, ...(view === "search" ? [words] : []), ...path];
  return "#" + parts.map(encodeURIComponent).join("/");
}

// An address that says nothing of use is the top of the space.
export function placeOf(hash, fallbackSpace) {
  let parts;
  try {
    parts = hash.slice(1).split("/").map(decodeURIComponent);
  } catch {
    parts = [];
  }
  const [view, space, ...rest] = parts;
  if (!space) return {view: "files", space: fallbackSpace, path: []};
  if (view === "bin") return {view, space, path: []};
  if (view === "search" && rest[0]) return {view, space, words: rest[0], path: rest.slice(1)};
  return {view: "files", space, path: rest};
}
