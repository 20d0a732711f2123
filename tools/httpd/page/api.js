// The service's routes, as far as the page needs them. Paths are arrays of names.

const BASE = "/api/v1/";
const PAGE = 100;  // entries

export class ApiError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "ApiError";
    this.code = code;
  }
}

// Resolves to the JSON of the answer, null where it has none.
async function request(method, route, query, body) {
  let answer, text;
  try {
    answer = await fetch(`${BASE}${route}?${new URLSearchParams(query)}`, {
      method,
      cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await answer.text();
  } catch {
    throw new ApiError("NetworkError", "The server cannot be reached.");
  }
  if (answer.ok) return text ? JSON.parse(text) : null;
  throw errorOf(answer.status, text);
}

export function errorOf(status, text) {
  try {
    const {code, message} = JSON.parse(text);
    return new ApiError(code, message);
  } catch {
    return new ApiError(`Status${status}`, "The server gave no reason.");
  }
}

export async function issueToken(library, secret) {
  const query = {library_id: library, library_secret: secret, grant: "admin"};
  return (await request("GET", "token", query)).accessToken;
}

export class Api {
  constructor(library, token) {
    this.library = encodeURIComponent(library);
    this.token = token;
  }

  call(method, route, query = {}, body = undefined) {
    return request(method, route, {...query, access_token: this.token}, body);
  }

  #at(kind, space, path) {
    return [kind, this.library, space, ...(path.length ? path : [""])]
        .map((part, i) => (i < 2 ? part : encodeURIComponent(part))).join("/");
  }

  revokeToken() {
    return request("DELETE", `token/${this.library}/${encodeURIComponent(this.token)}`, {});
  }

  // ---- spaces

  async spaces() {
    const names = [];
    let marker = "";
    do {
      const page = await this.call("GET", `space/${this.library}/list`, {marker});
      names.push(...page.list.map((space) => space.spaceId));
      marker = page.marker;
    } while (marker);
    return names;
  }

  // {size, capacity, availableSpace}; the last two are null without a quota.
  async usage(space) {
    return (await this.call("GET", `usage/${this.library}/${encodeURIComponent(space)}`))[0];
  }

  // ---- entries. `sort` is {key, descending}; lists resolve to {contents, nextMarker}.

  list(space, path, sort, marker, more = {}) {
    return this.call("GET", this.#at("directory", space, path),
                     {"by-marker": 1, limit: PAGE, marker, ...order(sort), ...more});
  }

  search(space, keywords, scope, sort, marker) {
    return this.call("POST", `search/${this.library}/${encodeURIComponent(space)}/search-fs`,
                     {limit: PAGE, marker},
                     {keywords, scope: scope.join("/"), orderBy: sort.key,
                      orderByType: sort.descending ? "desc" : "asc"});
  }

  // Of all below: {storage, fileCount, dirCount}.
  stats(space, path) {
    return this.call("GET", this.#at("directory", space, path), {stats: 1, stats_type: "normal"});
  }

  makeDirectory(space, path, strategy) {
    return this.call("PUT", this.#at("directory", space, path), strategyOf(strategy));
  }

  copy(space, type, from, to, strategy) {
    return this.call("PUT", this.#at(kindOf(type), space, to), strategyOf(strategy),
                     {copyFrom: from.join("/")});
  }

  move(space, type, from, to, strategy) {
    return this.call("PUT", this.#at(kindOf(type), space, to), strategyOf(strategy),
                     {from: from.join("/")});
  }

  remove(space, type, path, permanent) {
    return this.call("DELETE", this.#at(kindOf(type), space, path),
                     {permanent: permanent ? 1 : 0});
  }

  // The page comes from the server that has the bytes, whatever name that is reached by here.
  async downloadPath(space, path) {
    const info = await this.call("GET", this.#at("file", space, path),
                                 {info: 1, content_disposition: "attachment"});
    const url = new URL(info.cosUrl);
    return url.pathname + url.search;
  }

  // ---- uploads

  beginUpload(space, path, strategy, size, inParts) {
    return this.call(inParts ? "POST" : "PUT", this.#at("file", space, path),
                     {...strategyOf(strategy), filesize: size, ...(inParts ? {multipart: 1} : {})},
                     {});
  }

  confirmUpload(space, key, strategy, crc64) {
    return this.call("POST", this.#at("file", space, [key]), {confirm: 1, ...strategyOf(strategy)},
                     {crc64});
  }

  abortUpload(space, key) {
    return this.call("DELETE", this.#at("file", space, [key]), {upload: 1});
  }

  // ---- recycle bin

  #bin(space) {
    return `recycled/${this.library}/${encodeURIComponent(space)}`;
  }

  listBin(space, sort, marker) {
    return this.call("GET", this.#bin(space),
                     {"by-marker": 1, limit: PAGE, marker, ...order(sort)});
  }

  async hasBin(space) {
    try {
      await this.call("GET", this.#bin(space), {"by-marker": 1, limit: 1});
      return true;
    } catch (error) {
      if (error.code === "RecycleBinNotEnabled") return false;
      throw error;
    }
  }

  restore(space, id, strategy, toRoot) {
    return this.call("POST", `${this.#bin(space)}/${id}`,
                     {restore: 1, ...strategyOf(strategy),
                      restore_path_strategy: toRoot ? "fallbackToRoot" : "originalPath"});
  }

  purge(space, id) {
    return this.call("DELETE", `${this.#bin(space)}/${id}`);
  }

  emptyBin(space) {
    return this.call("DELETE", this.#bin(space));
  }
}

const kindOf = (type) => (type === "dir" ? "directory" : "file");
const strategyOf = (strategy) => ({conflict_resolution_strategy: strategy});
const order = (sort) => ({order_by: sort.key, order_by_type: sort.descending ? "desc" : "asc"});
