import type { KeyVersion } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { encodeForJson, encodeForLine, shown } from "../encodings.ts";
import { NotFoundError } from "../exit_codes.ts";
import { type KeyOptions, keyOf, type ValueOptions, withKeys, withValues } from "../options.ts";

const SECOND_MS = 1000;

/** `luge versions`. */
export const versions: CliCommand = command<[key: string], KeyOptions & ValueOptions>({
  name: "versions",
  summary: "list the versions of a key, newest first",
  details:
    "A line has the version, then put, delete or expired, when it was written (- if nobody knows), and the value. If the " +
    "second is not known, the time is an interval. Exits with 1 when the key has none.",
  examples: `
$ luge put shop price 10 --keep-versions 10
$ luge put shop price 12
$ luge versions shop price
…	put	…	12
…	put	…	10`,
  define: (command) => {
    withValues(withKeys(command.argument("<key>", "the key")));
  },
  run: async (session, [text], options) => {
    const key = keyOf(text, options);
    const found = await session.withStore("read", (store) => store.versions(key));
    for (const version of found) await session.result(jsonOf(version, options), lineOf(version, options));
    if (found.length === 0) throw new NotFoundError(`The key ${shown(text)} has no version`);
  },
});

function jsonOf({ value, ...version }: KeyVersion, { values }: ValueOptions): object {
  return { ...version, ...(value ? { value: encodeForJson(value, values) } : {}) };
}

function lineOf({ version, value, deleted, writtenAt, writtenBefore }: KeyVersion, { values }: ValueOptions): string {
  const what = deleted ? "delete" : value ? "put" : "expired";
  return [`${version}`, what, whenOf(writtenAt, writtenBefore), ...(value ? [encodeForLine(value, values)] : [])].join(
    "\t",
  );
}

/** A time, or an interval as ISO 8601 has it. */
function whenOf(from: number | undefined, before: number | undefined): string {
  if (from === undefined || before === undefined) return "-";
  const [start, end] = [from, before].map((ms) => new Date(ms).toISOString());
  return before - from <= SECOND_MS ? `${start}` : `${start}/${end}`;
}
