/**
 * Each runtime serves a store to each other one, with TLS and without.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RUNTIMES } from "../../scripts/lib/runtimes.ts";
import { ended, kill, printed, start } from "../support/child.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const MEMBER = fileURLToPath(new URL("member.ts", import.meta.url));
const COUNT = 20;

for (const runtime of RUNTIMES) {
  nodeTest(`a store on ${runtime} is served to all runtimes`, () =>
    withDirectory(async (path) => {
      const server = start(runtime, MEMBER, ["serve", path, "0"]);
      try {
        const [, role, ...addresses] = (await printed(server, "serves ")).split(" ");
        assert.deepEqual([role, addresses.length], ["owner", 2]);
        for (const [i, address] of addresses.entries()) {
          const clients = RUNTIMES.map((each) => {
            // On Deno this is all that a client needs.
            const denoFlags = [`--allow-net=${new URL(address).host}`];
            return ended(start(each, MEMBER, ["count", address, `${each} ${i}`, `${COUNT}`], { denoFlags }));
          });
          // A store that is not closed keeps no process alive.
          const idle = await ended(start(runtime, MEMBER, ["idle", address]));
          assert.deepEqual([idle.code, idle.output], [0, "ends\n"]);
          for (const { code, output } of await Promise.all(clients)) {
            const lines = output.trim().split("\n");
            assert.equal(code, 0, output);
            assert.deepEqual(
              [lines.length, lines.at(-2), lines.at(-1)?.slice(0, 4)],
              [COUNT + 1, `at ${COUNT}`, "done"],
              output,
            );
          }
        }
      } finally {
        await kill(server);
      }
    }),
  );
}
