//! Owns one bar: its words, its colour, what of it fits into the width. Never decides when it is drawn.

use std::fmt;
use std::sync::Arc;

use console::{Alignment, measure_text_width, pad_str, truncate_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use parking_lot::Mutex;
use workyard_core::progress::{View, beside_bar, shown_name};

use super::super::counted::Counted;

/// A bar, and whose it is.
pub(super) struct Row {
    pub(super) work: Arc<Counted>,
    bar: ProgressBar,
    words: Words,
    form: Option<Form>,
}

/// What stands before and behind the bar. indicatif asks for it when it draws.
#[derive(Clone, Default)]
struct Words(Arc<Mutex<(String, String)>>);

/// What needs another template when it changes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Form {
    /// None without a total: a bar of nothing would say something.
    bar_columns: usize,
    colour: Colour,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    None,
    Good,
    SomeFailed,
}

impl Row {
    pub(super) fn new(work: Arc<Counted>, multi: &MultiProgress) -> Self {
        Self { work, bar: new_bar(multi), words: Words::default(), form: None }
    }

    /// Stands for the same work in a new set of bars.
    pub(super) fn move_to(&mut self, multi: &MultiProgress) {
        (self.bar, self.form) = (new_bar(multi), None);
    }

    pub(super) fn leave(self, multi: &MultiProgress) {
        multi.remove(&self.bar);
    }

    /// How wide its name wants to be.
    pub(super) fn name_columns(&self) -> usize {
        measure_text_width(&shown_name(&self.work.name)).min(NAME_COLUMNS_MAX)
    }

    /// Draws it into `columns`, of which its name takes `name_columns`.
    pub(super) fn draw(&mut self, view: &View, columns: usize, name_columns: usize, in_colour: bool) {
        let bar_columns = if view.tally.total.is_some() { bar_columns(columns) } else { 0 };
        let colour = match (in_colour, view.tally.failed) {
            (false, _) => Colour::None,
            (true, 0) => Colour::Good,
            (true, _) => Colour::SomeFailed,
        };
        let name = shown_name(&self.work.name);
        let name = pad_str(&name, name_columns, Alignment::Left, Some("..")).into_owned();
        let frame = if bar_columns > 0 { bar_columns + FRAME_COLUMNS } else { 0 };
        let left = columns.saturating_sub(name_columns + 1 + frame);
        let behind = truncate_str(&beside_bar(view), left, "").into_owned();
        *self.words.0.lock() = (name, behind);
        let form = Form { bar_columns, colour };
        if self.form != Some(form) {
            self.bar.set_style(self.words.style(form));
            self.form = Some(form);
        }
        self.bar.update(|state| {
            state.set_pos(view.tally.ended());
            state.set_len(view.tally.total.unwrap_or_default());
        });
    }
}

impl Words {
    fn style(&self, form: Form) -> ProgressStyle {
        let Form { bar_columns, colour } = form;
        let (set, reset) = match colour {
            Colour::None => ("", ""),
            Colour::Good => ("\u{1b}[36m", "\u{1b}[0m"),
            Colour::SomeFailed => ("\u{1b}[33m", "\u{1b}[0m"),
        };
        let template = match bar_columns {
            0 => "{name} {behind}".to_owned(),
            _ => format!("{{name}} [{set}{{bar:{bar_columns}}}{reset}] {{behind}}"),
        };
        // The templates are the two above; that of indicatif's own would show the counts as well.
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let (before, behind) = (self.clone(), self.clone());
        style
            .progress_chars("=> ")
            .with_key("name", move |_: &ProgressState, out: &mut dyn fmt::Write| write_to(out, &before.0.lock().0))
            .with_key("behind", move |_: &ProgressState, out: &mut dyn fmt::Write| write_to(out, &behind.0.lock().1))
    }
}

/// indicatif collects it in a string, which cannot fail.
fn write_to(out: &mut dyn fmt::Write, words: &str) {
    out.write_str(words).ok();
}

/// One that draws nowhere but among the others.
fn new_bar(multi: &MultiProgress) -> ProgressBar {
    multi.add(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()))
}

/// The words matter more than the bar.
fn bar_columns(columns: usize) -> usize {
    match columns {
        0..60 => 0,
        60..80 => 10,
        80..100 => 20,
        _ => 30,
    }
}

const NAME_COLUMNS_MAX: usize = 24;

/// Brackets and a space.
const FRAME_COLUMNS: usize = 3;
