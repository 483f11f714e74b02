//! What the tests of the database share: a plain history to compare with.

pub mod check;
pub mod history;
