//! Owns the number and the name of a task.

use std::borrow::Cow;
use std::fmt;

/// The number of a task: unique within its yard, in order of submission, never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TaskId(pub(crate) u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The name that a user gave a task: free text, not unique, cut to [`Self::MAX_BYTES`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Name(Cow<'static, str>);

impl Name {
    /// A longer name would make log lines, not names.
    const MAX_BYTES: usize = 128;

    pub(crate) fn new(name: Cow<'static, str>) -> Self {
        if name.len() <= Self::MAX_BYTES {
            return Self(name);
        }
        let mut name = name.into_owned();
        name.truncate(name.floor_char_boundary(Self::MAX_BYTES));
        Self(Cow::Owned(name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name in quotes, control characters escaped, so that it stays on its line.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_debug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_at_a_character() {
        assert_eq!(Name::new("é".repeat(100).into()).as_str(), "é".repeat(64));
        assert_eq!(Name::new(format!("a{}", "é".repeat(100)).into()).as_str(), format!("a{}", "é".repeat(63)));
    }

    #[test]
    fn a_name_stays_on_its_line() {
        assert_eq!(Name::new("a\nb\0\"".into()).to_string(), r#""a\nb\0\"""#);
    }
}
