/**
 * Ranges of a store as ranges of etcd.
 *
 * @module
 */

import { toBase64 } from "../../base64.ts";
import { type ByteRange, successor } from "../../byte_range.ts";
import { compareBytes, concat, withZero } from "../../bytes.ts";

/** The ends of a range as etcd has them: base64, the first one included and the second one not. */
export interface EtcdRange {
  readonly key: string;
  readonly range_end: string;
}

/** The ends of a range among the keys that start with `prefix`; `undefined` if it cannot have a key. */
export function etcdRange(prefix: Uint8Array, range: ByteRange): EtcdRange | undefined {
  const { lower, upper } = range;
  const first = lower ? concat(prefix, range.lowerIncluded === false ? withZero(lower) : lower) : prefix;
  const end = upper ? concat(prefix, range.upperIncluded ? withZero(upper) : upper) : successor(prefix);
  // etcd reads a single 0 as "no end".
  if (!end) return { key: toBase64(first), range_end: toBase64(new Uint8Array(1)) };
  return compareBytes(first, end) < 0 ? { key: toBase64(first), range_end: toBase64(end) } : undefined;
}
