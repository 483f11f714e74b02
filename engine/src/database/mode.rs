//! The mode of a database (normal, a put in pieces, a restore), and what it means for each kind of call.
//!
//! Every call enters here and says what it is about to do. So no other code has to remember a put that was begun and not ended.

use super::store::Store;
use super::write::LargePut;
use crate::disk::Disk;
use crate::failure::{Failure, FailureKind};
use crate::version::Version;

/// An open database. After an error of the disk it must not be used again: open it anew.
pub struct Database<D: Disk> {
    mode: Mode,
    store: Store<D>,
}

/// The mode of a database.
enum Mode {
    Normal,
    /// A put whose value comes in pieces.
    Putting(LargePut),
    /// A restore, perhaps with a put in pieces of one of its entries.
    Restoring(Restoring, Option<LargePut>),
}

/// A restore.
#[derive(Clone, Copy)]
pub(super) struct Restoring {
    /// The version that is being restored.
    pub version: Version,
    /// Whether the store was empty before: then it has none of the entries.
    pub is_first: bool,
}

impl<D: Disk> Database<D> {
    /// A database over a store, in the normal mode.
    pub(super) fn over(store: Store<D>) -> Self {
        Self { mode: Mode::Normal, store }
    }

    /// The store. A put that was begun is given up.
    pub(super) fn into_store(self) -> Store<D> {
        self.store
    }

    /// Enters a call that changes nothing. A put that was begun goes on.
    pub(super) fn looking(&self) -> &Store<D> {
        &self.store
    }

    /// Enters a call that reads, or that notes a reader, such as a snapshot. A put that was begun goes on.
    pub(super) fn reading(&mut self) -> &mut Store<D> {
        &mut self.store
    }

    /// Enters a call that does background work on the files, or syncs them. A put that was begun is given up.
    pub(super) fn working(&mut self) -> &mut Store<D> {
        self.abort_put();
        &mut self.store
    }

    /// As [`Database::working`], for work that writes; `None` where nothing may be written.
    pub(super) fn writing(&mut self) -> Option<&mut Store<D>> {
        if self.store.is_read_only() { None } else { Some(self.working()) }
    }

    /// Enters a call that commits. A put that was begun is given up: a host that ran out of memory did not end it.
    pub(super) fn committing(&mut self) -> Result<&mut Store<D>, Failure> {
        let read_only = || Failure::new(FailureKind::InvalidRequest, "the database is open for reading only");
        self.writing().ok_or_else(read_only)
    }

    /// Enters a call of a restore, with that restore. A put that was begun is given up.
    pub(super) fn restoring(&mut self) -> Result<(Restoring, &mut Store<D>), Failure> {
        let Mode::Restoring(restoring, _) = self.mode else {
            return Err(Failure::new(FailureKind::InvalidRequest, "no restore was begun"));
        };
        Ok((restoring, self.working()))
    }

    /// Enters a call that adds to the put that was begun.
    pub(super) fn putting(&mut self) -> Result<(&mut LargePut, &mut Store<D>), Failure> {
        match &mut self.mode {
            Mode::Putting(put) | Mode::Restoring(_, Some(put)) => Ok((put, &mut self.store)),
            Mode::Normal | Mode::Restoring(_, None) => {
                Err(Failure::new(FailureKind::InvalidRequest, "no put was begun"))
            }
        }
    }

    /// Whether a version is being restored.
    pub(super) fn is_restoring(&self) -> bool {
        matches!(self.mode, Mode::Restoring(..))
    }

    /// Notes that a put is begun. None may be begun already.
    pub(super) fn begin_pieces(&mut self, put: LargePut) {
        self.mode = match self.mode {
            Mode::Restoring(restoring, _) => Mode::Restoring(restoring, Some(put)),
            Mode::Normal | Mode::Putting(_) => Mode::Putting(put),
        };
    }

    /// Ends the put that was begun, and returns it.
    pub(super) fn end_pieces(&mut self) -> Option<LargePut> {
        match std::mem::replace(&mut self.mode, Mode::Normal) {
            Mode::Normal => None,
            Mode::Putting(put) => Some(put),
            Mode::Restoring(restoring, put) => {
                self.mode = Mode::Restoring(restoring, None);
                put
            }
        }
    }

    /// Notes that a restore goes on; `None` ends that.
    pub(super) fn set_restoring(&mut self, restoring: Option<Restoring>) {
        self.mode = restoring.map_or(Mode::Normal, |restoring| Mode::Restoring(restoring, None));
    }

    /// Forgets the put that was begun, if there is one.
    pub fn abort_put(&mut self) {
        if self.end_pieces().is_some() {
            self.store.abort_record();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::database::payload::Operation;
    use crate::database::testing::{NOW_MS, get, open};
    use crate::database::{Database, RestoredEntry, Verification};
    use crate::disk::MemoryDisk;
    use crate::version::Version;

    type Call = fn(&mut Database<MemoryDisk>);

    const SMALL: Operation<'_> = Operation { key: b"small", value: Some(b"value"), expires: None };

    fn begin(database: &mut Database<MemoryDisk>) {
        database.begin_put(b"large", 300, None, NOW_MS).unwrap();
        database.extend_put(&[7; 100]).unwrap();
    }

    #[test]
    fn calls_that_read_leave_a_begun_put_alone() {
        let calls: [Call; 4] = [
            |database| assert_eq!(get(database, b"large"), None),
            |database| drop(database.metrics(NOW_MS).unwrap()),
            |database| assert!(database.open_snapshot(Version::NEWEST, NOW_MS).is_some()),
            |database| database.hold_gone(Version::of(1)),
        ];
        for call in calls {
            let mut database = open();
            begin(&mut database);
            call(&mut database);
            database.extend_put(&[7; 200]).unwrap();
            database.finish_put().unwrap();
            assert_eq!(get(&mut database, b"large"), Some(vec![7; 300]));
        }
    }

    #[test]
    fn calls_that_write_or_work_give_a_begun_put_up() {
        let calls: [Call; 10] = [
            |database| assert!(database.commit(&[SMALL], NOW_MS).is_ok()),
            |database| assert!(database.commit(&[], NOW_MS).is_ok()),
            |database| assert!(database.begin_put(b"other", 1, None, NOW_MS).is_err()),
            |database| assert!(database.write_out().unwrap()),
            |database| database.sync().unwrap(),
            |database| assert!(database.step(NOW_MS).is_ok()),
            |database| assert!(database.compact_step(NOW_MS).is_ok()),
            |database| assert!(database.verify_step(&mut Verification::default()).is_ok()),
            |database| assert!(database.close_step(NOW_MS).is_ok()),
            |database| assert!(database.begin_restore(Version::NONE).is_err()),
        ];
        for call in calls {
            let mut database = open();
            begin(&mut database);
            call(&mut database);
            assert!(database.extend_put(&[7; 200]).is_err());
            assert!(database.finish_put().is_err());
            assert_eq!(get(&mut database, b"large"), None);
            database.commit(&[SMALL], NOW_MS).unwrap();
            assert_eq!(get(&mut database, b"small"), Some(b"value".to_vec()));
        }
    }

    #[test]
    fn so_do_the_calls_of_a_restore_which_goes_on() {
        let calls: [Call; 3] = [
            |database| {
                database.restore(&[RestoredEntry { version: Version::of(6), operation: SMALL }], NOW_MS).unwrap();
            },
            |database| assert!(database.begin_restored_put(b"other", 300, None, Version::of(6), NOW_MS).unwrap()),
            |database| database.sync().unwrap(),
        ];
        for call in calls {
            let mut database = open();
            assert!(database.restore(&[], NOW_MS).is_err());
            database.begin_restore(Version::of(9)).unwrap();
            database.begin_restored_put(b"large", 300, None, Version::of(5), NOW_MS).unwrap();
            call(&mut database);
            assert!(database.finish_put().is_err());
            database.begin_restored_put(b"large", 300, None, Version::of(5), NOW_MS).unwrap();
            database.extend_put(&[7; 300]).unwrap();
            assert_eq!(database.finish_put().unwrap(), Version::of(5));
            database.end_restore().unwrap();
            assert_eq!((database.version(), get(&mut database, b"large")), (Version::of(9), Some(vec![7; 300])));
            assert!(database.end_restore().is_err());
        }
    }

    #[test]
    fn a_put_that_ends_before_all_of_it_came_is_over() {
        let mut database = open();
        begin(&mut database);
        assert!(database.finish_put().is_err());
        assert!(database.extend_put(&[7; 200]).is_err());
        database.commit(&[SMALL], NOW_MS).unwrap();
        assert_eq!(get(&mut database, b"large"), None);
    }
}
