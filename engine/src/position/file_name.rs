//! The name of a segment's file.

use super::SegmentNumber;

const SUFFIX: &str = ".luge";

/// The name of a segment's file.
#[must_use]
pub fn file_name(number: SegmentNumber) -> String {
    format!("{:010}{SUFFIX}", number.get())
}

/// The number of the segment in a file of this name; `None` for any other file.
#[must_use]
pub fn file_number(name: &str) -> Option<SegmentNumber> {
    let digits = name.strip_suffix(SUFFIX)?;
    let number = SegmentNumber::of(digits.parse().ok()?);
    (file_name(number) == name && !number.is_none()).then_some(number)
}
