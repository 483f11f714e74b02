//! Pages of entries: how a scan crosses to the host, many entries to a call.

use crate::failure::Failure;
use crate::status::Status;

/// The length of a value that is not there: the key was deleted.
pub const NO_VALUE: u32 = u32::MAX;

/// A page being filled: `[key length u32 LE][value length u32 LE]`, with versions `[version f64 LE][expiry in ms f64 LE]`,
/// `[key][value]` for each entry, back to back.
#[derive(Debug)]
pub struct Page<'a> {
    bytes: &'a mut Vec<u8>,
    count: u32,
    budget: usize,
    with_versions: bool,
}

/// What a page says of an entry.
#[derive(Clone, Copy, Debug)]
pub struct PageEntry<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The value; `None` when the key was deleted.
    pub value: Option<&'a [u8]>,
    /// The version of the commit.
    pub version: u64,
    /// When the value expires, in milliseconds since 1970; 0 for never.
    pub expires_ms: u64,
}

impl<'a> Page<'a> {
    /// An empty page in `bytes`, which takes entries up to `budget` bytes, and one that is larger alone.
    pub fn new(bytes: &'a mut Vec<u8>, budget: usize, with_versions: bool) -> Self {
        bytes.clear();
        Self { bytes, count: 0, budget, with_versions }
    }

    /// How many entries there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Adds an entry unless the page has one already and would grow past its budget; says whether it was added.
    pub fn push(&mut self, entry: &PageEntry<'_>) -> Result<bool, Failure> {
        let value = entry.value.unwrap_or_default();
        let size = 24 + entry.key.len() + value.len();
        if self.count > 0 && self.bytes.len() + size > self.budget {
            return Ok(false);
        }
        self.bytes.try_reserve(size).map_err(|_| out_of_memory(size))?;
        let value_length = if entry.value.is_some() { length(value)? } else { NO_VALUE };
        self.bytes.extend_from_slice(&length(entry.key)?.to_le_bytes());
        self.bytes.extend_from_slice(&value_length.to_le_bytes());
        if self.with_versions {
            self.bytes.extend_from_slice(&(entry.version as f64).to_le_bytes());
            self.bytes.extend_from_slice(&(entry.expires_ms as f64).to_le_bytes());
        }
        self.bytes.extend_from_slice(entry.key);
        self.bytes.extend_from_slice(value);
        self.count += 1;
        Ok(true)
    }
}

fn length(bytes: &[u8]) -> Result<u32, Failure> {
    u32::try_from(bytes.len()).map_err(|_| out_of_memory(bytes.len()))
}

fn out_of_memory(size: usize) -> Failure {
    Failure::new(Status::OutOfMemory, format!("no memory for a reply of {size} bytes"))
}
