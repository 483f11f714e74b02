//! Exports that read the history: which keys changed, and when.

use super::call::run_long;
use super::reply::{REPLY, set_bytes, set_page};
use crate::backup::{Frame, value_in_frame};
use crate::cursor::Range;
use crate::database::{Budget, GoOn, Visited};
use crate::entry::Boundary;
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::number::u32_of;
use crate::page::{Page, PageEntry};
use crate::request::flags as flag;
use crate::status::Status;
use crate::version::Version;

/// Reads the versions of the keys between the two in the request that were committed after `since` and up to `until`:
/// by key, newest first, as a page with versions. A deletion and an expired version have no value, all others have an
/// empty one. Of the lower key, reads only versions up to `below`. Looks at `visits` entries at most. [`Status::More`]
/// says that more follow: the reply has the next `below`, and at its end the key to continue with.
#[unsafe(no_mangle)]
pub extern "C" fn luge_changes(
    flags: u32,
    lower_length: usize,
    upper_length: usize,
    budget: usize,
    visits: u32,
    since: f64,
    until: f64,
    below: f64,
    now_ms: f64,
) -> i32 {
    run_long(&mut |call| {
        let range = call.range(flags, (lower_length, upper_length), until, now_ms)?;
        let range = begun_at(range, Version::from_host(below));
        let mut page = Page::new(call.reply, usize::MAX, true);
        let next =
            call.database.changes(range, Version::from_host(since), Budget { visits, bytes: budget }, |entry| {
                let value = Some(&[][..]).filter(|_| !entry.is_gone(range.now_ms));
                let (version, expires) = (entry.version, entry.expires);
                page.push(&PageEntry { key: entry.key, value, is_large: false, version, expires })?;
                Ok(())
            })?;
        Ok(set_changes(page, next))
    })
}

/// A range that begins at a version of its lower key.
fn begun_at(range: Range<'_>, version: Version) -> Range<'_> {
    match range.lower {
        Boundary::Before(key) => Range { lower: Boundary::At(key, version), ..range },
        _ => range,
    }
}

/// Sets the reply to a page of changes, with the position to continue at.
fn set_changes(page: Page<'_>, next: Option<GoOn>) -> Status {
    let Some(GoOn { key, version }) = next else {
        set_page(page, &[]);
        return Status::Ok;
    };
    set_page(page, &key);
    REPLY.next_version.set(version.get());
    Status::More
}

/// Like [`luge_changes`], but in the order of the commits, and with values unless the flags ask for keys alone. Begins
/// at the version `from`. In that version it begins at the key that the request has after the two keys of the range.
/// Returns [`Status::NotFound`] if some of the commits are not in memory.
#[unsafe(no_mangle)]
pub extern "C" fn luge_commits(
    flags: u32,
    lower_length: usize,
    upper_length: usize,
    key_length: usize,
    budget: usize,
    visits: u32,
    from: f64,
    until: f64,
    now_ms: f64,
) -> i32 {
    run_long(&mut |call| {
        let range = call.range(flags, (lower_length, upper_length), until, now_ms)?;
        let (_, key) = call.arguments(lower_length.saturating_add(upper_length), key_length)?;
        let mut page = Page::new(call.reply, budget, true);
        let budget = Budget { visits, bytes: budget };
        let with_values = flags & flag::KEYS_ONLY == 0;
        let next =
            call.database.commits(range, (Version::from_host(from), key), with_values, budget, |entry, value| {
                let (version, expires) = (entry.version, entry.expires);
                let added = page.push(&PageEntry { key: entry.key, value, is_large: false, version, expires })?;
                // The page and the budget count the same bytes, so every change within the budget fits.
                if added {
                    Ok(())
                } else {
                    Err(Failure::new(FailureKind::InvalidRequest, "a page has no room for a change"))
                }
            })?;
        Ok(next.map_or(Status::NotFound, |next| set_changes(page, next)))
    })
}

/// Finds whether a key between the two in the request was put or deleted after the version `since`. Returns
/// [`Status::NotFound`] if none was.
#[unsafe(no_mangle)]
pub extern "C" fn luge_changed(flags: u32, lower_length: usize, upper_length: usize, since: f64) -> i32 {
    run_long(&mut |call| {
        let range = call.range(flags, (lower_length, upper_length), f64::INFINITY, 0.0)?;
        let changed = call.database.changed(range, Version::from_host(since))?;
        Ok(if changed { Status::Ok } else { Status::NotFound })
    })
}

/// Reads three versions. The reply has the version of the newest commit, and the versions from which on
/// [`luge_changes`] and [`luge_newest`] miss nothing.
#[unsafe(no_mangle)]
pub extern "C" fn luge_history() -> i32 {
    run_long(&mut |call| {
        REPLY.version.set(call.database.version().get());
        REPLY.changes_from.set(call.database.changes_from().get());
        REPLY.newest_from.set(call.database.newest_from().get());
        Ok(Status::Ok)
    })
}

/// Reads the newest version of each key that changed after `since` and up to `until`, as entries of a backup's frame.
/// Begins at the key in the request, and reads only its versions up to `below`. Without a key, begins at the first key.
/// If `with_deletions` is 0, leaves out deleted and expired keys. Ends once there are `budget` bytes, or after looking
/// at `visits` entries. The reply has the number of entries with a value, the number of deleted or expired ones, and
/// the bytes of their keys and values. [`Status::More`] says where to continue, as in [`luge_changes`]. So does
/// [`Status::Streamed`]: the next value is above `largest` bytes, so the host must read it separately. The reply then
/// has its expiry.
#[unsafe(no_mangle)]
pub extern "C" fn luge_newest(
    key_length: usize,
    budget: usize,
    visits: u32,
    largest: u32,
    since: f64,
    until: f64,
    below: f64,
    with_deletions: u32,
    now_ms: f64,
) -> i32 {
    run_long(&mut |call| {
        let flags = if key_length > 0 { flag::LOWER_INCLUDED } else { 0 };
        let range = call.range(flags, (key_length, 0), until, now_ms)?;
        let range = begun_at(range, Version::from_host(below));
        let mut frame = Frame::new(call.reply);
        let mut status = Status::More;
        let next = call.database.newest(range, Version::from_host(since), largest, visits, |entry, newest| {
            let Some(value) = value_in_frame(newest) else {
                status = Status::Streamed;
                REPLY.expires_ms.set(Expiry::number_of(entry.expires));
                return Ok(Visited::Before);
            };
            if value.is_none() && with_deletions == 0 {
                return Ok(Visited::GoOn);
            }
            Ok(if frame.push(entry, value, budget)? { Visited::GoOn } else { Visited::Behind })
        })?;
        REPLY.gone.set(frame.gone);
        REPLY.content.set(u32_of(frame.content));
        let values = frame.values;
        let key = next.as_ref().map_or(&[][..], |next| &next.key);
        set_bytes(frame.finish(key), values);
        REPLY.next_key_length.set(u32_of(key.len()));
        let Some(GoOn { version, .. }) = next else { return Ok(Status::Ok) };
        REPLY.next_version.set(version.get());
        Ok(status)
    })
}

/// Keeps the deletions after a version, until [`luge_release_gone`].
#[unsafe(no_mangle)]
pub extern "C" fn luge_hold_gone(version: f64) -> i32 {
    run_long(&mut |call| {
        call.database.hold_gone(Version::from_host(version));
        Ok(Status::Ok)
    })
}

/// Ends one [`luge_hold_gone`] of a version. Returns [`Status::NotFound`] if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn luge_release_gone(version: f64) -> i32 {
    run_long(&mut |call| {
        Ok(if call.database.release_gone(Version::from_host(version)) { Status::Ok } else { Status::NotFound })
    })
}
