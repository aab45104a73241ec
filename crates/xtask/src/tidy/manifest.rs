//! Owns how a manifest is read: its package and what that depends on. Reads the forms that manifests here are written in, one
//! dependency to a line or a table, so that no parser has to be built.

/// One dependency of a package.
#[derive(Debug, PartialEq)]
pub(super) struct Dependency<'a> {
    pub(super) name: &'a str,
    /// For tests and examples only.
    pub(super) is_dev: bool,
    /// From 0.
    pub(super) line: usize,
}

/// The package's name and dependencies; nothing for a workspace.
pub(super) fn read(text: &str) -> Option<(&str, Vec<Dependency<'_>>)> {
    let mut table = "";
    let mut package = None;
    let mut dependencies = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name;
            // `[dependencies.name]`, also below `[target.'cfg(..)'.]`.
            if let Some((section, name)) = table.rsplit_once('.')
                && is_dependencies(section)
            {
                dependencies.push(Dependency { name, is_dev: is_dev(section), line: index });
            }
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let key = key.split('.').next().unwrap_or(key).trim();
            if table == "package" && key == "name" {
                package = Some(quoted(value));
            } else if is_dependencies(table) {
                let renamed = value.split_once("package").map(|(_, rest)| quoted(rest));
                dependencies.push(Dependency { name: renamed.unwrap_or(key), is_dev: is_dev(table), line: index });
            }
        }
    }
    Some((package?, dependencies))
}

fn is_dependencies(table: &str) -> bool {
    matches!(table.rsplit('.').next(), Some("dependencies" | "dev-dependencies" | "build-dependencies"))
        && !table.starts_with("workspace")
}

fn is_dev(table: &str) -> bool {
    table.ends_with("dev-dependencies")
}

/// What stands between the first pair of quotes.
fn quoted(value: &str) -> &str {
    value.split('"').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let text = "[package]\nname = \"a\"\nversion.workspace = true\n[dependencies]\nb.workspace = true\n\
                    c = { path = \"../c\" }\n# d = \"1\"\ne = { package = \"f\", version = \"1\" }\n\
                    [target.'cfg(unix)'.dependencies]\ng = \"1\"\n[dev-dependencies.h]\npath = \"x\"\n[workspace.dependencies]\nj = \"1\"\n[features]\ni = [\"b/x\"]\n";
        let (package, dependencies) = read(text).unwrap();
        let all: Vec<_> = dependencies.iter().map(|one| (one.name, one.is_dev, one.line)).collect();
        assert_eq!(package, "a");
        assert_eq!(all, [("b", false, 4), ("c", false, 5), ("f", false, 7), ("g", false, 9), ("h", true, 10)]);
    }

    #[test]
    fn a_workspace_is_no_package() {
        assert_eq!(read("[workspace]\n[workspace.dependencies]\na = \"1\"\n"), None);
    }
}
