//! Owns how a line of counts looks: GNU's columns, their width, and the name. Never writes one.

use std::ffi::{OsStr, OsString};

use super::count::Totals;
use super::quote::quoted;
use super::source;

/// The width of a column: that of the sum of all sizes, so that no column can be wider, and at least 7 if there is an input
/// whose size nobody knows ahead (a pipe, a terminal, also a directory). Files that are not there do not count.
///
/// Asks the system for each file, so it may block.
pub(super) fn width_of(names: &[OsString]) -> usize {
    let (mut bytes, mut least) = (0_u64, 1);
    for found in names.iter().filter_map(|name| source::metadata(name).ok()) {
        if found.is_file() {
            bytes = bytes.saturating_add(found.len());
        } else {
            least = 7;
        }
    }
    bytes.to_string().len().max(least)
}

/// A line without its line feed. A name with a line feed in it is quoted, since it would be two lines; every other name stands
/// there byte for byte.
pub(super) fn line(totals: Totals, width: usize, name: &OsStr) -> Vec<u8> {
    let Totals { lines, words, bytes } = totals;
    let mut line = format!("{lines:>width$} {words:>width$} {bytes:>width$} ").into_bytes();
    let name = name.as_encoded_bytes();
    if name.contains(&b'\n') {
        line.extend(quoted(name).into_bytes());
    } else {
        line.extend(name);
    }
    line
}
