/**
 * Finds the kind of an object, of any realm.
 *
 * @module
 */

/** The kinds of objects that the format can store. */
export type Kind = "Object" | "Array" | "Map" | "Set" | "Date" | "RegExp" | "Box" | "ArrayBuffer" | "View" | "Error";

const tagOf = Object.prototype.toString;
/** These methods and getters throw for an object that only has the class's name. */
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
/** Classes that the format cannot store. As plain objects they would lose their content. */
const REFUSED = new Set(["Promise", "WeakMap", "WeakSet", "WeakRef", "SharedArrayBuffer"]);

/** The kind of an object; `undefined` if the format cannot store it. */
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
  // A subclass with a name of its own must not lose its content.
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
