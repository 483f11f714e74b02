//! Exports for durability, background work, compaction, verification, sizes and metrics.

use super::call::{run, run_long, set_work};
use super::reply::{REPLY, set_bytes};
use crate::database::Verification;
use crate::number::{from_host, u32_of};
use crate::status::Status;

/// Writes all commits to the operating system. [`Status::More`] says that some wait for a sync that goes on: call again
/// once it is done. If `is_now` is not 0, the call blocks instead.
#[unsafe(no_mangle)]
pub extern "C" fn luge_write_out(is_now: u32) -> i32 {
    run_long(&mut |call| {
        if is_now != 0 {
            call.database.write_out_now()?;
            return Ok(Status::Ok);
        }
        Ok(if call.database.write_out()? { Status::Ok } else { Status::More })
    })
}

/// Begins to make all commits durable. They are when the host has done what the engine asked for. [`Status::More`] says
/// that some wait for an earlier sync: call again once it is done.
#[unsafe(no_mangle)]
pub extern "C" fn luge_begin_sync() -> i32 {
    run_long(&mut |call| Ok(if call.database.begin_sync()? { Status::Ok } else { Status::More }))
}

/// Tells the engine that its first `count` syncs of the log are done: as many as the reply header named when the host
/// began them.
#[unsafe(no_mangle)]
pub extern "C" fn luge_synced(count: u32) -> i32 {
    run(|state| {
        if let Some(database) = &mut state.database {
            database.synced(count)?;
            set_work(database);
        }
        Ok(Status::Ok)
    })
}

/// Makes all commits durable before it returns.
#[unsafe(no_mangle)]
pub extern "C" fn luge_sync() -> i32 {
    run_long(&mut |call| {
        call.database.sync()?;
        Ok(Status::Ok)
    })
}

/// Makes everything durable, and ends all segments except that of the log. If `is_copied` is not 0, ends that one, too.
/// Then luge no longer changes the existing files of log and blocks, and a copy of them opens at the newest version.
/// This call may raise that version. The next commit then reserves versions again. It counts only after the host has
/// completed everything that it requests.
#[unsafe(no_mangle)]
pub extern "C" fn luge_end_segments(is_copied: u32) -> i32 {
    run_long(&mut |call| {
        call.database.end_segments(is_copied != 0)?;
        Ok(Status::Ok)
    })
}

/// Does a small part of the background work. [`Status::More`] says that more follows.
#[unsafe(no_mangle)]
pub extern "C" fn luge_step(now_ms: f64) -> i32 {
    run_long(&mut |call| {
        let more = call.database.step(from_host(now_ms))?;
        set_work(call.database);
        Ok(if more { Status::More } else { Status::Ok })
    })
}

/// Does a small part of a compaction. Begins one if none is in progress. [`Status::More`] says that more follows.
#[unsafe(no_mangle)]
pub extern "C" fn luge_compact_step(now_ms: f64) -> i32 {
    run_long(&mut |call| {
        let more = call.database.compact_step(from_host(now_ms))?;
        set_work(call.database);
        Ok(if more { Status::More } else { Status::Ok })
    })
}

/// Verifies a small part. If `first` is not 0, starts again. [`Status::More`] says that more follows. The reply has the
/// number of entries read so far, and a line for each damage. Tabs separate its fields: file, offset, first key, key
/// after the last one (both keys in hexadecimal; `-` for the end), and what is wrong.
#[unsafe(no_mangle)]
pub extern "C" fn luge_verify_step(first: u32) -> i32 {
    run_long(&mut |call| {
        if first != 0 {
            *call.verification = Verification::default();
        }
        let more = call.database.verify_step(call.verification)?;
        call.reply.clear();
        for damage in &call.verification.damages {
            let to = damage.to.as_deref().map_or_else(|| "-".to_owned(), hex);
            let what = damage.what.replace(['\t', '\n'], " ");
            let line = format!("{}\t{}\t{}\t{to}\t{what}\n", damage.file, damage.offset, hex(&damage.from));
            call.reply.extend_from_slice(line.as_bytes());
        }
        set_bytes(call.reply, u32_of(call.verification.damages.len()));
        REPLY.verified_entries.set(call.verification.entries);
        Ok(if more { Status::More } else { Status::Ok })
    })
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.extend([byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default()));
    }
    text
}

/// Sums about how many bytes the entries between the two keys in the request take, without reading any of them from the
/// disk. The third part of the request is empty, or the reply of the call before. Looks at `visits` entries or blocks.
/// [`Status::More`] says that there is more, and where.
#[unsafe(no_mangle)]
pub extern "C" fn luge_size(
    flags: u32,
    lower_length: usize,
    upper_length: usize,
    from_length: usize,
    visits: u32,
) -> i32 {
    run_long(&mut |call| {
        let range = call.range(flags, (lower_length, upper_length), 0.0, 0.0)?;
        let (_, from) = call.arguments(lower_length.saturating_add(upper_length), from_length)?;
        REPLY.size.set(call.database.size_of(range, from, visits, call.reply)?);
        set_bytes(call.reply, 0);
        Ok(if call.reply.is_empty() { Status::Ok } else { Status::More })
    })
}

/// Reads the metrics of the database. The reply has a line `name value` for each figure, in UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn luge_metrics(now_ms: f64) -> i32 {
    run_long(&mut |call| {
        let metrics = call.database.metrics(from_host(now_ms))?;
        call.reply.clear();
        for (name, value) in &metrics {
            call.reply.extend_from_slice(format!("{name} {value}\n").as_bytes());
        }
        set_bytes(call.reply, u32_of(metrics.len()));
        Ok(Status::Ok)
    })
}
