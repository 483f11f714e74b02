import { METRICS } from "../../prometheus/metrics.ts";
import { json } from "../answers.ts";
import { Refusal } from "../refusal.ts";
import type { Route } from "../route.ts";
import type { WireMetrics } from "../wire.ts";

/** The error of what a place cannot do. */
export function cannot(what: string): Refusal {
  return new Refusal(404, "NOT_HERE", `Cannot ${what}: this place has none`);
}

/** The figures of the store, and what each of them is. */
export const metrics: Route = {
  name: "metrics",
  changes: false,
  fields: ["describe"],
  answer: async ({ fields, place }) => {
    if (!place.metrics) throw cannot("show figures");
    const latencies = await place.latencies?.();
    const wire: WireMetrics = {
      metrics: await place.metrics(),
      time: Date.now(),
      // The last bucket is infinite, which JSON does not have.
      ...(latencies && { latencies: { ...latencies } }),
    };
    return json(fields.flag("describe") ? { ...wire, descriptions: METRICS } : wire);
  },
};

/** What took long. */
export const slow: Route = {
  name: "slow",
  changes: false,
  fields: [],
  answer: ({ place }) => {
    if (!place.slow) throw cannot("show slow operations");
    return json({ slow: place.slow() });
  },
};
