//! Rule: a crate's own `.clippy.toml` replaces the one at the root, so it repeats the settings there, and within `crates/` the
//! bans too. Examples and tests stand outside the yard and may spawn.

use super::finding::Findings;
use crate::tree::File;

const NAME: &str = ".clippy.toml";

pub(super) fn check(files: &[File], found: &mut Findings) {
    let Some(root) = files.iter().find(|file| file.path == NAME) else { return };
    for room in files.iter().filter(|file| file.path.ends_with("/.clippy.toml")) {
        let bans_too = room.path.starts_with("crates/");
        let shared = root.text.lines().filter(|line| is_setting(line) || (bans_too && is_ban(line)));
        for line in shared.filter(|line| !room.text.lines().any(|own| own == *line)) {
            found.add(&room.path, 0, format!("replaces the root's file and lacks its line `{}`", line.trim()));
        }
    }
}

/// A line such as `allow-unwrap-in-tests = true`.
fn is_setting(line: &str) -> bool {
    line.contains(" = ") && !line.starts_with(['#', ' ']) && !line.ends_with('[')
}

/// A line of a list of bans.
fn is_ban(line: &str) -> bool {
    line.trim_start().starts_with("{ path = ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "# Why.\nmax = 70\nbans = [\n    { path = \"a\", reason = \"b\" },\n]\n";

    fn lines(path: &str, text: &str) -> usize {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let mut found = Findings::default();
        check(&[file(NAME, ROOT), file(path, text)], &mut found);
        found.lines().len()
    }

    #[test]
    fn crates_repeat_settings_and_bans() {
        assert_eq!(lines("crates/a/.clippy.toml", ROOT), 0);
        assert_eq!(lines("crates/a/.clippy.toml", "max = 70\n"), 1);
        assert_eq!(lines("crates/a/.clippy.toml", "max = 71\n"), 2);
    }

    #[test]
    fn tests_repeat_settings() {
        assert_eq!(lines("tests/.clippy.toml", "max = 70\n"), 0);
        assert_eq!(lines("tests/.clippy.toml", ""), 1);
    }
}
