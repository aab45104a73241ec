//! Owns how a consumer sees a stage: where inputs go in, where results come out, and what is to be done for its runners. Never
//! knows more of the items than it has to, so that the stages of a pipeline need not agree on them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use workyard_core::Reason;

use crate::lane::LaneShared;
use crate::map::error::MapError;
use crate::map::exchange::Exchange;
use crate::map::spec::{Input, Numbered};
use crate::runtime::Inside;
use crate::task::cell::Task;
use crate::task::{TaskError, TaskErrorKind};

/// What came of looking for items whose time is up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swept {
    pub(super) answered: bool,
    /// Items wait behind one that was answered and runs on.
    pub(super) inputs_left: bool,
    /// When to look again.
    pub(super) next: Option<Instant>,
}

/// Answers closures whose time is up, though they run on.
pub(super) type Sweep = Box<dyn Fn(Duration, Instant) -> Swept + Send + Sync>;

/// A stage, whatever its items are.
pub(super) trait Station: Send + Sync {
    fn lane(&self) -> &Arc<LaneShared>;

    /// Sees that runners are at work on what is pending. `Err` gives one that the lane has no room for.
    fn staff(&self) -> Result<(), Arc<dyn Task>>;

    /// One more runner than there is a need for, if there may be more.
    fn staff_one_more(&self) -> Result<(), Arc<dyn Task>>;

    /// The lane has let this runner in.
    fn joined(&self, runner: &Arc<dyn Task>);

    /// The lane has turned a runner away for good.
    fn turned_away(&self);

    /// The runners that may be at work.
    fn crew(&self) -> Vec<Arc<dyn Task>>;

    fn stop(&self, reason: Reason);

    fn stopped(&self) -> Option<Reason>;

    /// Whether no runner will take further inputs.
    fn takes_nothing(&self) -> bool;

    /// Answers the inputs that no runner will take, if that is so. `is_stuck`: for they could only wait for ever.
    fn dismiss(&self, is_stuck: bool);

    /// Answers the closures whose time is up; `None` if there can be none.
    fn sweep(&self, now: Instant) -> Option<Swept>;

    /// Nobody will take results any more.
    fn give_up(&self);
}

/// Where inputs go in.
pub(super) trait Head<I>: Send + Sync {
    /// Puts inputs in; then the stage is to be staffed.
    fn put(&self, inputs: &mut VecDeque<Input<I>>, to_come: Option<u64>);

    /// How many items should be at hand for the runners, if they are cheap enough to come in batches.
    fn ahead(&self) -> u64;

    /// An error that is about no item.
    fn error(&self, kind: TaskErrorKind) -> TaskError;

    /// For sleeps that are made on plain threads.
    fn enter_runtime(&self) -> Inside<'_>;
}

/// Where results come out.
pub(super) trait Outlet<I, T>: Send + Sync {
    /// Moves results to `taken`; pending if they are fewer than `least`.
    fn poll_take(&self, cx: &Context<'_>, least: usize, taken: &mut VecDeque<Numbered<I, T>>) -> Poll<()>;

    /// Drops results that nobody will see.
    fn drop_unseen(&self, results: Vec<Numbered<I, T>>);
}

/// A stage of closures has somebody to look for those that run past their time.
pub(super) struct Watched<I, T> {
    pub(super) exchange: Arc<Exchange<I, T>>,
    pub(super) sweep: Option<Sweep>,
}

impl<I: Send, T: Send> Station for Watched<I, T> {
    fn lane(&self) -> &Arc<LaneShared> {
        &self.exchange.lane
    }

    fn staff(&self) -> Result<(), Arc<dyn Task>> {
        self.exchange.staff()
    }

    fn staff_one_more(&self) -> Result<(), Arc<dyn Task>> {
        self.exchange.staff_one_more()
    }

    fn joined(&self, runner: &Arc<dyn Task>) {
        self.exchange.joined(runner);
    }

    fn turned_away(&self) {
        self.exchange.turned_away();
    }

    fn crew(&self) -> Vec<Arc<dyn Task>> {
        self.exchange.crew()
    }

    fn stop(&self, reason: Reason) {
        self.exchange.stop(reason);
    }

    fn stopped(&self) -> Option<Reason> {
        self.exchange.stopped()
    }

    fn takes_nothing(&self) -> bool {
        self.exchange.takes_nothing()
    }

    fn dismiss(&self, is_stuck: bool) {
        self.exchange.dismiss(is_stuck);
    }

    fn sweep(&self, now: Instant) -> Option<Swept> {
        // With no time at all nothing begins, and each item is its runner's to answer.
        let timeout = self.exchange.spec.timeout.filter(|timeout| !timeout.is_zero())?;
        let sweep = self.sweep.as_ref()?;
        let swept = sweep(timeout, now);
        // What begins after this is out of time no sooner than a timeout from now.
        let next = now.checked_add(timeout).into_iter().chain(swept.next).min();
        Some(Swept { next, ..swept })
    }

    fn give_up(&self) {
        self.exchange.give_up();
    }
}

impl<I: Send, T: Send> Head<I> for Exchange<I, T> {
    fn put(&self, inputs: &mut VecDeque<Input<I>>, to_come: Option<u64>) {
        self.put(inputs, to_come);
    }

    fn ahead(&self) -> u64 {
        self.ahead()
    }

    fn error(&self, kind: TaskErrorKind) -> TaskError {
        self.spec.error(kind, None)
    }

    fn enter_runtime(&self) -> Inside<'_> {
        self.lane.yard.runtime.enter()
    }
}

impl<I: Send, T: Send> Outlet<I, T> for Exchange<I, T> {
    fn poll_take(&self, cx: &Context<'_>, least: usize, taken: &mut VecDeque<Numbered<I, T>>) -> Poll<()> {
        self.poll_take(cx, least, taken)
    }

    fn drop_unseen(&self, results: Vec<Numbered<I, T>>) {
        self.drop_unseen(results);
    }
}

/// The results of a stage, without saying what its inputs were.
pub(super) struct Forgetful<I, T>(pub(super) Arc<Exchange<I, T>>);

impl<I: Send, T: Send> Outlet<(), T> for Forgetful<I, T> {
    fn poll_take(&self, cx: &Context<'_>, least: usize, taken: &mut VecDeque<Numbered<(), T>>) -> Poll<()> {
        let mut here = VecDeque::new();
        let polled = self.0.poll_take(cx, least, &mut here);
        taken.extend(here.into_iter().map(|(index, result)| (index, result.map_err(MapError::forget_input))));
        polled
    }

    fn drop_unseen(&self, results: Vec<Numbered<(), T>>) {
        self.0.drop_unseen(
            results.into_iter().map(|(index, result)| (index, result.map_err(MapError::forget_input))).collect(),
        );
    }
}
