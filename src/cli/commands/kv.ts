import { once } from "node:events";
import { Option } from "commander";
import { defaultConfig, open } from "../../../mod.ts";
import { kvConnect } from "../../adapters/kvconnect/mod.ts";
import { type CliCommand, command } from "../command.ts";
import { FailedError, UsageError } from "../exit_codes.ts";
import { type Running, serve } from "../kv_server.ts";
import { type Address, hostAndPort, tokenFrom } from "../listening.ts";
import { isAddress, needsDirectory } from "../remote.ts";
import type { Session } from "../session.ts";

interface KvOptions {
  readonly listen: Address;
  readonly tokenFile?: string;
}

/** The environment variable that Deno's clients read, too. */
const TOKEN_VARIABLE = "DENO_KV_ACCESS_TOKEN";

/** A shorter token could be guessed. */
const LEAST_TOKEN = 12;
/** Nothing listens beyond this machine unless the user says so. */
const DEFAULT_ADDRESS = "127.0.0.1:4512";

const addressOf = (text: string) => hostAndPort(text, DEFAULT_ADDRESS);

/** `luge kv`. */
export const kv: CliCommand = command<[action: string, directory: string], KvOptions>({
  name: "kv",
  summary: "serve a store to Deno.openKv of other programs, until Ctrl-C",
  details:
    "`luge kv serve <directory>` creates the store if it is missing, and prints its address. A program on Deno opens it with\n" +
    `Deno.openKv(address). Server and clients need the same access token, of at least 12 characters, in the variable\n` +
    `${TOKEN_VARIABLE}. Nothing is encrypted: to serve other machines, use a proxy with TLS.`,
  examples: `
$ luge kv serve shop 2> problem.txt || cat problem.txt
luge: The access token is missing: set ${TOKEN_VARIABLE}, or use --token-file`,
  standalone: "no place",
  define: (command) => {
    command
      .argument("<action>", "serve")
      .argument("<directory>", "where the store is")
      .addOption(
        new Option("--listen <address>", "host and port; port 0 for a free one")
          .argParser(addressOf)
          .default(addressOf(DEFAULT_ADDRESS), DEFAULT_ADDRESS),
      )
      .option("--token-file <file>", `a file with the access token (default: the variable ${TOKEN_VARIABLE})`);
  },
  run: async (session, [action, directory], { listen, tokenFile }) => {
    if (action !== "serve") throw new UsageError(`Unknown action '${action}': expected serve`);
    if (isAddress(directory)) throw needsDirectory("serve", directory);
    const token = tokenFrom({ file: tokenFile, variable: TOKEN_VARIABLE, least: LEAST_TOKEN });
    const store = await open(defaultConfig(directory));
    try {
      await runUntilAborted(session, await started(kvConnect(store, { token }), listen));
    } finally {
      await store.close();
    }
  },
});

async function runUntilAborted({ signal, json, output }: Session, { url, close }: Running): Promise<void> {
  try {
    await output.line(json ? JSON.stringify({ url }) : url);
    await output.flush();
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await close();
  }
}

async function started(handler: ReturnType<typeof kvConnect>, address: Address): Promise<Running> {
  try {
    return await serve(handler, address);
  } catch (error) {
    throw new FailedError(`Cannot listen on ${address.host}, port ${address.port}: ${(error as Error).message}`);
  }
}
