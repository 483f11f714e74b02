//! Pages of entries: a scan passes many entries to the host in one call.

use crate::expiry::Expiry;
use crate::failure::Failure;
use crate::number::to_host;
use crate::version::Version;

/// The length of a missing value: the key was deleted.
pub const NO_VALUE: u32 = u32::MAX;
/// The length of a value that the page does not contain, because it is large.
pub const LARGE_VALUE: u32 = u32::MAX - 1;
/// How many bytes of header a page has for each entry.
pub const ENTRY_HEADER_BYTES: usize = 8;
/// The same for a page with versions.
pub const VERSIONED_HEADER_BYTES: usize = 24;
/// Memory that is taken for values before the first of them comes.
const MOST_AT_ONCE: usize = 128 * 1024;

/// A page that is being filled. Each entry has a header: `[key length u32 LE][value length u32 LE]`, and with versions
/// also `[version f64 LE][expiry in ms f64 LE]`. After the headers come all keys, then all values, without gaps. So the
/// host can decode all keys at once.
#[derive(Debug)]
pub struct Page<'a> {
    bytes: &'a mut Vec<u8>,
    keys: Vec<u8>,
    values: Vec<u8>,
    count: u32,
    budget: usize,
    with_versions: bool,
}

/// An entry of a page.
#[derive(Clone, Copy, Debug)]
pub struct PageEntry<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The value; `None` if the key was deleted.
    pub value: Option<&'a [u8]>,
    /// Whether it has a value that the page does not contain.
    pub is_large: bool,
    /// The version of the commit.
    pub version: Version,
    /// When the value expires; `None` for never.
    pub expires: Option<Expiry>,
}

impl<'a> Page<'a> {
    /// An empty page in `bytes`. It takes entries up to `budget` bytes; a larger entry gets a page of its own.
    pub fn new(bytes: &'a mut Vec<u8>, budget: usize, with_versions: bool) -> Self {
        bytes.clear();
        Self { bytes, keys: Vec::new(), values: Vec::new(), count: 0, budget, with_versions }
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Adds an entry, unless the page would grow above its budget and has one already. Returns whether it was added.
    pub fn push(&mut self, entry: &PageEntry<'_>) -> Result<bool, Failure> {
        let value = entry.value.unwrap_or_default();
        let size = VERSIONED_HEADER_BYTES + entry.key.len() + value.len();
        let before = self.bytes.len() + self.keys.len() + self.values.len();
        if self.count > 0 && before + size > self.budget {
            return Ok(false);
        }
        // At the end, collected keys and values are copied after the headers. A large entry that is alone needs no
        // copy.
        let is_alone = size > self.budget;
        let whole = before.saturating_add(size);
        // At once what a page has at most: growing would copy what it has again and again.
        let room = if self.count == 0 { self.budget.min(MOST_AT_ONCE) } else { 0 }.max(value.len());
        if self.bytes.try_reserve(whole).is_err() || (!is_alone && self.values.try_reserve(room).is_err()) {
            return Err(out_of_memory(whole));
        }
        let value_length = match entry.value {
            _ if entry.is_large => LARGE_VALUE,
            Some(value) => length(value)?,
            None => NO_VALUE,
        };
        self.bytes.extend_from_slice(&length(entry.key)?.to_le_bytes());
        self.bytes.extend_from_slice(&value_length.to_le_bytes());
        if self.with_versions {
            self.bytes.extend_from_slice(&to_host(entry.version.get()).to_le_bytes());
            self.bytes.extend_from_slice(&to_host(Expiry::number_of(entry.expires)).to_le_bytes());
        }
        let (keys, values) = if is_alone { (None, None) } else { (Some(&mut self.keys), Some(&mut self.values)) };
        keys.unwrap_or(self.bytes).extend_from_slice(entry.key);
        values.unwrap_or(self.bytes).extend_from_slice(value);
        self.count += 1;
        Ok(true)
    }

    /// The bytes of the page with `next_key` after them, and how many entries the page has.
    #[must_use]
    pub fn finish(self, next_key: &[u8]) -> (&'a [u8], u32) {
        let Self { bytes, keys, values, count, .. } = self;
        bytes.extend_from_slice(&keys);
        bytes.extend_from_slice(&values);
        bytes.extend_from_slice(next_key);
        (bytes, count)
    }
}

fn length(bytes: &[u8]) -> Result<u32, Failure> {
    u32::try_from(bytes.len()).map_err(|_| out_of_memory(bytes.len()))
}

fn out_of_memory(size: usize) -> Failure {
    Failure::out_of_memory("for a reply", size)
}
