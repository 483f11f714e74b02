//! When an entry expires.

use std::num::NonZeroU64;

/// The time at which an entry expires, in milliseconds since 1970. An entry that never expires has none; as a number,
/// that is written as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Expiry(NonZeroU64);

impl Expiry {
    /// The expiry of a number; `None`, which means never, for 0.
    #[must_use]
    pub const fn of_number(ms: u64) -> Option<Self> {
        match NonZeroU64::new(ms) {
            Some(ms) => Some(Self(ms)),
            None => None,
        }
    }

    /// The number of an expiry; 0 for never.
    #[must_use]
    pub const fn number_of(expires: Option<Self>) -> u64 {
        match expires {
            Some(Self(ms)) => ms.get(),
            None => 0,
        }
    }

    /// The time in milliseconds since 1970.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0.get()
    }

    /// Whether the entry has expired at `now_ms`, in milliseconds since 1970.
    #[must_use]
    pub const fn has_come(self, now_ms: u64) -> bool {
        self.ms() <= now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::Expiry;

    #[test]
    fn never_is_the_number_0_and_takes_no_room_of_its_own() {
        assert_eq!((Expiry::of_number(0), Expiry::number_of(None)), (None, 0));
        assert_eq!(size_of::<Option<Expiry>>(), size_of::<u64>());
        for ms in [1, 1000, u64::MAX] {
            assert_eq!(Expiry::number_of(Expiry::of_number(ms)), ms);
        }
    }

    #[test]
    fn the_time_has_come_at_the_time_itself() {
        let at = Expiry::of_number(1000).unwrap();
        assert!(!at.has_come(999) && at.has_come(1000) && at.has_come(1001));
    }
}
