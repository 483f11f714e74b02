//! Commits that change values by what they are. If memory has the value, the commit writes the result. If not, it writes an
//! operand, and reads nothing from the disk: see [`Operand`].

use super::Database;
use super::chain::Chain;
use super::memtables::Folds;
use super::payload::Operation;
use super::store::Store;
use super::write::{At, in_order};
use crate::cache::Cached;
use crate::disk::Disk;
use crate::entry::Value;
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::operand::{How, NUMBER_SIZE, Operand, Step};
use crate::version::Version;

/// A fold takes at most this many steps. A commit that would add more writes the result.
const MOST_STEPS: u64 = 128;
/// The largest value, in bytes.
const MOST_VALUE_BYTES: u64 = 64 << 20;
/// A value with at most this many bytes is written as a whole: an operand would hardly be smaller.
const SMALL_SIZE: u64 = 128;

/// How an operation changes the value of its key. The value of the operation is a number, or the bytes to add.
#[derive(Clone, Copy, Debug)]
pub struct Merging {
    /// The index of the operation.
    pub index: usize,
    /// How it changes the value.
    pub how: How,
    /// Whether it gives the value a new expiry, that of the operation. If not, the value keeps its own.
    pub sets_expiry: bool,
}

/// What a commit writes of a key.
struct Resolved<'a> {
    key: &'a [u8],
    value: Written<'a>,
    expires: Option<Expiry>,
}

enum Written<'a> {
    /// What the caller passed; `None` deletes the key.
    Given(Option<&'a [u8]>),
    Value(Vec<u8>),
    Operand(Vec<u8>),
}

/// The bytes of a value, and when it expires.
type WholeValue = (Vec<u8>, Option<Expiry>);

/// The merges of a key in one commit.
struct Merges<'a> {
    steps: Vec<Step<'a>>,
    sets_expiry: bool,
    expires: Option<Expiry>,
}

impl<'a> Merges<'a> {
    fn add(&mut self, operation: &Operation<'a>, merging: &Merging) -> Result<(), Failure> {
        let bytes = operation.value.unwrap_or_default();
        if merging.how != How::Append && bytes.len() != NUMBER_SIZE {
            return Err(Failure::new(FailureKind::InvalidRequest, "a number in the request does not have 8 bytes"));
        }
        self.steps.push(Step { how: merging.how, bytes });
        if merging.sets_expiry {
            (self.sets_expiry, self.expires) = (true, operation.expires);
        }
        Ok(())
    }

    fn appends(&self) -> bool {
        self.steps.iter().all(|step| step.how == How::Append)
    }

    fn counts(&self) -> bool {
        self.steps.iter().all(|step| step.how != How::Append)
    }

    /// The value and the expiry that they make of a value, or of nothing.
    #[inline(never)]
    fn apply(&self, present: Option<WholeValue>) -> Result<WholeValue, Failure> {
        let (mut value, expires) = present.unzip();
        for step in &self.steps {
            let length = value.as_ref().map_or(0, Vec::len);
            if step.how != How::Append && value.as_ref().is_some_and(|value| value.len() != NUMBER_SIZE) {
                return Err(no_number(length as u64));
            }
            check_length(length as u64 + step.bytes.len() as u64)?;
            step.apply(&mut value);
        }
        let expires = if self.sets_expiry { self.expires } else { expires.flatten() };
        Ok((value.unwrap_or_default(), expires))
    }
}

/// What memory knows of a value.
enum Known {
    /// Nothing: it is on the disk, if there is one.
    Nothing,
    /// There is none.
    None,
    /// A value of this length, the last part of which comes from so many steps.
    Value { depth: u64, length: u64, expires: Option<Expiry> },
    /// A value that so many steps change, which count.
    Counts(u64),
}

impl Known {
    fn value(length: usize, expires: Option<Expiry>) -> Self {
        Self::Value { depth: 0, length: length as u64, expires }
    }
}

impl<D: Disk> Database<D> {
    /// As [`Database::commit`], for operations some of which change values by what they are; those must come in order.
    /// If a key comes twice, its operations count one after the other.
    ///
    /// Fails with [`FailureKind::NoNumber`] or [`FailureKind::TooLong`] if a value is known that cannot be changed so. Then
    /// nothing is written. If the value is not known and is no number, it stays as it is.
    pub fn commit_merging(
        &mut self,
        operations: &[Operation<'_>],
        mergings: &[Merging],
        now_ms: u64,
    ) -> Result<Version, Failure> {
        let store = self.committing()?;
        store.keep_pace(now_ms)?;
        let resolved = store.resolve_all(operations, mergings, now_ms)?;
        let is_operand: Vec<bool> = resolved.iter().map(|each| matches!(each.value, Written::Operand(_))).collect();
        let operations: Vec<Operation<'_>> = resolved.iter().map(Resolved::operation).collect();
        store.commit_distinct(&operations, &is_operand, At::Now(now_ms))
    }
}

impl Resolved<'_> {
    fn operation(&self) -> Operation<'_> {
        let value = match &self.value {
            Written::Given(value) => *value,
            Written::Value(bytes) | Written::Operand(bytes) => Some(bytes.as_slice()),
        };
        Operation { key: self.key, value, expires: self.expires }
    }
}

impl<D: Disk> Store<D> {
    /// What each key gets, in the order of the keys.
    fn resolve_all<'a>(
        &mut self,
        operations: &[Operation<'a>],
        mergings: &[Merging],
        now_ms: u64,
    ) -> Result<Vec<Resolved<'a>>, Failure> {
        let order = in_order(operations);
        let merging = |index: usize| {
            let found = mergings.binary_search_by_key(&index, |merging| merging.index).ok();
            found.and_then(|place| mergings.get(place))
        };
        let (mut resolved, mut bytes) = (Vec::new(), 0_u64);
        for same in order.chunk_by(|(a, _, left), (b, _, right)| a == b && left.key == right.key) {
            // The last operation of a key comes first.
            let last_put = same.iter().position(|(_, index, _)| merging(*index).is_none());
            let mut merges = Merges { steps: Vec::new(), sets_expiry: false, expires: None };
            for (_, index, operation) in same.iter().take(last_put.unwrap_or(same.len())).rev() {
                if let Some(merging) = merging(*index) {
                    merges.add(operation, merging)?;
                }
            }
            let base = last_put.and_then(|place| same.get(place)).map(|(_, _, operation)| **operation);
            let Some((_, _, Operation { key, .. })) = same.first() else { continue };
            let one = match base {
                Some(Operation { value, expires, .. }) if merges.steps.is_empty() => {
                    Resolved { key, value: Written::Given(value), expires }
                }
                Some(Operation { value, expires, .. }) => {
                    let (value, expires) = merges.apply(value.map(|value| (value.to_vec(), expires)))?;
                    Resolved { key, value: Written::Value(value), expires }
                }
                None => self.resolve(key, &merges, now_ms)?,
            };
            bytes += one.operation().value.map_or(0, <[u8]>::len) as u64;
            resolved.push(one);
            check_commit(bytes)?;
        }
        Ok(resolved)
    }

    fn resolve<'a>(&mut self, key: &'a [u8], merges: &Merges<'_>, now_ms: u64) -> Result<Resolved<'a>, Failure> {
        // What was removed because it had expired must not count again, even if the clock goes back.
        let at_ms = self.clock.not_before(now_ms);
        let steps = merges.steps.len() as u64;
        let added: u64 = merges.steps.iter().map(|step| step.bytes.len() as u64).sum();
        let mut known = self.known(key, at_ms)?;
        if matches!(known, Known::Nothing) && !merges.counts() {
            known = self.length_on_disk(key, at_ms)?;
        }
        let operand = match known {
            Known::Nothing => Some((Operand::counts(merges.sets_expiry, steps, at_ms), merges.expires)),
            Known::Counts(depth) if merges.counts() => {
                Some((Operand::counts(merges.sets_expiry, depth + steps, at_ms), merges.expires))
            }
            Known::Value { depth, length, expires } if merges.appends() && length > SMALL_SIZE => {
                check_length(length + added)?;
                // Its expiry is known, so it says that: then later commits know it, too.
                let expires = if merges.sets_expiry { merges.expires } else { expires };
                Some((Operand::appends(depth + steps, at_ms, length + added), expires))
            }
            // No need to read it.
            Known::Value { length, .. } if merges.counts() && length != NUMBER_SIZE as u64 => {
                return Err(no_number(length));
            }
            _ => None,
        };
        // An operand never stays in the log: it must be smaller than what does.
        if let Some((operand, expires)) = operand.filter(|(operand, _)| operand.depth <= MOST_STEPS) {
            let encoded = operand.encode(&merges.steps);
            let folds = self.folds_with(key, operand.length);
            let is_bounded =
                folds.logged <= self.options.fold_limit() && folds.in_memory <= self.options.write_buffer_size as u64;
            if !self.values.keeps(encoded.len()) && is_bounded {
                self.memtables.will_fold(folds);
                return Ok(Resolved { key, value: Written::Operand(encoded), expires });
            }
        }
        let present = if let Known::None = known { None } else { self.whole_value(key, at_ms)? };
        let (value, expires) = merges.apply(present)?;
        Ok(Resolved { key, value: Written::Value(value), expires })
    }

    /// What the fold of the active memtable will make, with an operand of this key: the whole value, once for each key.
    fn folds_with(&self, key: &[u8], length: u64) -> Folds {
        let mut folds = self.memtables.folds();
        let newest = self.memtables.active().get(key, Version::NEWEST);
        if newest.is_some_and(|entry| matches!(entry.value, Value::Operand(_))) {
            return folds;
        }
        let is_logged = usize::try_from(length).is_ok_and(|length| self.values.keeps(length));
        *(if is_logged { &mut folds.logged } else { &mut folds.in_memory }) += length;
        folds
    }

    /// What memory knows of the value of a key.
    #[inline(never)]
    fn known(&mut self, key: &[u8], now_ms: u64) -> Result<Known, Failure> {
        let Some(entry) = self.memtables.get(key, Version::NEWEST) else {
            return Ok(match self.finds.entry(key, Version::NEWEST) {
                Some(Cached { expires, .. }) if expires.is_some_and(|at| at.has_come(now_ms)) => Known::None,
                Some(Cached { value, expires, .. }) => Known::value(value.len(), expires),
                None => Known::Nothing,
            });
        };
        let expires = entry.expires;
        Ok(match entry.value {
            _ if entry.is_gone(now_ms) => Known::None,
            Value::Deleted => Known::None,
            Value::Inline(bytes) => Known::value(bytes.len(), expires),
            Value::Logged { position, length } => Known::value(self.values.length_of(position, length)?, expires),
            Value::Operand(bytes) => match Operand::decode(bytes) {
                Some(Operand { appends: true, depth, length, .. }) => Known::Value { depth, length, expires },
                Some(Operand { depth, .. }) => Known::Counts(depth),
                None => Known::Nothing,
            },
        })
    }

    /// The length of a value of the table. Reads the block of the key, and no value from the log.
    fn length_on_disk(&mut self, key: &[u8], now_ms: u64) -> Result<Known, Failure> {
        let found = self.table.get(key, Version::NEWEST, |found| {
            let value = match found.value {
                _ if found.is_gone(now_ms) => None,
                Value::Deleted => None,
                Value::Inline(bytes) | Value::Operand(bytes) => Some(Ok(bytes.len())),
                Value::Logged { position, length } => Some(Err((position, length))),
            };
            value.map(|value| (value, found.expires))
        })?;
        let Some((value, expires)) = found.flatten() else { return Ok(Known::None) };
        let length = match value {
            Ok(length) => length,
            Err((position, length)) => self.values.length_of(position, length)?,
        };
        Ok(Known::value(length, expires))
    }

    /// The newest value of a key, and its expiry.
    #[inline(never)]
    fn whole_value(&mut self, key: &[u8], now_ms: u64) -> Result<Option<WholeValue>, Failure> {
        let is_in_memory = self.memtables.get(key, Version::NEWEST).is_some();
        let cached = if is_in_memory { None } else { self.finds.entry(key, Version::NEWEST) };
        if let Some(Cached { expires, value, .. }) = cached {
            return Ok(Some((value.to_vec(), expires)));
        }
        let Some(found) = self.version_at(key, Version::NEWEST)? else { return Ok(None) };
        if let Value::Operand(_) = found.value() {
            let chain = Chain::at(&self.memtables, &self.table, key, Version::NEWEST)?;
            let Some(chain) = chain.filter(|chain| !chain.is_gone(now_ms)) else { return Ok(None) };
            return Ok(Some((chain.fold().read(&mut self.values)?, chain.expires())));
        }
        let mut logged = Vec::new();
        let value = self.values.value_of(&found.entry(), now_ms, &mut logged)?;
        Ok(value.map(|value| (value.to_vec(), found.expires)))
    }
}

fn check_length(length: u64) -> Result<(), Failure> {
    if length <= MOST_VALUE_BYTES {
        return Ok(());
    }
    let message = format!("store a value of {length} bytes: the limit is {MOST_VALUE_BYTES}");
    Err(Failure::new(FailureKind::TooLong, message))
}

/// The most bytes of values in one commit.
const MOST_COMMIT_BYTES: u64 = 256 << 20;

fn check_commit(bytes: u64) -> Result<(), Failure> {
    if bytes <= MOST_COMMIT_BYTES {
        return Ok(());
    }
    let message = format!("commit {bytes} bytes at once: the limit is {MOST_COMMIT_BYTES}");
    Err(Failure::new(FailureKind::TooLong, message))
}

fn no_number(length: u64) -> Failure {
    Failure::new(FailureKind::NoNumber, format!("decode {length} bytes as a number: expected {NUMBER_SIZE}"))
}
