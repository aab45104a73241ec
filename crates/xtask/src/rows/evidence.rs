//! Owns what may stand as evidence of a row, and how it is written. Never asks whether it is true.

use std::fmt;

/// What a row rests on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Evidence {
    /// A test, by the file of its binary and its name there.
    Test { binary: String, name: String },
    /// A test that other systems than Linux do not have.
    LinuxTest { binary: String, name: String },
    /// A program in `tests/compile_fail/` that is refused.
    CompileFail(String),
    /// A heading of a page, as a link names it.
    Doc { page: String, anchor: String },
    /// What `workyard-bench` measures.
    Bench { group: String, row: String },
    /// Nothing is to be shown, and why.
    None(String),
    /// Some of it, or all, waits for what is not built.
    Open(String),
}

impl Evidence {
    /// Reads `test tests/a.rs name`, `linux-test tests/a.rs name`, `compile-fail name`, `doc page#anchor`, `bench group row`, `none: why`, `open: for what`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(why) = text.strip_prefix("none: ") {
            return Ok(Self::None(why.to_owned()));
        }
        if let Some(what) = text.strip_prefix("open: ") {
            return Ok(Self::Open(what.to_owned()));
        }
        match text.split(' ').collect::<Vec<_>>()[..] {
            ["test", binary, name] => Ok(Self::Test { binary: binary.to_owned(), name: name.to_owned() }),
            ["linux-test", binary, name] => Ok(Self::LinuxTest { binary: binary.to_owned(), name: name.to_owned() }),
            ["compile-fail", name] => Ok(Self::CompileFail(name.to_owned())),
            ["bench", group, row] => Ok(Self::Bench { group: group.to_owned(), row: row.to_owned() }),
            ["doc", link] => match link.split_once('#') {
                Some((page, anchor)) => Ok(Self::Doc { page: page.to_owned(), anchor: anchor.to_owned() }),
                None => Err(format!("`{link}` names no heading")),
            },
            _ => Err(format!("`{text}` is no evidence that this tool knows")),
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test { binary, name } => write!(f, "test {binary} {name}"),
            Self::LinuxTest { binary, name } => write!(f, "linux-test {binary} {name}"),
            Self::CompileFail(name) => write!(f, "compile-fail {name}"),
            Self::Doc { page, anchor } => write!(f, "doc {page}#{anchor}"),
            Self::Bench { group, row } => write!(f, "bench {group} {row}"),
            Self::None(why) => write!(f, "none: {why}"),
            Self::Open(what) => write!(f, "open: {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        let lines = [
            "test tests/a.rs b::c",
            "linux-test tests/a.rs b::c",
            "compile-fail a",
            "doc docs/a.md#b-c",
            "bench map-cpu workyard",
            "none: an import",
            "open: needs worker processes",
        ];
        for line in lines {
            assert_eq!(Evidence::parse(line).unwrap().to_string(), line);
        }
    }

    #[test]
    fn what_is_no_evidence_is_refused() {
        for line in ["test a", "doc docs/a.md", "by hand", "none:", "open", "bench map-cpu"] {
            assert!(Evidence::parse(line).is_err(), "{line}");
        }
    }
}
