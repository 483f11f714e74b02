/**
 * The edits that sled 0.34.7 needs on WASI. The build applies them to cargo's copy in the target folder. It fails if a
 * place to edit is not exactly as expected.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "./digest.ts";

/** Replaces one passage, which must occur in the file exactly once. */
interface PassageEdit {
  readonly file: string;
  readonly why: string;
  readonly find: string;
  readonly replace: string;
}

/** Replaces a whole file by a file of `engine/edits`. The digest of the original must be the expected one. */
interface FileEdit {
  readonly file: string;
  readonly why: string;
  readonly sha256: string;
  readonly by: string;
}

const PASSAGES: readonly PassageEdit[] = [
  {
    file: "src/config.rs",
    why: "std::process::id() panics on WASI, and every Config calls it",
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
    why: "std::env::temp_dir() panics on WASI, and every Config calls it; luge has no temporary stores",
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
    why: "the artefact had a key of a megabyte, above all other keys; luge's keys begin with bytes far below 255",
    find: `const MAX_KEY: &[u8] = &[255; 1024 * 1024];`,
    replace: `const MAX_KEY: &[u8] = &[255; 16];`,
  },
  {
    file: "src/iter.rs",
    why:
      "a walk backwards looks for the keys before a node below four bytes 255. If the keys there begin with more of them, " +
      "it found a node too far down, went back up, and so on until it panicked. luge's keys are shorter than 66,000 bytes",
    find: `        for _ in 0..MAX_LOOPS {
            if self.bounds_collapsed() {
                return None;
            }

            if !node.contains_upper_bound(&self.hi) {`,
    replace: `        let mut was_too_low = false;
        for _ in 0..MAX_LOOPS {
            if self.bounds_collapsed() {
                return None;
            }

            if !node.contains_upper_bound(&self.hi) {
                was_too_low = true;`,
  },
  {
    file: "src/iter.rs",
    why: "as above",
    find: `            } else if !node.contains_lower_bound(&self.hi, false) {
                // node too high (maybe split, maybe exhausted?)
                let seek_key = possible_predecessor(&node.lo)?;`,
    replace: `            } else if !node.contains_lower_bound(&self.hi, false) {
                // node too high (maybe split, maybe exhausted?)
                let mut seek_key = possible_predecessor(&node.lo)?;
                if was_too_low {
                    for _ in 0..258 {
                        seek_key.extend_from_slice(&[255; 256]);
                    }
                }`,
  },
  {
    file: "src/iter.rs",
    why: "the message had all keys of the index; its code was 2 KB",
    find: `        panic!(
            "fucked up tree traversal next({:?}) on {:?}",
            self.lo, self.tree
        );`,
    replace: `        panic!("no node of the tree has the next key");`,
  },
  {
    file: "src/iter.rs",
    why: "as above",
    find: `        panic!(
            "fucked up tree traversal next_back({:?}) on {:?}",
            self.hi, self.tree
        );`,
    replace: `        panic!("no node of the tree has the key before");`,
  },
  {
    file: "src/histogram.rs",
    why: "without metrics nothing is counted, but every open zeroed some thirty histograms of 256 KiB",
    find: `const BUCKETS: usize = 1 << 16;`,
    replace: `#[cfg(not(feature = "no_metrics"))]
const BUCKETS: usize = 1 << 16;
#[cfg(feature = "no_metrics")]
const BUCKETS: usize = 1;`,
  },
  {
    file: "src/pagecache/constants.rs",
    why: "an open zeroed more than a megabyte for the page table; luge's index has a page for about 60 KB of data",
    find: `// Assumed to be enough for a 32-bit system.
#[cfg(target_pointer_width = "32")]
pub(crate) const MAX_PID_BITS: usize = 32;`,
    replace: `// Assumed to be enough for a 32-bit system.
#[cfg(target_pointer_width = "32")]
pub(crate) const MAX_PID_BITS: usize = 26;`,
  },
  {
    file: "src/pagecache/pagetable.rs",
    why: "as above: then both levels of the page table have 32 KiB",
    find: `const NODE2_FAN_FACTOR: usize = 18;`,
    replace: `const NODE2_FAN_FACTOR: usize = 13;`,
  },
  {
    file: "src/pagecache/iobuf.rs",
    why:
      "a batch begins with a manifest. sled writes it alone, when the batch is over, and it counts only together with what " +
      "follows it. If that is not written yet, one sync serves both. All of a long batch, or of one whose pages were read " +
      "back, may be written already: then nothing would follow the manifest, and a flush would find nothing to do",
    find: `                #[cfg(not(target_os = "linux"))]
                f.sync_all()?;`,
    replace: `                let is_followed = self.max_reserved_lsn.load(Acquire)
                    >= self.current_iobuf().lsn;
                let is_manifest = data.len() <= MAX_MSG_HEADER_LEN
                    && data.get(4) == Some(&MessageKind::BatchManifest.into());
                #[cfg(not(target_os = "linux"))]
                if !(is_manifest && is_followed) {
                    f.sync_all()?;
                }`,
  },
  {
    file: "src/pagecache/snapshot.rs",
    why: "PageCache::flush writes snapshots, too",
    find: `fn write_snapshot(config: &RunningConfig, snapshot: &Snapshot) -> Result<()> {`,
    replace: `pub(super) fn write_snapshot(
    config: &RunningConfig,
    snapshot: &Snapshot,
) -> Result<()> {`,
  },
  {
    file: "src/pagecache/snapshot.rs",
    why: "the directory exists; a look-up after a rename waits for the disk, so old snapshots are removed before",
    find: `    std::fs::create_dir_all(parent)?;`,
    replace: `    let mut outdated = config.get_snapshot_files()?;
    outdated.sort();
    // It counts until the new one is there.
    outdated.pop();
    for path in outdated {
        std::fs::remove_file(path)?;
    }`,
  },
  {
    file: "src/pagecache/snapshot.rs",
    why: "as above",
    find: `    let parent = path_1.parent().unwrap();
`,
    replace: "",
  },
  {
    file: "src/pagecache/snapshot.rs",
    why: "as above",
    find: `    // clean up any old snapshots
    let candidates = config.get_snapshot_files()?;
    for path in candidates {
        let path_str = path.file_name().unwrap().to_str().unwrap();
        if !path_2.to_string_lossy().ends_with(&*path_str) {
            debug!("removing old snapshot file {:?}", path);

            io_fail!(config, "snap write rm old");

            if let Err(e) = std::fs::remove_file(&path) {
                // TODO should this just be a try return?
                warn!(
                    "failed to remove old snapshot file, maybe snapshot race? {}",
                    e
                );
            }
        }
    }
`,
    replace: "",
  },
  {
    file: "src/pagecache/mod.rs",
    why: "PageCache::flush must know how much of the log was written since the last snapshot",
    find: `    was_recovered: bool,
}`,
    replace: `    was_recovered: bool,
    snapshot_lsn: AtomicLsn,
}`,
  },
  {
    file: "src/pagecache/mod.rs",
    why: "as above: the snapshot that the open read or wrote",
    find: `            was_recovered: false,
        };`,
    replace: `            was_recovered: false,
            snapshot_lsn: AtomicLsn::new(snapshot.stable_lsn.unwrap_or(0)),
        };`,
  },
  {
    file: "src/pagecache/mod.rs",
    why: "only an open wrote a snapshot, so it had to read everything that the last run had written to the log",
    find: `    pub(crate) fn flush(&self) -> Result<usize> {
        self.log.flush()
    }`,
    replace: `    pub(crate) fn flush(&self) -> Result<usize> {
        let flushed = self.log.flush()?;
        self.write_snapshot_if_due()?;
        Ok(flushed)
    }

    /// Writes a snapshot when enough of the log has gone by since the last one.
    /// Right only where no other thread changes pages, as on WASI: after a flush
    /// the page table is then exactly what reading the log up to here gives.
    fn write_snapshot_if_due(&self) -> Result<()> {
        const INTERVAL: Lsn = 8 * 1024 * 1024;

        // The next message goes to the start of this buffer.
        let iobuf = self.log.iobufs.current_iobuf();
        let stable_lsn = iobuf.lsn;
        if stable_lsn - self.snapshot_lsn.load(Acquire) < INTERVAL {
            return Ok(());
        }

        // A segment that was just begun is not on the disk: its header waits in
        // the buffer, and recovery may put the segment elsewhere.
        let begun = stable_lsn % self.config.segment_size as Lsn == 0;
        let (active_segment, empty) = if begun {
            (None, SEG_HEADER_LEN)
        } else {
            (Some(self.config.normalize(iobuf.offset)), 0)
        };
        if header::offset(iobuf.get_header()) != empty
            || self.log.stable_offset() + 1 != stable_lsn
            || self.config.global_error().is_err()
        {
            return Ok(());
        }

        let guard = pin();
        let pages = *self.next_pid_to_allocate.lock();
        let mut pt = Vec::with_capacity(assert_usize(pages));
        for pid in 0..pages {
            match self.inner.get(pid, &guard) {
                Some(page) if !page.cache_infos.is_empty() => {
                    pt.push(page.to_page_state());
                }
                // Its allocation failed.
                _ => return Ok(()),
            }
        }

        let snapshot =
            Snapshot { stable_lsn: Some(stable_lsn), active_segment, pt };
        self::snapshot::write_snapshot(&self.config, &snapshot)?;
        self.snapshot_lsn.store(stable_lsn, Release);
        Ok(())
    }`,
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
