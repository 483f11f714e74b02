/**
 * The edits that sled 0.34.7 needs on WASI. They are applied to the copy that cargo brings, in the target folder, and
 * the build fails when a place to edit is not exactly as expected.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "./digest.ts";

/** Replaces one passage, which must stand in the file exactly once. */
interface PassageEdit {
  readonly file: string;
  readonly why: string;
  readonly find: string;
  readonly replace: string;
}

/** Replaces a whole file, whose digest must be the expected one, by a file of `engine/edits`. */
interface FileEdit {
  readonly file: string;
  readonly why: string;
  readonly sha256: string;
  readonly by: string;
}

const PASSAGES: readonly PassageEdit[] = [
  {
    file: "src/config.rs",
    why: "std::process::id() panics on WASI, and every Config asks for it",
    find: `        #[cfg(not(miri))]
        let pid = u128::from(std::process::id());

        #[cfg(miri)]
        let pid = 0;`,
    replace: `        #[cfg(not(any(miri, target_os = "wasi")))]
        let pid = u128::from(std::process::id());

        #[cfg(any(miri, target_os = "wasi"))]
        let pid = 0;`,
  },
  {
    file: "src/config.rs",
    why: "std::env::temp_dir() panics on WASI, and every Config asks for it; no store of ours is temporary",
    find: `std::env::temp_dir().join(format!("pagecache.tmp.{}", salt))`,
    replace: `PathBuf::from(format!("/pagecache.tmp.{}", salt))`,
  },
  {
    file: "src/config.rs",
    why: "conf was written in two writes and never synced: a crash in between made the database unopenable",
    find: `        let path = self.config_path();

        let mut f =
            fs::OpenOptions::new().write(true).create(true).open(path)?;

        io_fail!(self, "write_config bytes");
        f.write_all(&*bytes)?;
        io_fail!(self, "write_config crc");
        f.write_all(&crc_arr)?;
        io_fail!(self, "write_config post");
        Ok(())`,
    replace: `        let path = self.config_path();
        let unfinished = path.with_extension("tmp");

        let mut f = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&unfinished)?;

        f.write_all(&[&bytes[..], &crc_arr[..]].concat())?;
        f.sync_all()?;
        drop(f);
        fs::rename(unfinished, path)?;
        Ok(())`,
  },
  {
    file: "src/iter.rs",
    why: "a key of a megabyte stands in the artefact, above all others; ours begin with bytes far below 255",
    find: `const MAX_KEY: &[u8] = &[255; 1024 * 1024];`,
    replace: `const MAX_KEY: &[u8] = &[255; 16];`,
  },
];

const FILES: readonly FileEdit[] = [
  {
    file: "src/pagecache/parallel_io_polyfill.rs",
    why: "the fallback clones file descriptors, which WASI cannot",
    sha256: "98e49af188fab97b2aea4e9c773ec195f768fa8c52637980d867e5eb7f79b6a4",
    by: "parallel_io_wasi.rs",
  },
];

/** Applies all edits to the copy of sled in `crate`, with replacement files from `edits`. */
export function editSled(crate: string, edits: string): void {
  for (const { file, why, find, replace } of PASSAGES) {
    const path = join(crate, file);
    const text = readFileSync(path, "utf8");
    const places = text.split(find).length - 1;
    if (places !== 1) {
      throw new Error(`Cannot edit sled: found ${places} places instead of 1 in ${file} for the edit "${why}"`);
    }
    writeFileSync(
      path,
      text.replace(find, () => replace),
    );
  }
  for (const { file, why, sha256: expected, by } of FILES) {
    const path = join(crate, file);
    const actual = sha256(readFileSync(path));
    if (actual !== expected) {
      throw new Error(`Cannot edit sled: ${file} has digest ${actual}, expected ${expected}, for the edit "${why}"`);
    }
    writeFileSync(path, readFileSync(join(edits, by)));
  }
}
