//! Owns the surface of a timer that fires once. Never waits.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use workyard_core::Priority;

use crate::lane::{BlockingLane, ClosureTask, CpuLane, Fallible, FutureTask, IoLane, LaneShared, Value};
use crate::schedule::options::{Plan, Targets, timer_options};
use crate::schedule::timer::Timer;
use crate::schedule::unmade::Unmade;
use crate::task::cell::Task;
use crate::task::header::Options;
use crate::task::{BoxError, Name};

/// A task that is to be given to its lane later, once; made by [`Scheduler::after`](crate::Scheduler::after) and
/// [`Scheduler::at`](crate::Scheduler::at). Say what it is by one of the verbs, of which each sets the timer and gives a
/// [`Timer`] to cancel it with.
///
/// The task is *scheduled* from then on: it is accepted, and counted as [`scheduled`](crate::Ledger::scheduled) in its lane.
/// When its time has come, it is submitted as by `submit`. If the lane is full, it waits for room: the due timers of a lane
/// stand in the lane's line together, as one submitter, in their order (due time, priority, order of insertion). From then on
/// it is a task as others are. Its span has no parent, and nobody holds its handle: what it returns is dropped, and a failure
/// is counted as [unobserved](crate::LaneSnapshot::unobserved_failures), a panic logged.
///
/// Shutdown cancels what is scheduled as soon as it starts, and its report counts that; what is set later is dropped at once
/// and counted as refused. Dropping the last [`Scheduler`](crate::Scheduler) does the same.
///
/// # Cost
/// Setting it costs one short lock, however many timers there are, an allocation if the work is larger than three words, and one more if it has a name or a timeout. Having it
/// fire costs an allocation, that of its task, and two locks for up to 64 of them. All timers of a yard share one tokio task, which is there only while there are timers and wakes only
/// when one is due.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
/// use std::time::Duration;
///
/// let yard = workyard::Scheduler::new();
/// yard.after(Duration::from_secs(3)).io(async { println!("once") }); // gives a handle to cancel; dropping it detaches
/// yard.after(Duration::from_secs(60)).name("cleanup").fallible().blocking(|| std::fs::remove_file("no such file"));
/// tokio::time::sleep(Duration::from_secs(4)).await;
/// assert_eq!(yard.snapshot().ledger().to_string(), "accepted 2 = 1 completed + 1 scheduled");
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
#[must_use = "a timer is set by one of the verbs, such as `io`"]
pub struct After<'a, R = Value> {
    targets: Targets<'a>,
    plan: Plan,
    when: Duration,
    returns: PhantomData<R>,
}

timer_options!(After);

impl<'a> After<'a> {
    pub(crate) fn new(targets: Targets<'a>, delay: Duration) -> Self {
        Self { targets, plan: Plan::default(), when: delay, returns: PhantomData }
    }
}

impl<R> After<'_, R> {
    #[track_caller]
    fn set<M>(self, lane: &Arc<LaneShared>, make: M) -> Timer
    where
        M: FnOnce(&Arc<LaneShared>, Options) -> Arc<dyn Task> + Send + 'static,
    {
        let Self { targets, plan, when, .. } = self;
        let priority = plan.priority;
        targets.schedule.once(when, lane, priority, Unmade::new(lane, plan.options(Location::caller()), make))
    }
}

/// The verbs, which are the same whatever the work returns.
macro_rules! once_verbs {
    (
        $returns:ty,
        future: [$($future:ident),+] where [$($future_bounds:tt)+],
        closure: [$($closure:ident),+] where [$($closure_bounds:tt)+]
    ) => {
        impl After<'_, $returns> {
            /// Sets a timer for a future on the yard's io lane.
            #[track_caller]
            pub fn io<$($future),+>(self, work: F) -> Timer
            where
                $($future_bounds)+
            {
                let lane = self.targets.io;
                self.io_on(lane, work)
            }

            /// Sets a timer for a closure on the yard's cpu lane.
            #[track_caller]
            pub fn cpu<$($closure),+>(self, work: F) -> Timer
            where
                $($closure_bounds)+
            {
                let lane = self.targets.cpu;
                self.cpu_on(lane, work)
            }

            /// Sets a timer for a closure on the yard's blocking lane.
            #[track_caller]
            pub fn blocking<$($closure),+>(self, work: F) -> Timer
            where
                $($closure_bounds)+
            {
                let lane = self.targets.blocking;
                self.blocking_on(lane, work)
            }

            /// As [`io`](Self::io), on a lane of your choice.
            #[track_caller]
            pub fn io_on<$($future),+>(self, lane: &IoLane, work: F) -> Timer
            where
                $($future_bounds)+
            {
                self.set(lane.shared(), move |lane, options| {
                    FutureTask::<$returns>::described(lane, options).submit(work).into_task()
                })
            }

            /// As [`cpu`](Self::cpu), on a lane of your choice.
            #[track_caller]
            pub fn cpu_on<$($closure),+>(self, lane: &CpuLane, work: F) -> Timer
            where
                $($closure_bounds)+
            {
                self.closure(lane.shared(), work)
            }

            /// As [`blocking`](Self::blocking), on a lane of your choice.
            #[track_caller]
            pub fn blocking_on<$($closure),+>(self, lane: &BlockingLane, work: F) -> Timer
            where
                $($closure_bounds)+
            {
                self.closure(lane.shared(), work)
            }

            #[track_caller]
            fn closure<$($closure),+>(self, lane: &Arc<LaneShared>, work: F) -> Timer
            where
                $($closure_bounds)+
            {
                self.set(lane, move |lane, options| {
                    ClosureTask::<$returns>::described(lane, options).submit(work).into_task()
                })
            }
        }
    };
}

once_verbs! {
    Value,
    future: [F, T] where [F: Future<Output = T> + Send + 'static, T: Send + 'static],
    closure: [F, T] where [F: FnOnce() -> T + Send + 'static, T: Send + 'static]
}

once_verbs! {
    Fallible,
    future: [F, T, E] where [
        F: Future<Output = Result<T, E>> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
    ],
    closure: [F, T, E] where [
        F: FnOnce() -> Result<T, E> + Send + 'static, T: Send + 'static, E: Into<BoxError> + 'static
    ]
}
