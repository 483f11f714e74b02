import { json, lines } from "../answers.ts";
import { wrongField } from "../refusal.ts";
import type { Route } from "../route.ts";
import { withProgress } from "./maintenance.ts";
import { cannot } from "./metrics.ts";

/** A name of a new directory: no path, nothing hidden. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

/** The backups in the directory of backups. */
export const backups: Route = {
  name: "backups",
  changes: false,
  fields: [],
  answer: async ({ place, signal }) => {
    if (!place.backups) throw cannot("list backups");
    return json({ directory: place.backups.directory, backups: await place.backups.list(signal) });
  },
};

/** Writes a new backup into the directory of backups. */
export const makeBackup: Route = {
  name: "make-backup",
  changes: true,
  fields: ["since"],
  answer: ({ place, fields, signal }) => {
    const { backups: all } = place;
    if (!all) throw cannot("make a backup");
    const since = fields.integer("since");
    return lines(withProgress({ place, signal }, async (ending) => ({ file: await all.make(since, ending) })));
  },
};

/** Restores backups into a new directory beside them. The open store does not change. */
export const restoreBackup: Route = {
  name: "restore-backup",
  changes: true,
  fields: ["to", "name"],
  answer: ({ place, fields, signal }) => {
    const { backups: all } = place;
    if (!all) throw cannot("restore a backup");
    const [to, name] = [fields.integer("to"), fields.text("name", 100)];
    if (to === undefined) throw wrongField("to", to, "the version of a backup");
    if (name === undefined || !NAME.test(name)) {
      throw wrongField("name", name, "the name of a new directory: letters, digits and . _ -");
    }
    return lines(
      withProgress({ place, signal }, async (ending) => ({ directory: await all.restore(to, name, ending) })),
    );
  },
};
