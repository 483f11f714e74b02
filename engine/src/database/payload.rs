//! The codec of payloads: what a record of the log says.
//!
//! ```text
//! payload:   kind u8, then
//!   kind 1:  operations up to the end
//!   kind 2:  version u64, little endian: all versions up to it may have been used
//!   kind 3:  a value that was moved here from another segment: length of the key varint, version of its commit varint,
//!            length of the value varint, key, value, XXH64 of the value u64, little endian
//!   kind 5:  the same with a packed value, see `compression`: its length and checksum are those of the packed bytes
//!   kind 6:  a time u64, little endian, in milliseconds since 1970: the commits after the version of the record begin at it or
//!            later; 0 if nobody knows
//!   kind 4:  of a restore: u8 (1 in its last record, 0 in all before), then for each entry the version of its commit varint
//!            and an operation; the version of the record is the one that is restored
//! operation: kind u8 (0 delete, 1 put, 2 put with a value that stays in the log, 3 the same with a packed value, 4 an operand as the
//!            value, see `operand`; bit 7: expires),
//!            length of the key varint, [expiry in ms varint], put: length of the value varint; key; put: value; kinds 2 and 3:
//!            XXH64 of the value u64. Length and checksum of a packed value are those of the packed bytes.
//! ```

use xxhash_rust::xxh64::xxh64;

use crate::entry::LoggedLength;
use crate::expiry::Expiry;
use crate::number::low_byte;
use crate::operand::Operand;
use crate::varint;
use crate::version::Version;

const KIND_OPERATIONS: u8 = 1;
const KIND_RESERVATION: u8 = 2;
const KIND_MOVED: u8 = 3;
const KIND_RESTORED: u8 = 4;
const KIND_MOVED_PACKED: u8 = 5;
const KIND_TIME: u8 = 6;
const OPERATION_DELETE: u8 = 0;
const OPERATION_PUT: u8 = 1;
const OPERATION_PUT_LOGGED: u8 = 2;
const OPERATION_PUT_PACKED: u8 = 3;
const OPERATION_MERGE: u8 = 4;
const HAS_EXPIRY: u8 = 0x80;
/// Bytes of the checksum after a value that stays in the log.
pub const VALUE_CHECKSUM_SIZE: usize = 8;
/// The largest head of an operation: kind, key length, expiry, value length.
const HEAD_SIZE: usize = 1 + 3 * varint::MAX_SIZE;

/// One change of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The new value; `None` deletes the key.
    pub value: Option<&'a [u8]>,
    /// When the value expires; `None` for never.
    pub expires: Option<Expiry>,
}

/// The change that an operation in the log makes to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Deletes it.
    Delete,
    /// Gives it a value.
    Put(&'a [u8]),
    /// Changes its value by an encoded operand.
    Merge(&'a [u8]),
    /// Gives it a value that stays in the log, at this offset in the payload.
    PutLogged {
        /// Where in the payload the value starts.
        offset: usize,
        /// Its length in bytes.
        length: LoggedLength,
    },
}

/// An operation as it was read from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The change.
    pub change: Change<'a>,
    /// When the value expires; `None` for never.
    pub expires: Option<Expiry>,
}

/// The content of a record.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// A commit.
    Operations(Operations<'a>),
    /// All versions up to this one may have been used.
    Reservation(Version),
    /// A value that was moved here and that the table refers to.
    Moved(Moved<'a>),
    /// The time of the commits that follow, in milliseconds since 1970.
    Time(u64),
    /// Entries of a backup.
    Restored(Restored<'a>),
}

/// Entries of a backup, each with the version of its commit, read one by one; a malformed one is `Err` and the last.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored<'a> {
    /// Whether the restore ends here.
    pub is_last: bool,
    operations: Operations<'a>,
}

/// A value that was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The version of the commit that put it.
    pub version: Version,
    /// Where in the payload the value starts.
    pub offset: usize,
    /// Its length in bytes.
    pub length: LoggedLength,
}

/// The operations of a commit, read one by one; a malformed one is `Err` and the last.
#[derive(Debug, PartialEq, Eq)]
pub struct Operations<'a> {
    payload: &'a [u8],
    offset: usize,
}

/// The first byte of the payload of a commit.
#[must_use]
pub fn operations_head() -> [u8; 1] {
    [KIND_OPERATIONS]
}

/// The bytes before a moved value.
#[must_use]
pub fn moved_head(key: &[u8], version: Version, length: LoggedLength) -> Vec<u8> {
    let mut head = vec![if length.is_compressed() { KIND_MOVED_PACKED } else { KIND_MOVED }];
    varint::write(&mut head, key.len() as u64);
    varint::write(&mut head, version.get());
    varint::write(&mut head, u64::from(length.stored()));
    head.extend_from_slice(key);
    head
}

/// The first bytes of the payload of a record of a restore.
#[must_use]
pub fn restored_head(is_last: bool) -> [u8; 2] {
    [KIND_RESTORED, u8::from(is_last)]
}

/// The bytes before an operation of a restore.
#[must_use]
pub fn restored_version(version: Version) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint::write(&mut bytes, version.get());
    bytes
}

fn read_moved(payload: &[u8], is_packed: bool) -> Option<Moved<'_>> {
    let mut bytes = payload.get(1..)?;
    let key_length = varint::read_length(&mut bytes)?;
    let version = Version::of(varint::read(&mut bytes)?);
    let length = varint::read_length(&mut bytes)?;
    let (key, rest) = bytes.split_at_checked(key_length)?;
    let is_whole = rest.len().checked_sub(length) == Some(VALUE_CHECKSUM_SIZE);
    let length = length_of(length, is_packed).filter(|_| is_whole)?;
    Some(Moved { key, version, offset: payload.len() - rest.len(), length })
}

/// The length of a value as it is stored.
fn length_of(stored: usize, is_packed: bool) -> Option<LoggedLength> {
    if is_packed { LoggedLength::compressed(stored) } else { LoggedLength::plain(stored) }
}

/// The bytes before the key of a put whose packed value stays in the log.
#[must_use]
pub fn packed_head(key: &[u8], packed_length: usize, expires: Option<Expiry>) -> Head {
    encode_head(OPERATION_PUT_PACKED, key.len(), Some(packed_length), expires)
}

/// The bytes of an operation before its key. A value of `logged_size` bytes or more stays in the log.
pub fn operation_head(operation: &Operation<'_>, logged_size: usize) -> Head {
    let value_length = operation.value.map(<[u8]>::len);
    let kind = match value_length {
        None => OPERATION_DELETE,
        Some(length) if length >= logged_size => OPERATION_PUT_LOGGED,
        Some(_) => OPERATION_PUT,
    };
    encode_head(kind, operation.key.len(), value_length, operation.expires)
}

/// As [`operation_head`], for a put whose value comes later and stays in the log.
#[must_use]
pub fn large_put_head(key: &[u8], value_length: usize, expires: Option<Expiry>) -> Head {
    encode_head(OPERATION_PUT_LOGGED, key.len(), Some(value_length), expires)
}

/// The bytes of an operand before its key.
#[must_use]
pub fn operand_head(key: &[u8], operand: &[u8], expires: Option<Expiry>) -> Head {
    encode_head(OPERATION_MERGE, key.len(), Some(operand.len()), expires)
}

fn encode_head(kind: u8, key_length: usize, value_length: Option<usize>, expires: Option<Expiry>) -> Head {
    let mut head = Head { bytes: [0; HEAD_SIZE], length: 0, is_logged: is_logged(kind) };
    head.push(if expires.is_some() { kind | HAS_EXPIRY } else { kind });
    head.push_varint(key_length as u64);
    if let Some(at) = expires {
        head.push_varint(at.ms());
    }
    if let Some(length) = value_length {
        head.push_varint(length as u64);
    }
    head
}

/// The start of an encoded operation.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    bytes: [u8; HEAD_SIZE],
    length: usize,
    /// Whether the value is followed by its checksum, and stays in the log.
    pub is_logged: bool,
}

impl Head {
    /// The encoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }

    fn push_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push(low_byte(value) | 0x80);
            value >>= 7;
        }
        self.push(low_byte(value));
    }
}

/// The bytes that an operation takes in a payload, with this head and this value.
#[must_use]
pub fn operation_size(head: &Head, key: &[u8], value: Option<&[u8]>) -> usize {
    let checksum = if head.is_logged { VALUE_CHECKSUM_SIZE } else { 0 };
    head.bytes().len() + key.len() + value.map_or(0, <[u8]>::len) + checksum
}

/// The checksum after a value that stays in the log.
#[must_use]
pub fn value_checksum(value: &[u8]) -> [u8; VALUE_CHECKSUM_SIZE] {
    xxh64(value, 0).to_le_bytes()
}

/// The payload of a reservation.
#[must_use]
pub fn encode_reservation(version: Version) -> Vec<u8> {
    encode_number(KIND_RESERVATION, version.get())
}

fn encode_number(kind: u8, number: u64) -> Vec<u8> {
    let mut payload = vec![kind];
    payload.extend_from_slice(&number.to_le_bytes());
    payload
}

/// The payload of a time, in milliseconds since 1970.
#[must_use]
pub fn encode_time(ms: u64) -> Vec<u8> {
    encode_number(KIND_TIME, ms)
}

/// Decodes a payload; `None` when it is malformed.
#[must_use]
pub fn decode(payload: &[u8]) -> Option<Payload<'_>> {
    match payload.split_first()? {
        (&KIND_OPERATIONS, _) => Some(Payload::Operations(Operations { payload, offset: 1 })),
        (&KIND_RESERVATION, rest) => Some(Payload::Reservation(Version::from_le_bytes(rest.try_into().ok()?))),
        (kind @ (&KIND_MOVED | &KIND_MOVED_PACKED), _) => {
            Some(Payload::Moved(read_moved(payload, *kind == KIND_MOVED_PACKED)?))
        }
        (&KIND_TIME, rest) => Some(Payload::Time(u64::from_le_bytes(rest.try_into().ok()?))),
        (&KIND_RESTORED, rest) => Some(Payload::Restored(Restored {
            is_last: match rest.first()? {
                0 => false,
                1 => true,
                _ => return None,
            },
            operations: Operations { payload, offset: 2 },
        })),
        _ => None,
    }
}

/// The one value of a large record, by the first bytes of its payload of `length` bytes: its key, the version of its commit where
/// that is not the record's, its offset in the payload and its length. `None` where there may be others.
#[must_use]
pub fn only_value(start: &[u8], length: usize) -> Option<(&[u8], Option<Version>, usize, LoggedLength)> {
    let (kind, mut bytes) = start.split_first()?;
    let mut version = None;
    let mut operation = None;
    if *kind == KIND_OPERATIONS {
        let (first, rest) = bytes.split_first()?;
        (operation, bytes) = (Some(*first), rest);
    }
    let key_length = varint::read_length(&mut bytes)?;
    let is_packed = match (*kind, operation) {
        (KIND_MOVED | KIND_MOVED_PACKED, None) => {
            version = Some(Version::of(varint::read(&mut bytes)?));
            *kind == KIND_MOVED_PACKED
        }
        (_, Some(put)) if is_logged(put & !HAS_EXPIRY) => {
            if put & HAS_EXPIRY != 0 {
                varint::read(&mut bytes)?;
            }
            put & !HAS_EXPIRY == OPERATION_PUT_PACKED
        }
        _ => return None,
    };
    let value_length = varint::read_length(&mut bytes)?;
    let (key, rest) = bytes.split_at_checked(key_length)?;
    let offset = start.len() - rest.len();
    (offset.checked_add(value_length)?.checked_add(VALUE_CHECKSUM_SIZE)? == length).then_some((
        key,
        version,
        offset,
        length_of(value_length, is_packed)?,
    ))
}

fn is_logged(operation: u8) -> bool {
    matches!(operation, OPERATION_PUT_LOGGED | OPERATION_PUT_PACKED)
}

/// Whether a payload is well-formed to its end.
#[must_use]
pub fn is_well_formed(payload: &[u8]) -> bool {
    match decode(payload) {
        Some(Payload::Operations(mut operations)) => operations.all(|operation| operation.is_ok()),
        Some(Payload::Restored(mut entries)) => entries.all(|entry| entry.is_ok()),
        Some(Payload::Reservation(_) | Payload::Moved(_) | Payload::Time(_)) => true,
        None => false,
    }
}

/// The error of a malformed operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl<'a> Iterator for Operations<'a> {
    type Item = Result<Logged<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.offset >= self.payload.len() {
            return None;
        }
        let operation = read_operation(self.payload, &mut self.offset);
        if operation.is_none() {
            self.offset = self.payload.len();
        }
        Some(operation.ok_or(Malformed))
    }
}

impl<'a> Iterator for Restored<'a> {
    type Item = Result<(Version, Logged<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let Operations { payload, offset } = &mut self.operations;
        if *offset >= payload.len() {
            return None;
        }
        let entry = read_restored(payload, offset);
        if entry.is_none() {
            *offset = payload.len();
        }
        Some(entry.ok_or(Malformed))
    }
}

fn read_restored<'a>(payload: &'a [u8], offset: &mut usize) -> Option<(Version, Logged<'a>)> {
    let mut bytes = payload.get(*offset..)?;
    let version = Version::of(varint::read(&mut bytes)?);
    *offset = payload.len() - bytes.len();
    Some((version, read_operation(payload, offset)?))
}

fn read_operation<'a>(payload: &'a [u8], offset: &mut usize) -> Option<Logged<'a>> {
    let mut bytes = payload.get(*offset..)?;
    let (kind, rest) = bytes.split_first()?;
    bytes = rest;
    let key_length = varint::read_length(&mut bytes)?;
    let expires = if kind & HAS_EXPIRY == 0 { None } else { Expiry::of_number(varint::read(&mut bytes)?) };
    let kind = kind & !HAS_EXPIRY;
    let length = match kind {
        OPERATION_DELETE => 0,
        OPERATION_PUT | OPERATION_PUT_LOGGED | OPERATION_PUT_PACKED | OPERATION_MERGE => {
            varint::read_length(&mut bytes)?
        }
        _ => return None,
    };
    let (key, rest) = bytes.split_at_checked(key_length)?;
    let value_offset = payload.len() - rest.len();
    let (value, rest) = rest.split_at_checked(length)?;
    let rest = rest.get(if is_logged(kind) { VALUE_CHECKSUM_SIZE } else { 0 }..)?;
    *offset = payload.len() - rest.len();
    let change = match kind {
        OPERATION_DELETE => Change::Delete,
        OPERATION_PUT => Change::Put(value),
        OPERATION_MERGE => {
            Operand::decode(value)?;
            Change::Merge(value)
        }
        _ => {
            let length = length_of(length, kind == OPERATION_PUT_PACKED)?;
            Change::PutLogged { offset: value_offset, length }
        }
    };
    Some(Logged { key, change, expires })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{
        Change, Logged, Malformed, Moved, Operation, Payload, decode, encode_reservation, encode_time, moved_head,
        operation_head, operation_size, operations_head, packed_head, value_checksum,
    };
    use crate::entry::LoggedLength;
    use crate::expiry::Expiry;
    use crate::version::Version;

    const LOGGED_SIZE: usize = 100;

    type Owned = (Vec<u8>, Option<Vec<u8>>, u64);

    fn operations() -> impl Strategy<Value = Vec<Owned>> {
        let value = prop_oneof![Just(None), vec(any::<u8>(), 0..200).prop_map(Some)];
        vec((vec(any::<u8>(), 1..200), value, prop_oneof![Just(0), any::<u64>()]), 0..20)
    }

    /// Large values with an even first byte are taken for packed ones.
    fn head_of(operation: &Operation<'_>) -> super::Head {
        match operation.value {
            Some(value) if value.len() >= LOGGED_SIZE && value[0] % 2 == 0 => {
                packed_head(operation.key, value.len(), operation.expires)
            }
            _ => operation_head(operation, LOGGED_SIZE),
        }
    }

    fn encode(operations: &[Operation<'_>]) -> Vec<u8> {
        let mut payload = operations_head().to_vec();
        for operation in operations {
            let start = payload.len();
            let head = head_of(operation);
            payload.extend_from_slice(head.bytes());
            payload.extend_from_slice(operation.key);
            payload.extend_from_slice(operation.value.unwrap_or_default());
            if head.is_logged {
                payload.extend_from_slice(&value_checksum(operation.value.unwrap_or_default()));
            }
            assert_eq!(payload.len() - start, operation_size(&head, operation.key, operation.value));
        }
        payload
    }

    proptest! {
        #[test]
        fn commits_read_back(owned in operations()) {
            let operations: Vec<Operation<'_>> = owned
                .iter()
                .map(|(key, value, expires)| Operation { key, value: value.as_deref(), expires: Expiry::of_number(*expires) })
                .collect();
            let payload = encode(&operations);
            let Some(Payload::Operations(read)) = decode(&payload) else { panic!("no operations") };
            let read = read.collect::<Result<Vec<Logged<'_>>, Malformed>>().unwrap();
            prop_assert_eq!(read.len(), operations.len());
            for (read, operation) in read.iter().zip(&operations) {
                let value = match read.change {
                    Change::Delete | Change::Merge(_) => None,
                    Change::Put(value) => Some(value).filter(|value| value.len() < LOGGED_SIZE),
                    Change::PutLogged { offset, length } => {
                        let value = payload.get(offset..offset + length.stored() as usize);
                        prop_assert_eq!(length.is_compressed(), value.is_some_and(|value| value[0] % 2 == 0));
                        value
                    }
                };
                prop_assert_eq!((read.key, value, read.expires), (operation.key, operation.value, operation.expires));
            }
        }

        #[test]
        fn reservations_read_back(version in any::<u64>()) {
            let payload = encode_reservation(Version::of(version));
            prop_assert_eq!(decode(&payload), Some(Payload::Reservation(Version::of(version))));
        }

        #[test]
        fn times_read_back(ms: u64) {
            let payload = encode_time(ms);
            prop_assert_eq!(decode(&payload), Some(Payload::Time(ms)));
            prop_assert_eq!(decode(&payload[..payload.len() - 1]), None);
            let longer = [&payload[..], &[0]].concat();
            prop_assert_eq!(decode(&longer), None);
        }

        #[test]
        fn moved_values_read_back(
            key in vec(any::<u8>(), 1..200), version in any::<u64>(), value in vec(any::<u8>(), 0..200), is_packed: bool,
        ) {
            let length = super::length_of(value.len(), is_packed).unwrap_or(LoggedLength::of_bits(0));
            let head = moved_head(&key, Version::of(version), length);
            let payload = [&head[..], &value, &value_checksum(&value)].concat();
            let expected = Moved { key: &key, version: Version::of(version), offset: head.len(), length };
            prop_assert_eq!(decode(&payload), Some(Payload::Moved(expected)));
            for length in 0..payload.len() {
                prop_assert_eq!(decode(&payload[..length]), None);
            }
        }

        #[test]
        fn nonsense_ends(mut payload in vec(any::<u8>(), 0..300), kind in 0..7_u8) {
            if let Some(first) = payload.first_mut() {
                *first = kind;
            }
            if let Some(Payload::Operations(read)) = decode(&payload) {
                prop_assert!(read.count() <= payload.len());
            }
        }
    }
}
