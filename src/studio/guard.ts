/**
 * Which requests may reach a route. Everything else is refused before the studio reads the body.
 *
 * A page of another site can send requests to this machine. It can do so under a name of its own that points here (DNS
 * rebinding). So the guard checks the `Host` and the `Origin` of every request, the one for the page too. The token is in no
 * cookie and in no address that a browser sends, so no other page can make a browser send it.
 *
 * @module
 */

import { Refusal } from "./refusal.ts";

/** The name of the header with the token. A page of another site cannot set it without a preflight, which fails. */
export const TOKEN_HEADER = "luge-token";
/** The most bytes of all headers of a request. */
export const MAX_HEADER_BYTES: number = 16 * 1024;

/** A request, as far as the guard looks at it. */
export interface Head {
  readonly method: string;
  /** The path as it came, which must be that of a route, letter for letter. */
  readonly path: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** What the guard checks a request against. */
export interface GuardOptions {
  /** Whether a token is that of this server. It takes as long for a wrong one. */
  readonly isToken: (given: unknown) => boolean;
  /** Whether a `Host` is one of this server. */
  readonly isOwnHost: (host: string) => boolean;
  /** Whether routes that change the store answer. */
  readonly canWrite: boolean;
}

/** A route, as far as the guard looks at it. */
export interface GuardedRoute {
  /** Whether it changes the store or files. */
  readonly changes: boolean;
}

/** The path of the page, which has nothing secret. */
export const PAGE = "/";
/** How the path of every route begins. */
export const ROUTES = "/api/";

/** Returns the route of a request, or `undefined` for the page. Throws a {@linkcode Refusal} for every other request. */
export function guard<R extends GuardedRoute>(
  head: Head,
  routes: ReadonlyMap<string, R>,
  { isToken, isOwnHost, canWrite }: GuardOptions,
): R | undefined {
  const headers = readHeaders(head.rawHeaders);
  const host = headers.get("host");
  if (host === undefined || !isOwnHost(host)) {
    throw new Refusal(421, "WRONG_HOST", "Wrong host: expected the address that luge studio printed");
  }
  const origin = headers.get("origin");
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Refusal(403, "WRONG_ORIGIN", "Wrong origin: the studio answers only its own page");
  }
  if (head.path === PAGE) {
    requireDocument(head.method, headers);
    return undefined;
  }
  const route = head.path.startsWith(ROUTES) ? routes.get(head.path.slice(ROUTES.length)) : undefined;
  if (!route) throw new Refusal(404, "NOT_FOUND", "Not found: the studio has no such path");
  requireOwnPage(headers.get("sec-fetch-site"));
  if (head.method !== "POST") throw new Refusal(405, "WRONG_METHOD", "Wrong method: expected POST");
  if (!isToken(headers.get(TOKEN_HEADER))) {
    throw new Refusal(401, "WRONG_TOKEN", "Wrong token: open the address that luge studio printed, with all after #");
  }
  if (!isJson(headers.get("content-type"))) {
    throw new Refusal(415, "WRONG_TYPE", "Wrong content type: expected application/json");
  }
  if (route.changes && !canWrite) {
    throw new Refusal(403, "READ_ONLY", "Cannot change anything: luge studio was started without --write");
  }
  return route;
}

/** The page is a document of its own: no frame, no image, no script of another page. */
function requireDocument(method: string, headers: ReadonlyMap<string, string>): void {
  if (method !== "GET" && method !== "HEAD") throw new Refusal(405, "WRONG_METHOD", "Wrong method: expected GET");
  const destination = headers.get("sec-fetch-dest");
  if (destination !== undefined && destination !== "document") {
    throw new Refusal(403, "WRONG_ORIGIN", "Wrong use: the page opens only as a page of its own");
  }
}

function requireOwnPage(site: string | undefined): void {
  if (site === undefined || site === "same-origin") return;
  throw new Refusal(403, "WRONG_ORIGIN", "Wrong origin: the studio answers only its own page");
}

/** Headers that must not come twice: two readers could take different ones. */
const SINGLE: readonly string[] = ["host", "origin", "content-type", "content-length", TOKEN_HEADER, "sec-fetch-site"];

function readHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  let bytes = 0;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = "", value = ""] = [raw[i]?.toLowerCase(), raw[i + 1]];
    bytes += name.length + value.length + 4;
    if (bytes > MAX_HEADER_BYTES) throw new Refusal(431, "HEADERS_TOO_LARGE", "Too many bytes of headers");
    if (headers.has(name) && SINGLE.includes(name)) {
      throw new Refusal(400, "WRONG_HEADERS", `Wrong headers: '${name}' comes twice`);
    }
    headers.set(name, value);
  }
  return headers;
}

function isJson(type: string | undefined): boolean {
  return type !== undefined && /^application\/json(?:\s*;\s*charset=utf-8)?$/i.test(type);
}
