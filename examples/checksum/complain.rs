//! Owns the lines on stderr. Never ends the program.

use std::io::{self, Write as _};

use crate::quote::quoted;

/// Writes one line; when there is none to take it, nobody is there to tell.
pub(crate) fn complain(what: &str) {
    let line = format!("checksum: {}\n", what.trim_end());
    drop(io::stderr().lock().write_all(line.as_bytes()));
}

/// What is wrong with a path, which is quoted if a shell would need it.
pub(crate) fn complain_of(path: &[u8], why: &str) {
    complain(&format!("{}: {why}", quoted(path)));
}
