/**
 * The versions of one key.
 *
 * @module
 */

import type { KeyVersion } from "../api/writes.ts";
import type { VersionPlace } from "../backend.ts";
import type { StoreCore } from "./core.ts";

/** The versions that the store keeps, newest first, page by page. */
export function* versionPages(core: StoreCore, key: Uint8Array): Generator<KeyVersion[]> {
  let from: VersionPlace | undefined;
  do {
    core.assertOpen("list the versions");
    const { versions, next } = core.run((backend) => backend.versions(key, from));
    yield versions.map(({ version, value, expiresMs }) => ({
      version,
      ...(value ? { value } : {}),
      deleted: value === undefined && expiresMs === 0,
      ...(expiresMs === 0 ? {} : { expiresAt: expiresMs }),
    }));
    from = next;
  } while (from);
}
