//! Owns how a Rust file is read without a parser: for each line its code, its comment, and whether it is a test. Never
//! judges what it reads.

use crate::tree::File;

/// A Rust file, line by line.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a str,
    pub(crate) lines: Vec<Line<'a>>,
}

/// One line, split by what the compiler makes of it.
pub(crate) struct Line<'a> {
    pub(crate) raw: &'a str,
    /// The line with comments and the insides of literals left out.
    pub(crate) code: String,
    /// The comments on the line, with their slashes.
    pub(crate) comment: String,
    /// Part of an item that is compiled for tests only.
    pub(crate) test: bool,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &'a File) -> Self {
        let (code, comments) = split(&file.text);
        // Not `lines()`, which has no empty last line.
        let lines = file.text.lines().zip(code.split('\n')).zip(comments.split('\n'));
        let lines = lines.map(|((raw, code), comment)| Line {
            raw,
            code: code.to_owned(),
            comment: comment.trim().to_owned(),
            test: false,
        });
        let mut source = Self { path: &file.path, lines: lines.collect() };
        source.mark_tests();
        source
    }

    /// A file that only tests consist of: a sibling `tests.rs`, or anything in a folder `tests`.
    pub(crate) fn is_test_file(&self) -> bool {
        self.path.split('/').any(|name| name == "tests" || name == "tests.rs" || name.ends_with("_tests.rs"))
    }

    fn mark_tests(&mut self) {
        let mut next = 0;
        while next < self.lines.len() {
            let code = self.lines[next].code.trim_start();
            let is_test = code.starts_with("#[cfg(test)]") || code.starts_with("#[cfg(all(test,");
            let end = if is_test { self.end_of_item(next) } else { next };
            if is_test {
                self.lines[next..=end].iter_mut().for_each(|line| line.test = true);
            }
            next = end + 1;
        }
    }

    /// The line on which the item that starts at `start` ends: at its `;`, or where its braces close.
    fn end_of_item(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        for (number, line) in self.lines.iter().enumerate().skip(start) {
            for symbol in line.code.chars() {
                match symbol {
                    '{' => depth += 1,
                    '}' if depth <= 1 => return number,
                    '}' => depth -= 1,
                    ';' if depth == 0 => return number,
                    _ => {}
                }
            }
        }
        self.lines.len().saturating_sub(1)
    }
}

impl Line<'_> {
    /// The text of a `///` or `//!` line.
    pub(crate) fn doc(&self) -> Option<&str> {
        let text = self.comment.strip_prefix("///").or_else(|| self.comment.strip_prefix("//!"))?;
        (self.code.trim().is_empty() && !text.starts_with('/')).then_some(text)
    }

    pub(crate) fn is_inner_doc(&self) -> bool {
        self.comment.starts_with("//!")
    }
}

/// Where in the text a character stands.
enum Place {
    Code,
    LineComment,
    /// Comments nest; how deep.
    BlockComment(usize),
    /// In a string, `\` hides the next character.
    Quoted,
    /// A raw string, and how many `#` end it.
    Raw(usize),
}

/// `text` twice, line for line: once its code, once its comments; the rest is left out.
fn split(text: &str) -> (String, String) {
    let symbols: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), String::new());
    let mut place = Place::Code;
    let mut at = 0;
    while at < symbols.len() {
        let rest = &symbols[at..];
        let width = match place {
            Place::Code => {
                let (next, width) = step_in_code(rest);
                let kept =
                    if matches!(next, Place::LineComment | Place::BlockComment(_)) { &mut comments } else { &mut code };
                kept.extend(shown(rest, width, &next));
                place = next;
                width
            }
            Place::LineComment | Place::BlockComment(_) => {
                let width = step_in_comment(rest, &mut place);
                comments.extend(rest[..width].iter().filter(|&&symbol| symbol != '\n'));
                width
            }
            Place::Quoted | Place::Raw(_) => step_in_string(rest, &mut place, &mut code),
        };
        for _ in rest.iter().take(width).filter(|&&symbol| symbol == '\n') {
            code.push('\n');
            comments.push('\n');
        }
        at += width;
    }
    (code, comments)
}

/// What is kept of a step through code: all of it, but for the inside of a character literal and the ends of lines, which
/// [`split`] writes itself.
fn shown<'a>(rest: &'a [char], width: usize, next: &Place) -> impl Iterator<Item = char> + use<'a> {
    let is_char = rest[0] == '\'' && width > 1 && matches!(next, Place::Code);
    let kept = if is_char { 1 } else { width };
    rest[..kept].iter().copied().filter(|&symbol| symbol != '\n')
}

/// From code: where the next character stands, and how many were read.
fn step_in_code(rest: &[char]) -> (Place, usize) {
    match rest {
        ['/', '/', ..] => (Place::LineComment, 2),
        ['/', '*', ..] => (Place::BlockComment(1), 2),
        ['"', ..] => (Place::Quoted, 1),
        // No name ends right before a quote or `#`, so this `r` begins a raw string or is a letter.
        ['r', ..] => {
            let hashes = rest[1..].iter().take_while(|&&symbol| symbol == '#').count();
            if rest.get(1 + hashes) == Some(&'"') { (Place::Raw(hashes), 2 + hashes) } else { (Place::Code, 1) }
        }
        // A character, not a lifetime: `'\n'` or `'x'`.
        ['\'', '\\', _, tail @ ..] => {
            let close = tail.iter().position(|&symbol| symbol == '\'').map_or(tail.len(), |at| at + 1);
            (Place::Code, 3 + close)
        }
        ['\'', _, '\'', ..] => (Place::Code, 3),
        _ => (Place::Code, 1),
    }
}

fn step_in_comment(rest: &[char], place: &mut Place) -> usize {
    match (&mut *place, rest) {
        (Place::LineComment, ['\n', ..]) => *place = Place::Code,
        (Place::BlockComment(1), ['*', '/', ..]) => {
            *place = Place::Code;
            return 2;
        }
        (Place::BlockComment(depth), ['*', '/', ..]) => {
            *depth -= 1;
            return 2;
        }
        (Place::BlockComment(depth), ['/', '*', ..]) => {
            *depth += 1;
            return 2;
        }
        _ => {}
    }
    1
}

fn step_in_string(rest: &[char], place: &mut Place, code: &mut String) -> usize {
    let width = match (&*place, rest) {
        (Place::Quoted, ['\\', _, ..]) => return 2,
        (Place::Quoted, ['"', ..]) => 1,
        (Place::Raw(hashes), ['"', tail @ ..])
            if tail.iter().take_while(|&&symbol| symbol == '#').count() >= *hashes =>
        {
            1 + hashes
        }
        _ => return 1,
    };
    code.extend(&rest[..width]);
    *place = Place::Code;
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<String> {
        split(text).0.split('\n').map(str::to_owned).collect()
    }

    fn comments(text: &str) -> Vec<String> {
        split(text).1.split('\n').map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn strings_are_emptied_and_comments_left_out() {
        assert_eq!(code("f(\"a // b\"); // c"), ["f(\"\"); "]);
        assert_eq!(comments("f(\"a // b\"); // c"), ["// c"]);
        assert_eq!(code("a /* x /* y */ z */ b"), ["a  b"]);
    }

    #[test]
    fn raw_strings_and_escapes_end_where_the_compiler_ends_them() {
        assert_eq!(code(r##"f(r#"a " b"#, "\"", br"\"); g()"##), ["f(r#\"\"#, \"\", br\"\"); g()"]);
        assert_eq!(code("let r#fn = r;"), ["let r#fn = r;"]);
    }

    #[test]
    fn characters_are_not_lifetimes() {
        assert_eq!(code(r#"f::<'a>('"', '\'', '\u{1F}', b'x'); "s""#), [r#"f::<'a>(', ', ', b'); """#]);
    }

    #[test]
    fn every_line_keeps_its_number() {
        let text = "a\n\"one\ntwo \\\nthree\"\n/* x\ny */ b\n// c\nd";
        assert_eq!(code(text), ["a", "\"", "", "\"", "", " b", "", "d"]);
        assert_eq!(comments(text), ["", "", "", "", "/* x", "y */", "// c", ""]);
    }

    #[test]
    fn tests_end_with_their_braces() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"}\"; }\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}\n";
        let file = File { path: "crates/x/src/a.rs".to_owned(), text: text.to_owned() };
        let tests: Vec<bool> = Source::new(&file).lines.iter().map(|line| line.test).collect();
        assert_eq!(tests, [false, true, true, true, true, false, true, true, false]);
    }

    #[test]
    fn a_doc_line_is_three_slashes_and_not_four() {
        let text = "//! a\n/// b\n//// c\n// d\nlet x = 1; /// e\n";
        let file = File { path: "a.rs".to_owned(), text: text.to_owned() };
        let docs: Vec<Option<String>> =
            Source::new(&file).lines.iter().map(|line| line.doc().map(str::to_owned)).collect();
        assert_eq!(docs, [Some(" a".to_owned()), Some(" b".to_owned()), None, None, None]);
    }
}
