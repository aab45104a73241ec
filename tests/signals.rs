//! The end of a service by signals, as who presses Ctrl-C sees it; and by code, while it waits for them.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

#[cfg(unix)]
#[path = "signals/program.rs"]
mod program;
#[path = "signals/within.rs"]
mod within;
