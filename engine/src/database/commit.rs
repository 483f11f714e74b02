//! What stands in the payload of a log record.
//!
//! ```text
//! payload:   kind u8, then
//!   kind 1:  operations up to the end
//!   kind 2:  version u64, little endian: all versions up to it may have been used
//! operation: kind u8 (0 delete, 1 put; bit 7: expires), length of the key varint, [expiry in ms varint],
//!            put: length of the value varint; key; put: value
//! ```

use crate::entry::Value;
use crate::varint;

const KIND_OPERATIONS: u8 = 1;
const KIND_RESERVATION: u8 = 2;
const OPERATION_DELETE: u8 = 0;
const OPERATION_PUT: u8 = 1;
const HAS_EXPIRY: u8 = 0x80;

/// One change of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The new value; `None` deletes the key.
    pub value: Option<&'a [u8]>,
    /// When the value expires, in milliseconds since 1970; 0 for never.
    pub expires_ms: u64,
}

impl<'a> Operation<'a> {
    /// The value as an entry has it.
    pub fn entry_value(&self) -> Value<'a> {
        self.value.map_or(Value::Deleted, Value::Inline)
    }
}

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// A commit.
    Operations(Operations<'a>),
    /// All versions up to this one may have been used.
    Reservation(u64),
}

/// The operations of a commit, read one by one; a malformed one is `Err` and the last.
#[derive(Debug, PartialEq, Eq)]
pub struct Operations<'a> {
    rest: &'a [u8],
}

/// Appends the payload of a commit. No two operations may have the same key.
pub fn encode_operations(payload: &mut Vec<u8>, operations: &[Operation<'_>]) {
    payload.push(KIND_OPERATIONS);
    for operation in operations {
        let kind = if operation.value.is_some() { OPERATION_PUT } else { OPERATION_DELETE };
        payload.push(if operation.expires_ms > 0 { kind | HAS_EXPIRY } else { kind });
        varint::write(payload, operation.key.len() as u64);
        if operation.expires_ms > 0 {
            varint::write(payload, operation.expires_ms);
        }
        if let Some(value) = operation.value {
            varint::write(payload, value.len() as u64);
        }
        payload.extend_from_slice(operation.key);
        payload.extend_from_slice(operation.value.unwrap_or_default());
    }
}

/// Appends the payload of a reservation.
pub fn encode_reservation(payload: &mut Vec<u8>, version: u64) {
    payload.push(KIND_RESERVATION);
    payload.extend_from_slice(&version.to_le_bytes());
}

/// What a payload says; `None` when it is malformed.
pub fn decode(payload: &[u8]) -> Option<Payload<'_>> {
    match payload.split_first()? {
        (&KIND_OPERATIONS, rest) => Some(Payload::Operations(Operations { rest })),
        (&KIND_RESERVATION, rest) => Some(Payload::Reservation(u64::from_le_bytes(rest.try_into().ok()?))),
        _ => None,
    }
}

/// An operation that is not what [`encode_operations`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl<'a> Iterator for Operations<'a> {
    type Item = Result<Operation<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let operation = read_operation(&mut self.rest);
        if operation.is_none() {
            self.rest = &[];
        }
        Some(operation.ok_or(Malformed))
    }
}

fn read_operation<'a>(bytes: &mut &'a [u8]) -> Option<Operation<'a>> {
    let (kind, rest) = bytes.split_first()?;
    *bytes = rest;
    let key_length = varint::read_length(bytes)?;
    let expires_ms = if kind & HAS_EXPIRY == 0 { 0 } else { varint::read(bytes)? };
    let value_length = match kind & !HAS_EXPIRY {
        OPERATION_DELETE => None,
        OPERATION_PUT => Some(varint::read_length(bytes)?),
        _ => return None,
    };
    let (key, rest) = bytes.split_at_checked(key_length)?;
    let (value, rest) = rest.split_at_checked(value_length.unwrap_or(0))?;
    *bytes = rest;
    Some(Operation { key, value: value_length.map(|_| value), expires_ms })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{Malformed, Operation, Payload, decode, encode_operations, encode_reservation};

    type Owned = (Vec<u8>, Option<Vec<u8>>, u64);

    fn operations() -> impl Strategy<Value = Vec<Owned>> {
        let value = prop_oneof![Just(None), vec(any::<u8>(), 0..200).prop_map(Some)];
        vec((vec(any::<u8>(), 1..200), value, prop_oneof![Just(0), any::<u64>()]), 0..20)
    }

    fn borrowed(owned: &[Owned]) -> Vec<Operation<'_>> {
        owned
            .iter()
            .map(|(key, value, expires_ms)| Operation { key, value: value.as_deref(), expires_ms: *expires_ms })
            .collect()
    }

    proptest! {
        #[test]
        fn commits_read_back(owned in operations()) {
            let operations = borrowed(&owned);
            let mut payload = Vec::new();
            encode_operations(&mut payload, &operations);
            let Some(Payload::Operations(read)) = decode(&payload) else { panic!("no operations") };
            prop_assert_eq!(read.collect::<Result<Vec<_>, Malformed>>(), Ok(operations));
        }

        #[test]
        fn reservations_read_back(version in any::<u64>()) {
            let mut payload = Vec::new();
            encode_reservation(&mut payload, version);
            prop_assert_eq!(decode(&payload), Some(Payload::Reservation(version)));
        }

        #[test]
        fn nonsense_ends(mut payload in vec(any::<u8>(), 0..300), kind in 0..4_u8) {
            if let Some(first) = payload.first_mut() {
                *first = kind;
            }
            if let Some(Payload::Operations(read)) = decode(&payload) {
                prop_assert!(read.count() <= payload.len());
            }
        }
    }
}
