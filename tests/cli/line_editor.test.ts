/**
 * The keys of the interactive shell.
 */

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { editLines } from "../../src/cli/line_editor.ts";

/** Types into an editor. Returns the lines that it read, what it showed, and whether it ended. */
async function type(keys: readonly string[], isRunning = () => false) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let shown = "";
  output.on("data", (piece) => {
    shown += piece;
  });
  const editor = editLines({ input, output, commands: ["get", "put", "scan"], stop: isRunning });
  const lines: string[] = [];
  let ended = false;
  editor.on("line", (line) => lines.push(line));
  editor.on("close", () => {
    ended = true;
  });
  editor.prompt();
  for (const key of keys) {
    input.write(key);
    for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const result = { lines, ended, shown };
  editor.close();
  return result;
}

test("Ctrl-C clears the line, wherever the cursor is", async () => {
  const { lines, ended } = await type(["put wrong", "\x1b[D", "\x03", "get right\r"]);
  assert.deepEqual(lines, ["get right"]);
  assert.equal(ended, false);
});

test("Ctrl-C twice on an empty line exits, and once says how to exit", async () => {
  const once = await type(["\x03", "get a\r", "\x03"]);
  assert.deepEqual([once.lines, once.ended], [["get a"], false]);
  assert.match(once.shown, /Ctrl-C again, Ctrl-D or exit ends/);
  const twice = await type(["\x03", "\x03"]);
  assert.equal(twice.ended, true);
});

test("Ctrl-C stops the running command, and nothing else", async () => {
  const { ended } = await type(["\x03", "\x03", "\x03"], () => true);
  assert.equal(ended, false);
});

test("Tab completes commands, and inserts no character", async () => {
  const { lines } = await type(["pu", "\t", "a b\r", "get ta", "\t", "\r"]);
  assert.deepEqual(lines, ["put a b", "get ta"]);
});
