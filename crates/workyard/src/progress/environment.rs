//! The one place that reads the environment for progress. Never decides what follows from it.

use std::env;
use std::io::{self, IsTerminal, Write};

use workyard_core::progress::{Environment, Mode};

/// Asks the surroundings of this process how to show progress, and complains of a setting that is none.
pub(super) fn mode() -> Mode {
    let [setting, term, no_color] = ["WORKYARD_PROGRESS", "TERM", "NO_COLOR"].map(variable);
    let environment = Environment {
        setting: setting.as_deref(),
        term: term.as_deref(),
        no_color: no_color.as_deref(),
        is_terminal: io::stderr().is_terminal(),
        needs_no_term: cfg!(windows),
    };
    if let Some(complaint) = environment.complaint() {
        // If stderr is gone there is nobody to tell.
        io::stderr().write_all(format!("{complaint}\n").as_bytes()).ok();
    }
    environment.mode()
}

/// What is not UTF-8 is a value all the same, and none that is known.
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
