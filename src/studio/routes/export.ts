import { toBase64 } from "../../base64.ts";
import type { Answer } from "../answers.ts";
import type { Call, Route } from "../route.ts";

/** The entries of a range as JSON lines, which `luge load` reads. */
export const exported: Route = {
  name: "export",
  changes: false,
  fields: ["range", "at"],
  answer: (call): Answer => ({ status: 200, type: "application/x-ndjson", body: exportLines(call) }),
};

async function* exportLines({ fields, snapshots, signal }: Call): AsyncGenerator<string, void> {
  const range = fields.range("range");
  const opened = snapshots.open(fields.integer("at"));
  try {
    for await (const { key, value, expiresAt } of opened.snapshot.records({ ...range, keyEncoding: "bytes" })) {
      signal.throwIfAborted();
      const entry = { key: textOrBase64(key), value: textOrBase64(value) };
      yield `${JSON.stringify(expiresAt === undefined ? entry : { ...entry, expiresAt })}\n`;
    }
  } finally {
    opened.release();
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOrBase64(bytes: Uint8Array): string | { readonly base64: string } {
  try {
    return decoder.decode(bytes);
  } catch {
    return { base64: toBase64(bytes) };
  }
}
