// Elements, and how values look.

export const byId = (id) => document.getElementById(id);

// Strings among the children become text, never HTML: names may hold anything.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = Number(bytes), unit = 0;
  for (; value >= 999.5 && unit + 1 < units.length; unit++) value /= 1000;
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

const times = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "short"});
export const formatTime = (iso) => times.format(new Date(iso));

export const count = (number, noun) => `${number} ${noun}${Number(number) === 1 ? "" : "s"}`;

// Told to screen readers, and gone with the next.
export function say(text) {
  byId("status").textContent = text;
}

export function showError(error) {
  byId("error-code").textContent = error.code && isNaN(error.code) ? error.code : error.name;
  byId("error-message").textContent = error.message;
  byId("error").hidden = false;
  say("");
}

export function hideError() {
  byId("error").hidden = true;
}
