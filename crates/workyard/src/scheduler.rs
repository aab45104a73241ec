//! Owns what a user holds: the facade over the lanes. Never schedules anything itself.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::builder::{BuildError, Builder};
use crate::clock::Clock;
use crate::group::Group;
use crate::lane::{BlockingLane, CpuLane, IoLane};
use crate::observe::{Snapshot, TaskInfo};
#[cfg(feature = "cron")]
use crate::schedule::CronError;
use crate::schedule::{After, Every, TimerInfo};
use crate::shutdown::Shutdown;
use crate::yard::{NamedLane, Yard};

/// The yard: lanes for what waits, what computes and what blocks, and the account of every task they accepted.
///
/// Clones are cheap and are the same yard. When the last one is dropped without [`shutdown`](Self::shutdown), what is left is
/// cancelled and what was cut is logged; that never blocks. Lanes, handles and contexts do not keep the yard alive.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use std::time::Duration;
/// use workyard::Scheduler;
///
/// let yard = Scheduler::new();
/// let page = yard.io().submit(async { String::from("<html>") }).await?;
/// let page = page.await?;
/// let length = yard.cpu().run(move || page.len()).await?;
/// assert_eq!(length, 6);
/// let report = yard.shutdown().drain_for(Duration::from_secs(30)).await;
/// assert_eq!(report.to_string(), "accepted 2 = 2 completed; stuck: none");
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[derive(Clone)]
pub struct Scheduler {
    yard: Arc<Yard>,
}

impl Scheduler {
    /// A yard with the default lanes, on the tokio runtime that this is called in.
    ///
    /// The cpu lane gets a thread for each CPU that the process may use ([`machine`](crate::machine())); the other defaults are those of
    /// [`Lane`](crate::Lane).
    ///
    /// # Panics
    /// Outside of a tokio runtime (there, use [`standalone`](Self::standalone)), and if the system gives no threads.
    #[expect(clippy::new_without_default, reason = "it depends on where it is called")]
    #[track_caller]
    pub fn new() -> Self {
        match Self::builder().build() {
            Ok(yard) => yard,
            Err(error) => cannot_build(&error),
        }
    }

    /// A yard with the default lanes and a tokio runtime of its own, for programs without one.
    ///
    /// The runtime ends when the last `Scheduler` is dropped, without waiting for anything, also inside of async code.
    ///
    /// # Errors
    /// [`BuildError`] if the system gives no threads.
    ///
    /// # Examples
    /// ```
    /// let yard = workyard::Scheduler::standalone()?;
    /// let answer = yard.cpu().blocking_run(|| 6 * 7)?;
    /// assert_eq!(answer, 42);
    /// let report = yard.shutdown().blocking_join();
    /// assert_eq!(report.to_string(), "accepted 1 = 1 completed; stuck: none");
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn standalone() -> Result<Self, BuildError> {
        Self::builder().build_standalone()
    }

    /// Describes a yard before it is built.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new_from(yard: Yard) -> Self {
        Self { yard: Arc::new(yard) }
    }

    /// The lane of what waits: futures.
    pub fn io(&self) -> &IoLane {
        &self.yard.io
    }

    /// The lane of what computes: closures on threads of its own.
    pub fn cpu(&self) -> &CpuLane {
        &self.yard.cpu
    }

    /// The lane of what blocks: closures on tokio's blocking threads.
    pub fn blocking(&self) -> &BlockingLane {
        &self.yard.blocking
    }

    /// The io lane that was given this name. A scan of the named lanes: look it up once and keep a clone.
    ///
    /// # Errors
    /// [`NoSuchLane`] if no io lane has the name.
    pub fn io_lane(&self, name: &str) -> Result<&IoLane, NoSuchLane> {
        match self.yard.named(name) {
            Some(NamedLane::Io(lane)) => Ok(lane),
            other => Err(NoSuchLane::new("io", name, other)),
        }
    }

    /// The cpu lane that was given this name, as [`io_lane`](Self::io_lane).
    ///
    /// # Errors
    /// [`NoSuchLane`] if no cpu lane has the name.
    pub fn cpu_lane(&self, name: &str) -> Result<&CpuLane, NoSuchLane> {
        match self.yard.named(name) {
            Some(NamedLane::Cpu(lane)) => Ok(lane),
            other => Err(NoSuchLane::new("cpu", name, other)),
        }
    }

    /// The blocking lane that was given this name, as [`io_lane`](Self::io_lane).
    ///
    /// # Errors
    /// [`NoSuchLane`] if no blocking lane has the name.
    pub fn blocking_lane(&self, name: &str) -> Result<&BlockingLane, NoSuchLane> {
        match self.yard.named(name) {
            Some(NamedLane::Blocking(lane)) => Ok(lane),
            other => Err(NoSuchLane::new("blocking", name, other)),
        }
    }

    /// A new, empty group of tasks that live and die together, and all give a `T`.
    pub fn group<T: Send + 'static>(&self) -> Group<T> {
        Group::new(self.io(), self.cpu(), self.blocking())
    }

    /// Begins a timer that fires once, after this delay. [`Duration::MAX`] means never.
    ///
    /// It counts on tokio's clock, which goes on evenly whatever the clock on the wall is set to, and, on Linux, stands still while the
    /// machine is suspended. It fires when the time has come or up to 2 ms later, never before.
    pub fn after(&self, delay: Duration) -> After<'_> {
        After::new(self.yard.targets(), delay)
    }

    /// Begins a timer that fires once, at this time of the clock on the wall; at once if it has passed.
    ///
    /// How far that is, is measured when this is called; from then on it is as [`after`](Self::after), and does not notice that somebody
    /// sets the clock.
    pub fn at(&self, time: SystemTime) -> After<'_> {
        self.after(Clock::until(time))
    }

    /// Begins a timer that fires again and again, first after a whole period. A period of less than a millisecond counts as one;
    /// [`Duration::MAX`] means never.
    ///
    /// It counts as [`after`](Self::after) does. The due times are multiples of the period after the first one, so they do not drift.
    pub fn every(&self, period: Duration) -> Every<'_> {
        Every::new(self.yard.targets(), period)
    }

    /// Begins a timer that fires again and again, at the times that a cron pattern matches, in UTC; `cron_in` is for other zones.
    ///
    /// The pattern has five fields, as those of a crontab: minute, hour, day of the month, month, day of the week; or six, with seconds
    /// first. Each may have lists, ranges, steps and names, and there is more: see [croner], which reads it.
    ///
    /// It goes by the clock on the wall, and fires when the time has come or up to 2 ms later, never before. When that clock is set, or the
    /// machine was asleep, this notices within an hour: a tick that was passed over comes then, late, and one that is further away now is
    /// put off; by default there is one tick for all that were missed, never a burst. To notice, it wakes once an hour.
    ///
    /// # Errors
    /// [`CronError`] if this is not a pattern, or no time to come matches it.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # async fn nightly() {}
    /// let yard = workyard::Scheduler::new();
    /// yard.cron("0 3 * * *")?.io(|_tick| nightly());
    /// yard.cron("*/10 8-17 * * MON-FRI")?.name("at work").cpu(|tick| println!("{} missed", tick.missed()));
    /// assert!(yard.cron("0 25 * * *").is_err());
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    ///
    /// [croner]: https://docs.rs/croner
    #[cfg(feature = "cron")]
    pub fn cron(&self, pattern: &str) -> Result<Every<'_>, CronError> {
        Every::cron(self.yard.targets(), pattern, None)
    }

    /// As [`cron`](Self::cron), in another time zone, by its name (`Europe/Berlin`) or its rule (`CET-1CEST,M3.5.0,M10.5.0/3`).
    ///
    /// Where clocks are set forward, a fixed time that is skipped (`30 2 * * *`) is met right after the gap, and times of an interval
    /// (`*/10 * * * *`) that lie in it are not there. Where clocks are set back, a fixed time that comes twice is met the first time, and
    /// those of an interval in both hours.
    ///
    /// # Errors
    /// As [`cron`](Self::cron), and if there is no such zone. Names are looked up in the system's list of zones, or, on systems without, in
    /// one that is part of the program.
    #[cfg(feature = "cron")]
    pub fn cron_in(&self, pattern: &str, zone: &str) -> Result<Every<'_>, CronError> {
        Every::cron(self.yard.targets(), pattern, Some(zone))
    }

    /// The timers that are going to fire, the next one first. O(timers · log timers), partly under their lock: for people and
    /// logs, not for loops.
    pub fn scheduled(&self) -> Vec<TimerInfo> {
        self.yard.schedule.infos()
    }

    /// A token that is cancelled when shutdown starts, so that a service's loops stop feeding at once. Cancelling it
    /// oneself does not reach the yard.
    pub fn closing(&self) -> CancellationToken {
        self.yard.shared.closing.child_token()
    }

    /// Begins the end: no more intake, drain, cancel, abandon. See [`Shutdown`] for the options; await it for the report.
    pub fn shutdown(&self) -> Shutdown {
        Shutdown::new(&self.yard)
    }

    /// The numbers of all lanes, now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { lanes: self.yard.snapshots(), alarms: self.yard.shared.watchdog.alarms() }
    }

    /// The tasks that are queued, running or overrunning, lane by lane. O(tasks): for people and logs, not for loops.
    pub fn tasks(&self) -> Vec<TaskInfo> {
        self.yard.tasks()
    }

    /// A reference that does not keep the yard alive.
    pub fn downgrade(&self) -> WeakScheduler {
        WeakScheduler { yard: Arc::downgrade(&self.yard) }
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler").field("snapshot", &format_args!("{}", self.snapshot())).finish()
    }
}

#[expect(clippy::panic, reason = "documented, as tokio::spawn's is")]
#[track_caller]
fn cannot_build(error: &BuildError) -> ! {
    panic!("cannot build a scheduler: {error}")
}

/// A [`Scheduler`] that may be gone.
#[derive(Clone)]
pub struct WeakScheduler {
    yard: Weak<Yard>,
}

impl WeakScheduler {
    /// The yard, unless its last [`Scheduler`] was dropped.
    pub fn upgrade(&self) -> Option<Scheduler> {
        self.yard.upgrade().map(|yard| Scheduler { yard })
    }
}

impl fmt::Debug for WeakScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakScheduler")
    }
}

/// No lane of that kind has that name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no {wanted} lane {name:?}{}", self.hint())]
pub struct NoSuchLane {
    wanted: &'static str,
    name: String,
    is: Option<&'static str>,
}

impl NoSuchLane {
    fn new(wanted: &'static str, name: &str, found: Option<&NamedLane>) -> Self {
        Self { wanted, name: name.to_owned(), is: found.map(|lane| lane.shared().executor.word()) }
    }

    fn hint(&self) -> String {
        match (self.is, &*self.name) {
            (Some(is), _) => format!(": it is a lane of kind {is}"),
            (None, "io" | "cpu" | "blocking") => {
                format!(" but the one that each yard has, which is `yard.{}()`", self.name)
            }
            (None, _) => String::new(),
        }
    }
}
