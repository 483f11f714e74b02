//! The storage engine of luge: sled and luge's own parts, with a small C ABI. It is compiled to WebAssembly and hosted
//! by TypeScript.
//!
//! Only `abi` may contain `unsafe`. Everything else is safe Rust, which `cargo test` runs natively.

mod abbreviation;
mod abi;
mod admission;
pub mod backup;
mod cache;
pub mod compression;
pub mod cursor;
pub mod database;
pub mod disk;
pub mod entry;
pub mod expiry;
pub mod failure;
pub mod index;
pub mod log;
pub mod memtable;
mod number;
pub mod operand;
pub mod page;
pub mod position;
pub mod request;
mod ring;
mod status;
pub mod table;
mod varint;
pub mod version;
