/**
 * What a route answers, and the headers of every answer.
 *
 * @module
 */

/** An answer, before it is written to a connection. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The whole body, or pieces that are written as the client reads them. */
  readonly body: string | Uint8Array | AsyncIterable<string>;
}

/** A JSON answer. */
export function json(value: unknown, status = 200): Answer {
  return { status, type: "application/json", body: JSON.stringify(value) };
}

/** Bytes, which no browser takes for anything else. */
export function bytes(body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, type: "application/octet-stream", headers, body };
}

/** JSON values, one a line, as they are made. */
export function lines(values: AsyncIterable<unknown>): Answer {
  return { status: 200, type: "application/x-ndjson", body: toLines(values) };
}

async function* toLines(values: AsyncIterable<unknown>): AsyncGenerator<string, void> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

/**
 * The headers of every answer but the page: nothing may load, frame, keep or guess anything. The page has the same with its
 * own hashes: see `page_answer.ts`.
 */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), usb=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};
