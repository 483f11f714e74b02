//! The versions of commits.

use std::fmt;

use crate::number::from_host;

/// The version of a commit. It is above the versions of all commits before. The first version is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Version(u64);

impl Version {
    /// Before the first commit.
    pub const NONE: Self = Self(0);
    /// Not below any version: a reader at this version sees the newest data.
    pub const NEWEST: Self = Self(u64::MAX);

    /// The version of this number.
    #[must_use]
    pub const fn of(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The version of a number from the host.
    pub(crate) fn from_host(number: f64) -> Self {
        Self(from_host(number))
    }

    /// The version in 8 bytes, little endian.
    #[must_use]
    pub const fn from_le_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }

    /// The 8 bytes of the version, little endian.
    #[must_use]
    pub const fn to_le_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    /// The next version.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// The version before. [`Version::NONE`] has none before, and stays.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// How many versions it is after an earlier one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0 - earlier.0
    }

    /// The version that is `commits` later; `None` if there is no number for it.
    #[must_use]
    pub const fn checked_plus(self, commits: u64) -> Option<Self> {
        match self.0.checked_add(commits) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The version that is `commits` later.
    #[must_use]
    pub const fn plus(self, commits: u64) -> Self {
        Self(self.0 + commits)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_follow_each_other_and_none_is_before_the_first() {
        let first = Version::NONE.next();
        assert_eq!((first, first.plus(4).since(first)), (Version::of(1), 4));
        assert_eq!((first.previous(), Version::NONE.previous()), (Version::NONE, Version::NONE));
        assert!(Version::NEWEST.checked_plus(1).is_none() && first < Version::NEWEST);
    }

    #[test]
    fn a_version_is_its_number_in_every_form() {
        let version = Version::from_host(258.0);
        assert_eq!((version.get(), version.to_le_bytes()), (258, [2, 1, 0, 0, 0, 0, 0, 0]));
        assert_eq!((Version::from_le_bytes(version.to_le_bytes()), version.to_string()), (version, "258".to_owned()));
    }
}
