/**
 * The worker of the playground: runs code as a module. What it prints goes to the page, as text.
 *
 * @module
 */

/** What the page gets. */
export type FromWorker =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "done"; readonly milliseconds: number }
  | { readonly kind: "failed"; readonly text: string };

const send = (message: FromWorker) =>
  (globalThis as unknown as { postMessage(message: FromWorker): void }).postMessage(message);

/** A value as people read it. */
function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Uint8Array)
    return `Uint8Array(${value.length}) [${value.subarray(0, 32).join(", ")}${value.length > 32 ? ", …" : ""}]`;
  if (value instanceof Map) return `Map ${shown([...value])}`;
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? `${value}n` : String(value);
  const replacer = (_: string, part: unknown) =>
    part instanceof Uint8Array || part instanceof Map ? shown(part) : typeof part === "bigint" ? `${part}n` : part;
  return JSON.stringify(value, replacer) ?? String(value);
}

for (const name of ["log", "info", "warn", "error", "debug"] as const) {
  console[name] = (...values: readonly unknown[]) => send({ kind: "line", text: values.map(shown).join(" ") });
}

addEventListener("message", async ({ data }: MessageEvent<{ code: string; root: string }>) => {
  const { code, root } = data;
  const linked = code.replace(/(["'])@luge\/luge(?:\/(\w+))?\1/g, (_, quote: string, name = "browser") => {
    return `${quote}${root}lib/${name}.js${quote}`;
  });
  const url = URL.createObjectURL(new Blob([linked], { type: "text/javascript" }));
  const started = performance.now();
  try {
    await import(url);
    send({ kind: "done", milliseconds: performance.now() - started });
  } catch (error) {
    send({ kind: "failed", text: shown(error) });
  } finally {
    URL.revokeObjectURL(url);
  }
});
