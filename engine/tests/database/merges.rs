//! Commits that change values by what they are, against a model that knows each value.

use crate::histories::Known;
use crate::history::{Written, key};
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Merging};
use luge_engine::disk::MemoryDisk;
use luge_engine::expiry::Expiry;
use luge_engine::failure::FailureKind;
use luge_engine::operand::{How, Step};
use proptest::collection::vec;
use proptest::prelude::*;

/// What an operation does to its key.
#[derive(Clone, Debug)]
pub struct Change {
    key: Vec<u8>,
    /// `None` puts, or deletes without a value.
    how: Option<How>,
    value: Option<Vec<u8>>,
    /// `Some(0)` sets that the value never expires; `None` keeps what it has, or says nothing of a put.
    ttl: Option<u64>,
}

pub fn change() -> impl Strategy<Value = Change> {
    let ttl = || prop_oneof![6 => Just(None), 1 => Just(Some(0)), 2 => (1..100_u64).prop_map(Some)];
    let number = (key(), 1..7_u8, prop_oneof![0..9_u64, any::<u64>()], ttl()).prop_map(|(key, how, number, ttl)| {
        Change { key, how: How::of_number(how), value: Some(number.to_le_bytes().to_vec()), ttl }
    });
    let end = prop_oneof![9 => vec(any::<u8>(), 0..60), 1 => vec(any::<u8>(), 150..300)];
    let append =
        (key(), end, ttl()).prop_map(|(key, end, ttl)| Change { key, how: Some(How::Append), value: Some(end), ttl });
    let put = (key(), prop_oneof![Just(None), any::<[u8; 8]>().prop_map(|number| Some(number.to_vec()))])
        .prop_map(|(key, value)| Change { key, how: None, value, ttl: None });
    prop_oneof![5 => number, 5 => append, 1 => put]
}

/// What the changes make of the values that the model has, in the order of the changes. Also whether one of them counts what
/// is no number: then the commit may fail, and the value stays if it does not.
fn made(known: &Known, changes: &[Change]) -> (Vec<(Vec<u8>, Written)>, bool) {
    let mut writes: Vec<(Vec<u8>, Written)> = Vec::new();
    let mut may_fail = false;
    for Change { key, how, value, ttl } in changes {
        let all = known.commits.iter().flat_map(|(_, writes)| writes).chain(&writes);
        let present = all.filter(|(found, _)| found == key).last().map(|(_, written)| written.clone());
        let present = present.filter(|written| !written.is_gone(known.now_ms));
        let ttl_ms = ttl.map(|ttl| if ttl == 0 { 0 } else { known.now_ms + ttl });
        let kept_ms = present.as_ref().map_or(0, |written| written.expires_ms);
        let mut whole = present.and_then(|written| written.value);
        let written = match (how, value) {
            (Some(how), Some(bytes)) => {
                may_fail |= *how != How::Append && whole.as_ref().is_some_and(|value| value.len() != 8);
                Step { how: *how, bytes }.apply(&mut whole);
                Written { value: whole, expires_ms: ttl_ms.unwrap_or(kept_ms) }
            }
            _ => Written { value: value.clone(), expires_ms: 0 },
        };
        writes.push((key.clone(), written));
    }
    (writes, may_fail)
}

/// Commits the changes.
pub fn merge(database: &mut Database<MemoryDisk>, changes: &[Change], known: &mut Known) {
    let (writes, may_fail) = made(known, changes);
    let operations: Vec<Operation<'_>> = changes
        .iter()
        .map(|Change { key, value, ttl, .. }| {
            let expires = ttl.filter(|ttl| *ttl > 0).map_or(0, |ttl| known.now_ms + ttl);
            Operation { key, value: value.as_deref(), expires: Expiry::of_number(expires) }
        })
        .collect();
    let mergings: Vec<Merging> = changes
        .iter()
        .enumerate()
        .filter_map(|(index, change)| Some(Merging { index, how: change.how?, sets_expiry: change.ttl.is_some() }))
        .collect();
    match database.commit_merging(&operations, &mergings, known.now_ms) {
        Ok(version) => known.committed(version, writes),
        Err(failure) => assert!(may_fail && failure.kind() == FailureKind::NoNumber, "{failure}"),
    }
}
