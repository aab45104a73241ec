//! Rule: nothing is taken out of an `Arc` in the library. Futures stand pinned in the cells of their tasks, which are made in an
//! `Arc`; the one `unsafe` block of the library builds on that they never leave it.

use super::finding::Findings;
use crate::source::Source;

/// What takes a value out of an `Arc`, or replaces it there.
const WAYS_OUT: [&str; 5] =
    ["Arc::into_inner", "Arc::try_unwrap", "Arc::unwrap_or_clone", "Arc::get_mut", "Arc::make_mut"];

pub(super) fn check(source: &Source<'_>, found: &mut Findings) {
    if !source.path.starts_with("crates/workyard/src/") || source.is_test_file() {
        return;
    }
    for (index, line) in source.lines.iter().enumerate().filter(|(_, line)| !line.test) {
        if let Some(way) = WAYS_OUT.iter().find(|way| line.code.contains(*way)) {
            found.add(source.path, index, format!("`{way}` could move a future that is pinned: see task/place.rs"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::broken;
    use super::{WAYS_OUT, check};

    #[test]
    fn every_way_out_is_seen_in_the_library() {
        for way in WAYS_OUT {
            let text = format!("//! Docs of {way}.\nfn f() {{\n    {way}(g());\n}}\n");
            assert_eq!(broken(check, "crates/workyard/src/a.rs", &text), [3]);
            assert_eq!(broken(check, "tests/a.rs", &text), [0; 0]);
        }
    }
}
