//! Pages of entries: how a scan crosses to the host, many entries to a call.

use crate::failure::Failure;

/// Bytes before each entry of a page: the lengths of key and value.
pub const ENTRY_HEADER_SIZE: usize = 8;

/// A page being filled: `[key length u32 LE][value length u32 LE][key][value]` for each entry, back to back.
#[derive(Debug, Default)]
pub struct Page {
    /// The encoded entries.
    pub bytes: Vec<u8>,
    /// How many there are.
    pub count: u32,
}

impl Page {
    /// Adds an entry unless the page has one already and would grow past `budget` bytes; says whether it was added.
    pub fn push(&mut self, key: &[u8], value: &[u8], budget: usize) -> Result<bool, Failure> {
        let size = ENTRY_HEADER_SIZE + key.len() + value.len();
        if self.count > 0 && self.bytes.len() + size > budget {
            return Ok(false);
        }
        self.bytes.try_reserve(size).map_err(|_| out_of_memory(size))?;
        self.bytes.extend_from_slice(&length(key)?.to_le_bytes());
        self.bytes.extend_from_slice(&length(value)?.to_le_bytes());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.count += 1;
        Ok(true)
    }
}

fn length(bytes: &[u8]) -> Result<u32, Failure> {
    u32::try_from(bytes.len()).map_err(|_| out_of_memory(bytes.len()))
}

fn out_of_memory(size: usize) -> Failure {
    Failure::new(crate::status::Status::OutOfMemory, format!("no memory for a reply of {size} bytes"))
}
