//! Rule: in the library, only lanes start things; whatever else starts something is missing from the ledger.

use super::finding::Findings;
use crate::source::Source;

/// Where the library may start tasks and threads, by the start of the path, and why.
const ROOMS: [(&str, &str); 9] = [
    ("crates/workyard/src/lane/", "lanes are what runs tasks"),
    ("crates/workyard/src/runtime", "what the other rooms start goes through it, to the runtime or to a simulator"),
    ("crates/workyard/src/refusals", "what a system without threads refused is asked for again, which is no task"),
    ("crates/workyard/src/shutdown", "the supervisor ends every task, so it can be none"),
    ("crates/workyard/src/callbacks", "what tasks have called at their ends is no task, and must not wait for a lane"),
    ("crates/workyard/src/observe/watchdog/thread", "what tells of held-up threads must not need one of them"),
    ("crates/workyard/src/shuttle_models/", "models, whose threads are shuttle's, and which are in no other build"),
    ("crates/workyard/src/timer", "one service stops what has a limit, on its lane"),
    (
        "crates/workyard/src/schedule/sleeper",
        "one service wakes what waits for a time; what it wakes is submitted to a lane",
    ),
];

/// How something is started, or an engine addressed.
const SPAWNS: [&str; 7] =
    ["tokio::spawn", "task::spawn", "spawn_blocking", ".spawn(", "thread::spawn", "thread::Builder", "rayon::"];

pub(super) fn check(source: &Source<'_>, found: &mut Findings) {
    let is_library = source.path.starts_with("crates/workyard/src/") && !source.is_test_file();
    if !is_library || ROOMS.iter().any(|(room, _)| source.path.starts_with(room)) {
        return;
    }
    for (index, line) in source.lines.iter().enumerate().filter(|(_, line)| !line.test) {
        if let Some(spawn) = SPAWNS.iter().find(|spawn| line.code.contains(*spawn)) {
            let what = format!(
                "`{spawn}` outside of src/lane/: submit to a lane, or name the room in xtask's tidy/spawning.rs"
            );
            found.add(source.path, index, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::broken;
    use super::check;

    const SPAWN: &str = "//! Docs of tokio::spawn.\nfn f() {\n    tokio::spawn(g());\n}\n";

    #[test]
    fn lanes_spawn_and_others_do_not() {
        assert_eq!(broken(check, "crates/workyard/src/map/ordered.rs", SPAWN), [3]);
        assert_eq!(broken(check, "crates/workyard/src/lane/io.rs", SPAWN), [0; 0]);
        assert_eq!(broken(check, "crates/workyard-testkit/src/lib.rs", SPAWN), [0; 0]);
        assert_eq!(
            broken(check, "crates/workyard/src/group.rs", "set.spawn(f);\nuse rayon::join;\nrt.spawn_blocking(f);\n"),
            [1, 2, 3]
        );
    }

    #[test]
    fn tests_may_spawn() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{SPAWN}}}\n");
        assert_eq!(broken(check, "crates/workyard/src/group.rs", &tests), [0; 0]);
        assert_eq!(broken(check, "crates/workyard/src/group/tests.rs", SPAWN), [0; 0]);
    }
}
