//! Exports that restore a backup.

use super::call::{run_long, set_work, written};
use crate::backup;
use crate::expiry::Expiry;
use crate::number::from_host;
use crate::status::Status;
use crate::version::Version;

/// Begins to restore a version. Until [`luge_end_restore`] only the calls of a restore are allowed.
#[unsafe(no_mangle)]
pub extern "C" fn luge_begin_restore(version: f64) -> i32 {
    run_long(&mut |call| {
        call.database.begin_restore(Version::from_host(version))?;
        Ok(Status::Ok)
    })
}

/// Restores the entries in the request, in the format of a backup's frames: see [`backup`].
#[unsafe(no_mangle)]
pub extern "C" fn luge_restore(length: usize, now_ms: f64) -> i32 {
    run_long(&mut |call| {
        let (bytes, _) = call.arguments(length, 0)?;
        call.database.restore(&backup::entries(bytes)?, from_host(now_ms))?;
        set_work(call.database);
        Ok(Status::Ok)
    })
}

/// Begins to restore the key in the request. Its value comes in parts, as after `luge_begin_put`. Returns
/// [`Status::NotFound`] if the entry exists already; then the host must send no value.
#[unsafe(no_mangle)]
pub extern "C" fn luge_begin_restored_put(
    key_length: usize,
    value_length: usize,
    expires_ms: f64,
    version: f64,
    now_ms: f64,
) -> i32 {
    run_long(&mut |call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let (expires, version, now_ms) =
            (Expiry::of_number(from_host(expires_ms)), Version::from_host(version), from_host(now_ms));
        let is_wanted = call.database.begin_restored_put(key, value_length, expires, version, now_ms)?;
        Ok(if is_wanted { Status::Ok } else { Status::NotFound })
    })
}

/// Ends the restore. The reply has the restored version.
#[unsafe(no_mangle)]
pub extern "C" fn luge_end_restore() -> i32 {
    run_long(&mut |call| {
        call.database.end_restore()?;
        Ok(written(call.database, call.database.version()))
    })
}
