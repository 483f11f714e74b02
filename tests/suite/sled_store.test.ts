import { MemoryFileSystem, open } from "../../mod.ts";
import { withDirectory } from "../support/temporary.ts";
import { storeSuite } from "./store_suite.ts";

storeSuite("SledStore on disk", (use) =>
  withDirectory(async (path) => {
    await using store = await open(path);
    await use(store);
  }),
);

storeSuite("SledStore on disk without syncWrites", (use) =>
  withDirectory(async (path) => {
    await using store = await open({ path, syncWrites: false });
    await use(store);
  }),
);

storeSuite("SledStore in memory", async (use) => {
  await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
  await use(store);
});
