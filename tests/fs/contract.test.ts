import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { MemoryFileSystem } from "../../src/fs/memory.ts";
import { NodeFileSystem } from "../../src/fs/node.ts";
import { contractSuite } from "./contract.ts";

contractSuite("NodeFileSystem", () => {
  const directory = mkdtempSync(`${tmpdir()}/luge-fs-`);
  return { fileSystem: new NodeFileSystem(), directory, cleanUp: () => rmSync(directory, { recursive: true }) };
});

contractSuite("MemoryFileSystem", () => ({ fileSystem: new MemoryFileSystem(), directory: "", cleanUp: () => {} }));
