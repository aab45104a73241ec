//! Owns what a person sees on a terminal that got certain bytes. Never asserts it.

use std::num::NonZeroU16;

use vt100::Parser;

pub(crate) const ROWS: u16 = 60;

/// The lines that a person sees in the end, without the empty ones below.
pub(crate) fn screen(bytes: &str, columns: u16) -> Vec<String> {
    let mut terminal = terminal(columns);
    terminal.process(bytes.as_bytes());
    lines(&terminal)
}

/// What a person sees at each moment: whenever the cursor goes back to the start of a line.
pub(crate) fn moments(bytes: &str, columns: u16) -> impl Iterator<Item = Vec<String>> {
    let mut terminal = terminal(columns);
    bytes.split_inclusive('\r').map(move |piece| {
        terminal.process(piece.as_bytes());
        lines(&terminal)
    })
}

fn terminal(columns: u16) -> Parser {
    Parser::new(NonZeroU16::new(ROWS).unwrap(), NonZeroU16::new(columns).unwrap(), 0)
}

/// Row by row: a bar is as wide as the terminal, and not the beginning of the next one.
fn lines(terminal: &Parser) -> Vec<String> {
    let rows = terminal.screen().rows(0, terminal.screen().size().1.into());
    let mut lines: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
    lines.truncate(lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1));
    lines
}
