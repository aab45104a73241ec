//! Progress as a user sees it: what the example program of that name writes to stderr, and the counts by themselves.
#![cfg(test)]

#[path = "progress/above.rs"]
mod above;
#[path = "progress/counts.rs"]
mod counts;
#[path = "progress/lines.rs"]
mod lines;
#[path = "progress/maps.rs"]
mod maps;
#[path = "progress/program.rs"]
mod program;
#[path = "progress/screen.rs"]
mod screen;
#[path = "progress/settings.rs"]
mod settings;
#[cfg(target_os = "linux")]
#[path = "progress/terminal.rs"]
mod terminal;
