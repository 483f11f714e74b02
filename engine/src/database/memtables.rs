//! The memtables. The active one takes the commits. A sealed one may be on its way into the table.

use super::Options;
use super::hidden::{Hidden, Hiding};
use super::sealed::Sealed;
use crate::disk::Disk;
use crate::entry::Entry;
use crate::failure::Failure;
use crate::index::Checkpoint;
use crate::log::Position;
use crate::memtable::Memtable;
use crate::table::{Level, Table};
use crate::version::Version;

/// The number of entries by which the checkpoint may lag: smaller steps would be mostly overhead.
pub(super) const PACE_AHEAD: u64 = 256;

/// The number of parts of a full memtable that [`Memtables::exceeds`] counts.
pub(super) const EIGHTHS: u64 = 8;

/// The values that a fold of a memtable makes: their bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Folds {
    /// In memory.
    pub in_memory: u64,
    /// In the log.
    pub logged: u64,
}

/// The memtables of a database.
pub(super) struct Memtables {
    active: Memtable,
    /// The values that the active one hides.
    hidden: Hidden,
    sealed: Option<Sealed>,
    /// The memory of an earlier memtable, for the next one.
    spare: Memtable,
    /// The memtables have every version above this one.
    tabled: Version,
    /// How many bytes of records the log had when the active memtable was begun.
    begun_at: u64,
    /// Bytes of records that recovery read into the active memtable. They come before all others.
    recovered_bytes: u64,
    /// What a fold of the active one will make, about.
    folds: Folds,
}

impl Memtables {
    /// The memtables that recovery made of the log.
    pub fn recovered(active: Memtable, sealed: Option<Sealed>, tabled: Version, recovered_bytes: u64) -> Self {
        let (hidden, spare) = (Hidden::default(), Memtable::default());
        Self { active, hidden, sealed, spare, tabled, begun_at: 0, recovered_bytes, folds: Folds::default() }
    }

    /// The one that takes the commits.
    pub fn active(&self) -> &Memtable {
        &self.active
    }

    /// The one on its way into the table.
    pub fn sealed(&self) -> Option<&Sealed> {
        self.sealed.as_ref()
    }

    /// The one on its way into the table.
    pub fn sealed_mut(&mut self) -> Option<&mut Sealed> {
        self.sealed.as_mut()
    }

    /// All, the newer one first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Memtable> {
        std::iter::once(&self.active).chain(self.sealed.as_ref().map(Sealed::memtable))
    }

    /// The newest entry of a key that is not above a version.
    #[inline(never)]
    pub fn get(&self, key: &[u8], version: Version) -> Option<Entry<'_>> {
        self.newest_first().find_map(|memtable| memtable.get(key, version))
    }

    /// All, the older one first.
    pub fn oldest_first(&self) -> impl Iterator<Item = &Memtable> {
        self.sealed.iter().map(Sealed::memtable).chain([&self.active])
    }

    /// Reserves memory for entries whose keys and values have this many bytes, so that [`Memtables::insert`] cannot run out of it.
    pub fn reserve(&mut self, bytes: usize, entries: usize) -> Result<(), Failure> {
        self.active.reserve(bytes, entries)
    }

    /// Adds an entry.
    pub fn insert(&mut self, entry: &Entry<'_>) -> Result<(), Failure> {
        self.active.insert(entry)
    }

    /// The earliest time of a commit with an operand, in milliseconds since 1970; above all times if there is none.
    pub fn first_operand_ms(&self) -> u64 {
        self.newest_first().map(Memtable::first_operand_ms).min().unwrap_or(u64::MAX)
    }

    /// They have every version above this one.
    pub fn tabled(&self) -> Version {
        self.tabled
    }

    /// Notes that the memtables lack some version at or below this one.
    pub fn end_history(&mut self, version: Version) {
        // A restore may have ended more of the history than a checkpoint does.
        self.tabled = self.tabled.max(version);
    }

    /// Notes what a fold of the active one will make.
    pub fn will_fold(&mut self, folds: Folds) {
        self.folds = folds;
    }

    /// What a fold of the active one will make, about.
    pub fn folds(&self) -> Folds {
        self.folds
    }

    /// Notes that a fold of the sealed one has written this many bytes. They are no reason to seal the active one: its fold
    /// would write them again.
    pub fn folded(&mut self, bytes: u64) {
        self.begun_at += bytes;
    }

    /// Bytes of records that neither a checkpoint nor the sealed memtable covers. The log has `appended` bytes of records.
    fn unsealed_bytes(&self, appended: u64) -> u64 {
        appended - self.begun_at + self.recovered_bytes
    }

    /// Whether the active one is to be sealed: it is large, or its part of the log is, or the values that it hides are.
    pub fn is_full(&self, appended: u64, hidden_limit: u64, options: &Options) -> bool {
        self.exceeds(EIGHTHS, appended, hidden_limit, options)
    }

    /// Whether the active one is larger than `eighths` eighths of a full one.
    pub fn exceeds(&self, eighths: u64, appended: u64, hidden_limit: u64, options: &Options) -> bool {
        let exceeds = |size: u64, limit: u64| size > (limit / EIGHTHS).saturating_mul(eighths) + limit % EIGHTHS;
        exceeds(self.active.size_bytes() as u64, options.write_buffer_size as u64)
            || exceeds(self.unsealed_bytes(appended), options.log_limit())
            || exceeds(self.hidden.bytes(), hidden_limit)
    }

    /// Whether the merge of the sealed one lags: the active one is full by a larger share than the sealed one is merged, with `slack`
    /// entries more.
    pub fn are_ahead(&self, slack: u64, appended: u64, options: &Options) -> bool {
        let Some(sealed) = &self.sealed else { return false };
        let (entries, done) = (sealed.memtable().len() as u64, sealed.done() as u64 + slack);
        let (filled, logged) = (self.active.size_bytes() as u64, self.unsealed_bytes(appended));
        filled * entries > done * options.write_buffer_size as u64
            || u128::from(logged) * u128::from(entries) > u128::from(done) * u128::from(options.log_limit())
    }

    /// Whether the sealed one hides so much that commits wait until it is merged.
    pub fn hide_more_than(&self, limit: u64) -> bool {
        self.sealed.as_ref().is_some_and(|sealed| sealed.hidden().bytes() > limit)
    }

    /// Seals the active one and begins another one. The log has `appended` bytes of records. No memtable may be sealed.
    /// It is durable up to the position beside the checkpoint when the sealed one may be merged.
    pub fn seal<D: Disk>(
        &mut self,
        checkpoint: (Checkpoint, Position),
        appended: u64,
        table: &Table<D>,
    ) -> Result<(), Failure> {
        let memtable = std::mem::replace(&mut self.active, std::mem::take(&mut self.spare));
        let hidden = std::mem::take(&mut self.hidden);
        self.sealed = Some(Sealed::new(memtable, hidden, checkpoint, table)?);
        self.begun_at = appended;
        self.recovered_bytes = 0;
        self.folds = Folds::default();
        Ok(())
    }

    /// Drops the sealed one, once its checkpoint is recorded.
    pub fn end_sealed(&mut self) {
        if let Some(sealed) = self.sealed.take() {
            self.end_history(sealed.checkpoint().version);
            self.spare = sealed.into_spare();
        }
    }

    /// A memtable, with what it hides, if that counts.
    pub fn hiding(&self, hiding: Hiding) -> Option<(&Memtable, &Hidden)> {
        match (hiding, &self.sealed) {
            (Hiding::Active, _) => Some((&self.active, &self.hidden)),
            // A memtable that goes to the bottom at once is after all that is there.
            (Hiding::Sealed, Some(sealed)) if sealed.level() == Level::Upper => {
                Some((sealed.memtable(), sealed.hidden()))
            }
            (Hiding::Sealed, _) => None,
        }
    }

    /// What a memtable hides.
    pub fn hidden_mut(&mut self, hiding: Hiding) -> &mut Hidden {
        match (hiding, &mut self.sealed) {
            (Hiding::Sealed, Some(sealed)) => sealed.hidden_mut(),
            _ => &mut self.hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW_MS, OPTIONS, table};
    use super::{Hiding, Memtables};
    use crate::database::clock::Clock;
    use crate::entry::{Entry, Value};
    use crate::index::Checkpoint;
    use crate::log::Position;
    use crate::memtable::Memtable;
    use crate::version::Version;

    /// Memtables whose active one has keys from `first` on, of about 100 bytes each, with versions from 1 on.
    fn memtables(first: u8, count: u8) -> Memtables {
        let mut memtables = Memtables::recovered(Memtable::default(), None, Version::NONE, 0);
        fill(&mut memtables, first, count);
        memtables
    }

    fn fill(memtables: &mut Memtables, first: u8, count: u8) {
        for i in 0..count {
            let (key, version) = ([first + i], u64::from(i) + 1);
            memtables
                .insert(&Entry {
                    key: &key,
                    version: Version::of(version),
                    expires: None,
                    value: Value::Inline(&[7; 40]),
                })
                .unwrap();
        }
    }

    const CHECKPOINT: Checkpoint = Checkpoint {
        first_segment: crate::log::SegmentNumber::of(2),
        version: Version::of(9),
        reserved: Version::of(20),
    };

    const SEALED: (Checkpoint, Position) =
        (CHECKPOINT, Position { segment: crate::log::SegmentNumber::of(2), offset: 0 });

    #[test]
    fn a_sealed_memtable_is_found_until_its_checkpoint_is_recorded() {
        let mut table = table();
        let mut memtables = memtables(10, 50);
        memtables.seal(SEALED, 700, &table).unwrap();
        fill(&mut memtables, 10, 1);
        let sizes: Vec<usize> = memtables.newest_first().map(Memtable::len).collect();
        assert_eq!((sizes, memtables.oldest_first().map(Memtable::len).next()), (vec![1, 50], Some(50)));
        let retention = Clock::after(Version::of(9)).retention(1, NOW_MS, true);
        let mut blocks = 0;
        while let Some(sealed) = memtables.sealed_mut().filter(|sealed| !sealed.is_merged()) {
            blocks += sealed.merge_some(&mut table, &retention).unwrap().blocks;
        }
        assert!(table.show().unwrap());
        let sealed = memtables.sealed().unwrap();
        assert_eq!((sealed.done(), sealed.checkpoint(), blocks > 5), (36, CHECKPOINT, true));
        assert!(table.get(&[30], Version::of(100), |found| found.version).unwrap().is_some());
        assert_eq!(memtables.tabled(), Version::NONE);
        memtables.end_sealed();
        assert_eq!((memtables.newest_first().count(), memtables.tabled()), (1, Version::of(9)));
        // A restore ended more of the history than the next checkpoint does.
        memtables.end_history(Version::of(30));
        memtables
            .seal((Checkpoint { version: Version::of(10), ..CHECKPOINT }, Position::default()), 700, &table)
            .unwrap();
        memtables.end_sealed();
        assert_eq!((memtables.tabled(), memtables.active().len()), (Version::of(30), 0));
    }

    #[test]
    fn a_memtable_is_full_by_its_size_by_the_log_or_by_what_it_hides() {
        let mut memtables = memtables(10, 1);
        let limit = OPTIONS.log_limit();
        assert!(!memtables.is_full(limit, 100, &OPTIONS));
        assert!(memtables.is_full(limit + 1, 100, &OPTIONS));
        memtables.hidden_mut(Hiding::Active).add(1, 101, 0);
        assert!(memtables.is_full(0, 100, &OPTIONS) && !memtables.is_full(0, 101, &OPTIONS));
        // The records that recovery read count. Those of the sealed memtable do not.
        let mut recovered = Memtables::recovered(Memtable::default(), None, Version::NONE, limit);
        assert!(recovered.is_full(1, 100, &OPTIONS));
        recovered.seal(SEALED, 1, &table()).unwrap();
        assert!(!recovered.is_full(1 + limit, 100, &OPTIONS));
        fill(&mut memtables, 20, 60);
        assert!(memtables.is_full(0, 1000, &OPTIONS));
    }

    #[test]
    fn commits_are_ahead_of_the_sealed_memtable_by_entries_or_by_bytes_of_the_log() {
        let mut memtables = memtables(10, 50);
        assert!(!memtables.are_ahead(0, u64::MAX / 2, &OPTIONS));
        memtables.seal(SEALED, 0, &table()).unwrap();
        assert!(!memtables.are_ahead(0, 0, &OPTIONS));
        // A part of the log as large as the part of the entries that are merged, and not more.
        assert!(!memtables.are_ahead(10, OPTIONS.log_limit() / 5, &OPTIONS));
        assert!(memtables.are_ahead(10, OPTIONS.log_limit() / 5 + 1, &OPTIONS));
        fill(&mut memtables, 10, 5);
        assert!(memtables.are_ahead(0, 0, &OPTIONS) && !memtables.are_ahead(50, 0, &OPTIONS));
    }

    #[test]
    fn what_goes_to_the_bottom_hides_nothing() {
        let mut table = table();
        let mut memtables = memtables(10, 50);
        memtables.seal(SEALED, 0, &table).unwrap();
        assert!(memtables.hiding(Hiding::Sealed).is_none() && memtables.hiding(Hiding::Active).is_some());
        let retention = Clock::after(Version::of(9)).retention(1, NOW_MS, true);
        while let Some(sealed) = memtables.sealed_mut().filter(|sealed| !sealed.is_merged()) {
            sealed.merge_some(&mut table, &retention).unwrap();
        }
        assert!(table.show().unwrap());
        memtables.end_sealed();
        fill(&mut memtables, 10, 1);
        memtables.seal(SEALED, 0, &table).unwrap();
        memtables.hidden_mut(Hiding::Sealed).add(1, 300, 200);
        let (_, hidden) = memtables.hiding(Hiding::Sealed).unwrap();
        assert_eq!((hidden.bytes(), hidden.in_bottom()), (300, 200));
        assert!(memtables.hide_more_than(299) && !memtables.hide_more_than(300));
    }
}
