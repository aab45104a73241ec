//! Owns the bars that are on the terminal, in one set, and the lines that they leave above. Never decides when to draw.

use std::sync::Arc;
use std::thread;

use indicatif::{MultiProgress, ProgressDrawTarget, TermLike};
use workyard_core::Moment;

use super::super::counted::Counted;
use super::row::Row;
use super::terminal::Terminal;

/// All bars of the process, in the order in which they were first shown.
pub(in super::super) struct Bars {
    terminal: Terminal,
    multi: MultiProgress,
    rows: Vec<Row>,
    in_colour: bool,
    /// Whether any of them stands on the terminal.
    is_visible: bool,
}

impl Bars {
    pub(in super::super) fn new(in_colour: bool) -> Self {
        let terminal = Terminal::new();
        let multi = new_multi(&terminal);
        Self { terminal, multi, rows: Vec::new(), in_colour, is_visible: false }
    }

    /// Gives this work a bar, below the others, unless it has one. It is drawn with the next redraw.
    pub(in super::super) fn show(&mut self, work: &Arc<Counted>) {
        if !self.rows.iter().any(|row| row.work.id == work.id) {
            self.rows.push(Row::new(Arc::clone(work), &self.multi));
        }
    }

    /// Says to all when to look next.
    pub(in super::super) fn set_due(&self, at: Moment) {
        for row in self.rows.iter().filter(|row| !row.work.is_over()) {
            row.work.set_due(None, at);
        }
    }

    /// Draws all of them as they are now.
    pub(in super::super) fn draw(&mut self, now: Moment) {
        let columns = usize::from(self.terminal.width());
        let name_columns = self.rows.iter().map(Row::name_columns).max().unwrap_or_default();
        for row in &mut self.rows {
            let view = row.work.view(now);
            row.draw(&view, columns, name_columns, self.in_colour);
        }
        // A thread that panics does not draw.
        self.is_visible |= !self.rows.is_empty() && !thread::panicking();
        self.terminal.show();
    }

    /// Takes them off the terminal, until they are drawn again.
    pub(in super::super) fn hide(&mut self) {
        self.erase();
        self.terminal.show();
    }

    /// Puts a line in the place of a bar, above those that go on. They are to be drawn next, or this to be written.
    pub(in super::super) fn end(&mut self, work: &Counted, line: &str) {
        self.erase();
        self.terminal.push_line(line);
        if let Some(at) = self.rows.iter().position(|row| row.work.id == work.id) {
            self.rows.remove(at).leave(&self.multi);
        }
    }

    /// Writes what has been put there.
    pub(in super::super) fn write(&self) {
        self.terminal.show();
    }

    fn erase(&mut self) {
        if !self.is_visible {
            return;
        }
        self.is_visible = false;
        if thread::panicking() {
            // indicatif draws nothing then, nor does it erase. So the bars stay as they are, and others come below them.
            self.terminal.push_line("");
            self.multi = new_multi(&self.terminal);
            for row in &mut self.rows {
                row.move_to(&self.multi);
            }
        } else {
            // The terminal collects, so it cannot fail.
            self.multi.clear().ok();
        }
    }
}

fn new_multi(terminal: &Terminal) -> MultiProgress {
    MultiProgress::with_draw_target(ProgressDrawTarget::term_like(Box::new(terminal.clone())))
}
