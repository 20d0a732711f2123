// What the page asks the user.

import {byId, element} from "./dom.js";

// What the user called off; nothing to report.
export class Cancelled extends Error {}

let last = Promise.resolve();  // one dialog at a time; an upload may want one too

// Resolves to {choice, ...fields}, rejects with Cancelled. A field is a label with its input, a choice
// [value, label, kind]; Enter takes the first, but never one of the kind `danger`.
export function ask(question) {
  const asked = last.then(() => show(question));
  last = asked.catch(() => {});
  return asked;
}

function show({title, text = "", fields = [], choices}) {
  const dialog = byId("dialog");
  const risky = choices[0][2] === "danger";
  const cancel = element("button", {type: "button", autofocus: risky, onclick: () => dialog.close("")},
                         "Cancel");
  const buttons = choices.map(([value, label, kind], i) =>
    element("button", {value, className: kind ?? (i === 0 ? "primary" : "")}, label));
  const form = element("form", {method: "dialog"},
    element("h2", {id: "dialog-title"}, title), element("p", {}, text), ...fields,
    element("div", {className: "buttons"}, ...buttons, cancel));
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  form.querySelector("input:not([type=checkbox])")?.select();
  return new Promise((resolve, reject) => {
    dialog.addEventListener("close", () => {
      if (!dialog.returnValue) return reject(new Cancelled());
      resolve({choice: dialog.returnValue, ...Object.fromEntries(new FormData(form))});
    }, {once: true});
  });
}

export function textField(name, label, value, more = {}) {
  const input = element("input", {name, value, required: true, autocomplete: "off", ...more});
  return element("label", {}, label, input);
}

// A directory of the space; `suggest(text)` resolves to paths that begin so.
export function directoryField(name, label, value, suggest) {
  const options = element("datalist", {id: "directories"});
  let asked = "";
  const fill = async (event) => {
    const text = asked = event.target.value;
    const paths = await suggest(text).catch(() => []);
    if (text !== asked) return;
    options.replaceChildren(...paths.map((path) => element("option", {value: path})));
  };
  const field = textField(name, label, value,
                          {required: false, placeholder: "(top)", oninput: fill, onfocus: fill});
  field.lastChild.setAttribute("list", options.id);
  field.append(options);
  return field;
}

// Does an operation with the strategy `ask`; where the name is taken, the user picks another one.
// Operations on many share `batch`, {many}, which keeps what was picked for all.
export async function settle(name, type, batch, operation) {
  for (let strategy = "ask";;) {
    try {
      return await operation(strategy);
    } catch (error) {
      if (error.code !== "SameNameDirectoryOrFileExists") throw error;
    }
    const picked = strategy === "ask" ? batch.strategy : undefined;
    strategy = picked ?? await askStrategy(name, type, batch);
  }
}

async function askStrategy(name, type, batch) {
  const choices = [["rename", "Keep both"]];
  if (type !== "dir") choices.push(["overwrite", "Overwrite"]);
  const all = element("label", {className: "check"},
                      element("input", {type: "checkbox", name: "all"}), "The same for all others");
  const answer = await ask({
    title: `“${name}” is taken`,
    text: type === "dir" ? "Keep both under different names?"
                         : "Keep both under different names, or replace the file that is there?",
    fields: batch.many ? [all] : [],
    choices,
  });
  if (answer.all) batch.strategy = answer.choice;
  return answer.choice;
}
