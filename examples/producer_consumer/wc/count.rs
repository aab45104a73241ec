//! Owns what is counted in a piece of a file, and how neighbours are put together: pieces may be counted in any order, on
//! any thread, and merged to what the whole would have given. Never reads a file.
//!
//! The words are GNU's in the C locale. Six bytes separate words: space, `\t`, `\n`, `\v`, `\f`, `\r`. The 94 printable
//! bytes from `!` to `~` make them. All others (NUL, control characters, everything from 0x7f up) do neither: `a\0b` is one word,
//! `\0` is none, and `a\0` goes on in the next piece. So a piece must say where it has no separator at all.

use std::ops::AddAssign;

/// What a piece of a file holds. `Count::default()` is that of an empty piece, and `a.then(b)` that of `a` and `b` in a row;
/// the grouping does not matter, the order does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Count {
    pub(crate) totals: Totals,
    /// Whether a printable byte comes before the first separator: the first word may have begun before.
    starts_in_word: bool,
    /// Whether a printable byte comes after the last separator: the last word may go on.
    ends_in_word: bool,
    has_separator: bool,
}

/// The three numbers of one file, or of several.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) lines: u64,
    pub(crate) words: u64,
    pub(crate) bytes: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.words += other.words;
        self.bytes += other.bytes;
    }
}

impl Count {
    /// Counts a piece.
    pub(crate) fn of(piece: &[u8]) -> Self {
        let mut count = Self::default();
        let mut blocks = piece.chunks_exact(BLOCK);
        for block in &mut blocks {
            count = count.then(Self::of_block(block));
        }
        count.then(Self::by_bytes(blocks.remainder()))
    }

    /// Counts this piece and the one that follows it.
    pub(crate) fn then(self, next: Self) -> Self {
        let mut totals = self.totals;
        totals += next.totals;
        // Each counted the word that goes over the border.
        totals.words -= u64::from(self.ends_in_word && next.starts_in_word);
        Self {
            totals,
            starts_in_word: self.starts_in_word || (!self.has_separator && next.starts_in_word),
            ends_in_word: next.ends_in_word || (!next.has_separator && self.ends_in_word),
            has_separator: self.has_separator || next.has_separator,
        }
    }

    /// Where every byte is a separator or printable, a word begins at each printable byte with a separator before it. That
    /// needs no state from byte to byte, so the compiler does sixteen or more at once.
    fn of_block(block: &[u8]) -> Self {
        let in_words = sum(block, is_printable);
        let separators = sum(block, is_separator);
        if usize::from(in_words) + usize::from(separators) != block.len() {
            return Self::by_bytes(block);
        }
        let begins = |(&byte, &before): (&u8, &u8)| u8::from(is_printable(byte) & is_separator(before));
        let inner: u8 = block[1..].iter().zip(block).map(begins).sum();
        let starts_in_word = is_printable(block[0]);
        Self {
            totals: Totals {
                lines: u64::from(sum(block, |byte| byte == b'\n')),
                words: u64::from(inner) + u64::from(starts_in_word),
                bytes: block.len() as u64,
            },
            starts_in_word,
            ends_in_word: is_printable(block[block.len() - 1]),
            has_separator: separators > 0,
        }
    }

    fn by_bytes(piece: &[u8]) -> Self {
        let mut count = Self::default();
        count.totals.bytes = piece.len() as u64;
        for &byte in piece {
            if is_separator(byte) {
                count.totals.lines += u64::from(byte == b'\n');
                count.has_separator = true;
                count.ends_in_word = false;
            } else if is_printable(byte) && !count.ends_in_word {
                count.totals.words += 1;
                count.starts_in_word |= !count.has_separator;
                count.ends_in_word = true;
            }
        }
        count
    }
}

/// How many bytes of the block are so; at most [`BLOCK`], which fits.
fn sum(block: &[u8], is_so: impl Fn(u8) -> bool) -> u8 {
    block.iter().map(|&byte| u8::from(is_so(byte))).sum()
}

const fn is_separator(byte: u8) -> bool {
    (byte == b' ') | (byte.wrapping_sub(b'\t') < 5)
}

const fn is_printable(byte: u8) -> bool {
    byte.wrapping_sub(b'!') < 94
}

/// Below 256, so that a block's sums fit into a byte.
const BLOCK: usize = 192;
