/**
 * The body of a request: JSON, up to a size and a time.
 *
 * @module
 */

import { deferred } from "../promises.ts";
import { Refusal } from "./refusal.ts";

/** A client must send a body within this time. */
export const BODY_MS = 30_000;

/** The limits of a body. */
export interface BodyLimits {
  readonly bytes: number;
  readonly ms?: number;
}

/** Reads a JSON object. Throws a {@linkcode Refusal} if it is none, too large, or too slow. */
export async function readJsonBody(
  pieces: AsyncIterable<Uint8Array>,
  { bytes: most, ms = BODY_MS }: BodyLimits,
): Promise<Record<string, unknown>> {
  const late = deferred<never>();
  const timer = setTimeout(() => late.reject(new Refusal(408, "TOO_SLOW", "The body came too slowly")), ms);
  late.promise.catch(() => {});
  try {
    const bytes = await Promise.race([gathered(pieces, most), late.promise]);
    return objectOf(bytes);
  } finally {
    clearTimeout(timer);
  }
}

async function gathered(pieces: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > most) {
      throw new Refusal(413, "BODY_TOO_LARGE", `The body is too large: expected at most ${most} bytes`);
    }
    parts.push(piece);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function objectOf(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal(400, "WRONG_BODY", "Wrong body: expected JSON");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Refusal(400, "WRONG_BODY", "Wrong body: expected a JSON object");
}
