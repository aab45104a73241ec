//! Owns the way for whole lines to stand above the bars. Never writes a part of a line while there is hope of its end.

use std::io::{self, Write};

use super::screen::suspend;

/// Stderr, for programs that show progress: whole lines that are written to it stand above the bars. (Feature `progress`.)
///
/// # Examples
/// For a log of [`tracing-subscriber`](https://docs.rs/tracing-subscriber):
/// ```
/// tracing_subscriber::fmt().with_writer(workyard::progress::stderr).init();
/// ```
/// For a message of one's own:
/// ```
/// # use std::io::Write;
/// writeln!(workyard::progress::stderr(), "skipped {}", "a.png").ok();
/// ```
pub fn stderr() -> Stderr {
    Stderr { line: Vec::new() }
}

/// What [`stderr()`] gives. A clone begins with an empty line.
///
/// # Bounds
/// It holds at most 64 KiB of a line whose end has not come; then it writes what there is.
///
/// # Drop
/// What is left of a line is written when it is dropped, or flushed.
#[derive(Debug)]
pub struct Stderr {
    line: Vec<u8>,
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if bytes.contains(&b'\n') {
            let ends_at = self.line.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let rest = self.line.split_off(ends_at);
            let lines = std::mem::replace(&mut self.line, rest);
            above(&lines)?;
        } else if self.line.len() > LINE_BYTES {
            self.flush()?;
        }
        // All of it is taken, written or kept.
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.line.is_empty() {
            return Ok(());
        }
        above(&std::mem::take(&mut self.line))
    }
}

impl Clone for Stderr {
    fn clone(&self) -> Self {
        stderr()
    }
}

impl Drop for Stderr {
    fn drop(&mut self) {
        // Who wants to know of an error flushes.
        self.flush().ok();
    }
}

fn above(bytes: &[u8]) -> io::Result<()> {
    suspend(|| io::stderr().write_all(bytes))
}

const LINE_BYTES: usize = 64 << 10;
