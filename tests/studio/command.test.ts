/**
 * `luge studio` as a process: where it opens a store, what it prints, and how it ends.
 */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { open } from "../../mod.ts";
import { shownAny } from "../../src/cli/any_place.ts";
import { ExitCode } from "../../src/cli/exit_codes.ts";
import { printed } from "../support/child.ts";
import { runHere } from "../support/command.ts";
import { text } from "../support/expect.ts";
import { exitCodeOf, publishedCommand } from "../support/luge.ts";
import { TOKEN } from "../support/served.ts";
import { withDirectory } from "../support/temporary.ts";
import { call, key } from "./started.ts";

describe("luge studio", () => {
  const luge = publishedCommand();

  /** Starts it, calls `use` with its address, and ends it as Ctrl-C does. */
  async function withCommand(
    cwd: string,
    words: readonly string[],
    use: (studio: { origin: string; token: string }) => Promise<void>,
  ): Promise<void> {
    const child: ChildProcess = luge.start(["studio", ...words], cwd);
    try {
      const { origin, hash } = new URL(await printed(child, "http://"));
      await use({ origin, token: hash.slice(1) });
    } finally {
      child.kill("SIGINT");
      await exitCodeOf(child);
    }
  }

  test("shows a directory, changes nothing in it, and ends by Ctrl-C", () =>
    withDirectory(async (cwd) => {
      const path = join(cwd, "shop");
      await using made = await open(path);
      await made.put("user/ada", "Lovelace");
      await made.close();
      const before = readdirSync(path, { recursive: true });
      await withCommand(cwd, ["shop"], async (studio) => {
        const page = await (await fetch(`${studio.origin}/`)).text();
        assert.match(page, /<div id="studio">.*<script type="module">/s);
        const { body: place } = await call(studio, "place");
        assert.deepEqual([place.name, place.kind, place.canWrite, place.isLive], ["shop", "directory", false, false]);
        assert.deepEqual(place.can, {
          metrics: true,
          latencies: true,
          slow: true,
          verify: true,
          compact: false,
          backups: false,
        });
        assert.equal((await call(studio, "keys")).body.rows.length, 1);
        assert.equal((await call(studio, "put", { key: key("a"), value: "" })).status, 403);
        assert.equal((await call(studio, "verify")).body.at(-1).result.damages.length, 0);
        const [since, done] = (await call(studio, "changes", { since: 0 })).body.filter(
          (line: object) => !("change" in line),
        );
        assert.deepEqual([since, done], [{ since: 0 }, { done: true }]);
      });
      assert.deepEqual(
        readdirSync(path, { recursive: true }).filter((name) => !/LOCK/.test(`${name}`)),
        before.filter((name) => !/LOCK/.test(`${name}`)),
      );
    }));

  test("asks the owner of a store in use", () =>
    withDirectory(async (cwd) => {
      await using store = await open({ path: join(cwd, "shop"), shared: true });
      await store.put("a", "1");
      await withCommand(cwd, ["shop", "--write"], async (studio) => {
        const { body: place } = await call(studio, "place");
        assert.deepEqual([place.kind, place.isLive, place.can.slow, place.can.compact], ["shared", true, false, true]);
        assert.equal((await call(studio, "put", { key: key("b"), value: key("2"), expected: 0 })).status, 200);
        assert.equal(text(await store.get("b")), "2");
        const shown = (await call(studio, "preview", { range: {} })).body;
        assert.equal(shown.count, 2);
        const { body } = await call(studio, "delete-range", { range: {}, at: shown.at, count: 2 });
        assert.equal(body.deleted, 2);
        assert.equal(await store.count(), 0);
        assert.ok((await call(studio, "metrics")).body.metrics.puts >= 2);
      });
    }));

  test("shows a store on another machine, without its token", () =>
    withDirectory(async (cwd) => {
      await using store = await open({ path: join(cwd, "shop"), shared: true });
      await store.put("a", "1");
      const { address } = await store.listen({ token: TOKEN, port: 0 });
      await withCommand(cwd, [`${address}?token=${TOKEN}`], async (studio) => {
        const { body: place } = await call(studio, "place");
        assert.deepEqual([place.name, place.kind, place.canWrite], [address, "remote", false]);
        assert.equal((await call(studio, "keys")).body.rows.length, 1);
        assert.equal((await call(studio, "history")).status, 200);
      });
    }));

  test("makes backups, shows them as a chain, and restores to a point", () =>
    withDirectory(async (cwd) => {
      const backups = join(cwd, "backups");
      mkdirSync(backups);
      writeFileSync(join(backups, "notes.txt"), "no backup");
      await using made = await open(join(cwd, "shop"));
      await made.put("a", "before");
      await made.close();
      await withCommand(cwd, ["shop", "--write", "--backups", "backups"], async (studio) => {
        const make = async (fields: object = {}) => (await call(studio, "make-backup", fields)).body.at(-1).result.file;
        const full = await make();
        const { to } = (await call(studio, "backups")).body.backups.find(({ file }: { file: string }) => file === full);
        await call(studio, "put", { key: key("a"), value: key("after") });
        const increment = await make({ since: to });
        const { body } = await call(studio, "backups");
        const all = body.backups.map(
          ({ file, isIncrement, problem }: { file: string; isIncrement?: boolean; problem?: string }) =>
            problem === undefined ? [file, isIncrement] : [file, "wrong"],
        );
        assert.deepEqual(all, [
          ["notes.txt", "wrong"],
          [full, false],
          [increment, true],
        ]);
        const restored = async (version: number, name: string) => {
          const answer = await call(studio, "restore-backup", { to: version, name });
          const line = answer.body.at(-1);
          assert.equal(line.result?.directory, join("backups", name), JSON.stringify(line));
          await using store = await open(join(backups, name));
          return text(await store.get("a"));
        };
        assert.equal(await restored(to, "first"), "before");
        assert.equal(await restored(body.backups.at(-1).to, "second"), "after");
        const again = await call(studio, "restore-backup", { to, name: "first" });
        assert.match(again.body.at(-1).error.message, /expected a new one, and it exists/);
        const none = await call(studio, "restore-backup", { to: 999, name: "third" });
        assert.match(none.body.at(-1).error.message, /Wrong version 999/);
        const newest = await make();
        assert.match(newest, /^full-/);
        assert.match((await call(studio, "make-backup")).body.at(-1).error.message, /nothing was written since/);

        // A restore that fails leaves nothing that looks like a store.
        truncateSync(join(backups, increment), statSync(join(backups, increment)).size - 10);
        rmSync(join(backups, newest));
        const failed = await call(studio, "restore-backup", { to: body.backups.at(-1).to, name: "third" });
        assert.ok(failed.body.at(-1).error, JSON.stringify(failed.body.at(-1)));
        assert.deepEqual([existsSync(join(backups, "third")), existsSync(join(backups, "first"))], [false, true]);

        // An increment without changes continues itself, and nothing else.
        const empty = await make({ since: body.backups.at(-1).to });
        for (const file of [full, increment]) rmSync(join(backups, file));
        assert.equal((await call(studio, "backups")).body.backups.at(-1).file, empty);
        const loop = await call(studio, "restore-backup", { to: body.backups.at(-1).to, name: "third" });
        assert.match(loop.body.at(-1).error.message, /to which a chain of backups leads/);
      });
    }));

  test("shows places without their passwords and tokens", () => {
    assert.equal(shownAny("postgres://user:secret@host/shop?table=t"), "postgres://user@host/shop?table=t");
    assert.equal(shownAny("etcd://user:secret@a:2379,b:2379/x"), "etcd://user@a:2379,b:2379/x");
    assert.equal(shownAny("luge://host:4444?token=secret"), "luge://host:4444");
  });

  test("refuses what it cannot do, before it opens the store", () =>
    withDirectory(async (cwd) => {
      const shop = join(cwd, "shop");
      await (await open(shop)).close();
      for (const [words, code, message] of [
        [[join(cwd, "none")], ExitCode.failed, /it is missing/],
        [[join(cwd, "none"), "--write"], ExitCode.failed, /it is missing/],
        [[shop, "--port", "65536"], ExitCode.usage, /Wrong port 65536: expected 0 to 65535/],
        [[shop, "--port", "x"], ExitCode.usage, /Expected an integer/],
        [[shop, "--backups", join(cwd, "none")], ExitCode.usage, /Wrong directory of backups '.*none'/],
        [[shop, "--host", "host.invalid"], ExitCode.failed, /Cannot listen on host.invalid, port 0/],
      ] as const) {
        const ended = await runHere(["studio", ...words]);
        assert.equal(ended.code, code, ended.errors);
        assert.match(ended.errors, message);
        assert.equal(ended.output, "");
      }
      assert.ok(!readdirSync(cwd).includes("none"));
    }));
});
