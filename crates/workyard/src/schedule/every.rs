//! Owns the surface of a timer that fires again and again. Never waits.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::{Even, Missed, Overlap, Priority};

use crate::lane::{BlockingLane, ClosureTask, CpuLane, Fallible, FutureTask, IoLane, LaneShared, Retried, Value};
use crate::retry::Retry;
#[cfg(feature = "cron")]
use crate::schedule::calendar::{Calendar, CronError};
use crate::schedule::entry::MakeTick;
use crate::schedule::options::{Plan, Rhythm, Targets, timer_options};
use crate::schedule::pace::Pace;
use crate::schedule::tick::{Attempts, EndOfTick, Seed, Tick};
use crate::schedule::timer::Timer;
use crate::task::cell::Task;
use crate::task::header::Options;
use crate::task::{BoxError, Name};

/// Tasks do not begin more often than tokio's timers tick.
const SHORTEST: Duration = Duration::from_millis(1);

/// A task that is to be given to its lane again and again; made by [`Scheduler::every`](crate::Scheduler::every), and, with the
/// feature `cron`, by `Scheduler::cron`. Options first, then one of the verbs, of which each sets the timer and gives a
/// [`Timer`] to end it with.
///
/// The function is called with the [`Tick`] in the body of each task, so it is `Fn`, and its panic is that task's. A tick is a
/// task as others are: in the ledger of its lane, under its limit. Nobody holds its handle: what it returns is dropped, a
/// failure is counted as [unobserved](crate::LaneSnapshot::unobserved_failures), a panic logged; the next tick comes all the
/// same.
///
/// What becomes of ticks that come too late or too early is two rules: [`missed`](Self::missed) and [`overlap`](Self::overlap).
/// A tick that finds its lane full waits for room as a timer that fires once does ([`After`](crate::After)), and has not ended
/// until it had its turn. So at most one tick of a timer waits for room, also with [`Overlap::Allow`]: what is due meanwhile is
/// missed, or, with [`Overlap::Queue`], late.
///
/// A function that holds a [`Scheduler`](crate::Scheduler) keeps its own yard from being dropped, though not from being shut
/// down; let it hold lanes, or a [`WeakScheduler`](crate::WeakScheduler).
///
/// Shutdown ends all timers as soon as it starts, and so does dropping the last [`Scheduler`](crate::Scheduler); ticks that
/// their lanes have by then are drained with the rest. What is set later is dropped at once and counted as refused.
///
/// # Cost
/// A tick costs its task, an allocation of that size on its way there, and O(log timers). All timers of a yard share one tokio
/// task, which is there only while there are timers and wakes only when one is due.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// use std::time::Duration;
/// use workyard::{Overlap, Scheduler, Tick};
///
/// async fn report(tick: Tick) {
///     println!("tick {} is {:?} late", tick.number(), tick.late());
/// }
///
/// let yard = Scheduler::new();
/// let reports = yard.every(Duration::from_secs(60)).overlap(Overlap::Skip).io(report);
/// tokio::time::sleep(Duration::from_secs(3 * 60 + 1)).await;
/// assert!(reports.cancel());
/// assert_eq!(yard.shutdown().await.to_string(), "accepted 3 = 3 completed; stuck: none");
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[must_use = "a timer is set by one of the verbs, such as `io`"]
pub struct Every<'a, R = Value> {
    targets: Targets<'a>,
    plan: Plan,
    when: Rhythm,
    returns: PhantomData<R>,
}

timer_options!(Every);

impl<'a> Every<'a> {
    pub(crate) fn new(targets: Targets<'a>, period: Duration) -> Self {
        Self::by(targets, Pace::Even(Even::new(period.max(SHORTEST))))
    }

    /// By a cron pattern, in this zone.
    #[cfg(feature = "cron")]
    pub(crate) fn cron(targets: Targets<'a>, pattern: &str, zone: Option<&str>) -> Result<Self, CronError> {
        let calendar = Calendar::parse(pattern, zone)?;
        Ok(Self::by(targets, Pace::Calendar(Box::new(calendar))))
    }

    fn by(targets: Targets<'a>, pace: Pace) -> Self {
        let (missed, overlap) = (Missed::default(), Overlap::default());
        let when = Rhythm { first_after: None, pace, missed, overlap };
        Self { targets, plan: Plan::default(), when, returns: PhantomData }
    }
}

impl<'a, R> Every<'a, R> {
    /// When the first tick is due, from now; a whole period by default. Zero means at once. With a cron pattern, the first tick
    /// is that of the first time after this delay, which is zero by default.
    pub fn first_after(mut self, delay: Duration) -> Self {
        self.when.first_after = Some(delay);
        self
    }

    /// What becomes of due times that have passed; [`Missed::Skip`] by default: one tick at once, for all of them together, and
    /// then on at the times that were due all along.
    pub fn missed(mut self, missed: Missed) -> Self {
        self.when.missed = missed;
        self
    }

    /// What becomes of a tick that is due while the body of the one before has not ended; [`Overlap::Skip`] by default. The
    /// body counts: one that goes on after its timeout was answered is still there.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.when.overlap = overlap;
        self
    }

    /// Has each tick be tried again, as the policy says; all ticks share its budget. A tick that waits for its next attempt has not ended,
    /// see [`overlap`](Self::overlap). An `Err` of the last attempt is a failure, as with [`fallible`](Self::fallible).
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
    /// use std::time::Duration;
    /// use workyard::{Retry, Scheduler};
    ///
    /// let yard = Scheduler::new();
    /// let retry = Retry::exponential().attempts(3).build()?;
    /// let sync = yard.every(Duration::from_secs(60)).retry(retry).io(async |_tick| Err::<(), _>("the other side is down"));
    /// tokio::time::sleep(Duration::from_secs(65)).await;
    /// assert!(sync.cancel());
    /// assert_eq!(yard.snapshot().lanes[0].counts.retries, 2);
    /// assert_eq!(yard.shutdown().await.total.failed, 1);
    /// # Ok::<_, workyard::BoxError>(()) })?;
    /// # Ok::<_, workyard::BoxError>(())
    /// ```
    pub fn retry(self, policy: Retry) -> Every<'a, Retried> {
        let Self { targets, mut plan, when, .. } = self;
        plan.retry = Some(policy);
        Every { targets, plan, when, returns: PhantomData }
    }

    #[track_caller]
    fn set(
        self,
        lane: &Arc<LaneShared>,
        make: impl Fn(Arc<LaneShared>, Options, Seed, EndOfTick) -> Arc<dyn Task> + Send + Sync + 'static,
    ) -> Timer {
        let Self { targets, plan, when, .. } = self;
        let about = plan.about(lane, Location::caller());
        let lane = Arc::clone(lane);
        let make: Arc<MakeTick> = Arc::new(move |options, seed, end| make(Arc::clone(&lane), options, seed, end));
        targets.schedule.series(when, about, make)
    }
}

/// The verbs, which are the same whatever the function returns.
macro_rules! every_verbs {
    (
        $returns:ty, by: $future_of_tick:ident, $closure_of_tick:ident,
        future: [$($future:ident),+] where [$($future_bounds:tt)+],
        closure: [$($closure:ident),+] where [$($closure_bounds:tt)+]
    ) => {
        impl Every<'_, $returns> {
            /// Sets a timer for futures on the yard's io lane.
            #[track_caller]
            pub fn io<$($future),+>(self, function: C) -> Timer
            where
                $($future_bounds)+
            {
                let lane = self.targets.io;
                self.io_on(lane, function)
            }

            /// Sets a timer for a closure on the yard's cpu lane.
            #[track_caller]
            pub fn cpu<$($closure),+>(self, function: F) -> Timer
            where
                $($closure_bounds)+
            {
                let lane = self.targets.cpu;
                self.cpu_on(lane, function)
            }

            /// Sets a timer for a closure on the yard's blocking lane.
            #[track_caller]
            pub fn blocking<$($closure),+>(self, function: F) -> Timer
            where
                $($closure_bounds)+
            {
                let lane = self.targets.blocking;
                self.blocking_on(lane, function)
            }

            /// As [`io`](Self::io), on a lane of your choice.
            #[track_caller]
            pub fn io_on<$($future),+>(self, lane: &IoLane, function: C) -> Timer
            where
                $($future_bounds)+
            {
                let function = Arc::new(function);
                self.set(lane.shared(), move |lane, options, seed, end| {
                    let body = $future_of_tick(Arc::clone(&function), seed, end);
                    FutureTask::<$returns>::described(&lane, options).submit(body).into_task()
                })
            }

            /// As [`cpu`](Self::cpu), on a lane of your choice.
            #[track_caller]
            pub fn cpu_on<$($closure),+>(self, lane: &CpuLane, function: F) -> Timer
            where
                $($closure_bounds)+
            {
                self.closure(lane.shared(), function)
            }

            /// As [`blocking`](Self::blocking), on a lane of your choice.
            #[track_caller]
            pub fn blocking_on<$($closure),+>(self, lane: &BlockingLane, function: F) -> Timer
            where
                $($closure_bounds)+
            {
                self.closure(lane.shared(), function)
            }

            #[track_caller]
            fn closure<$($closure),+>(self, lane: &Arc<LaneShared>, function: F) -> Timer
            where
                $($closure_bounds)+
            {
                let function = Arc::new(function);
                self.set(lane, move |lane, options, seed, end| {
                    let body = $closure_of_tick(Arc::clone(&function), seed, end);
                    ClosureTask::<$returns>::described(&lane, options).submit(body).into_task()
                })
            }
        }
    };
}

every_verbs! {
    Value, by: future_of, closure_of,
    future: [C, F, T] where [
        C: Fn(Tick) -> F + Send + Sync + 'static, F: Future<Output = T> + Send + 'static, T: Send + 'static
    ],
    closure: [F, T] where [F: Fn(Tick) -> T + Send + Sync + 'static, T: Send + 'static]
}

every_verbs! {
    Fallible, by: future_of, closure_of,
    future: [C, F, T, E] where [
        C: Fn(Tick) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
    ],
    closure: [F, T, E] where [
        F: Fn(Tick) -> Result<T, E> + Send + Sync + 'static, T: Send + 'static, E: Into<BoxError> + 'static
    ]
}

every_verbs! {
    Retried, by: futures_of, closures_of,
    future: [C, F, T, E] where [
        C: Fn(Tick) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
    ],
    closure: [F, T, E] where [
        F: Fn(Tick) -> Result<T, E> + Send + Sync + 'static, T: Send + 'static, E: Into<BoxError> + 'static
    ]
}

async fn future_of<C, F>(function: Arc<C>, seed: Seed, end: EndOfTick) -> F::Output
where
    C: Fn(Tick) -> F + Send + Sync + 'static,
    F: Future + Send + 'static,
{
    let _end = end;
    function(seed.begin()).await
}

fn closure_of<F, T>(function: Arc<F>, seed: Seed, end: EndOfTick) -> impl FnOnce() -> T + Send + 'static
where
    F: Fn(Tick) -> T + Send + Sync + 'static,
{
    move || {
        let _end = end;
        function(seed.begin())
    }
}

/// Called for each attempt.
fn futures_of<C, F>(function: Arc<C>, seed: Seed, end: EndOfTick) -> impl FnMut() -> F + Send + 'static
where
    C: Fn(Tick) -> F + Send + Sync + 'static,
{
    closures_of(function, seed, end)
}

/// Called for each attempt.
fn closures_of<F, T>(function: Arc<F>, seed: Seed, end: EndOfTick) -> impl FnMut() -> T + Send + 'static
where
    F: Fn(Tick) -> T + Send + Sync + 'static,
{
    let mut attempts = Attempts::new(seed);
    move || {
        let _end = &end;
        function(attempts.tick())
    }
}
