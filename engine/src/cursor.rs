//! A cursor over live entries. It merges memtables and table, at one version, in either direction.

use std::cmp::Ordering;

use crate::disk::Disk;
use crate::entry::{Boundary, Entry, LoggedLength, Value};
use crate::expiry::Expiry;
use crate::failure::Failure;
use crate::memtable::{Memtable, Place};
use crate::number::u32_of;
use crate::position::PackedPosition;
use crate::table::{Level, Table, TableCursor};
use crate::version::Version;

/// The range of a cursor.
#[derive(Clone, Copy, Debug)]
pub struct Range<'a> {
    /// The start of the range, in the order of the keys.
    pub lower: Boundary<'a>,
    /// The end of the range.
    pub upper: Boundary<'a>,
    /// From the last key to the first.
    pub reverse: bool,
    /// Only commits up to this version count.
    pub version: Version,
    /// The current time, in milliseconds since 1970. Entries that expire at or before it count as deleted.
    pub now_ms: u64,
}

impl Range<'_> {
    /// Whether a key is between the ends.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        let begins = match self.lower {
            Boundary::Outermost => true,
            Boundary::Before(start) | Boundary::At(start, _) => key >= start,
            Boundary::Behind(start) => key > start,
        };
        begins && !Range { reverse: false, ..*self }.ends_before(key)
    }

    /// Whether a key is after the end, in the direction of the cursor.
    fn ends_before(&self, key: &[u8]) -> bool {
        match (self.reverse, if self.reverse { self.lower } else { self.upper }) {
            (_, Boundary::Outermost) => false,
            (false, Boundary::Before(end)) => key >= end,
            (false, Boundary::At(end, _) | Boundary::Behind(end)) => key > end,
            (true, Boundary::Before(end) | Boundary::At(end, _)) => key < end,
            (true, Boundary::Behind(end)) => key <= end,
        }
    }
}

/// Iterates over live entries. The sources must not change meanwhile.
pub struct Cursor<'a, D: Disk> {
    sources: Vec<Source<'a, D>>,
    range: Range<'a>,
    /// The source whose entry comes next, as long as its keys come before the rival's.
    leader: Option<usize>,
    /// The first key of all other sources.
    rival: Vec<u8>,
    /// Whether no other source has the key that comes next.
    is_alone: bool,
    /// Forward: the source at the present entry.
    present: Option<usize>,
    /// The newest key that has been handled.
    key: Vec<u8>,
    has_key: bool,
    /// For changes: the version of that key.
    version: Version,
    /// Backward: the present entry with version, expiry and value. Its key is `key`.
    found: Option<(Version, Option<Expiry>, Kept)>,
    value: Vec<u8>,
    visits: Visits,
    /// How many keys without a live version have come since the last key with one.
    gone: u32,
}

/// How many entries a cursor looks at.
struct Visits {
    /// How many more entries it may look at. Blocks that it reads count, too.
    left: u32,
    /// How many entries it has looked at.
    looked: u64,
    /// The result of [`Cursor::last_key`].
    last: Vec<u8>,
    /// Whether the cursor pauses after that key.
    is_last: bool,
}

impl Visits {
    /// Looks at an entry. Returns whether the cursor pauses before it: the limit is used up, and `key` is a new key.
    fn pauses_before(&mut self, key: &[u8]) -> bool {
        if self.left == 0 {
            if self.is_last && self.last != key {
                return true;
            }
            keep(&mut self.last, key);
            self.is_last = true;
        }
        self.look();
        false
    }

    fn look(&mut self) {
        self.spend(1);
        self.looked += 1;
    }

    fn spend(&mut self, visits: u32) {
        self.left = self.left.saturating_sub(visits);
    }
}

/// The result of a move of the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// It is at a live entry, or at a change.
    Entry,
    /// It has passed [`GONE_A_RUN`] more successive keys without a live version.
    Gone,
    /// It is at the end of its range.
    End,
    /// It pauses, because it has looked at as many entries as it may.
    Paused,
}

/// After this many successive keys without a live version, a cursor reports them.
pub const GONE_A_RUN: u32 = 8;
/// This many bytes of a block count as one entry.
const BYTES_A_VISIT: usize = 128;
/// This many versions of a key are passed one by one before the cursor jumps over the rest.
const VERSIONS_A_JUMP: usize = 4;

/// A value that the cursor has copied.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Copied,
    Operand,
    Logged { position: PackedPosition, length: LoggedLength },
}

enum Source<'a, D: Disk> {
    Memtable(MemtableSource<'a>),
    Table(Box<TableCursor<'a, D>>),
}

/// A position in a memtable, with its entry.
struct MemtableSource<'a> {
    memtable: &'a Memtable,
    place: Option<Place>,
    entry: Option<Entry<'a>>,
}

impl<'a> MemtableSource<'a> {
    fn at(memtable: &'a Memtable, place: Option<Place>) -> Self {
        Self { memtable, place, entry: place.and_then(|place| memtable.at(place)) }
    }

    fn go(&mut self, place: Option<Place>) {
        *self = Self::at(self.memtable, place);
    }

    fn step(&mut self, reverse: bool) {
        let step = |place| if reverse { self.memtable.previous(place) } else { self.memtable.next(place) };
        self.go(self.place.and_then(step));
    }

    fn pass_key(&mut self, reverse: bool) {
        let Some(Entry { key, .. }) = self.entry else { return };
        for _ in 0..VERSIONS_A_JUMP {
            self.step(reverse);
            if self.entry.is_none_or(|entry| entry.key != key) {
                return;
            }
        }
        self.go(if reverse {
            before_in(self.memtable, self.memtable.seek(key, Version::NEWEST))
        } else {
            self.memtable.seek(key, Version::NONE)
        });
    }
}

impl<D: Disk> Source<'_, D> {
    fn entry(&self) -> Option<Entry<'_>> {
        match self {
            Self::Memtable(source) => source.entry,
            Self::Table(cursor) => cursor.entry(),
        }
    }

    fn is_done(&self) -> bool {
        match self {
            Self::Memtable(source) => source.place.is_none(),
            Self::Table(cursor) => cursor.is_done(),
        }
    }

    /// Skips the current key with all its versions.
    fn pass_key(&mut self, reverse: bool) -> Result<(), Failure> {
        match self {
            Self::Memtable(source) => source.pass_key(reverse),
            Self::Table(cursor) if reverse => return cursor.previous_key(),
            Self::Table(cursor) => return cursor.next_key(),
        }
        Ok(())
    }

    /// Moves to the newest version of the present key that is not above `version`. Forward without one: moves after the
    /// key.
    fn seek_version(&mut self, version: Version) -> Result<(), Failure> {
        match self {
            Self::Memtable(source) => {
                source.go(source.entry.and_then(|entry| source.memtable.seek(entry.key, version)));
            }
            Self::Table(cursor) => return cursor.seek_version(version),
        }
        Ok(())
    }

    fn step(&mut self, reverse: bool) -> Result<(), Failure> {
        match self {
            Self::Memtable(source) => source.step(reverse),
            Self::Table(cursor) if reverse => return cursor.retreat(),
            Self::Table(cursor) => return cursor.advance(),
        }
        Ok(())
    }

    /// How many visits the blocks cost that were read since the last call.
    fn take_visits(&mut self) -> u32 {
        match self {
            Self::Memtable(..) => 0,
            Self::Table(cursor) => u32_of(std::mem::take(&mut cursor.read_bytes) / BYTES_A_VISIT),
        }
    }
}

impl<'a, D: Disk> Cursor<'a, D> {
    /// A cursor before the first entry of the range. Without `table` it reads only the memtables. It looks at about
    /// `visits` entries. After its first block, each [`BYTES_A_VISIT`] bytes of a block count as one more entry.
    pub fn start(
        memtables: impl Iterator<Item = &'a Memtable>,
        table: Option<&'a Table<D>>,
        range: Range<'a>,
        visits: u32,
    ) -> Result<Self, Failure> {
        let mut sources: Vec<Source<'a, D>> = memtables
            .filter(|memtable| !memtable.is_empty())
            .map(|memtable| Source::Memtable(MemtableSource::at(memtable, start_in(memtable, &range))))
            .collect();
        let levels = table.into_iter().flat_map(|table| Level::ALL.map(|level| (table, level)));
        for (table, level) in levels.filter(|(table, level)| table.live_bytes(*level) > 0) {
            let cursor = if range.reverse {
                table.cursor_before(level, range.upper)?
            } else {
                table.cursor_from(level, range.lower)?
            };
            sources.push(Source::Table(Box::new(cursor)));
        }
        // The first block does not count, so that a cursor makes progress with a large block, too.
        for source in &mut sources {
            source.take_visits();
        }
        sources.retain(|source| source.entry().is_some());
        Ok(Self {
            sources,
            range,
            leader: None,
            rival: Vec::new(),
            is_alone: false,
            present: None,
            key: Vec::new(),
            has_key: false,
            version: Version::NONE,
            found: None,
            value: Vec::new(),
            visits: Visits { left: visits, looked: 0, last: Vec::new(), is_last: false },
            gone: 0,
        })
    }

    /// Moves to the next version of a key that was committed after `since`: by key, newest first, including deletions
    /// and expired values. If it pauses, [`Cursor::upcoming`] has the next version. Only for a forward cursor, and not
    /// together with [`Cursor::advance`].
    pub fn advance_change(&mut self, since: Version) -> Result<Advance, Failure> {
        if let Some(present) = self.present.take() {
            self.step(present)?;
        }
        while let Some(next) = self.next_source() {
            let Some(entry) = self.sources.get(next).and_then(Source::entry) else { break };
            if self.range.ends_before(entry.key) {
                break;
            }
            if self.visits.left == 0 {
                return Ok(Advance::Paused);
            }
            self.visits.look();
            // While a memtable is merged into the table, its entries are in both.
            let again = self.has_key && entry.version == self.version && entry.key == self.key.as_slice();
            // If it pauses after an entry that does not count, it must not see that entry again in another source.
            let counts = entry.version > since && entry.version <= self.range.version;
            let is_older = entry.version <= since;
            if !again && (counts || !self.is_alone) {
                self.version = entry.version;
                keep(&mut self.key, entry.key);
                self.has_key = true;
            }
            if is_older {
                // All later versions in its source are even older.
                self.pass_key(next)?;
            } else if again || !counts {
                self.step(next)?;
            } else {
                self.present = Some(next);
                return Ok(Advance::Entry);
            }
        }
        Ok(Advance::End)
    }

    /// The key and the version of the change that may come next. The cursor has not looked at it yet.
    pub fn upcoming(&mut self) -> Option<(&[u8], Version)> {
        let next = self.next_source()?;
        let entry = self.sources.get(next).and_then(Source::entry)?;
        // The entry before may come again, from the table.
        let again = self.has_key && entry.version == self.version && entry.key == self.key.as_slice();
        Some((entry.key, if again { entry.version.previous() } else { entry.version }))
    }

    /// Moves to the next live entry. Pauses only after a key whose versions it has all seen: [`Cursor::last_key`].
    pub fn advance(&mut self) -> Result<Advance, Failure> {
        if self.range.reverse { self.retreat() } else { self.advance_forward() }
    }

    /// How many more entries it may look at.
    #[must_use]
    pub fn visits(&self) -> u32 {
        self.visits.left
    }

    /// How many entries it has looked at.
    #[must_use]
    pub fn visited(&self) -> u64 {
        self.visits.looked
    }

    /// The last key that it has looked at, after [`Advance::Gone`] and [`Advance::Paused`].
    #[must_use]
    pub fn last_key(&self) -> &[u8] {
        &self.visits.last
    }

    /// The present entry after [`Cursor::advance`].
    #[must_use]
    pub fn entry(&self) -> Option<Entry<'_>> {
        if !self.range.reverse {
            return self.sources.get(self.present?)?.entry();
        }
        let (version, expires, kept) = self.found?;
        let value = match kept {
            Kept::Copied => Value::Inline(&self.value),
            Kept::Operand => Value::Operand(&self.value),
            Kept::Logged { position, length } => Value::Logged { position, length },
        };
        Some(Entry { key: &self.key, version, expires, value })
    }

    /// The stream is ordered by key, then newest first: the first version of a key that counts decides.
    fn advance_forward(&mut self) -> Result<Advance, Failure> {
        if let Some(present) = self.present.take() {
            self.finish_key(present)?;
        }
        while let Some(next) = self.next_source() {
            let Some(entry) = self.sources.get(next).and_then(Source::entry) else { break };
            if self.range.ends_before(entry.key) {
                break;
            }
            if self.visits.pauses_before(entry.key) {
                return Ok(Advance::Paused);
            }
            if entry.version > self.range.version {
                self.seek_version(next)?;
            } else if !entry.is_gone(self.range.now_ms) {
                self.gone = 0;
                self.present = Some(next);
                return Ok(Advance::Entry);
            } else {
                self.gone += 1;
                let is_run = self.gone.is_multiple_of(GONE_A_RUN);
                if is_run {
                    keep(&mut self.visits.last, entry.key);
                }
                self.finish_key(next)?;
                if is_run {
                    return Ok(Advance::Gone);
                }
            }
        }
        Ok(Advance::End)
    }

    /// The stream is ordered by descending key, then oldest first: the last version of a key that counts decides.
    fn retreat(&mut self) -> Result<Advance, Failure> {
        self.found = None;
        self.has_key = false;
        while let Some(next) = self.next_source() {
            let Some(entry) = self.sources.get(next).and_then(Source::entry) else { break };
            if self.has_key && entry.key != self.key.as_slice() {
                if self.found.is_some() {
                    self.gone = 0;
                    return Ok(Advance::Entry);
                }
                self.has_key = false;
                self.gone += 1;
                if self.gone.is_multiple_of(GONE_A_RUN) {
                    keep(&mut self.visits.last, &self.key);
                    return Ok(Advance::Gone);
                }
            }
            if self.range.ends_before(entry.key) {
                break;
            }
            if self.visits.pauses_before(entry.key) {
                return Ok(Advance::Paused);
            }
            if entry.version > self.range.version {
                self.pass_key(next)?;
                continue;
            }
            let is_again = self.has_key;
            if !is_again {
                keep(&mut self.key, entry.key);
                self.has_key = true;
            }
            self.found = match entry.value {
                _ if entry.is_gone(self.range.now_ms) => None,
                Value::Deleted => None,
                Value::Logged { position, length } => {
                    Some((entry.version, entry.expires, Kept::Logged { position, length }))
                }
                Value::Inline(bytes) => {
                    keep(&mut self.value, bytes);
                    Some((entry.version, entry.expires, Kept::Copied))
                }
                Value::Operand(bytes) => {
                    keep(&mut self.value, bytes);
                    Some((entry.version, entry.expires, Kept::Operand))
                }
            };
            self.step(next)?;
            if is_again {
                self.skip_older(next)?;
            }
        }
        Ok(if self.found.is_some() { Advance::Entry } else { Advance::End })
    }

    /// Backward: if a source has many versions of the present key, moves it to the newest one that counts.
    #[cold]
    fn skip_older(&mut self, source: usize) -> Result<(), Failure> {
        let (version, key) = (self.range.version, self.key.as_slice());
        let Some(skipped) = self.sources.get_mut(source) else { return Ok(()) };
        if skipped.entry().is_some_and(|entry| entry.key == key && entry.version < version) {
            skipped.seek_version(version)?;
        }
        Ok(())
    }

    /// Passes the present key in all sources: it is decided.
    fn finish_key(&mut self, source: usize) -> Result<(), Failure> {
        if self.is_alone {
            return self.pass_key(source);
        }
        // Two sources that are not alone have the same key.
        let are_two = self.sources.len() == 2;
        if let Some(entry) = self.sources.get(source).and_then(Source::entry).filter(|_| !are_two) {
            keep(&mut self.key, entry.key);
        }
        for (other, passed) in self.sources.iter_mut().enumerate() {
            let has_key = |entry: Entry<'_>| entry.key == self.key.as_slice();
            if are_two || passed.entry().is_some_and(has_key) {
                if other != source {
                    self.visits.look();
                }
                passed.pass_key(false)?;
                self.visits.spend(passed.take_visits());
            }
        }
        self.sources.retain(|source| !source.is_done());
        self.leader = None;
        Ok(())
    }

    /// Skips the versions of a source's current key.
    #[inline(never)]
    fn pass_key(&mut self, source: usize) -> Result<(), Failure> {
        let reverse = self.range.reverse;
        self.go(source, |source| source.pass_key(reverse))
    }

    /// Moves a source to the newest version of its present key that counts.
    #[cold]
    fn seek_version(&mut self, source: usize) -> Result<(), Failure> {
        let version = self.range.version;
        self.go(source, |source| source.seek_version(version))
    }

    fn step(&mut self, source: usize) -> Result<(), Failure> {
        let reverse = self.range.reverse;
        self.go(source, |source| source.step(reverse))
    }

    fn go(&mut self, source: usize, go: impl FnOnce(&mut Source<'a, D>) -> Result<(), Failure>) -> Result<(), Failure> {
        let Some(gone) = self.sources.get_mut(source) else { return Ok(()) };
        go(gone)?;
        self.visits.spend(gone.take_visits());
        self.drop_if_done(source);
        Ok(())
    }

    fn drop_if_done(&mut self, source: usize) {
        if self.sources.get(source).is_some_and(Source::is_done) {
            self.sources.swap_remove(source);
            self.leader = None;
        }
    }

    /// The source whose entry comes next. Keys of one source mostly follow each other. So all sources are compared only
    /// when the leader reaches the next key of another one.
    fn next_source(&mut self) -> Option<usize> {
        if self.sources.len() < 2 {
            self.is_alone = true;
            return if self.sources.is_empty() { None } else { Some(0) };
        }
        let direction = if self.range.reverse { Ordering::Greater } else { Ordering::Less };
        if let Some(leader) = self.leader {
            let entry = self.sources.get(leader).and_then(Source::entry);
            if entry.is_some_and(|entry| entry.key.cmp(&self.rival) == direction) {
                self.is_alone = true;
                return self.leader;
            }
        }
        let mut entries = self.sources.iter().enumerate().filter_map(|(i, source)| Some((i, source.entry()?)));
        let (mut leader, mut first) = entries.next()?;
        let (mut second, mut is_alone) = (None, true);
        for (source, entry) in entries {
            match entry.key.cmp(first.key) {
                Ordering::Equal => {
                    is_alone = false;
                    if first.version.cmp(&entry.version) == direction {
                        (leader, first) = (source, entry);
                    }
                }
                order if order == direction => {
                    second = Some(first.key);
                    (leader, first, is_alone) = (source, entry, true);
                }
                _ if second.is_none_or(|second| entry.key.cmp(second) == direction) => second = Some(entry.key),
                _ => {}
            }
        }
        self.is_alone = is_alone;
        self.leader = second.filter(|_| is_alone).map(|second| {
            keep(&mut self.rival, second);
            leader
        });
        Some(leader)
    }
}

/// The place at which a cursor starts in a memtable.
pub(crate) fn start_in(memtable: &Memtable, range: &Range<'_>) -> Option<Place> {
    let boundary = if range.reverse { range.upper } else { range.lower };
    let behind = match boundary.key() {
        Some(key) => memtable.seek(key, boundary.version()),
        None if range.reverse => None,
        None => memtable.first(),
    };
    if !range.reverse {
        return behind;
    }
    before_in(memtable, behind)
}

/// The place before another one, or the last place.
fn before_in(memtable: &Memtable, place: Option<Place>) -> Option<Place> {
    match place {
        Some(place) => memtable.previous(place),
        None => memtable.last(),
    }
}

/// Copies bytes into an existing buffer.
fn keep(buffer: &mut Vec<u8>, bytes: &[u8]) {
    buffer.clear();
    buffer.extend_from_slice(bytes);
}
