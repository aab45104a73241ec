//! Owns which files of the repository are looked at. Never looks into them.

use std::fs;
use std::path::{Path, PathBuf};

/// Hidden folders that belong to the repository; all others (version control, editors) do not.
const HIDDEN: [&str; 4] = [".ci", ".cargo", ".config", ".github"];

/// A text file of the repository.
pub(crate) struct File {
    /// From the root, with `/` between names on every system.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// What follows the last dot of the path.
    pub(crate) fn ending(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Every text file below `root`, by path. Needs no version control, since a released archive has none.
pub(crate) fn files(root: &Path) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            // `file_type` does not follow links, so a link to a parent is no cycle.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && is_ours(&path, &name) => folders.push(path),
                // A worktree's `.git` is a file.
                Ok(kind) if kind.is_file() && name != ".git" => found.extend(read(root, &path)),
                _ => {}
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Cargo marks its target folders, whatever they are called.
fn is_ours(folder: &Path, name: &str) -> bool {
    (!name.starts_with('.') || HIDDEN.contains(&name)) && !folder.join("CACHEDIR.TAG").exists()
}

/// What is not UTF-8 is not text.
fn read(root: &Path, path: &Path) -> Option<File> {
    let relative = path.strip_prefix(root).ok()?;
    let names: Vec<_> = relative.iter().map(|name| name.to_string_lossy()).collect();
    Some(File { path: names.join("/"), text: fs::read_to_string(path).ok()? })
}
