/**
 * The package.json that is published, and the README with links that lead somewhere outside the repository.
 *
 * @module
 */

/** The package.json of the project. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly files: readonly string[];
  /** The one setting that the absolute links of the published README come from. The project has none yet. */
  readonly repository?: { readonly type: string; readonly url: string };
  readonly [field: string]: unknown;
}

/** What only whoever works on the project needs. */
const DEVELOPMENT: ReadonlySet<string> = new Set(["scripts", "devDependencies", "allowScripts"]);

/** The manifest without what only the project needs: nothing in it runs on install. */
export function publishedManifest(manifest: Manifest): Record<string, unknown> {
  return Object.fromEntries(Object.entries(manifest).filter(([field]) => !DEVELOPMENT.has(field)));
}

/** What has a relative address in Markdown: a link, and before that an image. */
const LINK = /\]\((?![a-z]+:|#|\/)([^)\s]+)\)/g;
const IMAGE = /!\[([^\]]*)\]\((?![a-z]+:|\/)([^)\s]+)\)/g;

/**
 * `markdown` with relative links made absolute: to the files of the repository at the version's tag. Without a `repository` in
 * package.json it stays as it is: no address is made up.
 */
export function withAbsoluteLinks(markdown: string, { repository, version }: Manifest): string {
  const base = repository?.url.replace(/^git\+/, "").replace(/\.git$/, "");
  if (base === undefined) return markdown;
  return markdown
    .replace(IMAGE, (_, text: string, path: string) => `![${text}](${base}/raw/v${version}/${path})`)
    .replace(LINK, (_, path: string) => `](${base}/blob/v${version}/${path})`);
}
