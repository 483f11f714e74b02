import type { AsyncStore } from "../../api/async_store.ts";
import { json } from "../answers.ts";
import type { Route } from "../route.ts";

/** How many versions a search for the oldest one looks at: enough for all integers. */
const PROBES = 60;

/** The oldest version that the store can still show, and the newest one. */
export const history: Route = {
  name: "history",
  changes: false,
  fields: [],
  answer: async ({ place: { store } }) => {
    await store.has(PROBED);
    const newest = store.version;
    return json({ oldest: await oldestOf(store, newest), newest });
  },
};

/** A key that is read to learn whether a version is there. */
const PROBED = "\0";

/** If a store can show a version, it can show all later ones. So the oldest one is found by halving. */
async function oldestOf(store: AsyncStore, newest: number): Promise<number> {
  let [low, high] = [0, newest];
  for (let probe = 0; low < high && probe < PROBES; probe++) {
    const middle = Math.floor((low + high) / 2);
    if (await canShow(store, middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}

async function canShow(store: AsyncStore, version: number): Promise<boolean> {
  try {
    using snapshot = store.snapshot({ version });
    await snapshot.has(PROBED);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "VERSION_GONE") return false;
    throw error;
  }
}
