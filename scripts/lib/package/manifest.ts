/**
 * The published package.json, and the README with links that work outside the repository.
 *
 * @module
 */

import type { Publisher } from "./publisher.ts";

/** The package.json of the project. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly files: readonly string[];
  readonly devDependencies: Readonly<Record<string, string>>;
  /** The only source of the absolute links in the published README. It comes from `publish.json`. */
  readonly repository?: { readonly type: string; readonly url: string };
  readonly [field: string]: unknown;
}

/** Fields that only developers of the project need. */
const DEVELOPMENT: ReadonlySet<string> = new Set(["scripts", "devDependencies", "allowScripts", "overrides"]);

/** The manifest with the addresses of the publisher: `repository`, `bugs` and `homepage`. npm's provenance needs the first. */
export function withPublisher(manifest: Manifest, { repository, site }: Publisher): Manifest {
  return {
    ...manifest,
    ...(repository === null
      ? {}
      : { repository: { type: "git", url: `git+${repository}.git` }, bugs: { url: `${repository}/issues` } }),
    ...(site === null ? {} : { homepage: site }),
  };
}

/** The manifest without the fields for developers. Nothing in it runs on install. */
export function publishedManifest(manifest: Manifest): Record<string, unknown> {
  return Object.fromEntries(Object.entries(manifest).filter(([field]) => !DEVELOPMENT.has(field)));
}

/** A link or image in Markdown with a relative address. */
const LINK = /\]\((?![a-z]+:|#|\/)([^)\s]+)\)/g;
const IMAGE = /!\[([^\]]*)\]\((?![a-z]+:|\/)([^)\s]+)\)/g;

/**
 * `markdown` with absolute instead of relative links. They point to the files of the repository at the version's tag.
 * Without a `repository` the text stays as it is: no address is invented.
 */
export function withAbsoluteLinks(markdown: string, { repository, version }: Manifest): string {
  const base = repository?.url.replace(/^git\+/, "").replace(/\.git$/, "");
  if (base === undefined) return markdown;
  return markdown
    .replace(IMAGE, (_, text: string, path: string) => `![${text}](${base}/raw/v${version}/${path})`)
    .replace(LINK, (_, path: string) => `](${base}/blob/v${version}/${path})`);
}
