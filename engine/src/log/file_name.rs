//! The name of a segment's file.

const SUFFIX: &str = ".luge";

/// The name of a segment's file.
#[must_use]
pub fn file_name(number: u64) -> String {
    format!("{number:010}{SUFFIX}")
}

/// The number of the segment in a file of this name; `None` for any other file.
#[must_use]
pub fn file_number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let number = digits.parse().ok()?;
    (file_name(number) == name && number > 0).then_some(number)
}
