/**
 * Builds the package, and the files of a release that tests keep. `scripts/build_engine.ts` builds the engine.
 *
 * @module
 */

import { startProgram } from "./lib/program.ts";

await startProgram({
  name: "scripts/build.ts",
  does: "Builds what is published.",
  parts: {
    package: {
      does: "the package, in dist/package and as a tarball in dist",
      start: () => import("./build/package.ts"),
    },
    release: {
      does: "the files of a release, in dist/release: the tarball, its bill of materials, the engine and digests",
      start: () => import("./build/release.ts"),
    },
    badges: {
      does: "the badges of README.md, from publish.json",
      start: () => import("./build/badges.ts"),
    },
    library: {
      does: "lib/ for npm pack, npm publish and git installs: npm runs this as the prepare script",
      start: () => import("./build/library.ts"),
    },
    reference: {
      does: "the reference of the public interface, as HTML in docs/reference: open its index.html",
      start: () => import("./build/reference.ts"),
    },
    site: {
      does: "the site, in dist/site: all pages with a search, the reference and a playground; fails for a broken link",
      start: () => import("./build/site.ts"),
    },
    worker: {
      does: "the code of the worker thread as text, in src/fs/worker/worker_code.ts",
      start: () => import("./build/worker.ts"),
    },
    screenshots: {
      does: "needs chromium; the pictures of the studio, in docs/studio",
      start: () => import("./build/screenshots.ts"),
    },
    golden: {
      does: "the golden stores of this format, in tests/golden: directories and backups that later releases must read",
      start: () => import("./build/golden.ts"),
    },
    corpus: {
      does: "the first inputs of the fuzz targets, in engine/fuzz/corpus and tests/backup/corpus",
      start: () => import("./build/corpus.ts"),
    },
  },
});
