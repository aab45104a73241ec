//! Owns what a rule says when it is broken, and where it says it.

use std::fmt;

/// One broken rule at one place.
#[derive(Debug, PartialEq)]
pub(super) struct Finding {
    path: String,
    /// From 1.
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// What the rules have found so far.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    /// Notes that line `index`, from 0, of `path` breaks a rule.
    pub(super) fn add(&mut self, path: &str, index: usize, what: impl Into<String>) {
        self.0.push(Finding { path: path.to_owned(), line: index + 1, what: what.into() });
    }

    /// The lines that broke a rule, from 1.
    #[cfg(test)]
    pub(super) fn lines(&self) -> Vec<usize> {
        self.0.iter().map(|finding| finding.line).collect()
    }
}

/// The lines, from 1, of `text` at `path` that break `rule`.
#[cfg(test)]
pub(super) fn broken(rule: fn(&crate::source::Source<'_>, &mut Findings), path: &str, text: &str) -> Vec<usize> {
    let file = crate::tree::File { path: path.to_owned(), text: text.to_owned() };
    let mut found = Findings::default();
    rule(&crate::source::Source::new(&file), &mut found);
    found.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_as_editors_expect() {
        let mut found = Findings::default();
        found.add("a/b.rs", 0, "is wrong");
        assert_eq!(found.0[0].to_string(), "a/b.rs:1: is wrong");
    }
}
