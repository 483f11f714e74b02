/**
 * Runs every example as its comment says.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { binary, ROOT } from "../../scripts/lib/runtimes.ts";
import { systemNode } from "../../scripts/lib/system_node.ts";
import { printed } from "../support/child.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const example = (name: string) => join(ROOT, "examples", name);

const output = (command: string, args: readonly string[], cwd: string = ROOT) =>
  execFileSync(command, args, { cwd, encoding: "utf8" });

/** Runs the Deno server on `path`, calls `use` with its address, and stops it as a service manager would. */
async function withServer(path: string, use: (url: string) => Promise<void>): Promise<void> {
  const permissions = ["--allow-net=127.0.0.1", `--allow-read=${path}`, `--allow-write=${path}`];
  const args = ["run", "--no-check", "--no-prompt", ...permissions, example("deno_server.ts"), path, "0"];
  const server = spawn(binary("deno"), args, { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(server, "close");
  try {
    await use(await printed(server, "http://"));
  } finally {
    server.kill("SIGTERM");
  }
  assert.deepEqual(await closed, [0, null]);
}

nodeTest("the Deno server keeps its data over a restart", () =>
  withDirectory(async (path) => {
    await withServer(path, async (url) => {
      const put = (key: string, body: string | Uint8Array<ArrayBuffer>) => fetch(url + key, { method: "PUT", body });
      assert.equal((await put("city%2Fbern", "137,000")).status, 204);
      assert.equal((await put("city%2Fberlin", "3,700,000")).status, 204);
      assert.equal((await put("large", new Uint8Array(1024 * 1024 + 1))).status, 413);
      assert.equal(await (await fetch(`${url}city%2Fbern`)).text(), "137,000");
      assert.equal((await fetch(`${url}missing`)).status, 404);
      assert.equal((await fetch(`${url}key`, { method: "PATCH" })).status, 405);
      const tooLong = await fetch(url + "k".repeat(65_001));
      assert.equal(tooLong.status, 400);
      for (const wrong of ["%ff", "%", "a%f"]) assert.equal((await fetch(url + wrong)).status, 400, wrong);
      assert.match(await tooLong.text(), /65001 bytes/);
    });
    await withServer(path, async (url) => {
      assert.deepEqual(await (await fetch(`${url}?prefix=city/`)).json(), ["city/berlin", "city/bern"]);
      assert.equal((await fetch(`${url}city%2Fbern`, { method: "DELETE" })).status, 204);
      assert.deepEqual(await (await fetch(url)).json(), ["city/berlin"]);
    });
  }),
);

nodeTest("the Bun script counts words, and adds up", () =>
  withDirectory((directory) => {
    const text = join(directory, "text");
    writeFileSync(text, "One fish, two fish; red fish: blue fish.");
    const args = [example("bun_script.ts"), text, join(directory, "words")];
    assert.equal(output(binary("bun"), args).split("\n")[0], "4\tfish");
    assert.equal(output(binary("bun"), args).split("\n")[0], "8\tfish");
  }),
);

const VISITORS = `
const { default: handler } = await import(process.argv[2]);
const request = new Request("http://localhost/");
const answers = await Promise.all(Array.from({ length: 50 }, () => handler.fetch(request)));
const visits = await Promise.all(answers.map((answer) => answer.json()));
await handler.close();
console.log(JSON.stringify(visits.map(({ visits }) => visits)));
`;

nodeTest("the serverless handler runs from one bundled file, on each Node", () =>
  withDirectory((directory) => {
    const bundle = join(directory, "bundle", "serverless.mjs");
    const options = ["--bundle", "--format=esm", "--platform=node", "--target=node20", "--log-level=warning"];
    output(binary("esbuild"), [example("serverless.ts"), ...options, `--outfile=${bundle}`]);
    assert.deepEqual(readdirSync(join(directory, "bundle")), ["serverless.mjs"]);
    const visitors = join(directory, "visitors.mjs");
    writeFileSync(visitors, VISITORS);
    let visits = 0;
    for (const node of [systemNode(), binary("node")]) {
      if (node === undefined) continue;
      const env = { ...process.env, DATA_DIRECTORY: join(directory, "data") };
      const counted = execFileSync(node, [visitors, bundle], { cwd: directory, env, encoding: "utf8" });
      assert.deepEqual(
        JSON.parse(counted),
        Array.from({ length: 50 }, (_, i) => visits + i + 1),
        node,
      );
      visits += 50;
    }
  }),
);

nodeTest("the compiled program runs in another folder, on its own", () =>
  withDirectory((directory) => {
    const program = join(directory, "notebook");
    output(binary("bun"), ["build", "--compile", example("compiled.ts"), "--outfile", program]);
    const elsewhere = join(directory, "elsewhere");
    mkdirSync(elsewhere);
    assert.match(output(program, ["notes", "buy milk"], elsewhere), /Z {2}buy milk\n$/);
    assert.match(output(program, ["notes", "call Ada"], elsewhere), /buy milk\n.*call Ada\n$/);
    assert.ok(existsSync(join(elsewhere, "notes", "LUGE")));
  }),
);

nodeTest("the testing example passes, with no permission", () => {
  const args = ["run", "--no-check", "--no-prompt", example("testing.ts")];
  assert.equal(output(binary("deno"), args), "passed\n");
});
