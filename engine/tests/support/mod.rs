//! What the integration tests share.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use luge_engine::engine::Engine;
use luge_engine::status::Status;

/// The smallest cache that the host allows.
pub const CACHE_SIZE: u64 = 1 << 20;

/// Opens the store again. Natively, sled's threads may hold its file lock for a moment after it was dropped; on WASI it
/// has neither threads nor a lock.
pub fn reopen(directory: &Path) -> Engine {
    let started = Instant::now();
    loop {
        match Engine::open(directory, CACHE_SIZE) {
            Err(failure) if failure.status == Status::Io && started.elapsed() < Duration::from_secs(10) => {
                sleep(Duration::from_millis(1));
            }
            result => return result.expect("the store opens again"),
        }
    }
}
