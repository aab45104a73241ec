//! Owns the line that says that a check could not run. Never decides whether it could.

/// Prints `not run: <why>`, as one line on stdout, for a check that this machine or account cannot make. Then return.
///
/// A check that passes because it did nothing looks like one that holds. `cargo xtask test` counts these lines; call
/// this on the test's own thread, as the test harness captures only what that one prints.
///
/// # Examples
/// ```
/// if !std::path::Path::new("/sys/fs/cgroup/cpu.max").exists() {
///     return workyard_testkit::not_run("no cgroup v2 with a CPU controller");
/// }
/// ```
#[expect(clippy::print_stdout, reason = "the harness captures what is printed, and nothing else")]
pub fn not_run(why: &str) {
    println!("{}", line(why));
}

fn line(why: &str) -> String {
    format!("not run: {}", why.replace(['\r', '\n'], " "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_always_one_line() {
        assert_eq!(super::line("no cgroups\nhere"), "not run: no cgroups here");
    }
}
