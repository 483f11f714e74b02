import { once } from "node:events";
import process from "node:process";
import { Option } from "commander";
import type { ListenOptions, SharedStore } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { misuseAsUsage, UsageError } from "../exit_codes.ts";
import { type Address, hostAndPort, readGiven, tokenFrom } from "../listening.ts";
import { TOKEN_VARIABLE } from "../remote.ts";
import { isShared } from "../store.ts";

interface ServeOptions {
  readonly listen?: Address;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly insecure?: boolean;
}

/** A shorter token could be guessed. */
const LEAST_TOKEN = 16;

/** `luge serve`. */
export const serve: CliCommand = command<[], ServeOptions>({
  name: "serve",
  summary: "keep a store open for other processes, until Ctrl-C",
  details:
    "Programs that open the store with `shared: true`, and other commands, then need not open it themselves. " +
    "It creates the store when it is missing. If another process has the store open with `shared: true`, it stands by, and takes over when that one ends.\n" +
    "With --listen it also serves other machines, and prints the address for them: luge get luge://127.0.0.1:4444 key. Server and clients need the same " +
    `access token, of at least 16 characters, in the variable ${TOKEN_VARIABLE}. It is no argument, because other users of the machine can see those. ` +
    "Beyond this machine it needs a certificate, or --insecure.",
  examples: `
$ timeout -s INT 2 luge serve shop || true
shop: open for other processes, as the owner (process …)
$ luge serve shop --listen 127.0.0.1:4444 2> problem.txt || cat problem.txt
luge: The access token is missing: set ${TOKEN_VARIABLE}, or use --token-file
$ head -c 24 /dev/urandom | base64 > token.txt
$ timeout -s INT 2 luge serve shop --listen 127.0.0.1:0 --token-file token.txt || true
shop: open for other processes, as the owner (process …)
luge://127.0.0.1:…`,
  standalone: "place",
  define: (command) => {
    command
      .addOption(
        new Option("--listen <address>", "also serve other machines: host and port; port 0 for a free one").argParser(
          (text) => hostAndPort(text, "127.0.0.1:4444"),
        ),
      )
      .option("--token-file <file>", `a file with the access token (default: the variable ${TOKEN_VARIABLE})`)
      .option("--tls-cert <file>", "the certificate of the server, as PEM: clients then use luges://")
      .option("--tls-key <file>", "its private key, as PEM")
      .option("--insecure", "listen beyond this machine without a certificate");
  },
  run: async (session, _, options) => {
    const { directory, output, signal } = session;
    const listening = listenOptions(options);
    const serving = async (store: SharedStore) => {
      const { role } = store;
      const listener = listening && (await misuseAsUsage(store.listen(listening)));
      const text = role === "owner" ? "as the owner" : "standing by";
      const line = `${directory}: open for other processes, ${text} (process ${process.pid})`;
      const address = listener && { address: listener.address };
      const json = { directory, role, pid: process.pid, ...address };
      await session.result(json, listener ? `${line}\n${listener.address}` : line);
      await output.flush();
      // An open store keeps no process alive.
      const alive = setInterval(() => {}, 60_000);
      if (!signal.aborted) await once(signal, "abort");
      clearInterval(alive);
    };
    await session.withStore("share", async (store) => {
      if (isShared(store)) await serving(store);
    });
  },
});

function listenOptions({ listen, tokenFile, tlsCert, tlsKey, insecure }: ServeOptions): ListenOptions | undefined {
  if (!listen) {
    if (tokenFile ?? tlsCert ?? tlsKey ?? insecure) {
      throw new UsageError("Wrong options: expected --listen with --token-file, --tls-cert, --tls-key and --insecure");
    }
    return undefined;
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("Wrong options: expected --tls-cert and --tls-key, got one of them");
  }
  const token = tokenFrom({ file: tokenFile, variable: TOKEN_VARIABLE, least: LEAST_TOKEN });
  if (tlsCert === undefined || tlsKey === undefined) return { ...listen, token, insecure };
  const tls = { cert: readGiven(tlsCert, "the certificate"), key: readGiven(tlsKey, "the key") };
  return { ...listen, token, tls };
}
