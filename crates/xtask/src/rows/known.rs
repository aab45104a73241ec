//! Owns what evidence is compared with: the tests that each binary has, and the files of the repository. Never judges.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::command::cargo;
use crate::harness::Passed;
use crate::tree::{self, File};

/// What is known when the rows are checked.
pub(super) struct Known {
    /// By the file of the binary.
    pub(super) binaries: BTreeMap<String, Listed>,
    /// What passed in the run before, if there was one.
    pub(super) passed: Option<Passed>,
    pub(super) files: Vec<File>,
}

/// What a test binary says that it has.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) tests: BTreeSet<String>,
    /// Of these, the ones that a run leaves out.
    pub(super) ignored: BTreeSet<String>,
}

impl Known {
    /// Builds the tests, or finds them built, and asks each binary what it has.
    pub(super) fn gather(passed: Option<Passed>) -> Result<Self, String> {
        let root = tree::root();
        let mut binaries = BTreeMap::new();
        for (source, program) in built(&root)? {
            let tests = listed(&program, &["--list"])?;
            let ignored = listed(&program, &["--list", "--ignored"])?;
            binaries.insert(source, Listed { tests, ignored });
        }
        Ok(Self { binaries, passed, files: tree::files(&root) })
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// The test binaries: the file that each is made of, from the root, and where it is. With the flags of `cargo xtask test`, so
/// that nothing is built twice.
fn built(root: &Path) -> Result<Vec<(String, String)>, String> {
    let args = ["test", "--workspace", "--all-features", "--no-run", "--message-format", "json-render-diagnostics"];
    let output = cargo(&args).stderr(std::process::Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cannot ask cargo for the tests: {error}"))?;
    if !output.status.success() {
        return Err("the tests do not build, so it is not known which there are".to_owned());
    }
    let told = String::from_utf8_lossy(&output.stdout);
    Ok(told.lines().filter_map(|line| test_binary(line, root)).collect())
}

/// What a line of cargo's JSON tells of a test binary.
fn test_binary(line: &str, root: &Path) -> Option<(String, String)> {
    let profile = line.split_once("\"profile\":{")?.1.split_once('}')?.0;
    if !profile.contains("\"test\":true") {
        return None;
    }
    let (source, program) = (text_of(line, "src_path")?, text_of(line, "executable")?);
    let source = Path::new(&source).strip_prefix(root).ok()?;
    let names: Vec<_> = source.iter().map(|name| name.to_string_lossy()).collect();
    Some((names.join("/"), program))
}

/// The string that stands in JSON behind a key.
fn text_of(line: &str, key: &str) -> Option<String> {
    let (_, rest) = line.split_once(&format!("\"{key}\":\""))?;
    let (mut text, mut symbols) = (String::new(), rest.chars());
    loop {
        match symbols.next()? {
            '"' => return Some(text),
            // Paths have no other escapes than `\\` and `\"`.
            '\\' => text.push(symbols.next()?),
            symbol => text.push(symbol),
        }
    }
}

/// The names that a test binary lists.
fn listed(program: &str, args: &[&str]) -> Result<BTreeSet<String>, String> {
    let output = Command::new(program).args(args).output().map_err(|error| format!("cannot ask {program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} does not list its tests"));
    }
    let told = String::from_utf8_lossy(&output.stdout);
    Ok(told.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_that_cargo_tells_the_test_binaries_are_taken() {
        let line = |test: bool, program: &str| {
            format!(
                "{{\"reason\":\"compiler-artifact\",\"target\":{{\"kind\":[\"test\"],\"name\":\"a\",\
                 \"src_path\":\"/r/tests/a.rs\",\"test\":true}},\"profile\":{{\"opt_level\":\"0\",\"test\":{test}}},\
                 \"filenames\":[],\"executable\":{program},\"fresh\":true}}"
            )
        };
        let root = Path::new("/r");
        let found = Some(("tests/a.rs".to_owned(), "/t/a\"b\\c".to_owned()));
        assert_eq!(test_binary(&line(true, "\"/t/a\\\"b\\\\c\""), root), found);
        assert_eq!(test_binary(&line(false, "\"/t/a\""), root), None);
        assert_eq!(test_binary(&line(true, "null"), root), None);
        assert_eq!(test_binary(&line(true, "\"/t/a\""), Path::new("/other")), None);
        assert_eq!(test_binary("{\"reason\":\"build-finished\"}", root), None);
    }
}
