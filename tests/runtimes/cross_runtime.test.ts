/**
 * The files are the same on every runtime.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { RUNTIMES, type Runtime } from "../../scripts/lib/runtimes.ts";
import { ended, kill, printed, start } from "../support/child.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const CHILD = join(import.meta.dirname, "child.ts");

async function succeeds(runtime: Runtime, command: "write" | "check", path: string, generation: number): Promise<void> {
  const { code, output } = await ended(start(runtime, CHILD, [command, path, `${generation}`]));
  assert.equal(code, 0, `${command} on ${runtime}: ${output}`);
  assert.match(output, command === "write" ? /^written/m : /^checked/m);
}

nodeTest("each runtime reads and changes the data of each other runtime", () =>
  withDirectory(async (path) => {
    let generation = 0;
    for (const writer of RUNTIMES) {
      for (const reader of RUNTIMES.filter((runtime) => runtime !== writer)) {
        await succeeds(writer, "write", path, generation);
        await succeeds(reader, "check", path, generation);
        generation += 1;
      }
    }
  }),
);

nodeTest("each runtime reads at once the acknowledged writes of a killed other runtime", () =>
  withDirectory(async (directory) => {
    for (const writer of RUNTIMES) {
      const path = join(directory, writer);
      let generation = 0;
      for (const reader of RUNTIMES) {
        const child = start(writer, CHILD, ["hold", path, `${generation}`]);
        await printed(child, "holding");
        await kill(child);
        await succeeds(reader, "check", path, generation);
        generation += 1;
      }
    }
  }),
);
