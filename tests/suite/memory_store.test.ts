import { MemoryStore } from "../../mod.ts";
import { storeSuite } from "./store_suite.ts";

storeSuite("MemoryStore", async (use) => {
  await using store = new MemoryStore();
  await use(store);
});
