//! The integration of the tutorials, in tasks: its parts by themselves, and the program as a user runs it.
#![cfg(test)]

#[path = "../examples/integrate/grid.rs"]
mod grid;
#[path = "../examples/integrate/parallel.rs"]
mod parallel;
#[path = "../examples/integrate/slices.rs"]
mod slices;
#[path = "../examples/integrate/sum.rs"]
mod sum;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use workyard::{Lane, Scheduler};
use workyard_testkit::{Rng, SeedOnPanic, seeds};

use crate::grid::Grid;
use crate::slices::slices;
use crate::sum::Sum;

const STEPS: [u64; 5] = [1, 3, 10, 4_097, 1_000_000];
const TASKS: [u32; 6] = [1, 2, 3, 7, 8, 16];

fn count(tasks: u32) -> NonZeroU32 {
    NonZeroU32::new(tasks).unwrap()
}

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// The sum of the left ends of x^2, worked out on paper: S(a²) + 2·a·dx·S(i) + dx²·S(i²).
#[expect(clippy::cast_precision_loss, reason = "up to a million")]
fn squares_by_formula(from: f64, to: f64, steps: u64) -> f64 {
    let n = steps as f64;
    let dx = (to - from) / n;
    let (i, i2) = (n * (n - 1.0) / 2.0, n * (n - 1.0) * (2.0 * n - 1.0) / 6.0);
    dx * (n * from * from + 2.0 * from * dx * i + dx * dx * i2)
}

#[tokio::test]
async fn every_step_is_evaluated_once_and_the_value_does_not_depend_on_the_tasks() {
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(3)).build().unwrap();
    let mut submitted = 0;
    for from in [0.0, 2.0] {
        for steps in STEPS {
            let grid = Grid::new(from, 10.0, steps).unwrap();
            let sequential = grid.integral(&grid.sum(0..steps, |x| x * x, &|| true));
            assert!(is_near(sequential, squares_by_formula(from, 10.0, steps)), "{sequential} of {grid:?}");
            for tasks in TASKS {
                let evaluations = Arc::new(AtomicU64::new(0));
                let counting = Arc::clone(&evaluations);
                let square = move |x: f64| {
                    counting.fetch_add(1, Ordering::Relaxed);
                    x * x
                };
                let sum_of = move |slice, may_go_on: &dyn Fn() -> bool| grid.sum(slice, &square, may_go_on);
                let sum = parallel::sum(yard.cpu(), grid, count(tasks), sum_of).await.unwrap();
                submitted += u64::from(tasks).min(steps);
                assert_eq!(evaluations.load(Ordering::Relaxed), steps, "{tasks} tasks, {grid:?}");
                assert_eq!(sum.steps(), steps);
                let value = grid.integral(&sum);
                assert!(is_near(value, sequential), "{value} in {tasks} tasks, {sequential} in one: {grid:?}");
            }
        }
    }
    let report = yard.shutdown().await;
    assert!(report.balances() && report.is_clean(), "{report}");
    assert_eq!((report.total.accepted, report.total.completed), (submitted, submitted), "{report}");
}

/// Spreads the points over so many tasks without any lane.
fn in_parts(grid: Grid, tasks: u32, f: impl Fn(f64) -> f64) -> f64 {
    let mut sum = Sum::default();
    for slice in slices(grid.steps(), count(tasks)) {
        sum.merge(grid.sum(slice, &f, &|| true));
    }
    grid.integral(&sum)
}

#[test]
fn the_numbers_of_the_tutorials_come_out() {
    let square = |steps| Grid::new(0.0, 10.0, steps).unwrap();
    for tasks in TASKS {
        // 333.3333 less half a step of what the function gained.
        assert!((in_parts(square(1_000_000), tasks, |x| x * x) - 333.332_833_33).abs() < 1e-6);
        // Where the remainder of 10 by 3 is lost it is 279.8.
        assert!(is_near(in_parts(square(10), tasks, |x| x * x), 285.0));
        // Where a slice forgets where the range begins it is 170.64.
        let from_two = in_parts(Grid::new(2.0, 10.0, 1_000_000).unwrap(), tasks, |x| x * x);
        assert!((from_two - 330.63).abs() < 0.05, "{from_two}");
        let back = in_parts(Grid::new(10.0, 0.0, 1_000_000).unwrap(), tasks, |x| x * x);
        assert!((back + 333.333_833_33).abs() < 1e-6, "{back}");
        assert_eq!(in_parts(Grid::new(3.0, 3.0, 10).unwrap(), tasks, |x| x * x).to_bits(), 0.0_f64.to_bits());
    }
}

#[test]
fn slices_cover_every_step_once_with_lengths_that_differ_by_one() {
    for seed in seeds(300) {
        let _told = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let most = *rng.pick(&[40, usize::MAX >> 11]);
        let steps = 1 + rng.below(most) as u64;
        let tasks = count(1 + u32::try_from(rng.below(50)).unwrap());
        let all: Vec<_> = slices(steps, tasks).collect();
        assert_eq!(all.len() as u64, u64::from(tasks.get()).min(steps));
        assert_eq!((all[0].start, all[all.len() - 1].end), (0, steps));
        assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start), "{all:?}");
        let lengths = || all.iter().map(|slice| slice.end - slice.start);
        let (shortest, longest) = (lengths().min().unwrap(), lengths().max().unwrap());
        assert!(shortest >= 1 && longest - shortest <= 1, "{all:?}");
    }
    assert_eq!(slices(0, count(3)).count(), 0);
}

#[test]
fn what_rounding_takes_is_not_lost() {
    let mut parts = [Sum::default(), Sum::default()];
    for (value, part) in [(1e100, 0), (1.0, 0), (1.0, 1), (-1e100, 1)] {
        parts[part].add(value, 1);
    }
    let [mut sum, other] = parts;
    sum.merge(other);
    assert_eq!((sum.value().to_bits(), sum.steps()), (2.0_f64.to_bits(), 4));
    sum.add(f64::INFINITY, 1);
    assert_eq!(sum.value().to_bits(), f64::INFINITY.to_bits());
}

#[test]
fn a_grid_that_does_not_fit_is_refused() {
    assert!(Grid::new(0.0, 1.0, Grid::MAX_STEPS).is_some());
    for (from, to, steps) in [
        (0.0, 1.0, 0),
        (0.0, 1.0, Grid::MAX_STEPS + 1),
        (f64::NAN, 1.0, 1),
        (0.0, f64::INFINITY, 1),
        (f64::INFINITY, f64::INFINITY, 1),
        (-f64::MAX, f64::MAX, 1),
    ] {
        assert!(Grid::new(from, to, steps).is_none(), "{from} to {to} in {steps}");
    }
}

#[test]
fn a_sum_that_may_not_go_on_says_how_far_it_came() {
    let grid = Grid::new(0.0, 1.0, 1_000_000).unwrap();
    let asked = AtomicU64::new(0);
    let sum = grid.sum(0..1_000_000, |_| 1.0, &|| asked.fetch_add(1, Ordering::Relaxed) < 3);
    assert!((3_000..=30_000).contains(&sum.steps()), "it asks every few thousand steps: {sum:?}");
    assert!(is_near(sum.value(), f64::from(u32::try_from(sum.steps()).unwrap())), "{sum:?}");
}

#[tokio::test]
async fn a_cancelled_integration_is_an_error_and_not_a_wrong_number() {
    let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
    let grid = Grid::new(0.0, 1.0, Grid::MAX_STEPS).unwrap();
    let shutdown = async {
        while yard.snapshot().lanes.iter().all(|lane| lane.counts.ledger.running == 0) {
            tokio::task::yield_now().await;
        }
        yard.shutdown().drain_for(Duration::ZERO).grace(Duration::from_secs(10)).await
    };
    let sum_of = move |slice, may_go_on: &dyn Fn() -> bool| grid.sum(slice, |x| x, may_go_on);
    let (sum, report) = tokio::join!(parallel::sum(yard.cpu(), grid, count(1), sum_of), shutdown);
    let message = sum.unwrap_err().to_string();
    assert!(message.starts_with("cut short: ") && message.ends_with(" of 9007199254740992 steps"), "{message}");
    assert!(report.balances() && report.is_clean(), "{report}");
}

mod program {
    use std::ffi::OsStr;
    use std::time::{Duration, Instant};

    use workyard_testkit::{Finished, Program};

    const SOON: Duration = Duration::from_mins(1);

    fn integrate<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Finished {
        args.into_iter().fold(Program::example("integrate"), Program::arg).run_within(SOON)
    }

    /// The numbers in `accepted A = B completed + C cancelled; stuck: none`, which has to add up.
    #[track_caller]
    fn balanced(finished: &Finished) -> u64 {
        let report = finished.stdout.lines().find_map(|line| line.strip_prefix("report")).unwrap_or_default().trim();
        let (books, stuck) = report.split_once("; stuck: ").unwrap_or_default();
        let (accepted, ended) = books.split_once(" = ").unwrap_or_default();
        let number = |part: &str| part.replace('_', "").parse::<u64>().unwrap();
        let accepted = number(accepted.trim_start_matches("accepted "));
        let ended: u64 = ended.split(" + ").map(|part| number(part.split(' ').next().unwrap())).sum();
        assert_eq!((accepted, stuck), (ended, "none"), "{finished}");
        accepted
    }

    #[test]
    fn a_run_tells_the_integral_twice_and_accounts_for_its_tasks() {
        let finished = integrate(["--steps", "1e6", "--tasks=7"]);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
        assert_eq!(finished.stdout.matches(" 333.3328333").count(), 2, "{finished}");
        assert!(finished.stdout.contains("speed-up") && finished.stdout.contains("usable CPU"), "{finished}");
        assert!(finished.stdout.ends_with("report        accepted 8 = 8 completed; stuck: none\n"), "{finished}");
    }

    #[test]
    fn the_tasks_are_by_default_as_many_as_usable_cpus() {
        let finished = integrate(["--steps=1_000", "--function=exp", "--from=-1", "--to", "-2"]);
        assert_eq!(finished.code, Some(0), "{finished}");
        assert!(finished.stdout.contains(" -0.2326"), "the integral of exp from -1 to -2: {finished}");
        let usable = workyard::machine().usable().get().min(1_000) as u64;
        assert_eq!(balanced(&finished), 1 + usable, "{finished}");
    }

    #[test]
    fn more_tasks_than_steps_are_as_many_as_steps() {
        let finished = integrate(["--steps", "3", "--tasks", "100_000"]);
        assert_eq!((finished.code, balanced(&finished)), (Some(0), 4), "{finished}");
    }

    #[test]
    fn more_tasks_than_the_queue_holds_wait_for_room() {
        let finished = integrate(["--steps", "10_000", "--tasks", "5000"]);
        assert_eq!((finished.code, balanced(&finished)), (Some(0), 5_001), "{finished}");
    }

    #[test]
    fn a_sweep_tells_which_count_is_fastest() {
        let finished = integrate(["--sweep", "--steps", "100_000"]);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
        let first_words = finished.stdout.lines().filter(|line| line.ends_with('#'));
        let counts: Vec<usize> =
            first_words.map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect();
        let machine = workyard::machine();
        assert!(counts.is_sorted_by(|a, b| a < b) && counts.starts_with(&[1, 2]), "{finished}");
        assert!(counts.contains(&machine.logical()) && counts.contains(&(2 * machine.logical())), "{finished}");
        let fastest = finished.stdout.lines().find_map(|line| line.strip_prefix("fastest       ")).unwrap_or_default();
        let fastest = fastest.split(' ').next().and_then(|count| count.parse().ok());
        assert!(fastest.is_some_and(|count| counts.contains(&count)), "{finished}");
        assert!(finished.stdout.lines().all(|line| line.chars().count() <= 80), "{finished}");
        assert!(!finished.stdout.contains('\u{1b}'), "{finished}");
        assert_eq!(balanced(&finished), 3 * counts.iter().sum::<usize>() as u64, "{finished}");
    }

    #[test]
    fn help_and_the_list_are_answers_and_not_errors() {
        for (args, part) in [(["--help"], "--sweep"), (["-h"], "usage: integrate"), (["--function=list"], "exp(-x^2)")]
        {
            let finished = integrate(args);
            assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
            assert!(finished.stdout.contains(part), "{finished}");
            assert!(finished.stdout.lines().all(|line| line.len() <= 80), "{finished}");
        }
    }

    #[test]
    fn each_function_of_the_list_has_its_integral() {
        for (name, integral) in [
            ("x", 0.5),
            ("x2", 1.0 / 3.0),
            ("x3", 0.25),
            ("sin", 1.0 - 1.0_f64.cos()),
            ("cos", 1.0_f64.sin()),
            ("exp", 1.0_f64.exp() - 1.0),
            ("bell", 0.746_824_132_812_427),
        ] {
            let finished = integrate(["--function", name, "--from=0", "--to=1", "--steps=1e5"]);
            let value = finished.stdout.lines().find_map(|line| line.strip_prefix("plain loop")).unwrap_or_default();
            let value: f64 = value.split_whitespace().next().unwrap().parse().unwrap();
            assert!((value - integral).abs() < 1e-5, "{name}: {integral}, {finished}");
        }
        assert_eq!(integrate(["--function=list"]).stdout.lines().count(), 7, "a function without a case above");
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused_in_one_line() {
        for args in [
            &["--steps", "0"][..],
            &["--steps", "-1"],
            &["--steps", ""],
            &["--steps", "1e30"],
            &["--steps", "1.5"],
            &["--steps", "1e-3"],
            &["--steps", "_1"],
            &["--steps", "1__0"],
            &["--steps", "18446744073709551616"],
            &["--steps", "9007199254740993"],
            &["--steps", "1e99999999999999999999"],
            &["--steps", "\u{0663}"],
            &["--steps"],
            &["--tasks", "0"],
            &["--tasks", "100_001"],
            &["--tasks", "many"],
            &["--tasks"],
            &["--from", "NaN"],
            &["--to", "inf"],
            &["--to", "1e400"],
            &["--from", ""],
            &["--from", "-1e308", "--to", "1e308"],
            &["--function", "tan"],
            &["--function", ""],
            &["--function"],
            &["--sweep", "--tasks", "2"],
            &["--sweep=yes"],
            &["--faster"],
            &["-x"],
            &["--line\nbreak\u{1b}[1m"],
            &["--function", "line\nbreak"],
            &["8"],
        ] {
            let finished = integrate(args);
            assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{args:?}: {finished}");
            assert_eq!(finished.stderr.matches('\n').count(), 1, "{args:?}: {finished}");
            assert!(finished.stderr.ends_with('\n') && finished.stderr.len() > 20, "{args:?}: {finished}");
            assert!(!finished.stderr.contains('\u{1b}') && !finished.stderr.contains("panicked"), "{finished}");
        }
    }

    #[test]
    fn numbers_may_be_written_as_people_write_them() {
        for steps in ["2500", "2_500", "25e2", "2.5E3", "2.500e3", "0.0025e6"] {
            let finished = integrate(["--steps", steps]);
            assert!(finished.stdout.contains("\n2_500 steps"), "{steps}: {finished}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_argument_that_is_not_text_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;

        for args in [[&b"--steps"[..], b"\xff"], [b"--function", b"\xff"], [b"--from", b"\xff"], [b"-\xff", b"--\xff"]]
        {
            let finished = integrate(args.map(OsStr::from_bytes));
            assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{finished}");
            assert_eq!(finished.stderr.lines().count(), 1, "{finished}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn ctrl_c_ends_a_long_run_soon_and_with_its_account() {
        // 10^15 steps take days.
        for args in [&["--tasks", "5000"][..], &["--sweep"]] {
            let program = args.iter().fold(Program::example("integrate"), Program::arg);
            let running = program.arg("--steps=1e15").spawn();
            running.wait_for_line("usable CPU", SOON);
            let since = Instant::now();
            running.interrupt();
            let finished = running.finish_within(SOON);
            let took = since.elapsed();
            println!("Ctrl-C took {took:?}");
            // A second is the promise; this machine may be busy.
            assert!(took < Duration::from_secs(5), "{took:?}: {finished}");
            assert_eq!((finished.code, finished.signal), (Some(130), None), "{finished}");
            assert_eq!(finished.stderr, "integrate: interrupted\n");
            assert!(balanced(&finished) >= 1, "{finished}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_reader_that_has_enough_is_no_error() {
        let path = std::env::current_exe().unwrap().parent().unwrap().join("../examples/integrate");
        for args in ["--steps 1e5", "--steps 1e5 --sweep", "--help"] {
            let finished = Program::new("/bin/sh")
                .arg("-c")
                .arg(format!("{{ \"$0\" {args}; echo \"code $?\" >&2; }} | head -1"))
                .arg(&path)
                .run_within(SOON);
            assert_eq!((finished.code, finished.stdout.lines().count()), (Some(0), 1), "{finished}");
            assert_eq!(finished.stderr, "code 0\n", "{finished}");
        }
    }
}
