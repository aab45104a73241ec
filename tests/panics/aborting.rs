//! P8: a program that is built with `panic = "abort"`. The library is the one that these tests have, which unwinds; what a panic does is the
//! program's to say.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use workyard_testkit::{Finished, Program};

const SOON: Duration = Duration::from_mins(2);

#[test]
fn in_a_program_built_to_abort_a_yard_works_until_the_first_panic_ends_it() {
    let program = built();
    let ended = run(&program, "at its end");
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(
        ended.stdout.starts_with("(Ok(42), Ok(42), Ok(42))\n") && ended.stdout.contains("accepted 3 = 3 completed"),
        "{ended}"
    );
    for lane in ["cpu", "blocking", "io"] {
        let ended = run(&program, lane);
        assert_eq!((ended.code, ended.signal), (None, Some(6)), "it aborts: {ended}");
        assert_eq!(ended.stdout, "(Ok(42), Ok(42), Ok(42))\n", "nothing is caught or counted: {ended}");
        assert!(ended.stderr.contains("on purpose"), "{ended}");
    }
    fs::remove_file(program).unwrap();
}

/// Leaves no core behind.
fn run(program: &Path, where_it_panics: &str) -> Finished {
    let shell = Program::new("/bin/sh").arg("-c").arg("ulimit -c 0; exec \"$0\" \"$@\"");
    shell.arg(program).arg(where_it_panics).run_within(SOON)
}

/// Built with the first of the library's builds here (there may be one for each set of features) that fits.
fn built() -> PathBuf {
    let deps = env::current_exe().unwrap().parent().unwrap().to_owned();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("panics/built_to_abort.rs");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("built_to_abort-{}", std::process::id()));
    let mut failed = Vec::new();
    for library in libraries(&deps) {
        let rustc = Program::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        let rustc = rustc.arg("--edition=2024").arg("-Cpanic=abort").arg("-o").arg(&program);
        let rustc = rustc.arg("-L").arg(format!("dependency={}", deps.display()));
        let rustc = rustc.arg("--extern").arg(format!("workyard={}", library.display()));
        let compiled = rustc.arg(&source).run_within(SOON);
        if compiled.code == Some(0) {
            return program;
        }
        failed.push(compiled.to_string());
    }
    panic!("it does not compile:\n{}", failed.join("\n"));
}

/// The newest first.
fn libraries(deps: &Path) -> Vec<PathBuf> {
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libworkyard-") && name.ends_with(".rlib")
    };
    let built = |path: &PathBuf| fs::metadata(path).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut found: Vec<_> = fs::read_dir(deps).unwrap().map(|entry| entry.unwrap().path()).filter(is_library).collect();
    found.sort_by_key(|path| std::cmp::Reverse(built(path)));
    found
}
