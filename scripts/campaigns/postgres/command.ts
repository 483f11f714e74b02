/**
 * A PostgreSQL server is killed under load, and restarts; with `--standby`, its synchronous standby takes its place.
 *
 * ```sh
 * node scripts/campaign.ts postgres [--kills 30] [--writers 32] [--every 1500] [--seed 1] [--standby]
 * ```
 *
 * @module
 */

import { count, flag, readOptions } from "../../lib/options.ts";
import { COMMON_OPTIONS } from "../campaign.ts";
import { killCampaign } from "./kills.ts";
import { failoverCampaign } from "./standby.ts";

const { standby, ...options } = readOptions({
  kills: count("how often the server is killed or stopped at once", 30),
  writers: count("how many writers there are", 32),
  every: count("milliseconds between two kills", 1500),
  standby: flag("let a synchronous standby take the place of the killed server"),
  ...COMMON_OPTIONS,
});
await (standby ? failoverCampaign(options) : killCampaign(options));
