/**
 * The versions of one key.
 *
 * @module
 */

import type { KeyVersion } from "../api/writes.ts";
import type { StoredVersion, VersionPlace } from "../backend.ts";
import type { StoreCore } from "./core.ts";

/** The public form of a version. */
export function toKeyVersion({ version, value, expiresMs, written }: StoredVersion): KeyVersion {
  return {
    version,
    ...(value ? { value } : {}),
    deleted: value === undefined && expiresMs === 0,
    ...(expiresMs === 0 ? {} : { expiresAt: expiresMs }),
    ...written,
  };
}

/** The versions that the store keeps, newest first, page by page. */
export function* versionPages(core: StoreCore, key: Uint8Array): Generator<KeyVersion[]> {
  let from: VersionPlace | undefined;
  do {
    core.assertOpen("list the versions");
    const { versions, next } = core.run((backend) => backend.versions(key, from));
    yield versions.map(toKeyVersion);
    from = next;
  } while (from);
}
