/**
 * Checks of the whole project: `npm test` is the gate.
 *
 * @module
 */

import { startProgram } from "./lib/program.ts";

await startProgram({
  name: "scripts/check.ts",
  does: "Checks the whole project.",
  standard: "gate",
  parts: {
    gate: {
      does: "format, lint, types, Rust checks, all tests on three runtimes",
      start: () => import("./check/gate.ts"),
    },
    coverage: {
      does: "which lines and branches of src/ the tests reach on Node; fails below 95 % of the lines",
      start: () => import("./check/coverage.ts"),
    },
    structure: {
      does: "the longest files, the engine's largest structs, import cycles and imports in a wrong direction",
      start: () => import("./check/structure.ts"),
    },
  },
});
