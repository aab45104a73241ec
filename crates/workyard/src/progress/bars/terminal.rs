//! Owns the bytes of one redraw until they are whole. Never fails: what cannot be written is lost, and never half written
//! in between.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;

use console::Term;
use indicatif::TermLike;
use parking_lot::Mutex;

/// The terminal as indicatif sees it. What is drawn is collected, and reaches stderr in one write.
#[derive(Clone, Debug)]
pub(super) struct Terminal {
    size: Term,
    collected: Arc<Mutex<String>>,
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self { size: Term::stderr(), collected: Arc::default() }
    }

    /// Writes what was drawn.
    pub(super) fn show(&self) {
        let mut collected = self.collected.lock();
        if !collected.is_empty() {
            // If the terminal is gone there is nobody to tell.
            io::stderr().write_all(collected.as_bytes()).ok();
            collected.clear();
        }
    }

    /// A line that stays, and stands where the cursor is.
    pub(super) fn push_line(&self, line: &str) {
        let mut collected = self.collected.lock();
        collected.push_str(line);
        collected.push('\n');
    }

    /// Moves the cursor by a number of steps, which is not zero: terminals take that for one.
    fn step(&self, steps: usize, direction: char) {
        if steps > 0 {
            // Writing to a string cannot fail.
            write!(self.collected.lock(), "\u{1b}[{steps}{direction}").ok();
        }
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.size.size().1.max(COLUMNS_LEAST)
    }

    fn height(&self) -> u16 {
        self.size.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.step(lines, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.step(lines, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.step(columns, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.step(columns, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.push_line(text);
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.collected.lock().push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write_str("\r\u{1b}[2K")
    }

    /// Nothing yet: a redraw is several of indicatif's.
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Below that indicatif may have no place for a wide character, and panics.
const COLUMNS_LEAST: u16 = 8;
