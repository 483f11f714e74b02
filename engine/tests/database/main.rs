//! The database against a plain history, and against damage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the numbers of a test are small"
)]

mod apply;
mod check;
mod compaction;
mod copied;
mod damage;
mod histories;
mod history;
mod increments;
mod killed;
mod merges;
mod pace;
mod restore;
mod size;
mod space;
mod times;
mod turns;
mod walks;
mod worker;

use proptest::prelude::ProptestConfig;

/// As many cases as `PROPTEST_CASES` asks for, and `least` in any case.
fn cases(least: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 0 };
    ProptestConfig { cases: asked.max(least), ..default }
}
