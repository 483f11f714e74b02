//! Positional reads and writes on WASI, in place of sled's fallback, which needs `File::try_clone`: WASI has none.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::LogOffset;

fn transferred(result: libc::ssize_t) -> io::Result<usize> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as usize) }
}

#[allow(unsafe_code)]
fn read_at(file: &File, buf: &mut [u8], offset: LogOffset) -> io::Result<usize> {
    // Safe: the pointer and the length are those of a live slice.
    transferred(unsafe { libc::pread(file.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), offset as libc::off_t) })
}

#[allow(unsafe_code)]
fn write_at(file: &File, buf: &[u8], offset: LogOffset) -> io::Result<usize> {
    // Safe: as above.
    transferred(unsafe { libc::pwrite(file.as_raw_fd(), buf.as_ptr().cast(), buf.len(), offset as libc::off_t) })
}

pub(crate) fn pread_exact_or_eof(file: &File, mut buf: &mut [u8], mut offset: LogOffset) -> io::Result<usize> {
    let mut total = 0;
    while !buf.is_empty() {
        match read_at(file, buf, offset) {
            Ok(0) => break,
            Ok(n) => {
                total += n;
                offset += n as LogOffset;
                buf = &mut buf[n..];
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(total)
}

pub(crate) fn pread_exact(file: &File, buf: &mut [u8], offset: LogOffset) -> io::Result<()> {
    if pread_exact_or_eof(file, buf, offset)? == buf.len() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "failed to fill whole buffer"))
}

pub(crate) fn pwrite_all(file: &File, mut buf: &[u8], mut offset: LogOffset) -> io::Result<()> {
    while !buf.is_empty() {
        match write_at(file, buf, offset) {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::WriteZero, "failed to write whole buffer")),
            Ok(n) => {
                offset += n as LogOffset;
                buf = &buf[n..];
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
