//! Owns how another program is started: which cargo, from where. Never judges what it prints.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crate::tree;

/// The cargo that runs this command, at the root of the repository.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(tree::root());
    command
}

/// Runs `command` with its output passed through; whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("cannot start {}: {error}", command.get_program().display());
            false
        }
    }
}

/// Runs `command` and shows `on_line` each line of its stdout as it comes, without its end; what `on_line` returns true for is
/// passed on.
pub(crate) fn stream(command: &mut Command, mut on_line: impl FnMut(&str) -> bool) -> io::Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = BufReader::new(stdout);
        let mut line = Vec::new();
        // Bytes, not `lines()`: what a test prints need not be UTF-8.
        while stdout.read_until(b'\n', &mut line)? > 0 {
            if on_line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n'])) {
                io::stdout().write_all(&line)?;
            }
            line.clear();
        }
    }
    Ok(child.wait()?.success())
}
