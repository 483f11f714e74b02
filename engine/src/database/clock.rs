//! The clock of versions: the used ones, the reserved ones, and the old ones that somebody still needs.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::snapshots::Snapshots;
use crate::log::Position;
use crate::table::Retention;
use crate::version::Version;

/// How many versions the log reserves ahead. So no version is used twice, even after a crash that lost commits.
const RESERVED_VERSIONS: u64 = 1 << 20;

/// A range of versions to reserve, with a record in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reservation {
    /// The version of the record.
    pub version: Version,
    /// The last version of the range.
    pub last: Version,
}

/// The versions of a database.
#[derive(Debug)]
pub(super) struct Clock {
    /// The version of the newest commit.
    newest: Version,
    /// All versions up to this one may be used.
    reserved: Version,
    /// All versions up to this one may be used before the log is durable up to `reserved_at`.
    before: Version,
    reserved_at: Position,
    snapshots: Snapshots,
    /// The versions since which deletions are kept, each with its number of holds.
    held: BTreeMap<Version, usize>,
    /// The latest time at which entries were removed because they had expired.
    latest_ms: Cell<u64>,
}

impl Clock {
    /// The clock of a database that was opened with this newest version. It has no reserved versions yet.
    pub fn after(version: Version) -> Self {
        let (snapshots, held) = (Snapshots::default(), BTreeMap::new());
        let (reserved_at, latest_ms) = (Position::default(), Cell::new(0));
        Self { newest: version, reserved: version, before: version, reserved_at, snapshots, held, latest_ms }
    }

    /// The version of the newest commit.
    pub fn newest(&self) -> Version {
        self.newest
    }

    /// All versions up to this one may have been used.
    pub fn reserved(&self) -> Version {
        self.reserved
    }

    /// The version of the next commit. [`Clock::committed`] marks it as used. Reserve [`Clock::due`] first.
    pub fn next(&self) -> Version {
        self.newest.next()
    }

    /// The range to reserve before the next commit, if it is time. Mostly that is long before its first version is
    /// used, so that its sync is done in time: see [`Clock::awaited`].
    pub fn due(&self) -> Option<Reservation> {
        let is_due = self.newest.plus(RESERVED_VERSIONS / 2) >= self.reserved;
        is_due.then(|| Reservation { version: self.next(), last: self.next().plus(RESERVED_VERSIONS) })
    }

    /// The reservation that cancels the unused reserved versions; `None` if there are none.
    pub fn ending(&self) -> Option<Reservation> {
        (self.reserved > self.newest).then(|| Reservation { version: self.next(), last: self.next() })
    }

    /// Notes that the log has a reservation before this position.
    pub fn reserve(&mut self, Reservation { version, last }: Reservation, at: Position) {
        self.before = self.reserved;
        self.reserved_at = at;
        self.newest = version;
        self.reserved = last;
    }

    /// The position up to which the log must be durable before the next version is used, if it is of the newest
    /// reservation.
    pub fn awaited(&self) -> Option<Position> {
        (self.next() > self.before).then_some(self.reserved_at)
    }

    /// Notes that a version is complete, and the newest one.
    pub fn committed(&mut self, version: Version) {
        self.newest = version;
    }

    /// Begins the restore of a version. The earlier state ends before that version.
    pub fn begin_restore(&mut self, version: Version) {
        self.newest = self.newest.min(version.previous());
        self.reserved = version;
    }

    /// No more commits follow. The next open may use the reserved versions that are unused.
    pub fn stop(&mut self) {
        self.reserved = self.reserved.min(self.newest);
    }

    /// Opens a snapshot at a version, but at most at the newest one, and returns its version. Returns `None` if the
    /// version is before `whole_from`, where reads miss something, and no snapshot is open at it.
    pub fn open_snapshot(&mut self, version: Version, whole_from: Version, now_ms: u64) -> Option<Version> {
        let version = version.min(self.newest);
        if version < whole_from && !self.snapshots.contains(version) {
            return None;
        }
        self.snapshots.open(version, now_ms);
        Some(version)
    }

    /// Closes one snapshot at a version. Returns whether there was one.
    pub fn close_snapshot(&mut self, version: Version) -> bool {
        self.snapshots.close(version)
    }

    /// The open snapshots.
    pub fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    /// Keeps the deletions after a version, until [`Clock::release_gone`].
    pub fn hold_gone(&mut self, version: Version) {
        *self.held.entry(version).or_default() += 1;
    }

    /// Releases one hold. Returns whether there was one.
    pub fn release_gone(&mut self, version: Version) -> bool {
        let Some(count) = self.held.get_mut(&version) else { return false };
        *count -= 1;
        if *count == 0 {
            self.held.remove(&version);
        }
        true
    }

    /// The time, but not before the latest one at which entries were removed because they had expired.
    pub fn not_before(&self, now_ms: u64) -> u64 {
        now_ms.max(self.latest_ms.get())
    }

    /// The rules for which versions stay if entries are rewritten now.
    pub fn retention(&self, versions_to_keep: usize, now_ms: u64, is_bottom: bool) -> Retention {
        self.latest_ms.set(self.not_before(now_ms));
        let held = self.held.keys().next().copied();
        Retention { versions_to_keep, snapshots: self.snapshots.versions(), held, now_ms, is_bottom }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, RESERVED_VERSIONS, Reservation};
    use crate::log::Position;
    use crate::version::Version;

    const fn of(number: u64) -> Version {
        Version::of(number)
    }

    fn at(offset: u64) -> Position {
        Position { offset, ..Position::default() }
    }

    #[test]
    fn versions_rise_within_what_is_reserved() {
        let mut clock = Clock::after(of(7));
        // A reservation that was not recorded has no effect.
        assert_eq!(clock.due(), Some(Reservation { version: of(8), last: of(8 + RESERVED_VERSIONS) }));
        assert_eq!((clock.newest(), clock.reserved(), clock.next()), (of(7), of(7), of(8)));
        clock.reserve(clock.due().unwrap(), at(1));
        assert_eq!(clock.awaited(), Some(at(1)));
        assert_eq!((clock.newest(), clock.next(), clock.due()), (of(8), of(9), None));
        clock.committed(of(9));
        clock.committed(of(8 + RESERVED_VERSIONS / 2 - 1));
        assert_eq!(clock.due(), None);
        clock.committed(clock.next());
        // It is due half a range ahead.
        let due = clock.due().unwrap();
        assert!(due.version < clock.reserved() && due.last > clock.reserved());
        clock.reserve(due, at(2));
        // The rest of the earlier range may be used at once.
        assert_eq!(clock.awaited(), None);
        clock.committed(of(8 + RESERVED_VERSIONS));
        assert_eq!(clock.awaited(), Some(at(2)));
        clock.committed(due.version);
        clock.stop();
        assert_eq!((clock.newest(), clock.reserved()), (due.version, due.version));
        clock.stop();
        assert_eq!(clock.reserved(), due.version);
    }

    #[test]
    fn a_restore_ends_what_was_before_in_front_of_its_version() {
        let mut clock = Clock::after(of(7));
        clock.begin_restore(of(5));
        assert_eq!((clock.newest(), clock.reserved()), (of(4), of(5)));
        clock.committed(of(5));
        assert_eq!(clock.newest(), of(5));
        clock.begin_restore(of(20));
        assert_eq!((clock.newest(), clock.reserved()), (of(5), of(20)));
    }

    #[test]
    fn snapshots_and_holds_decide_what_stays() {
        let mut clock = Clock::after(of(7));
        assert_eq!(clock.open_snapshot(of(9), of(3), 100), Some(of(7)));
        assert_eq!(clock.open_snapshot(of(5), of(3), 50), Some(of(5)));
        assert_eq!(clock.open_snapshot(of(2), of(3), 100), None);
        // A version that an open snapshot sees stays, even if others are removed.
        assert_eq!(clock.open_snapshot(of(5), of(6), 100), Some(of(5)));
        for version in [6, 2, 2].map(of) {
            clock.hold_gone(version);
        }
        let retention = clock.retention(3, 1000, true);
        assert_eq!((retention.snapshots, retention.held), (vec![of(5), of(7)], Some(of(2))));
        assert_eq!((retention.versions_to_keep, retention.now_ms, retention.is_bottom), (3, 1000, true));
        assert_eq!((clock.snapshots().count(), clock.snapshots().oldest_ms()), (3, Some(50)));
        assert!(clock.close_snapshot(of(5)) && clock.close_snapshot(of(5)) && !clock.close_snapshot(of(5)));
        assert!(clock.release_gone(of(2)) && clock.release_gone(of(2)) && !clock.release_gone(of(2)));
        let retention = clock.retention(1, 1000, false);
        assert_eq!((retention.snapshots, retention.held), (vec![of(7)], Some(of(6))));
    }
}
