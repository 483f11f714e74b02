/**
 * `luge serve --listen`, and commands on the address of a store.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { open } from "../../mod.ts";
import { ExitCode } from "../../src/cli/exit_codes.ts";
import { AUTHORITY, CERTIFICATE, KEY } from "../support/certificate.ts";
import { printed } from "../support/child.ts";
import { runHere } from "../support/command.ts";
import { text } from "../support/expect.ts";
import { exitCodeOf, publishedCommand } from "../support/luge.ts";
import { TOKEN } from "../support/served.ts";
import { withDirectory } from "../support/temporary.ts";

async function outputOf(...words: string[]): Promise<string> {
  const { code, output, errors } = await runHere(words);
  assert.deepEqual([code, errors], [0, ""], words.join(" "));
  return output;
}

/** Runs `use` with variables of the environment. */
async function withVariables(variables: Record<string, string>, use: () => Promise<void>): Promise<void> {
  Object.assign(process.env, variables);
  try {
    await use();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

describe("on the address of a store, a command", () => {
  const luge = publishedCommand();

  test("reads and writes, and shows no token", () =>
    withDirectory(async (cwd) => {
      await using store = await open({ path: join(cwd, "shop"), shared: true });
      const { address } = await store.listen({ token: TOKEN, port: 0 });
      const withToken = `${address}?token=${TOKEN}`;
      await outputOf("put", withToken, "user/ada", "Lovelace");
      assert.equal(text(await store.get("user/ada")), "Lovelace");
      await withVariables({ LUGE_TOKEN: TOKEN }, async () => {
        await store.put("user/grace", "Hopper");
        assert.equal(await outputOf("get", address, "user/grace", "--values", "hex"), "486f70706572\n");
        assert.equal(await outputOf("scan", address, "user/", "--keys-only"), "user/ada\nuser/grace\n");
        assert.match(await outputOf("watch", address, "--since", "0", "--limit", "1"), /user\/ada\tLovelace\n$/);
        const file = join(cwd, "shop.backup");
        assert.match(await outputOf("backup", address, "--output", file), /shop.backup: version 0 to/);
        await using empty = await open({ path: join(cwd, "empty"), shared: true });
        const other = await empty.listen({ token: TOKEN, port: 0 });
        assert.match(await outputOf("restore", other.address, file), /2 entries/);
        assert.equal(await outputOf("delete", other.address, "--prefix", "user/"), "2\n");
        assert.equal(await outputOf("count", other.address), "0\n");
      });
      for (const [command, found] of [
        ["stats", "2 entries"],
        ["verify", "no damage"],
      ] as const) {
        const output = await outputOf(command, withToken);
        assert.ok(output.startsWith(`${address}: `) && output.includes(found), output);
        assert.ok(!output.includes(TOKEN));
      }
      assert.doesNotMatch(await outputOf("stats", withToken), /files {2}0 B/);
    }));

  test("refuses what needs the directory, and wrong tokens", () =>
    withDirectory(async (cwd) => {
      await using store = await open({ path: join(cwd, "shop"), shared: true });
      const { address } = await store.listen({ token: TOKEN, port: 0 });
      const withToken = `${address}?token=${TOKEN}`;
      for (const [words, code, message] of [
        [
          ["fork", withToken, join(cwd, "fork")],
          ExitCode.failed,
          /^Cannot fork '.*': it needs the directory; run it on that machine$/,
        ],
        [["serve", withToken], ExitCode.failed, /^Cannot serve .* needs the directory/],
        [["kv", "serve", withToken], ExitCode.failed, /^Cannot serve .* needs the directory/],
        [
          ["compact", withToken, "--keep-versions", "3"],
          ExitCode.failed,
          /^Cannot change how .* keeps its entries while/,
        ],
        [
          ["count", address],
          ExitCode.usage,
          /^The access token is missing: set LUGE_TOKEN, or use 'luge:.*\?token=…'$/,
        ],
        [["count", `${address}?token=${TOKEN}x`], ExitCode.failed, /the token is wrong$/],
        [["count", `${address}?tokne=${TOKEN}`], ExitCode.usage, /^Wrong address/],
        [["count", `luge://127.0.0.1:1?token=${TOKEN}`], ExitCode.failed, /^Cannot open 'luge:\/\/127.0.0.1:1'/],
      ] as const) {
        const ended = await runHere(words);
        assert.deepEqual([ended.code, ended.output], [code, ""], ended.errors);
        assert.match(ended.errors.replace(/^luge: /, ""), message);
        assert.ok(!ended.errors.includes(TOKEN), ended.errors);
      }
    }));

  test("serves a store, with TLS, too", () =>
    withDirectory(async (cwd) => {
      const file = (name: string, content: string) => {
        writeFileSync(join(cwd, name), content);
        return join(cwd, name);
      };
      const [token, cert, key] = [file("token", `${TOKEN}\n`), file("cert.pem", CERTIFICATE), file("key.pem", KEY)];
      const listen = ["--listen", "127.0.0.1:0", "--token-file", token];
      const plain = luge.start(["serve", "shop", ...listen], cwd);
      const address = await printed(plain, "luge://");
      const encrypted = luge.start(["serve", "shop", "--json", ...listen, "--tls-cert", cert, "--tls-key", key], cwd);
      const served = JSON.parse(await printed(encrypted, "{")) as { address: string; role: string };
      assert.match(served.address, /^luges:\/\/127\.0\.0\.1:\d+$/);
      const variables = { LUGE_TOKEN: TOKEN, LUGE_CA_FILE: file("ca.pem", AUTHORITY) };
      await withVariables(variables, async () => {
        await outputOf("put", served.address, "a", "1");
        assert.equal(await outputOf("get", address, "a"), "1");
      });
      for (const child of [plain, encrypted]) {
        child.kill("SIGINT");
        await exitCodeOf(child);
      }
      for (const [words, message] of [
        [["--listen", "127.0.0.1:0"], /^The access token is missing: set LUGE_TOKEN, or use --token-file$/],
        [["--listen", "127.0.0.1"], /Wrong address '127.0.0.1': expected host:port/],
        [["--listen", "0.0.0.0:0", "--token-file", token], /^Cannot listen on '0.0.0.0' without TLS/],
        [["--token-file", token], /^Wrong options: expected --listen with/],
        [[...listen, "--tls-key", key], /^Wrong options: expected --tls-cert and --tls-key, got one of them$/],
        [[...listen, "--tls-key", key, "--tls-cert", join(cwd, "none")], /^Cannot read the certificate '.*none'/],
        [
          [...listen, "--tls-key", token, "--tls-cert", token],
          /^Wrong option 'tls.cert': expected a certificate as PEM$/,
        ],
      ] as const) {
        const { code, errors } = await runHere(["serve", join(cwd, "shop"), ...words]);
        assert.equal(code, ExitCode.usage, errors);
        assert.match(errors.replace(/^luge: /, ""), message);
      }
    }));
});
