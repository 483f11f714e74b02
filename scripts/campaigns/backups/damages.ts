/**
 * Ways to damage a backup.
 *
 * @module
 */

import { framesOf, joined } from "../../lib/backup_anatomy.ts";
import type { Random } from "../../lib/random.ts";

/**
 * A damaged copy: with bits flipped, bytes cut out, doubled or swapped, or frames missing, doubled or in another order.
 */
export function damageOf(backup: Uint8Array, random: Random): Uint8Array {
  const at = random.below(backup.length);
  const length = 1 + random.below(Math.min(5000, backup.length - at));
  const piece = backup.slice(at, at + length);
  switch (random.below(6)) {
    case 0:
      return flipped(backup, random);
    case 1:
      return joined(backup.slice(0, at), backup.slice(at + length));
    case 2:
      return joined(backup.slice(0, at), piece, backup.slice(at));
    case 3:
      return backup.slice(0, at);
    case 4:
      return swapped(backup, random);
    default:
      return reframed(backup, random);
  }
}

function flipped(backup: Uint8Array, random: Random): Uint8Array {
  const copy = backup.slice();
  for (let i = random.below(5); i >= 0; i--) {
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 + random.below(255));
  }
  return copy;
}

function swapped(backup: Uint8Array, random: Random): Uint8Array {
  const size = 1 + random.below(64);
  const [a, b] = [random.below(backup.length - size), random.below(backup.length - size)];
  const copy = backup.slice();
  copy.set(backup.subarray(a, a + size), b);
  copy.set(backup.subarray(b, b + size), a);
  return copy;
}

function reframed(backup: Uint8Array, random: Random): Uint8Array {
  const parts = framesOf(backup).map(({ start, end }) => backup.subarray(start, end));
  const at = random.below(parts.length);
  const [part] = parts.splice(at, 1);
  const copies = random.below(3);
  for (let i = 0; i < copies; i++) parts.splice(random.below(parts.length + 1), 0, part as Uint8Array);
  return joined(...parts);
}
