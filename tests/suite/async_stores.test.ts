import { MemoryStore, open } from "../../mod.ts";
import { withDirectory } from "../support/temporary.ts";
import { asyncSuite } from "./async_suite.ts";

asyncSuite(
  "MemoryStore",
  async (use) => {
    await using store = new MemoryStore();
    await use(store);
  },
  { keyBytes: 65_000 },
);

asyncSuite(
  "SledStore on disk",
  (use) =>
    withDirectory(async (path) => {
      await using store = await open(path);
      await use(store);
    }),
  { keyBytes: 65_000 },
);

asyncSuite(
  "a shared store",
  (use) =>
    withDirectory(async (path) => {
      await using store = await open({ path, shared: true });
      await use(store);
    }),
  { keyBytes: 65_000 },
);
