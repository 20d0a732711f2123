// Signing in and out. The token stays in this tab, for as long as it is open.

import {Api, ApiError, issueToken} from "./api.js";
import {byId} from "./dom.js";

const KEY = "marcot-session";

// Undefined without one.
export function savedSession() {
  const saved = sessionStorage.getItem(KEY);
  return saved ? JSON.parse(saved) : undefined;
}

export async function sessionOfForm() {
  const form = new FormData(byId("sign-in"));
  const library = form.get("library"), key = form.get("key");
  const issued = form.get("kind") === "secret";
  return {library, issued, token: issued ? await issueToken(library, key) : key};
}

// Resolves to the API and the spaces that the session may see; rejects where the token is not good.
export async function open(session) {
  const api = new Api(session.library, session.token);
  const spaces = await api.spaces();
  if (spaces.length === 0) throw new ApiError("SpaceNotFound", "The session may see no space; make one.");
  sessionStorage.setItem(KEY, JSON.stringify(session));
  byId("sign-in").reset();
  return {api, spaces};
}

// A token that was issued for this page goes with it.
export async function close(api) {
  const session = savedSession();
  sessionStorage.removeItem(KEY);
  if (session?.issued) await api.revokeToken();
}
