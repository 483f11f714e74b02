/**
 * Calls the routes of the studio.
 *
 * @module
 */

/** Where the token stays while the tab is open. The address loses it, so that no history keeps it. */
const STORED = "luge-token";

/** An error that the server told. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

let token = "";

/** Takes the token from the address, or from an earlier load of the page in this tab. Returns whether there is one. */
export function takeToken(): boolean {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem(STORED, given);
    history.replaceState(null, "", location.pathname);
  }
  token = given || sessionStorage.getItem(STORED) || "";
  return token !== "";
}

/** The answer of a route, which is not an error. */
export async function request(route: string, fields: object, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(`/api/${route}`, {
    method: "POST",
    headers: { "content-type": "application/json", "luge-token": token },
    body: JSON.stringify(fields),
    cache: "no-store",
    credentials: "omit",
    referrerPolicy: "no-referrer",
    ...(signal && { signal }),
  });
  if (response.ok) return response;
  throw errorOf(await response.json().catch(() => undefined), response.status);
}

/** The JSON answer of a route. */
export async function ask<T>(route: string, fields: object = {}, signal?: AbortSignal): Promise<T> {
  return (await (await request(route, fields, signal)).json()) as T;
}

/** The lines of an answer, as they come. */
export async function* askLines<T>(route: string, fields: object, signal: AbortSignal): AsyncGenerator<T, void> {
  const response = await request(route, fields, signal);
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const parsed = JSON.parse(line) as T & { error?: unknown };
      if (parsed.error !== undefined) throw errorOf(parsed, 500);
      yield parsed as Awaited<T>;
    }
  }
}

function errorOf(body: unknown, status: number): ApiError {
  const { code, message } = (body as { error?: { code?: string; message?: string } } | undefined)?.error ?? {};
  return new ApiError(code ?? `HTTP_${status}`, message ?? `The studio answered with status ${status}`);
}

/** Whether an error only says that the page does not want the answer any more. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** An error for people. */
export function textOfError(error: unknown): string {
  if (error instanceof TypeError && !(error instanceof ApiError))
    return "The studio does not answer: is it still running?";
  return error instanceof Error ? error.message : String(error);
}
