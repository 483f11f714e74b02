import { once } from "node:events";
import process from "node:process";
import { type CliCommand, command } from "../command.ts";
import { isShared } from "../store.ts";

/** `luge serve`. */
export const serve: CliCommand = command<[], object>({
  name: "serve",
  summary: "keep a store open for other processes, until Ctrl-C",
  details:
    "Programs that open the store with `shared: true`, and other commands, then need not open it themselves. " +
    "It creates the store when it is missing. If another process has the store open with `shared: true`, it stands by, and takes over when that one ends.",
  examples: `
$ timeout -s INT 2 luge serve shop || true
shop: open for other processes, as the owner (process …)`,
  standalone: "place",
  define: () => {},
  run: async (session) => {
    const { directory, output, signal } = session;
    const serving = async (role: "owner" | "client") => {
      const text = role === "owner" ? "as the owner" : "standing by";
      const line = `${directory}: open for other processes, ${text} (process ${process.pid})`;
      await session.result({ directory, role, pid: process.pid }, line);
      await output.flush();
      // An open store keeps no process alive.
      const alive = setInterval(() => {}, 60_000);
      if (!signal.aborted) await once(signal, "abort");
      clearInterval(alive);
    };
    await session.withStore("share", (store) => serving(isShared(store) ? store.role : "owner"));
  },
});
