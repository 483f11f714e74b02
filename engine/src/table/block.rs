//! Blocks: some dozens of sorted entries. At some of them, the landmarks, a search can begin.
//!
//! ```text
//! block:   format u8 = 2, lowest version varint, entries, landmarks, number of landmarks u32, little endian
//! entry:   bytes shared with the previous key varint, other bytes of the key varint, kind u8,
//!          version above the lowest varint, [expiry in ms varint, if kind has bit 7],
//!          kind 1: length of the value varint; kinds 2 and 3: position varint, length varint,
//!          the other bytes of the key, kind 1: the value
//! kind:    0 deleted, 1 value in place, 2 value in the log, 3 compressed value in the log; bit 7: has an expiry
//! landmark: the start of an entry, in bytes after the start of the first one, u32, little endian
//! ```
//!
//! Entries are ordered by key, then newest first. Another version of the same key shares all bytes of the key. Every
//! eighth entry except the first is a landmark. It shares no bytes with the previous key, so its key can be read alone.
//! (The restarts of `LevelDB`'s table format are the same.)

use std::cmp::Ordering;

use crate::abbreviation::shared_length;
use crate::entry::{Entry, LoggedLength, Value};
use crate::expiry::Expiry;
use crate::log::PackedPosition;
use crate::number::u32_of;
use crate::varint;
use crate::version::Version;

/// The format of blocks that this release writes and reads.
pub const FORMAT_VERSION: u8 = 2;

const KIND_DELETED: u8 = 0;
const KIND_INLINE: u8 = 1;
const KIND_LOGGED: u8 = 2;
const KIND_LOGGED_COMPRESSED: u8 = 3;
/// No block has it: operands are folded before they are merged. A reader takes it for damage.
const KIND_OPERAND: u8 = 4;
const HAS_EXPIRY: u8 = 0x80;
/// The distance of landmarks, in entries.
const LANDMARK_INTERVAL: usize = 8;
/// Bytes of a landmark.
const LANDMARK_SIZE: usize = 4;

/// Encodes entries as a block. They must be sorted.
pub fn encode<'a>(entries: impl IntoIterator<Item = Entry<'a>> + Clone) -> Vec<u8> {
    let lowest = entries.clone().into_iter().map(|entry| entry.version).min().unwrap_or_default();
    let mut block = vec![FORMAT_VERSION];
    varint::write(&mut block, lowest.get());
    let start = block.len();
    let mut landmarks: Vec<u32> = Vec::new();
    let mut before: &[u8] = &[];
    for (i, entry) in entries.into_iter().enumerate() {
        let is_landmark = i > 0 && i % LANDMARK_INTERVAL == 0;
        if is_landmark {
            landmarks.push(u32_of(block.len() - start));
        }
        let shared = if is_landmark { 0 } else { shared_length(before, entry.key) };
        write_entry(&mut block, &entry, shared, lowest);
        before = entry.key;
    }
    let count = u32_of(landmarks.len());
    block.extend(landmarks.into_iter().chain([count]).flat_map(u32::to_le_bytes));
    block
}

fn write_entry(block: &mut Vec<u8>, entry: &Entry<'_>, shared: usize, lowest: Version) {
    let rest = entry.key.get(shared..).unwrap_or_default();
    varint::write(block, shared as u64);
    varint::write(block, rest.len() as u64);
    let kind = match entry.value {
        Value::Deleted => KIND_DELETED,
        Value::Inline(_) => KIND_INLINE,
        Value::Operand(_) => KIND_OPERAND,
        Value::Logged { length, .. } if length.is_compressed() => KIND_LOGGED_COMPRESSED,
        Value::Logged { .. } => KIND_LOGGED,
    };
    block.push(if entry.expires.is_some() { kind | HAS_EXPIRY } else { kind });
    varint::write(block, entry.version.since(lowest));
    if let Some(at) = entry.expires {
        varint::write(block, at.ms());
    }
    match entry.value {
        Value::Deleted => block.extend_from_slice(rest),
        Value::Logged { position, length } => {
            varint::write(block, position.get());
            varint::write(block, u64::from(length.stored()));
            block.extend_from_slice(rest);
        }
        Value::Inline(bytes) | Value::Operand(bytes) => {
            varint::write(block, bytes.len() as u64);
            block.extend_from_slice(rest);
            block.extend_from_slice(bytes);
        }
    }
}

/// An upper bound for the bytes that an entry takes in a block, with its landmark.
#[must_use]
pub fn size_bound(entry: &Entry<'_>) -> usize {
    let value = if let Value::Inline(bytes) = entry.value { bytes.len() } else { 0 };
    entry.key.len() + value + 4 * varint::MAX_SIZE + LANDMARK_SIZE
}

/// Reads a block from its first entry to its last.
#[derive(Clone, Debug)]
pub struct BlockReader<'a> {
    rest: &'a [u8],
    lowest: Version,
    key: Vec<u8>,
    current: KeylessEntry<'a>,
}

/// An entry without its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeylessEntry<'a> {
    /// The version of the commit.
    pub version: Version,
    /// When the entry expires; `None` for never.
    pub expires: Option<Expiry>,
    /// The value.
    pub value: Value<'a>,
}

impl KeylessEntry<'_> {
    /// Whether a reader at `now_ms` finds nothing here, because the entry is deleted or expired.
    #[must_use]
    pub fn is_gone(&self, now_ms: u64) -> bool {
        Entry { key: &[], version: self.version, expires: self.expires, value: self.value }.is_gone(now_ms)
    }
}

/// The block does not have the format that [`encode`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// An entry, and how its key differs from the previous key.
pub(super) struct Raw<'a> {
    pub shared: usize,
    pub suffix: &'a [u8],
    pub version: KeylessEntry<'a>,
}

/// The parts of a block.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub lowest: Version,
    pub entries: &'a [u8],
    landmarks: &'a [[u8; LANDMARK_SIZE]],
}

impl<'a> Parts<'a> {
    pub fn of(block: &'a [u8]) -> Result<Self, Malformed> {
        Self::try_of(block).ok_or(Malformed)
    }

    fn try_of(block: &'a [u8]) -> Option<Self> {
        let (&FORMAT_VERSION, mut rest) = block.split_first()? else { return None };
        let lowest = Version::of(varint::read(&mut rest)?);
        let (rest, count) = rest.split_last_chunk::<LANDMARK_SIZE>()?;
        let size = usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(LANDMARK_SIZE)?;
        let (entries, landmarks) = rest.split_at(rest.len().checked_sub(size)?);
        Some(Self { lowest, entries, landmarks: landmarks.as_chunks().0 })
    }

    /// The entries from a landmark on. 0 means the first entry. One more than the last landmark means the end.
    fn entries_from(&self, landmark: usize) -> Option<&'a [u8]> {
        let Some(before) = landmark.checked_sub(1) else { return Some(self.entries) };
        match self.landmarks.get(before) {
            Some(offset) => self.entries.get(usize::try_from(u32::from_le_bytes(*offset)).ok()?..),
            None => Some(&[]),
        }
    }

    /// How many groups there are. A group has the entries from one landmark to the next; the first one begins at the
    /// first entry.
    pub fn groups(&self) -> usize {
        self.landmarks.len() + 1
    }

    /// The entries of a group.
    pub fn group(&self, group: usize) -> Result<&'a [u8], Malformed> {
        let (rest, behind) = (self.entries_from(group), self.entries_from(group + 1));
        let between = |rest: &'a [u8], behind: &[u8]| rest.get(..rest.len().checked_sub(behind.len())?);
        rest.zip(behind).and_then(|(rest, behind)| between(rest, behind)).ok_or(Malformed)
    }

    /// The last group whose landmark is not after this version of this key.
    pub fn group_of(&self, key: &[u8], version: Version) -> Result<usize, Malformed> {
        let (mut low, mut high) = (0, self.landmarks.len());
        while low < high {
            let middle = low.midpoint(high);
            let raw = self.landmark(middle + 1).ok_or(Malformed)?;
            match raw.suffix.cmp(key).then_with(|| version.cmp(&raw.version.version)) {
                Ordering::Greater => high = middle,
                _ => low = middle + 1,
            }
        }
        Ok(low)
    }

    /// The entry at a landmark, with its whole key.
    pub fn landmark(&self, landmark: usize) -> Option<Raw<'a>> {
        read_raw(&mut self.entries_from(landmark)?, self.lowest).filter(|raw| raw.shared == 0)
    }
}

impl<'a> BlockReader<'a> {
    /// A reader before the first entry.
    pub fn new(block: &'a [u8]) -> Result<Self, Malformed> {
        let Parts { lowest, entries, .. } = Parts::of(block)?;
        let current = KeylessEntry { version: Version::NONE, expires: None, value: Value::Deleted };
        Ok(Self { rest: entries, lowest, key: Vec::new(), current })
    }

    /// Moves to the next entry. Returns whether there is one.
    pub fn advance(&mut self) -> Result<bool, Malformed> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        let raw = read_raw(&mut self.rest, self.lowest).ok_or(Malformed)?;
        if raw.shared > self.key.len() {
            return Err(Malformed);
        }
        self.key.truncate(raw.shared);
        self.key.extend_from_slice(raw.suffix);
        self.current = raw.version;
        Ok(true)
    }

    /// The present entry, after [`BlockReader::advance`].
    #[must_use]
    pub fn entry(&self) -> Entry<'_> {
        let KeylessEntry { version, expires, value } = self.current;
        Entry { key: &self.key, version, expires, value }
    }
}

/// Takes an entry off the front of `bytes`; `None` if it is malformed.
#[inline]
pub(super) fn read_raw<'a>(bytes: &mut &'a [u8], lowest: Version) -> Option<Raw<'a>> {
    let (shared, suffix_length) = match **bytes {
        // Nearly all are this short.
        [shared, suffix_length, ref rest @ ..] if (shared | suffix_length) < 0x80 => {
            *bytes = rest;
            (usize::from(shared), usize::from(suffix_length))
        }
        _ => (varint::read_length(bytes)?, varint::read_length(bytes)?),
    };
    let (kind, rest) = bytes.split_first()?;
    *bytes = rest;
    let version = lowest.checked_plus(varint::read(bytes)?)?;
    let expires = if kind & HAS_EXPIRY == 0 { None } else { Expiry::of_number(varint::read(bytes)?) };
    let (suffix, value) = match kind & !HAS_EXPIRY {
        KIND_DELETED => (take(bytes, suffix_length)?, Value::Deleted),
        kind @ (KIND_LOGGED | KIND_LOGGED_COMPRESSED) => {
            let position = PackedPosition::of(varint::read(bytes)?);
            let length = varint::read_length(bytes)?;
            let length =
                if kind == KIND_LOGGED { LoggedLength::plain(length) } else { LoggedLength::compressed(length) }?;
            (take(bytes, suffix_length)?, Value::Logged { position, length })
        }
        KIND_INLINE => {
            let length = varint::read_length(bytes)?;
            (take(bytes, suffix_length)?, Value::Inline(take(bytes, length)?))
        }
        _ => return None,
    };
    Some(Raw { shared, suffix, version: KeylessEntry { version, expires, value } })
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// The newest entry of `key` in a block whose version is not above `version`.
pub fn find<'a>(block: &'a [u8], key: &[u8], version: Version) -> Result<Option<KeylessEntry<'a>>, Malformed> {
    let parts = Parts::of(block)?;
    let group = parts.group_of(key, version)?;
    let behind = parts.entries_from(group + 1).ok_or(Malformed)?;
    let between = parts.group(group)?;
    match find_between(between, parts.lowest, key, version)? {
        Sought::Found(version) => return Ok(Some(version)),
        Sought::Missing => return Ok(None),
        Sought::Behind => {}
    }
    if behind.is_empty() {
        return Ok(None);
    }
    let raw = parts.landmark(group + 1).ok_or(Malformed)?;
    Ok((raw.suffix == key && raw.version.version <= version).then_some(raw.version))
}

/// The result of a search among some entries.
enum Sought<'a> {
    Found(KeylessEntry<'a>),
    Missing,
    /// The target is not before the end of these entries.
    Behind,
}

/// Searches the entries from one landmark to the next.
///
/// Never builds a key. It keeps how many bytes of the previous key agree with `key`. An entry that shares more bytes
/// than that with its predecessor compares to `key` like the predecessor. An entry that shares fewer is above `key`.
fn find_between<'a>(
    mut rest: &'a [u8],
    lowest: Version,
    key: &[u8],
    version: Version,
) -> Result<Sought<'a>, Malformed> {
    let mut agreeing = 0;
    let mut is_key = false;
    while !rest.is_empty() {
        let raw = read_raw(&mut rest, lowest).ok_or(Malformed)?;
        if raw.shared < agreeing {
            return Ok(Sought::Missing);
        }
        if raw.shared > agreeing {
            continue;
        }
        // Another version of the previous key has no bytes of its own, and agrees as that one did.
        if !(is_key && raw.suffix.is_empty()) {
            let wanted = key.get(agreeing..).unwrap_or_default();
            let more = raw.suffix.iter().zip(wanted).take_while(|(a, b)| a == b).count();
            if raw.suffix.get(more..) > wanted.get(more..) {
                return Ok(Sought::Missing);
            }
            is_key = more == wanted.len();
            agreeing += more;
        }
        if is_key && raw.version.version <= version {
            return Ok(Sought::Found(raw.version));
        }
    }
    Ok(Sought::Behind)
}
