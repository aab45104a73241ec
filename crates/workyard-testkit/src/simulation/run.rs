//! Owns the run of one simulation from its beginning to its end, and sweeps of many. Never chooses what goes on next.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::coop::unconstrained;

use super::core::{Core, Halt};
use super::failure::{SimulationError, SimulationErrorKind};
use super::log::EventLog;
use super::sim::Sim;

/// A simulation that ended.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Simulated<T> {
    /// What the test gave.
    pub output: T,
    /// What happened.
    pub log: EventLog,
    /// How much virtual time passed.
    pub elapsed: Duration,
}

/// A simulation to be run: a seed, and how far it may go.
#[derive(Clone, Copy, Debug)]
#[must_use = "a simulation does nothing until it is run"]
pub struct Simulation {
    seed: u64,
    ends_within: Duration,
    steps_at_most: u64,
    keeps_log: bool,
}

impl Simulation {
    /// A simulation with this seed, of at most a year and ten million steps, that keeps its log.
    pub const fn new(seed: u64) -> Self {
        Self { seed, ends_within: A_YEAR, steps_at_most: 10_000_000, keeps_log: true }
    }

    /// How much virtual time may pass before it counts as failed; at most a year.
    pub fn ends_within(mut self, time: Duration) -> Self {
        self.ends_within = time.min(A_YEAR);
        self
    }

    /// How many steps it may take before it counts as failed.
    pub const fn steps_at_most(mut self, steps: u64) -> Self {
        self.steps_at_most = steps;
        self
    }

    /// Keeps only the length and the hash of the log.
    pub const fn without_log(mut self) -> Self {
        self.keeps_log = false;
        self
    }

    /// Runs it, on a thread of its own.
    ///
    /// # Errors
    /// [`SimulationError`] if the test panics, or does not end.
    ///
    /// # Panics
    /// If the system gives no thread.
    #[expect(clippy::expect_used, reason = "documented")]
    pub fn run<F, T>(self, test: impl FnOnce(Sim) -> F + Send) -> Result<Simulated<T>, SimulationError>
    where
        F: Future<Output = T>,
        T: Send,
    {
        // A fresh thread has fresh thread-locals, of which tokio and others make decisions depend.
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name(format!("simulation {}", self.seed));
            let running = thread.spawn_scoped(scope, || self.run_here(test)).expect("the system gives no thread");
            running.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        })
    }

    #[expect(clippy::expect_used, reason = "documented")]
    fn run_here<F, T>(self, test: impl FnOnce(Sim) -> F) -> Result<Simulated<T>, SimulationError>
    where
        F: Future<Output = T>,
    {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("no runtime");
        let _inside = runtime.enter();
        let core = Core::new(self.seed, self.steps_at_most, self.keeps_log);
        let here = workyard::simulation::enter(core.clone());
        core.add_root();
        let sim = Sim::new(core.clone(), self.seed);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                let mut horizon = pin!(unconstrained(tokio::time::sleep(self.ends_within)));
                let mut test = pin!(async { test(sim).await });
                let turn = poll_fn(|cx| match core.turn(test.as_mut(), cx) {
                    Poll::Ready(ended) => Poll::Ready(Some(ended)),
                    Poll::Pending => horizon.as_mut().poll(cx).map(|()| None),
                });
                turn.await
            })
        }));
        let at = core.elapsed();
        let kind = match ended {
            Ok(Some(Ok(output))) => Ok(output),
            Ok(Some(Err(Halt::TooManySteps))) => Err(SimulationErrorKind::TooManySteps(self.steps_at_most)),
            Ok(None) => Err(SimulationErrorKind::NoEnd(self.ends_within)),
            Ok(Some(Err(Halt::Thrown(payload)))) | Err(payload) => {
                Err(SimulationErrorKind::Panicked(words_of(&*payload)))
            }
        };
        let log = core.take_log();
        // Inside of the runtime, since what is dropped may look at the clock.
        let end = catch_unwind(AssertUnwindSafe(|| core.end()));
        drop(here);
        let kind = match (kind, end) {
            (Ok(_), Err(payload)) => Err(SimulationErrorKind::Panicked(words_of(&*payload))),
            (kind, _) => kind,
        };
        match kind {
            Ok(output) => Ok(Simulated { output, log, elapsed: at }),
            Err(kind) => Err(SimulationError { seed: self.seed, kind, at, log }),
        }
    }
}

/// Runs a test in a simulation with this seed: see the [module's page](crate::simulation) for what that is.
///
/// # Panics
/// If the simulation fails, with what [`SimulationError`] says: the seed, why, and the last events.
#[track_caller]
#[expect(clippy::panic, reason = "documented")]
pub fn simulate<F, T>(seed: u64, test: impl FnOnce(Sim) -> F + Send) -> Simulated<T>
where
    F: Future<Output = T>,
    T: Send,
{
    Simulation::new(seed).run(test).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Runs a test with one seed after the other, until one fails.
pub fn first_failure<F>(seeds: impl IntoIterator<Item = u64>, test: impl Fn(Sim) -> F + Sync) -> Option<SimulationError>
where
    F: Future<Output = ()>,
{
    seeds.into_iter().find_map(|seed| Simulation::new(seed).run(&test).err())
}

fn words_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without words").to_owned()
}

const A_YEAR: Duration = Duration::from_hours(24 * 365);
