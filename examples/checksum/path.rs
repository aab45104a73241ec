//! Owns the way between the bytes of a path, which are what is sorted and printed, and what the system takes.

use std::borrow::Cow;
use std::path::Path;

/// The path of these bytes. On Unix every sequence of bytes is one.
#[cfg(unix)]
pub(crate) fn path(bytes: &[u8]) -> Cow<'_, Path> {
    use std::os::unix::ffi::OsStrExt as _;
    Cow::Borrowed(Path::new(std::ffi::OsStr::from_bytes(bytes)))
}

/// The path of these bytes. One that is not Unicode is not found, and told of.
#[cfg(not(unix))]
pub(crate) fn path(bytes: &[u8]) -> Cow<'_, Path> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => Cow::Borrowed(Path::new(text)),
        Cow::Owned(text) => Cow::Owned(text.into()),
    }
}
