//! Mistakes that the compiler finds: each program in `compile_fail/` is refused on the lines that it marks, for the reason
//! that it gives there, and passes once it is put right (`--cfg fixed`).
//!
//! A doc test could say `compile_fail`, but which error it means is checked on nightly alone.
#![cfg(test)]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use workyard_testkit::{Finished, Program};

const SOON: Duration = Duration::from_mins(2);

#[test]
fn a_closure_given_to_the_io_lane() {
    check("closure_on_io");
}

#[test]
fn threads_of_an_io_lane() {
    check("threads_on_io");
}

#[test]
fn a_future_that_is_not_send() {
    check("future_not_send");
}

#[test]
fn a_counter_without_a_guard_in_two_tasks() {
    check("unguarded_counter");
}

#[test]
fn a_counter_without_a_guard_in_two_threads() {
    check("counter_in_two_threads");
}

#[test]
fn a_counter_without_a_guard_for_everybody() {
    check("global_counter");
}

#[test]
fn a_guard_that_blocks_across_an_await() {
    check("guard_across_await");
}

#[test]
fn a_permit_that_is_given_back_twice() {
    check("permit_given_back_twice");
}

#[test]
fn names_that_are_not_there() {
    check("names_that_are_not_there");
}

#[test]
fn arguments_that_do_not_fit() {
    check("arguments_that_do_not_fit");
}

#[test]
fn work_that_borrows_from_its_submitter() {
    check("borrowed_work");
}

#[test]
fn work_that_is_tried_again_on_an_input_that_it_used_up() {
    check("input_used_up");
}

#[test]
fn a_handle_that_is_let_go_by_oversight() {
    check("handle_unused");
}

/// Of the library's builds here (one for each set of features) the one that the program, put right, compiles against.
fn check(name: &str) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("compile_fail").join(name).with_extension("rs");
    let deps = env::current_exe().unwrap().parent().unwrap().to_owned();
    let mut failed = Vec::new();
    for library in libraries(&deps) {
        let fixed = compile(&program, name, &library, &deps, &["--cfg", "fixed"]);
        if fixed.code == Some(0) {
            let refused = compile(&program, name, &library, &deps, &[]);
            assert_ne!(refused.code, Some(0), "{name} is to be refused");
            assert_eq!(errors(&refused.stderr), marks(&program), "{refused}");
            return;
        }
        failed.push(fixed.to_string());
    }
    panic!("{name} does not compile when it is put right:\n{}", failed.join("\n"));
}

/// The newest first.
fn libraries(deps: &Path) -> Vec<PathBuf> {
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libworkyard-") && name.ends_with(".rlib")
    };
    let built = |path: &PathBuf| fs::metadata(path).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut found: Vec<_> = fs::read_dir(deps).unwrap().map(|entry| entry.unwrap().path()).filter(is_library).collect();
    assert!(!found.is_empty(), "the library stands beside its tests, in {}", deps.display());
    found.sort_by_key(|path| std::cmp::Reverse(built(path)));
    found
}

fn compile(program: &Path, name: &str, library: &Path, deps: &Path, more: &[&str]) -> Finished {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let metadata = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.rmeta", more.len()));
    let mut rustc = Program::new(rustc).arg("--edition=2024").arg("--crate-type=lib").arg("--check-cfg=cfg(fixed)");
    rustc = rustc.arg("--error-format=short").arg("--emit=metadata").arg("-o").arg(metadata);
    rustc = rustc.arg("-L").arg(format!("dependency={}", deps.display()));
    rustc = rustc.arg("--extern").arg(format!("workyard={}", library.display()));
    for argument in more {
        rustc = rustc.arg(argument);
    }
    rustc.arg(program).run_within(SOON)
}

/// From `file.rs:9:5: error[E0277]: ..` the 9 and the code. What has no code (lints, futures that are not `Send`) goes by
/// its first word.
fn errors(told: &str) -> BTreeSet<(usize, String)> {
    let error = |line: &str| {
        let (place, what) = line.split_once(": error")?;
        let number = place.rsplit(':').nth(1)?.parse().ok()?;
        let code = match what.strip_prefix('[') {
            Some(code) => code.split(']').next()?,
            None => what.trim_start_matches(": ").split(' ').next()?,
        };
        Some((number, code.to_owned()))
    };
    told.lines().filter_map(error).collect()
}

/// The lines that end in `//~ code`.
fn marks(program: &Path) -> BTreeSet<(usize, String)> {
    let text = fs::read_to_string(program).unwrap();
    let lines = text.lines().enumerate();
    lines.filter_map(|(at, line)| Some((at + 1, line.split_once("//~ ")?.1.to_owned()))).collect()
}
