//! Owns `cargo xtask mutants`: faults that are planted in the library, one at a time, and the test that has to find each. All of them
//! are in one build, beside the usual one; a variable of the environment says which is at work, so nothing is compiled twice.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::cargo;
use crate::steps::Steps;
use crate::tree;

/// A fault, as `mutant!` names it where it is planted, and a test that does not pass with it.
struct Mutant {
    name: &'static str,
    binary: &'static str,
    test: &'static str,
}

const fn mutant(name: &'static str, binary: &'static str, test: &'static str) -> Mutant {
    Mutant { name, binary, test }
}

/// The tests of the library itself; all others are in `tests/`.
const LIBRARY: &str = "workyard";

const MUTANTS: &[Mutant] = &[
    mutant("alarm-again-and-again", "observe", "watchdog::a_poll_that_blocks_its_thread_is_named_while_it_does"),
    mutant("callback-forgotten", "on_done", "every_way_to_end_is_told_once"),
    mutant("cancel-flag-ignored", "cancellation", "a_body_with_a_context_is_asked_and_its_value_counts"),
    mutant("cancelled-timer-uncounted", "schedule", "once::cancelling_in_time_drops_the_work_at_once"),
    mutant("circle-untold", "nested", "one_of_a_circle_of_waits_is_told_and_the_others_go_on"),
    mutant("claim-not-passed-on", "queue", "cancel::a_get_dropped_after_any_number_of_polls_took_nothing"),
    mutant("close-wakes-nobody", "queue", "end::close_wakes_everyone_who_waits"),
    mutant("driver-not-woken", "short_bodies", "what_is_not_ready_at_once_goes_on_when_it_is_woken"),
    mutant("end-of-task-untold", "shutdown", "what_was_accepted_is_drained"),
    mutant("end-of-tick-untold", "schedule", "overlap::skip_is_the_default_and_leaves_out_what_would_overlap"),
    mutant(
        "first-in-hand-forgotten",
        "short_bodies",
        "dropped::what_a_result_waits_for_when_it_is_dropped_is_not_held_up_in_a_hand",
    ),
    mutant("guard-forgets", "short_bodies", "wakes::a_long_body_does_not_hold_back_the_results_before_it"),
    mutant("hand-answered-twice", "short_bodies", "held_up::what_is_polled_with_a_future_that_blocks_is_not_held_up"),
    mutant("hand-not-emptied", "short_bodies", "held_up::futures_that_block_their_threads_for_one_another_all_run"),
    mutant("held-wake-lost", "short_bodies", "wakes::a_long_body_does_not_hold_back_the_results_before_it"),
    mutant("ledger-off-by-one", "shutdown", "what_was_accepted_is_drained"),
    mutant("locked-twice", "short_bodies", "counts::tasks_and_items_take_few_wake_ups_and_locks"),
    mutant("member-told-twice", "group", "collect::results_of_all_lanes_come_together"),
    mutant("place-in-line-kept", "admission", "a_thousand_waiting_submitters_may_go_again"),
    mutant("promise-lost", "admission", "waiting_submitters_are_served_in_order_and_not_overtaken"),
    mutant("put-back-lost", "short_bodies", "who_lets_others_go_first_does"),
    mutant("put-wakes-nobody", "queue", "fairness::waiting_gets_get_items_in_the_order_in_which_they_came"),
    mutant("queue-locked-twice", "short_bodies", "counts::tasks_and_items_take_few_wake_ups_and_locks"),
    mutant("queue-lost-at-close", "shutdown", "what_was_accepted_is_drained"),
    mutant(
        "queued-task-unanswered",
        "cancellation",
        "what_is_cancelled_in_the_queue_never_runs_and_frees_its_place_at_once",
    ),
    mutant("result-of-map-lost", "map", "basics::squares_in_order_on_every_lane"),
    mutant(
        "retry-at-one-instant",
        "retry",
        "backoff::ten_thousand_that_failed_at_one_instant_come_back_spread_over_the_window",
    ),
    mutant(
        "retry-budget-without-end",
        "retry",
        "budget::a_dead_dependency_gets_no_more_than_the_documented_share_of_retries",
    ),
    mutant("retry-deaf", "retry", "stops::a_predicate_that_stops_its_own_task_ends_it"),
    mutant("retry-keeps-slot", "retry", "backoff::between_attempts_others_run_on_the_slot"),
    mutant("retry-of-panics", "retry", "attempts::futures_are_tried_as_often_as_the_policy_says"),
    mutant("retry-outlives-time", "retry", "stops::a_runtime_that_goes_answers_those_between_two_attempts"),
    mutant("retry-waiter-untold", "retry", "backoff::all_slots_held_by_those_who_wait_for_one_that_is_tried_again"),
    mutant(
        "retry-without-place",
        "retry",
        "backoff::those_between_attempts_keep_their_places_so_a_lane_is_bounded_whatever_fails",
    ),
    mutant("settled-twice", "cancellation", "an_aborted_closure_answers_at_once_and_keeps_its_slot"),
    mutant("sleeper-not-woken", "schedule", "once::an_earlier_timer_that_is_added_later_wakes_the_sleeper"),
    mutant("slot-freed-early", "cancellation", "an_aborted_closure_answers_at_once_and_keeps_its_slot"),
    mutant("timer-left", LIBRARY, "timers::tests::a_hundred_thousand_limits_are_gone_when_their_tasks_are"),
    mutant(
        "timer-out-of-order",
        "schedule",
        "many::timers_fire_in_their_order_whatever_is_set_and_cancelled_meanwhile",
    ),
    mutant(
        "timer-without-room",
        "schedule",
        "many::as_many_as_there_is_room_for_are_let_in_and_the_rest_waits_in_order",
    ),
    mutant("waker-of-handle-lost", "cancellation", "limits_of_time_end_the_wait_or_the_run"),
    mutant("watchdog-not-woken", "observe", "watchdog::a_poll_that_blocks_its_thread_is_named_while_it_does"),
    mutant("worker-gone-and-counted", "admission", "as_many_run_at_once_as_the_limit_says"),
];

/// The flag under which the faults are compiled.
const FLAGS: &str = "--cfg workyard_mutants";

/// The variable that names the fault.
const CHOICE: &str = "WORKYARD_MUTANT";

/// How often a test is run at most until it passes, and then until it does not with its fault.
const TRIES: u32 = 3;

/// How long a test may take. With a fault, one that takes longer has found it.
const LIMIT: Duration = Duration::from_secs(10);

/// How many run at once. One that has found its fault mostly waits in vain, until it is out of time.
const AT_ONCE: usize = 3;

/// Builds the tests, runs them without a fault, and then each fault's test with it.
pub(crate) fn run(steps: &mut Steps) {
    let mut binaries = None;
    steps.run("planted faults: those in the code are those of the table", names_agree);
    steps.run("planted faults: build", || {
        binaries = build().map_err(|error| println!("{error}")).ok();
        binaries.is_some()
    });
    if let Some(binaries) = binaries {
        steps.run("planted faults: none of them fails without, all of them fail with", || judge(&binaries));
    }
}

/// Whether every fault that is planted is in the table, and the other way round.
fn names_agree() -> bool {
    let mut planted = Vec::new();
    for file in tree::files(&tree::root())
        .iter()
        .filter(|file| file.path.starts_with("crates/workyard") && file.ending() == "rs")
    {
        let after = file.text.split("mutant!(\"").skip(1);
        planted.extend(after.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    planted.sort();
    planted.dedup();
    let mut table: Vec<_> = MUTANTS.iter().map(|mutant| mutant.name).collect();
    table.sort_unstable();
    if planted != table {
        println!("planted: {planted:?}\nin the table of xtask's mutants.rs: {table:?}");
    }
    planted == table
}

/// The tests, by name.
type Binaries = BTreeMap<String, PathBuf>;

fn build() -> Result<Binaries, String> {
    let mut args = vec!["test", "--no-run", "--package", "workyard-tests", "--package", LIBRARY, "--lib"];
    let mut wanted: Vec<_> = MUTANTS.iter().map(|mutant| mutant.binary).filter(|&binary| binary != LIBRARY).collect();
    wanted.sort_unstable();
    wanted.dedup();
    for binary in &wanted {
        args.extend(["--test", binary]);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree::root().join("target"), PathBuf::from);
    let mut command = cargo(&args);
    command.env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", target.join("mutants")).env("CARGO_TERM_QUIET", "false");
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start cargo: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(told.into_owned());
    }
    let binaries: Binaries = told.lines().filter_map(executable).collect();
    let missing = wanted.iter().chain([&LIBRARY]).find(|&&binary| !binaries.contains_key(binary));
    match missing {
        Some(missing) => Err(format!("{told}\ncargo does not say where the tests `{missing}` are")),
        None => Ok(binaries),
    }
}

/// What cargo says of a test that it has built: `Executable nested.rs (target/debug/deps/nested-0123456789abcdef)`.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let path = line.trim_start().strip_prefix("Executable ")?.rsplit_once('(')?.1.strip_suffix(')')?;
    let path = tree::root().join(path);
    let (name, _hash) = path.file_stem()?.to_str()?.rsplit_once('-')?;
    Some((name.to_owned(), path.clone()))
}

fn judge(binaries: &Binaries) -> bool {
    let next = Mutex::new(MUTANTS.iter());
    let verdicts = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(mutant) = next.lock().ok().and_then(|mut next| next.next()) {
                    let verdict = verdict(binaries, mutant);
                    if let Ok(mut verdicts) = verdicts.lock() {
                        verdicts.push(verdict);
                    }
                }
            });
        }
    });
    let verdicts = verdicts.into_inner().unwrap_or_default();
    for verdict in verdicts.iter().filter_map(|verdict| verdict.as_ref().err()) {
        println!("{verdict}");
    }
    let killed = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    println!("{killed} of {} planted faults are found", MUTANTS.len());
    killed == MUTANTS.len()
}

/// Whether the test passes without the fault and does not with it.
fn verdict(binaries: &Binaries, mutant: &Mutant) -> Result<(), String> {
    let Mutant { name, binary, test } = mutant;
    let of = |choice: Option<&str>| match binaries.get(*binary) {
        Some(path) => run_one(path, binary, test, choice).map_err(|error| format!("{name}: {error}")),
        None => Err(format!("{name}: there is no test {binary}")),
    };
    // Which thread comes first may decide whether a fault does harm; and a machine may stand still for a while.
    let tried = |choice: Option<&str>, is_wanted: fn(Ran) -> bool| {
        let mut ran = of(choice)?;
        for _ in 1..TRIES {
            if !is_wanted(ran) {
                ran = of(choice)?;
            }
        }
        Ok::<_, String>(ran)
    };
    let usual = tried(None, |ran| ran == Ran::Passed)?;
    let faulty = tried(Some(name), |ran| ran != Ran::Passed)?;
    match (usual, faulty) {
        (Ran::Passed, Ran::Failed | Ran::TooLong) => Ok(()),
        (Ran::Passed, Ran::Passed) => Err(format!("{name}: {binary} {test} passes with the fault")),
        (usual, _) => Err(format!("{name}: {binary} {test} does not pass without the fault: {usual:?}")),
    }
}

/// What became of a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ran {
    Passed,
    Failed,
    TooLong,
}

fn run_one(path: &Path, binary: &str, test: &str, choice: Option<&str>) -> io::Result<Ran> {
    let mut command = Command::new(path);
    command.args(["--exact", test]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.current_dir(tree::root().join(if binary == LIBRARY { "crates/workyard" } else { "tests" }));
    match choice {
        Some(choice) => command.env(CHOICE, choice),
        None => command.env_remove(CHOICE),
    };
    let mut child = command.spawn()?;
    let mut stdout = child.stdout.take();
    // Read beside the wait: a test that fails may say more than a pipe holds.
    let (succeeded, said) = thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut said = Vec::new();
            let _cut_off = stdout.as_mut().map(|stdout| stdout.read_to_end(&mut said));
            said
        });
        let succeeded = wait_for(&mut child);
        (succeeded, reader.join().unwrap_or_default())
    });
    let Some(succeeded) = succeeded? else { return Ok(Ran::TooLong) };
    let one_passed = String::from_utf8_lossy(&said).contains("test result: ok. 1 passed");
    Ok(if succeeded && one_passed { Ran::Passed } else { Ran::Failed })
}

/// Whether it succeeded; `None` if it took too long, and was ended.
fn wait_for(child: &mut Child) -> io::Result<Option<bool>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if began.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_has_built_is_found_by_name() {
        let line = "  Executable nested.rs (target/mutants/debug/deps/nested-0123456789abcdef)";
        let path = tree::root().join("target/mutants/debug/deps/nested-0123456789abcdef");
        assert_eq!(executable(line), Some(("nested".to_owned(), path)));
        assert_eq!(executable("   Compiling nested v0.1.0 (crates/nested)"), None);
    }

    #[test]
    fn faults_have_names_of_their_own() {
        let mut names: Vec<_> = MUTANTS.iter().map(|mutant| mutant.name).collect();
        assert!(names.is_sorted(), "in the order of the alphabet");
        names.dedup();
        assert_eq!(names.len(), MUTANTS.len());
    }
}
