import { MemoryStore, open } from "../../mod.ts";
import { withDirectory } from "../support/temporary.ts";
import { asyncSuite } from "./async_suite.ts";

asyncSuite(
  "MemoryStore",
  async (use) => {
    await using store = new MemoryStore();
    await use(store);
  },
  { kind: "memory" },
);

asyncSuite(
  "SledStore on disk",
  (use) =>
    withDirectory(async (path) => {
      await using store = await open(path);
      await use(store);
    }),
  { kind: "directory" },
);

asyncSuite(
  "a client of a shared store",
  (use) =>
    withDirectory(async (path) => {
      await using owner = await open({ path, shared: true });
      await using client = await open({ path: owner.path, shared: true });
      await use(client);
    }),
  { kind: "shared" },
);

asyncSuite(
  "the owner of a shared store",
  (use) =>
    withDirectory(async (path) => {
      await using store = await open({ path, shared: true });
      await use(store);
    }),
  { kind: "directory" },
);
