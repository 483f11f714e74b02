//! What must hold for any bytes that the host writes into the request buffer. The input is the buffer.

use luge_engine::backup::{Frame, entries};
use luge_engine::database::RestoredEntry;
use luge_engine::database::payload::Operation;
use luge_engine::entry::{Entry, Value};
use luge_engine::expiry::Expiry;
use luge_engine::failure::FailureKind;
use luge_engine::page::NO_VALUE;
use luge_engine::request::{flags, operations, range};

/// Bytes in front of an operation's key.
const OPERATION_HEAD: usize = 16;

/// Panics where a request is read otherwise than it was written, or refused as anything but malformed.
pub fn check(bytes: &[u8]) {
    match operations(bytes) {
        // What merges is read in the same way, and its kind does not read back here.
        Ok((read, mergings)) if mergings.is_empty() => check_operations(bytes, &read),
        Ok((read, mergings)) => assert!(mergings.iter().all(|merging| merging.index < read.len())),
        Err(failure) => assert_eq!(failure.kind(), FailureKind::InvalidRequest),
    }
    match entries(bytes) {
        Ok(read) => check_restored(&read),
        Err(failure) => assert_eq!(failure.kind(), FailureKind::InvalidRequest),
    }
    check_range(bytes);
}

/// Each operation stands behind the one before, and nothing is left over.
fn check_operations(bytes: &[u8], read: &[Operation<'_>]) {
    let mut again = Vec::new();
    let mut at = 0;
    for operation in read {
        at = check_parts(bytes, at + OPERATION_HEAD, operation);
        write_head(&mut again, operation);
        write_parts(&mut again, operation);
    }
    assert_eq!(at, bytes.len());
    assert_eq!(operations(&again).expect("what was written reads back").0, read);
}

/// Entries of a backup may be written in more bytes than they need, but not read otherwise than they were written.
fn check_restored(read: &[RestoredEntry<'_>]) {
    let mut bytes = Vec::new();
    let mut frame = Frame::new(&mut bytes);
    for RestoredEntry { version, operation } in read {
        let Operation { key, value, expires } = *operation;
        let entry = Entry { key, version: *version, expires, value: Value::Deleted };
        frame.push(&entry, value, usize::MAX).expect("there is memory for it");
    }
    assert_eq!(entries(frame.finish(&[])).expect("what was written reads back"), read);
}

/// Returns where the value ends.
fn check_parts(bytes: &[u8], at: usize, operation: &Operation<'_>) -> usize {
    let behind = at + operation.key.len();
    assert_eq!(operation.key, &bytes[at..behind]);
    let Some(value) = operation.value else { return behind };
    assert_eq!(value, &bytes[behind..behind + value.len()]);
    behind + value.len()
}

fn write_head(again: &mut Vec<u8>, operation: &Operation<'_>) {
    again.extend((operation.key.len() as u32).to_le_bytes());
    again.extend(operation.value.map_or(NO_VALUE, |value| value.len() as u32).to_le_bytes());
    again.extend((Expiry::number_of(operation.expires) as f64).to_le_bytes());
}

fn write_parts(again: &mut Vec<u8>, operation: &Operation<'_>) {
    again.extend_from_slice(operation.key);
    again.extend_from_slice(operation.value.unwrap_or_default());
}

/// The keys at the ends of a range are in it as its flags say: `[flags u8][length of the lower key u8][lower key][upper key]`.
fn check_range(bytes: &[u8]) {
    let Some((&bits, rest)) = bytes.split_first() else { return };
    let Some((&length, rest)) = rest.split_first() else { return };
    let Some((lower, upper)) = rest.split_at_checked(usize::from(length)) else { return };
    let bits = u32::from(bits);
    let read = range(bits, lower, upper, 1.0, 0.0);
    assert_eq!(read.reverse, bits & flags::REVERSE != 0);
    if lower < upper {
        let has_ends = bits & (flags::LOWER_INCLUDED | flags::LOWER_EXCLUDED) != 0;
        assert_eq!(read.contains(lower), !has_ends || bits & flags::LOWER_EXCLUDED == 0);
        let has_ends = bits & (flags::UPPER_INCLUDED | flags::UPPER_EXCLUDED) != 0;
        assert_eq!(read.contains(upper), !has_ends || bits & flags::UPPER_EXCLUDED == 0);
    }
}
