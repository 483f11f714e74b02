import { json } from "../answers.ts";
import type { Route } from "../route.ts";
import type { Capability, WirePlace } from "../wire.ts";

/** Why a place cannot do something. */
const MISSING: Readonly<Record<Capability, string>> = {
  metrics: "It has no figures of its own: look at those of the server.",
  latencies: "It measures no latencies.",
  slow: "Only the process that has the files sees slow operations.",
  verify: "The server checks its data itself.",
  compact: "It cannot be compacted from here.",
  backups: "No directory of backups is given: start luge studio with --backups DIRECTORY.",
};

/** What the place is, and what it can do. */
export const place: Route = {
  name: "place",
  changes: false,
  fields: [],
  answer: ({ place: { name, kind, store, canWrite, isLive, ...able } }) => {
    const can = {
      metrics: able.metrics !== undefined,
      latencies: able.latencies !== undefined,
      slow: able.slow !== undefined,
      verify: able.verify !== undefined,
      compact: able.compact !== undefined && canWrite,
      backups: able.backups !== undefined,
    };
    const missing = (Object.keys(can) as Capability[]).filter((each) => !can[each]).map((each) => MISSING[each]);
    const wire: WirePlace = { name, kind, version: store.version, canWrite, isLive, can, missing };
    return json(wire);
  },
};
