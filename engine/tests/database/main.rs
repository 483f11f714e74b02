//! The database against a plain history, and against damage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod check;
mod damage;
mod histories;
mod history;
mod restore;
