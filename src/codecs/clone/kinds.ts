/**
 * Tells what an object is, of whatever realm.
 *
 * @module
 */

/** What the clone has a form for. */
export type Kind = "Object" | "Array" | "Map" | "Set" | "Date" | "RegExp" | "Box" | "ArrayBuffer" | "View" | "Error";

const tagOf = Object.prototype.toString;
/** They throw for whatever has only the name of what they belong to. */
const CHECKS: { readonly [tag: string]: readonly [kind: Kind, check: (this: never, ...args: never[]) => unknown] } = {
  Map: ["Map", Map.prototype.has],
  Set: ["Set", Set.prototype.has],
  Date: ["Date", Date.prototype.getTime],
  RegExp: ["RegExp", getter(RegExp.prototype, "source")],
  ArrayBuffer: ["ArrayBuffer", getter(ArrayBuffer.prototype, "byteLength")],
  Boolean: ["Box", Boolean.prototype.valueOf],
  Number: ["Box", Number.prototype.valueOf],
  String: ["Box", String.prototype.valueOf],
  BigInt: ["Box", BigInt.prototype.valueOf],
};
/** What has no form, and what would be lost of it as a plain object. */
const REFUSED = new Set(["Promise", "WeakMap", "WeakSet", "WeakRef", "SharedArrayBuffer"]);

/** What an object is; `undefined` for what has no form. */
export function kindOf(object: object): Kind | undefined {
  if (Array.isArray(object)) return "Array";
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === Object.prototype || prototype === null) return "Object";
  if (ArrayBuffer.isView(object)) return "View";
  const tag = tagOf.call(object).slice("[object ".length, -1);
  const [kind, check] = CHECKS[tag] ?? [];
  if (kind && check && passes(check, object)) return kind;
  if (tag === "Error" || tag === "DOMException") return "Error";
  if (REFUSED.has(tag)) return undefined;
  if (tag === "Object" || tag === "Arguments") return "Object";
  // A subclass that calls itself something else is not to lose what it holds.
  for (const [other, known] of Object.values(CHECKS)) if (passes(known, object)) return other;
  return tag in CHECKS ? "Object" : undefined;
}

function passes(check: (this: never, ...args: never[]) => unknown, object: object): boolean {
  try {
    check.call(object as never);
    return true;
  } catch {
    return false;
  }
}

function getter(prototype: object, name: string): () => unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as () => unknown;
}
