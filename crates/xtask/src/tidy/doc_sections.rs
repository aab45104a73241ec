//! Rule: a section of documentation has one spelling, so that readers and searches find all of them.

use super::finding::Findings;
use crate::source::Source;

/// The sections an item's documentation may have. Add one where none of these will do.
const SECTIONS: [&str; 12] = [
    "Blocking",
    "Bounds",
    "Cancel safety",
    "Comparison",
    "Cost",
    "Drop",
    "Errors",
    "Examples",
    "Features",
    "Order",
    "Panics",
    "Safety",
];

/// What people write for a section of the list, and the machine would not recognise.
const ALSO: [(&str, &str); 3] =
    [("cancellationsafety", "Cancel safety"), ("cancelationsafety", "Cancel safety"), ("dropping", "Drop")];

pub(super) fn check(source: &Source<'_>, found: &mut Findings) {
    let mut in_code = false;
    for (index, line) in source.lines.iter().enumerate() {
        let Some(doc) = line.doc() else {
            // A fence never outlives its comment.
            in_code = false;
            continue;
        };
        let doc = doc.strip_prefix(' ').unwrap_or(doc);
        if doc.trim_start().starts_with("```") || doc.trim_start().starts_with("~~~") {
            in_code = !in_code;
        } else if let Some(title) = doc.strip_prefix("# ").filter(|_| !in_code)
            && let Some(what) = judge(title.trim(), line.is_inner_doc())
        {
            found.add(source.path, index, what);
        }
    }
}

/// A module's documentation may have chapters of its own, but no second spelling of a section.
fn judge(title: &str, is_inner: bool) -> Option<String> {
    if SECTIONS.contains(&title) {
        return None;
    }
    let same = SECTIONS.iter().copied().find(|section| letters(section) == letters(title));
    let also = || ALSO.iter().find(|(alias, _)| letters(alias) == letters(title)).map(|(_, section)| *section);
    match same.or_else(also) {
        Some(section) => Some(format!("`# {title}` is spelled `# {section}`")),
        None if is_inner => None,
        None => Some(format!("`# {title}` is none of the sections: {}", SECTIONS.join(", "))),
    }
}

/// What two spellings of a title have in common.
fn letters(title: &str) -> String {
    let letters: String = title.chars().filter(|symbol| symbol.is_alphabetic()).collect();
    letters.to_lowercase().trim_end_matches('s').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::finding::broken;
    use super::check;

    fn lines(text: &str) -> Vec<usize> {
        broken(check, "a.rs", text)
    }

    #[test]
    fn the_spelling_is_exact() {
        assert_eq!(lines("/// # Cancel safety\n/// # Examples\n/// # Panics\n"), [0; 0]);
        let bad = ["Cancel Safety", "Cancellation safety", "cancel-safety", "Example", "panics", "Error", "Panic:"];
        for title in bad {
            assert_eq!(lines(&format!("/// Docs.\n/// # {title}\n")), [2], "{title}");
            assert_eq!(lines(&format!("//! # {title}\n")), [1], "{title}");
        }
    }

    #[test]
    fn only_modules_have_chapters() {
        assert_eq!(lines("//! # A tour\n"), [0; 0]);
        assert_eq!(lines("/// # A tour\n"), [1]);
        assert_eq!(lines("/// ## A detail\n"), [0; 0]);
    }

    #[test]
    fn hidden_lines_of_an_example_are_not_titles() {
        assert_eq!(lines("/// ```\n/// # use a;\n/// ```\n/// # Error\n"), [4]);
        assert_eq!(lines("// # Error\nlet a = \"/// # Error\";\n"), [0; 0]);
    }
}
