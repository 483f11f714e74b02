/**
 * A release: its files, what must be ready before it, and the package as users install it.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { badgesOf, withBadges } from "../../scripts/lib/package/badges.ts";
import { withPublisher } from "../../scripts/lib/package/manifest.ts";
import { checkPublisher, missingFor, readPublisher } from "../../scripts/lib/package/publisher.ts";
import { buildRelease, checkRelease } from "../../scripts/lib/package/release.ts";
import { type Sbom, sbomOf } from "../../scripts/lib/package/sbom.ts";
import { projectManifest } from "../../scripts/lib/package.ts";
import { binary, ROOT, RUNTIMES } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const PUBLISHER = { repository: "https://example.org/someone/luge", site: "https://example.org/site" };

nodeTest("the files of a release: a tarball that works on three runtimes, the bill, the engine, the digests", () =>
  withDirectory(async (directory) => {
    const files = await buildRelease(join(directory, "release"), PUBLISHER);
    const { version } = projectManifest();
    const names = [`luge-luge-${version}.tgz`, `luge-${version}.cdx.json`, "luge_engine.wasm", "SHA256SUMS"];
    assert.deepEqual(
      files.map((file) => basename(file)),
      names,
    );
    const lines = readFileSync(files[3] ?? "", "utf8")
      .trim()
      .split("\n");
    assert.deepEqual(
      lines,
      files.slice(0, 3).map((file) => {
        return `${createHash("sha256").update(readFileSync(file)).digest("hex")}  ${basename(file)}`;
      }),
    );
    const { sha256 } = JSON.parse(read("engine/luge_engine.build.json"));
    assert.ok(lines.includes(`${sha256}  luge_engine.wasm`));

    const folder = join(directory, "empty", "node_modules", "@luge", "luge");
    mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xzf", files[0] ?? "", "--strip-components=1", "-C", folder]);
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    assert.deepEqual(manifest.repository, { type: "git", url: "git+https://example.org/someone/luge.git" });
    assert.deepEqual(manifest.bugs, { url: "https://example.org/someone/luge/issues" });
    assert.equal(manifest.homepage, PUBLISHER.site);
    copyFileSync(join(import.meta.dirname, "fixtures", "installed.mjs"), join(directory, "empty", "installed.mjs"));
    for (const runtime of RUNTIMES) {
      const flags = runtime === "deno" ? ["run", "--allow-all", "--node-modules-dir=manual"] : [];
      const args = [...flags, "installed.mjs", `data-${runtime}`];
      const output = execFileSync(binary(runtime), args, { cwd: join(directory, "empty"), encoding: "utf8" });
      assert.equal(output, "works\n", runtime);
    }

    checkBill(
      JSON.parse(readFileSync(files[1] ?? "", "utf8")),
      readFileSync(join(folder, "lib", "LICENSES.txt"), "utf8"),
    );
  }),
);

/** Everything with a license in the package is in the bill, and nothing else. Each has a digest, and is below its parent. */
function checkBill(bill: Sbom, licenses: string): void {
  assert.deepEqual([bill.bomFormat, bill.specVersion, bill.version], ["CycloneDX", "1.6", 1]);
  const [bundled = "", engine = ""] = licenses.split("\n----\n\nThe engine\n\n");
  const packages = bundled.split("\n----\n\n").map((part) => part.split("\n")[0]);
  const crates = [...engine.matchAll(/^([\w-]+) (\d\S+)\n\nSPDX:/gm)].map(([, name, version]) => `${name}@${version}`);
  assert.ok(packages.length > 5 && crates.length > 10);
  const refs = bill.components.map((component) => component["bom-ref"]);
  assert.equal(new Set(refs).size, refs.length);
  const { devDependencies } = projectManifest();
  const npm = packages.map((name = "") => refs.find((ref) => ref.startsWith(`pkg:npm/${name.replace("@", "%40")}@`)));
  for (const [i, name = ""] of packages.entries()) {
    assert.ok(npm[i], `${name} is in the package, and not in the bill`);
    const pinned = devDependencies[name];
    if (pinned !== undefined) assert.ok(npm[i]?.endsWith(`@${pinned}`), npm[i]);
  }
  assert.deepEqual(
    refs.filter((ref) => ref.startsWith("pkg:cargo/")),
    crates.map((crate) => `pkg:cargo/${crate}`),
  );
  assert.ok(refs.includes("pkg:cargo/sled@0.34.7"));
  assert.equal(refs.filter((ref) => ref.startsWith("pkg:npm/")).length, packages.length);
  for (const { hashes, licenses: own, ...component } of bill.components) {
    const isOfCompiler = /^(?:rust-std|wasi-libc)$/.test(component.name);
    assert.match(own[0]?.expression ?? "", /^\w/, component.name);
    if (!isOfCompiler) assert.match(hashes?.[0]?.content ?? "", /^(?:[0-9a-f]{64}|[0-9a-f]{128})$/, component.name);
  }
  const below = bill.dependencies.flatMap(({ dependsOn }) => dependsOn);
  assert.deepEqual([...below].sort(), [...refs].sort());
}

nodeTest("a package or crate without a version and a digest stops the bill", () => {
  assert.throws(() => sbomOf(projectManifest(), ["no-such-package"]), /'no-such-package' is in a bundle, and has not/);
});

nodeTest("a release with a tag wants the version, a heading in CHANGELOG.md and a publisher", () => {
  const { version } = projectManifest();
  checkRelease({ tag: undefined, publisher: { repository: null, site: null } });
  assert.throws(() => checkRelease({ tag: "v0.0.9", publisher: PUBLISHER }), /Wrong tag 'v0\.0\.9': expected 'v/);
  const isUnreleased = read("CHANGELOG.md").includes(`## ${version} (unreleased)`);
  const ready = () => checkRelease({ tag: `v${version}`, publisher: PUBLISHER });
  if (isUnreleased) assert.throws(ready, /Wrong CHANGELOG\.md: expected a heading '## .* \(DATE\)'/);
  else ready();
  assert.deepEqual(missingFor({ repository: null, site: null }), ["repository"]);
  assert.deepEqual(missingFor(PUBLISHER), []);
});

nodeTest("a wrong field of publish.json is named", () => {
  assert.deepEqual(checkPublisher(PUBLISHER), PUBLISHER);
  assert.deepEqual(readPublisher(), JSON.parse(read("publish.json")));
  for (const [content, message] of [
    [null, /Wrong 'content' in publish\.json: null; expected an object/],
    [{ ...PUBLISHER, email: "x" }, /Wrong 'email' in publish\.json: "x"; expected only repository and site/],
    [
      { ...PUBLISHER, repository: "someone/luge" },
      /Wrong 'repository' in publish\.json: "someone\/luge"; expected null/,
    ],
    [{ ...PUBLISHER, repository: "https://example.org/" }, /Wrong 'repository'/],
    [{ repository: null }, /Wrong 'site' in publish\.json: undefined/],
  ] as const) {
    assert.throws(() => checkPublisher(content), message);
  }
});

nodeTest("without a repository there is no address and no badge, and the README has what publish.json says", () => {
  const nobody = { repository: null, site: null };
  const manifest = projectManifest();
  assert.deepEqual(withPublisher(manifest, nobody), manifest);
  assert.equal(badgesOf(manifest.name, nobody), "");
  const badges = badgesOf(manifest.name, PUBLISHER);
  assert.match(
    badges,
    /^\[!\[checks\]\(https:\/\/example\.org\/someone\/luge\/actions\/workflows\/check\.yml\/badge\.svg\)\]/,
  );
  const readme = read("README.md");
  assert.equal(withBadges(readme, badgesOf(manifest.name, readPublisher())), readme);
  const twice = withBadges(withBadges(readme, badges), badges);
  assert.ok(twice.includes(`begin -->\n\n${badges}\n\n<!--`));
  assert.equal(withBadges(twice, badgesOf(manifest.name, readPublisher())), readme);
  assert.throws(() => withBadges("# luge\n", badges), /The README has no place for badges/);
});

nodeTest("Windows starts the runtimes from the PATH, and says so of every other command", () => {
  assert.deepEqual(
    RUNTIMES.map((runtime) => binary(runtime, "win32")),
    ["node.exe", "bun.exe", "deno.exe"],
  );
  assert.throws(() => binary("tsc", "win32"), /The command 'tsc' cannot be started on Windows/);
});
