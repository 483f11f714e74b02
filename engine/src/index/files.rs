//! Checks sled's files before sled opens them. Repairs or refuses states that sled handles wrongly.

use std::fs;
use std::path::Path;

use crate::failure::{Failure, FailureKind};

/// Bytes of the checksum at the end of `conf`.
const CONF_CHECKSUM_SIZE: usize = 4;

/// Removes leftovers of a crash, and refuses a directory whose `conf` is damaged.
///
/// sled 0.34.7 takes `snap.*.generating`, a snapshot that was being written when the process died, for a finished one.
/// It then refuses to open for good (<https://github.com/spacejam/sled/issues/1527>). If the checksum of `conf` is
/// wrong, it only prints a warning. It overwrites a truncated `conf` with a new one.
pub(super) fn prepare(directory: &Path) -> Result<(), Failure> {
    if !directory.try_exists()? {
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "conf.tmp" || (name.starts_with("snap.") && name.ends_with(".generating")) {
            fs::remove_file(entry.path())?;
        }
    }
    check_conf(directory)
}

fn check_conf(directory: &Path) -> Result<(), Failure> {
    let path = directory.join("conf");
    let log_path = directory.join("db");
    if !path.try_exists()? {
        let no_log = size_of(&log_path)? == 0;
        return if no_log { Ok(()) } else { Err(damaged("conf", "is missing beside a log that holds data")) };
    }
    check_log(directory, &log_path)?;
    let bytes = fs::read(path)?;
    let Some((body, checksum)) = bytes.split_last_chunk::<CONF_CHECKSUM_SIZE>() else {
        return Err(damaged("conf", &format!("is truncated to {} bytes", bytes.len())));
    };
    let (expected, actual) = (u32::from_le_bytes(*checksum), crc32fast::hash(body));
    if body.is_empty() || expected != actual {
        return Err(damaged("conf", &format!("has checksum {actual:08x}, expected {expected:08x}")));
    }
    Ok(())
}

/// sled takes a missing log for an empty one, and loses every entry. A snapshot proves that there was a log with data.
fn check_log(directory: &Path, log_path: &Path) -> Result<(), Failure> {
    if size_of(log_path)? > 0 {
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") {
            return Err(damaged("db", &format!("is missing or empty beside the snapshot '{name}'")));
        }
    }
    Ok(())
}

/// The size of a file in bytes; 0 if it is missing.
fn size_of(path: &Path) -> Result<u64, Failure> {
    Ok(if path.try_exists()? { fs::metadata(path)?.len() } else { 0 })
}

fn damaged(file: &str, what: &str) -> Failure {
    Failure::new(FailureKind::Corrupt, format!("the file '{file}' of the index {what}"))
}
