//! Owns one input and how a piece is read from it. Never holds more than the piece it is asked for.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read};

/// An open input.
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    /// A regular file has all it will give now. Anything else may make us wait, so that what came is not held back.
    is_regular: bool,
}

impl Source {
    /// Opens the file of this name; `-` is the standard input.
    pub(super) fn open(name: &OsStr) -> io::Result<Self> {
        let file = if name == "-" { stdin()? } else { File::open(name)? };
        let is_regular = file.metadata().is_ok_and(|found| found.is_file());
        Ok(Self { file, is_regular })
    }

    /// Reads into the buffer: how much there is now, and whether the end was seen.
    ///
    /// # Errors
    /// What the system says. Bytes that were read before it said so are given first.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read(&mut buffer[filled..]) {
                Ok(0) => return Ok((filled, true)),
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // The next read will say so again.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
            if !self.is_regular {
                break;
            }
        }
        Ok((filled, false))
    }
}

/// What the system knows of the file of this name.
pub(super) fn metadata(name: &OsStr) -> io::Result<Metadata> {
    if name == "-" { stdin()?.metadata() } else { std::fs::metadata(name) }
}

/// The standard input without std's buffer, under a descriptor of its own.
fn stdin() -> io::Result<File> {
    #[cfg(unix)]
    let owned = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let owned = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    Ok(File::from(owned))
}
