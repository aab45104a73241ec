//! The example program `checksum` as a user runs it, beside `find | sort | sha256sum`. Owns no helper; those are in `common`.
#![cfg(test)]
#![cfg(unix)]

#[path = "checksum/common.rs"]
mod common;
#[path = "checksum/lines.rs"]
mod lines;
#[path = "checksum/memory.rs"]
mod memory;
#[path = "checksum/odd_tree.rs"]
mod odd_tree;
#[path = "checksum/options.rs"]
mod options;
#[path = "checksum/stopping.rs"]
mod stopping;
#[path = "checksum/trees.rs"]
mod trees;
#[path = "checksum/unreadable.rs"]
mod unreadable;
