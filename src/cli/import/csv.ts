/**
 * Rows of CSV with a header.
 *
 * @module
 */

import { shown } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import { type CsvRecord, readCsvRecords } from "../formats/csv.ts";
import { checkNames, entryOf, type Mapping } from "./mapping.ts";
import { atPlace, type Rows } from "./rows.ts";

/** The records. */
export async function* csvRows(
  bytes: AsyncIterable<Uint8Array>,
  mapping: Mapping,
  delimiter: string | undefined,
): Rows {
  const columns = (header: readonly string[]) => {
    const twice = header.find((name, i) => header.indexOf(name) !== i);
    if (twice !== undefined) throw new UsageError(`Wrong header: expected each column once, got ${shown(twice)} twice`);
    if (header.includes("__proto__")) throw new UsageError("Wrong header: the name '__proto__' cannot be a column");
    checkNames(mapping, header);
    return [...header];
  };
  for await (const { record, line } of readCsvRecords(bytes, { columns, delimiter })) {
    const place = `Line ${line}`;
    yield { place, toEntry: () => atPlace(place, () => entryOf(fieldsOf(record), mapping)) };
  }
}

function fieldsOf(record: CsvRecord["record"]) {
  return {
    get: (name: string) => (Object.hasOwn(record, name) ? record[name] : undefined),
    json: (name?: string) => JSON.stringify(name === undefined ? record : record[name]),
  };
}
