/**
 * Which key is about how far in a range.
 *
 * @module
 */

import { keyBetween } from "../byte_keys.ts";
import type { WireLandmark } from "../wire.ts";
import { bytesOf } from "./text.ts";

/** The key that is about that far in the range, from 0 to 1; `undefined` without landmarks. */
export function keyAt(landmarks: readonly WireLandmark[], part: number): Uint8Array<ArrayBuffer> | undefined {
  const after = landmarks.findIndex(({ before }) => before > part);
  const [a, b] = [landmarks[after < 0 ? landmarks.length - 1 : Math.max(0, after - 1)], landmarks[after]];
  if (!a) return undefined;
  if (!b || after <= 0) return bytesOf(a.key);
  const share = (part - a.before) / Math.max(Number.EPSILON, b.before - a.before);
  return keyBetween(bytesOf(a.key), bytesOf(b.key), share);
}
