//! Reads of one key, of its versions, and of a range.

use super::Database;
use super::chain::Chain;
use super::memtables::Memtables;
use super::store::Store;
use super::value_log::{ValueLog, ValueStream};
use crate::cache::Cached;
use crate::cursor::{Advance, Cursor, Range};
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::expiry::Expiry;
use crate::failure::Failure;
use crate::table::block::KeylessEntry;
use crate::table::{Found, Table};
use crate::version::Version;

/// A version of a key that a read found. Its value is in the caller's buffer, unless it is large.
pub struct Read {
    /// The version of the commit.
    pub version: Version,
    /// When the value expires; `None` for never.
    pub expires: Option<Expiry>,
    /// A large value, to read in parts with [`Database::read_part`].
    pub stream: Option<ValueStream>,
}

/// The newest version of a key, as [`Database::newest`] finds it.
#[derive(Clone, Copy, Debug)]
pub enum Newest<'a> {
    /// Deleted or expired.
    Gone,
    /// The value.
    Value(&'a [u8]),
    /// A value that the caller must read separately.
    Large,
}

impl<'a> Newest<'a> {
    /// What is passed of an entry whose value was read. How long a compressed value is, is only known then.
    fn of(entry: &Entry<'_>, value: Option<&'a [u8]>, largest: u32) -> Self {
        match value {
            None => Self::Gone,
            Some(value) if matches!(entry.value, Value::Logged { .. }) && value.len() > largest as usize => Self::Large,
            Some(value) => Self::Value(value),
        }
    }
}

/// How an iteration continues after an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visited {
    /// Continues with the next entry.
    GoOn,
    /// Stops. A later call continues with this entry.
    Before,
    /// Stops. A later call continues after this entry.
    Behind,
}

/// Where an iteration over changes continues: at the first version of this key that is not above this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoOn {
    /// The key.
    pub key: Vec<u8>,
    /// The version.
    pub version: Version,
}

impl GoOn {
    fn at(entry: &Entry<'_>) -> Self {
        Self { key: entry.key.to_vec(), version: entry.version }
    }

    /// The first key above this one.
    fn behind(mut key: Vec<u8>) -> Self {
        key.push(0);
        Self { key, version: Version::NEWEST }
    }
}

impl From<(&[u8], Version)> for GoOn {
    fn from((key, version): (&[u8], Version)) -> Self {
        Self { key: key.to_vec(), version }
    }
}

/// The limits of one call of an iteration over changes.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Entries to look at, including those that do not match.
    pub visits: u32,
    /// Bytes of keys and values to return. A single entry may exceed it.
    pub bytes: usize,
}

impl Budget {
    /// No limits.
    pub const NONE: Self = Self { visits: u32::MAX, bytes: usize::MAX };

    /// Subtracts an entry from the budget. Returns whether there was room. There always is for the first entry.
    fn take(&mut self, size: usize, is_first: bool) -> bool {
        if size > self.bytes && !is_first {
            return false;
        }
        self.bytes = self.bytes.saturating_sub(size);
        true
    }
}

impl<D: Disk> Database<D> {
    /// Reads the value of `key` at `version` and the time `now_ms` into `value`.
    pub fn get(
        &mut self,
        key: &[u8],
        version: Version,
        now_ms: u64,
        value: &mut Vec<u8>,
    ) -> Result<Option<Read>, Failure> {
        let store = self.reading();
        store.counters.get();
        let mut is_operand = false;
        for memtable in store.memtables.newest_first() {
            if let Some(entry) = memtable.get(key, version) {
                store.counters.memtable_hit();
                if entry.is_gone(now_ms) {
                    return Ok(None);
                }
                if let Value::Operand(_) = entry.value {
                    is_operand = true;
                    break;
                }
                let (version, expires) = (entry.version, entry.expires);
                let stream = match entry.value {
                    Value::Logged { position, length } => store.values.read_or_stream(position, length, value)?,
                    inline => copy(inline, value),
                };
                return Ok(Some(Read { version, expires, stream }));
            }
        }
        if is_operand {
            return store.get_folded(key, version, now_ms, value);
        }
        if let Some(cached) = store.finds.entry(key, version) {
            let Cached { version, expires, value: bytes } = cached;
            if expires.is_some_and(|at| at.has_come(now_ms)) {
                return Ok(None);
            }
            value.clear();
            value.extend_from_slice(bytes);
            return Ok(Some(Read { version, expires, stream: None }));
        }
        let found = store.table.get(key, version, |found| {
            value.clear();
            if let Value::Inline(bytes) = found.value {
                value.extend_from_slice(bytes);
            }
            let logged =
                if let Value::Logged { position, length } = found.value { Some((position, length)) } else { None };
            (found.version, found.expires, found.is_gone(now_ms), logged)
        })?;
        let Some((found, expires, is_gone, logged)) = found else {
            store.counters.table_get(false);
            return Ok(None);
        };
        store.counters.table_get(true);
        if is_gone {
            return Ok(None);
        }
        let stream = if let Some((position, length)) = logged {
            store.values.read_or_stream(position, length, value)?
        } else {
            // Cache only the newest version: a later read could not notice a newer one.
            if version >= store.clock.newest() {
                store.finds.found(key, &Cached { version: found, expires, value });
            }
            None
        };
        Ok(Some(Read { version: found, expires, stream }))
    }

    /// The version of the value of `key` at `version` and the time `now_ms`; `None` if it has no value.
    pub fn version_of(&mut self, key: &[u8], version: Version, now_ms: u64) -> Result<Option<Version>, Failure> {
        let store = self.reading();
        if let Some(entry) = store.memtables.get(key, version) {
            let entry = store.with_expiry(&entry, now_ms)?;
            return Ok(Some(entry.version).filter(|_| !entry.is_gone(now_ms)));
        }
        if let Some(Cached { version, expires, .. }) = store.finds.entry(key, version) {
            return Ok(Some(version).filter(|_| !expires.is_some_and(|at| at.has_come(now_ms))));
        }
        let found = store.table.get(key, version, |found| Some(found.version).filter(|_| !found.is_gone(now_ms)))?;
        Ok(found.flatten())
    }

    /// Calls `visit` with the kept versions of `key`, newest first, until `visit` returns `false`. These are the
    /// `versions_to_keep` newest versions, and those that snapshots see. Begins at or before `below`, after `listed`
    /// newer ones were visited. Returns where to continue, and how many were visited. The caller must read values above
    /// `largest` bytes itself.
    pub fn versions(
        &mut self,
        key: &[u8],
        (mut below, mut listed): (Version, usize),
        largest: u32,
        now_ms: u64,
        mut visit: impl FnMut(&Entry<'_>, Newest<'_>) -> Result<bool, Failure>,
    ) -> Result<Option<(Version, usize)>, Failure> {
        let store = self.reading();
        let snapshots = store.clock.snapshots().versions();
        let mut logged = Vec::new();
        while let Some(found) = store.version_at(key, below)? {
            let entry = Entry { key, ..found.entry() };
            let (entry, newest) = store.newest_of(&entry, largest, now_ms, &mut logged)?;
            if !visit(&entry, newest)? {
                return Ok(Some((below, listed)));
            }
            listed += 1;
            let older = entry.version.previous();
            let seen = || snapshots.iter().rev().copied().find(|snapshot| *snapshot <= older);
            match if listed < store.options.versions_to_keep { Some(older) } else { seen() } {
                Some(next) => below = next,
                None => break,
            }
        }
        Ok(None)
    }

    /// Calls `visit` with the versions of keys in a range, in the order of commits from a place on, as far as the
    /// budget allows. This includes deletions and expired values. Returns where to continue. The value is `None` if
    /// deleted or expired. Without `with_values`, all other values are empty. Returns `None` if some of the versions
    /// are not in memory.
    pub fn commits(
        &mut self,
        range: Range<'_>,
        from: (Version, &[u8]),
        with_values: bool,
        mut budget: Budget,
        mut visit: impl FnMut(&Entry<'_>, Option<&[u8]>) -> Result<(), Failure>,
    ) -> Result<Option<Option<GoOn>>, Failure> {
        let store = self.reading();
        if from.0 <= store.memtables.tabled() {
            return Ok(None);
        }
        let memtables = store.memtables.oldest_first();
        let (mut logged, mut is_first) = (Vec::new(), true);
        for entry in memtables.flat_map(|memtable| memtable.entries_from(from.0, from.1)) {
            if entry.version > range.version {
                break;
            }
            let is_wanted = range.contains(entry.key);
            let chain = match entry.value {
                Value::Operand(_) if is_wanted && budget.visits > 0 => {
                    Chain::at(&store.memtables, &store.table, entry.key, entry.version)?
                }
                _ => None,
            };
            let size = if with_values && is_wanted && budget.visits > 0 {
                size_of_entry(&entry, chain.as_ref(), &mut store.values)?
            } else {
                CHANGE_OVERHEAD + entry.key.len()
            };
            if budget.visits == 0 || (is_wanted && !budget.take(size, is_first)) {
                return Ok(Some(Some(GoOn::at(&entry))));
            }
            budget.visits -= 1;
            if is_wanted {
                is_first = false;
                let entry = chain.as_ref().map_or(entry, |chain| Entry { expires: chain.expires(), ..entry });
                let value = if let Some(chain) = chain.filter(|_| with_values) {
                    let folded = Some(chain).filter(|chain| !chain.is_gone(range.now_ms)).map(|chain| chain.fold());
                    logged = folded.map_or(Ok(Vec::new()), |folded| folded.read(&mut store.values))?;
                    Some(logged.as_slice()).filter(|_| !entry.is_gone(range.now_ms))
                } else if with_values {
                    store.values.value_of(&entry, range.now_ms, &mut logged)?
                } else {
                    Some(&[][..]).filter(|_| !entry.is_gone(range.now_ms))
                };
                visit(&entry, value)?;
            }
        }
        Ok(Some(None))
    }

    /// Like [`Database::commits`], for the versions after `since`, in memory or not. Ordered by key, then newest first,
    /// without values.
    pub fn changes(
        &mut self,
        range: Range<'_>,
        since: Version,
        mut budget: Budget,
        mut visit: impl FnMut(&Entry<'_>) -> Result<(), Failure>,
    ) -> Result<Option<GoOn>, Failure> {
        let store = self.reading();
        let table = Some(&store.table).filter(|_| since < store.memtables.tabled());
        let memtables = store.memtables.newest_first();
        let mut cursor = Cursor::start(memtables, table, range, budget.visits)?;
        let mut is_first = true;
        loop {
            match cursor.advance_change(since)? {
                Advance::End => return Ok(None),
                Advance::Paused => return Ok(cursor.upcoming().map(GoOn::from)),
                Advance::Entry | Advance::Gone => {}
            }
            let Some(entry) = cursor.entry() else { return Ok(None) };
            if !budget.take(CHANGE_OVERHEAD + entry.key.len(), is_first) {
                return Ok(Some(GoOn::at(&entry)));
            }
            is_first = false;
            visit(&store.with_expiry(&entry, range.now_ms)?)?;
        }
    }

    /// Calls `visit` with the newest version of each key in a range that changed after `since`, ordered by key. Stops
    /// when `visit` says so, or after looking at `visits` entries. Returns where to continue. Passes the value, unless
    /// it is deleted, expired, or above `largest` bytes.
    pub fn newest(
        &mut self,
        range: Range<'_>,
        since: Version,
        largest: u32,
        visits: u32,
        mut visit: impl FnMut(&Entry<'_>, Newest<'_>) -> Result<Visited, Failure>,
    ) -> Result<Option<GoOn>, Failure> {
        let store = self.reading();
        let table = Some(&store.table).filter(|_| since < store.memtables.tabled());
        let mut cursor = Cursor::start(store.memtables.newest_first(), table, range, visits)?;
        let (mut key, mut logged) = (Vec::new(), Vec::new());
        loop {
            match cursor.advance_change(since)? {
                Advance::End => return Ok(None),
                Advance::Paused => {
                    // Skip the other versions of a key whose newest version was visited.
                    let next = cursor.upcoming().map(GoOn::from);
                    return Ok(next.map(|next| if next.key == key { GoOn::behind(next.key) } else { next }));
                }
                Advance::Entry | Advance::Gone => {}
            }
            let Some(entry) = cursor.entry() else { return Ok(None) };
            // No key is empty.
            if entry.key == key.as_slice() {
                continue;
            }
            key.clear();
            key.extend_from_slice(entry.key);
            let (entry, newest) = newest_of(
                (&store.memtables, &store.table, &mut store.values),
                &entry,
                largest,
                range.now_ms,
                &mut logged,
            )?;
            match visit(&entry, newest)? {
                Visited::GoOn => {}
                Visited::Before => return Ok(Some(GoOn::at(&entry))),
                Visited::Behind => return Ok(Some(GoOn::behind(key))),
            }
        }
    }

    /// Whether a key in a range was changed after `since`.
    pub fn changed(&self, range: Range<'_>, since: Version) -> Result<bool, Failure> {
        let store = self.looking();
        if since >= store.clock.newest() {
            return Ok(false);
        }
        let table = Some(&store.table).filter(|_| since < store.memtables.tabled());
        let mut cursor = Cursor::start(store.memtables.newest_first(), table, range, u32::MAX)?;
        Ok(cursor.advance_change(since)? == Advance::Entry)
    }

    /// Reads the next bytes of a large value into `bytes`, at most `size`. Fails at the end if the value is damaged.
    pub fn read_part(&mut self, stream: &mut ValueStream, size: usize, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        let store = self.reading();
        store.values.read_part(stream, size, bytes)
    }
}

impl<D: Disk> Store<D> {
    /// As [`Database::get`], for a key whose newest entry at `version` is an operand.
    #[cold]
    #[inline(never)]
    fn get_folded(
        &mut self,
        key: &[u8],
        version: Version,
        now_ms: u64,
        value: &mut Vec<u8>,
    ) -> Result<Option<Read>, Failure> {
        let chain = Chain::at(&self.memtables, &self.table, key, version)?;
        let Some(chain) = chain.filter(|chain| !chain.is_gone(now_ms)) else { return Ok(None) };
        let (version, expires) = (chain.version, chain.expires());
        let stream = chain.fold().read_or_stream(&mut self.values, value)?;
        Ok(Some(Read { version, expires, stream }))
    }

    /// The entry. An operand becomes an entry that says when its value expires, and whether there is one.
    #[inline(never)]
    fn with_expiry<'e>(&self, entry: &Entry<'e>, now_ms: u64) -> Result<Entry<'e>, Failure> {
        let Value::Operand(_) = entry.value else { return Ok(*entry) };
        let chain = Chain::at(&self.memtables, &self.table, entry.key, entry.version)?;
        Ok(chain.map_or(*entry, |chain| Entry { key: entry.key, ..chain.bare(now_ms) }))
    }

    fn newest_of<'e>(
        &mut self,
        entry: &Entry<'e>,
        largest: u32,
        now_ms: u64,
        logged: &'e mut Vec<u8>,
    ) -> Result<(Entry<'e>, Newest<'e>), Failure> {
        newest_of((&self.memtables, &self.table, &mut self.values), entry, largest, now_ms, logged)
    }

    /// The newest version of a key that is not above `version`. An operand comes without its bytes.
    pub fn version_at(&self, key: &[u8], version: Version) -> Result<Option<Found>, Failure> {
        let in_memtables = self.memtables.newest_first();
        let newest = in_memtables.filter_map(|memtable| memtable.get(key, version)).max_by_key(|entry| entry.version);
        match newest {
            Some(Entry { version, value: Value::Operand(_), .. }) => Ok(Some(Found::operand(version))),
            Some(entry) => {
                let Entry { version, expires, value, .. } = entry;
                Ok(Some(Found::new(&KeylessEntry { version, expires, value })))
            }
            None => self.table.get(key, version, Found::new),
        }
    }
}

/// An entry with its value, read into `logged` if the entry does not have it. An operand is folded.
#[inline(never)]
fn newest_of<'e, D: Disk>(
    (memtables, table, values): (&Memtables, &Table<D>, &mut ValueLog<D>),
    entry: &Entry<'e>,
    largest: u32,
    now_ms: u64,
    logged: &'e mut Vec<u8>,
) -> Result<(Entry<'e>, Newest<'e>), Failure> {
    let folded = match entry.value {
        Value::Operand(_) => Chain::at(memtables, table, entry.key, entry.version)?,
        _ => None,
    };
    if let Some(chain) = folded {
        let entry = Entry { expires: chain.expires(), ..*entry };
        if chain.is_gone(now_ms) {
            return Ok((entry, Newest::Gone));
        }
        let folded = chain.fold();
        if folded.length(values)? > largest as usize {
            return Ok((entry, Newest::Large));
        }
        *logged = folded.read(values)?;
        return Ok((entry, Newest::Value(logged)));
    }
    let newest = match entry.value {
        Value::Logged { length, .. } if length.stored() > largest && !entry.is_gone(now_ms) => Newest::Large,
        _ => Newest::of(entry, values.value_of(entry, now_ms, logged)?, largest),
    };
    Ok((*entry, newest))
}

/// The bytes that a change takes in a page besides its key and value.
const CHANGE_OVERHEAD: usize = 24;

fn size_of_entry<D: Disk>(
    entry: &Entry<'_>,
    chain: Option<&Chain<'_>>,
    values: &mut ValueLog<D>,
) -> Result<usize, Failure> {
    let value = match entry.value {
        Value::Operand(_) => chain.map_or(Ok(0), |chain| chain.fold().length(values))?,
        Value::Deleted => 0,
        Value::Inline(bytes) => bytes.len(),
        Value::Logged { position, length } => values.length_of(position, length)?,
    };
    Ok(CHANGE_OVERHEAD + entry.key.len() + value)
}

fn copy(inline: Value<'_>, value: &mut Vec<u8>) -> Option<ValueStream> {
    value.clear();
    if let Value::Inline(bytes) = inline {
        value.extend_from_slice(bytes);
    }
    None
}
