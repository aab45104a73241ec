//! Owns what passes between the consumer of a map and its runners: inputs one way, results the other. Never calls the map's
//! function, and never drops a user's value or wakes anybody under its lock.
//!
//! # Protocol
//! *Consumer*: puts inputs in; if too few runners are counted, counts one more and offers it to the lane. Takes what results are ready; if
//! there are too few, leaves its waker in the same critical section. *Runner*: puts its results in and takes its next inputs in one
//! critical section; if there are none, it uncounts itself in that same section, and ends.
//!
//! No input is left behind: a runner that ends found none under the lock, so a consumer that puts some in later sees the lower
//! count. No wake-up is lost: results are put in under the lock under which the consumer found too few and left its waker.
//!
//! *Runner of futures* that has some in flight and finds no inputs: stays, and is remembered as hungry in that critical section; a
//! consumer that puts some in wakes it. One that has none in flight may stay in the same way for one poll more.
//!
//! `stop` is raised once and never taken back. Runners look at it before each item, and take no inputs once it is raised; inputs
//! that no runner took are the consumer's to answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use workyard_core::{ChunkSize, Reason};

use crate::lane::LaneShared;
use crate::map::error::MapError;
use crate::map::results::Results;
use crate::map::spec::{Numbered, Spec};
use crate::task::cancel::ReasonFlag;
use crate::task::cell::Task;
use crate::task::{drop_caught, wake_caught};

/// What the consumer of a map and its runners share.
pub(super) struct Exchange<I, T> {
    pub(super) lane: Arc<LaneShared>,
    pub(super) spec: Spec<I>,
    stop: ReasonFlag,
    /// The lane took nothing in any more, which is why the map was stopped.
    refused: AtomicBool,
    state: Mutex<State<I, T>>,
}

struct State<I, T> {
    /// Put in, and taken by no runner.
    pending: VecDeque<(u64, I)>,
    results: Results<I, T>,
    /// Put in, and without a result.
    unfinished: u64,
    /// Runners on their way through the lane's queue or at work.
    runners: usize,
    sizes: ChunkSize,
    /// How many inputs are still to be put in, if that is known.
    to_come: Option<u64>,
    /// Runners of futures that are busy and would take more.
    hungry: Vec<Arc<dyn Task>>,
    /// The consumer, and how many results it waits for.
    waiting: Option<(Waker, usize)>,
    /// A failure of a map that ends with the first one: it goes before all results.
    failure: Option<MapError<I>>,
    /// Nobody will take results any more.
    is_gone: bool,
}

/// What there is, at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) pending: usize,
    pub(super) runners: usize,
    /// Inputs without a result.
    pub(super) unfinished: u64,
    /// How many items should be at hand for the runners, if they are cheap enough to come in batches.
    pub(super) ahead: u64,
}

/// What a runner wants.
pub(super) enum Take<'a> {
    /// A batch of inputs of the size that fits what was measured; with nothing left, it leaves.
    Batch { measured: Option<(u64, Duration)>, counted: &'a Counted },
    /// Its share, and no more than `most`. With nothing left, it leaves if it is `idle`; else it is woken when there is more.
    Share { most: usize, runner: &'a Arc<dyn Task>, idle: Option<&'a Counted> },
}

/// Whether a runner is among those that the exchange counts. Only under its lock.
#[derive(Debug)]
pub(super) struct Counted(AtomicBool);

impl Counted {
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(true))
    }
}

/// How a runner goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// It took inputs.
    Work,
    /// There were none, and it was uncounted.
    Leave,
}

impl<I, T> Exchange<I, T> {
    pub(super) fn new(lane: Arc<LaneShared>, spec: Spec<I>, sizes: ChunkSize, results: Results<I, T>) -> Self {
        let state = State {
            pending: VecDeque::new(),
            results,
            unfinished: 0,
            runners: 0,
            sizes,
            to_come: None,
            hungry: Vec::new(),
            waiting: None,
            failure: None,
            is_gone: false,
        };
        Self { lane, spec, stop: ReasonFlag::default(), refused: AtomicBool::new(false), state: Mutex::new(state) }
    }

    /// Puts inputs in, unless the map was stopped: then they stay where they are.
    pub(super) fn put(&self, inputs: &mut VecDeque<(u64, I)>, to_come: Option<u64>) -> View {
        let (view, hungry) = {
            let mut state = self.state.lock();
            state.unfinished += inputs.len() as u64;
            state.pending.append(inputs);
            state.to_come = to_come;
            (state.view(), std::mem::take(&mut state.hungry))
        };
        for runner in hungry {
            runner.header().signal.body.wake();
        }
        view
    }

    /// Moves results to `taken`. Pending if they are fewer than `least` and more may come.
    pub(super) fn poll_take(&self, cx: &Context<'_>, least: usize, taken: &mut VecDeque<Numbered<I, T>>) -> Poll<View> {
        // Cloned and dropped outside of the lock: a waker may be foreign code.
        let mut waker = None;
        loop {
            let mut state = self.state.lock();
            if state.is_enough(least) {
                state.results.take_ready(taken);
                taken.extend(state.failure.take().map(|failure| (failure.index(), Err(failure))));
                let (view, old) = (state.view(), state.waiting.take());
                drop(state);
                drop(old);
                return Poll::Ready(view);
            }
            let kept = match (&mut state.waiting, waker.take()) {
                (Some((kept, kept_least)), _) if kept.will_wake(cx.waker()) => {
                    *kept_least = least;
                    true
                }
                (waiting, Some(waker)) => {
                    let old = waiting.replace((waker, least));
                    drop(state);
                    drop(old);
                    return Poll::Pending;
                }
                (_, None) => false,
            };
            drop(state);
            if kept {
                return Poll::Pending;
            }
            waker = Some(cx.waker().clone());
        }
    }

    pub(super) fn view(&self) -> View {
        self.state.lock().view()
    }

    /// One more runner is on its way.
    pub(super) fn count_runner(&self) {
        self.state.lock().runners += 1;
    }

    /// A runner is gone that did not leave by [`turn`](Self::turn).
    pub(super) fn runner_lost(&self, counted: &Counted) {
        let waker = {
            let mut state = self.state.lock();
            state.uncount(counted);
            state.waiting.take()
        };
        wake(waker);
    }

    /// Takes results from a runner and gives it its next inputs.
    pub(super) fn turn(
        &self,
        done: &mut Vec<Numbered<I, T>>,
        take: &Take<'_>,
        inputs: &mut VecDeque<(u64, I)>,
    ) -> Next {
        let stopped = self.is_stopped();
        let (next, waker, dropped) = {
            let mut state = self.state.lock();
            let dropped = state.put_results(done, self.spec.fail_fast);
            let next = if !stopped && state.give(take, inputs) { Next::Work } else { Next::Leave };
            if next == Next::Leave {
                match take {
                    Take::Batch { counted, .. } | Take::Share { idle: Some(counted), .. } => state.uncount(counted),
                    Take::Share { runner, idle: None, .. } => state.remember_hungry(runner),
                }
            }
            (next, state.due(), dropped)
        };
        wake(waker);
        self.drop_unseen(dropped);
        next
    }

    /// Takes results, and nothing else.
    pub(super) fn settle(&self, done: &mut Vec<Numbered<I, T>>) {
        let (waker, dropped) = {
            let mut state = self.state.lock();
            let dropped = state.put_results(done, self.spec.fail_fast);
            (state.due(), dropped)
        };
        wake(waker);
        self.drop_unseen(dropped);
    }

    /// Whether there are inputs that no runner took.
    pub(super) fn has_pending(&self) -> bool {
        !self.state.lock().pending.is_empty()
    }

    /// Takes inputs back that a runner could not start; they are next again.
    pub(super) fn put_back(&self, inputs: &mut VecDeque<(u64, I)>) {
        let mut state = self.state.lock();
        while let Some(input) = inputs.pop_back() {
            state.pending.push_front(input);
        }
    }

    /// Has the runners take nothing more. The first reason stays.
    pub(super) fn stop(&self, reason: Reason) {
        self.stop.raise(reason);
        let waker = self.state.lock().waiting.take();
        wake(waker);
    }

    /// The lane takes nothing in any more.
    pub(super) fn refuse(&self) {
        // Before the flag that makes others look here; both are read by the consumer after it took the lock.
        self.refused.store(true, Ordering::Relaxed);
        self.stop(Reason::Shutdown);
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_raised()
    }

    /// Why the map was stopped, if it was. A relaxed load if not.
    #[inline]
    pub(super) fn stopped(&self) -> Option<Reason> {
        if self.is_stopped() { self.stop.get() } else { None }
    }

    /// Takes out all inputs that no runner took.
    pub(super) fn take_pending(&self) -> VecDeque<(u64, I)> {
        std::mem::take(&mut self.state.lock().pending)
    }

    /// The consumer is gone: what is here is dropped, and so is what comes.
    pub(super) fn give_up(&self) {
        self.stop.raise(Reason::Dropped);
        let (pending, results, failure, others) = {
            let mut state = self.state.lock();
            state.is_gone = true;
            let others = (std::mem::take(&mut state.hungry), state.waiting.take());
            (std::mem::take(&mut state.pending), state.results.take_all(), state.failure.take(), others)
        };
        drop(others);
        self.drop_value(pending);
        self.drop_value(failure);
        self.drop_unseen(results);
    }

    /// Drops results that nobody will see. Failures among them are counted.
    pub(super) fn drop_unseen(&self, results: Vec<Numbered<I, T>>) {
        for (_, result) in results {
            if let Err(error) = &result {
                self.lane.unobserved.note_item(&self.lane, error.error());
            }
            self.drop_value(result);
        }
    }

    /// Drops what is the user's; a panic of its `Drop` is reported.
    pub(super) fn drop_value<V>(&self, value: V) {
        if let Err(payload) = drop_caught(value) {
            self.lane.unobserved.note_item_drop_panic(&self.lane, &self.spec.origin, &payload);
        }
    }
}

impl<I, T> State<I, T> {
    fn view(&self) -> View {
        View {
            pending: self.pending.len(),
            runners: self.runners,
            unfinished: self.unfinished,
            ahead: self.sizes.ahead(),
        }
    }

    /// Whether the consumer has a reason to go on that waits for so many results.
    fn is_enough(&self, least: usize) -> bool {
        self.results.ready() >= least.max(1) || self.unfinished == 0 || self.runners == 0 || self.failure.is_some()
    }

    /// The consumer's waker, if it is to be woken.
    fn due(&mut self) -> Option<(Waker, usize)> {
        let least = self.waiting.as_ref()?.1;
        if self.is_enough(least) { self.waiting.take() } else { None }
    }

    /// Gives back what is to be dropped.
    fn put_results(&mut self, done: &mut Vec<Numbered<I, T>>, fail_fast: bool) -> Vec<Numbered<I, T>> {
        self.unfinished -= done.len() as u64;
        if self.is_gone {
            return std::mem::take(done);
        }
        for (index, result) in done.drain(..) {
            match result {
                Err(error) if fail_fast && self.failure.is_none() => self.failure = Some(error),
                result => self.results.put(index, result),
            }
        }
        Vec::new()
    }

    fn remember_hungry(&mut self, runner: &Arc<dyn Task>) {
        // Who is remembered is kept alive, and keeps this alive: nobody would be forgotten after the consumer is gone.
        if !self.is_gone && !self.hungry.iter().any(|known| Arc::ptr_eq(known, runner)) {
            self.hungry.push(Arc::clone(runner));
        }
    }

    fn uncount(&mut self, Counted(counted): &Counted) {
        self.runners -= usize::from(counted.swap(false, Ordering::Relaxed));
    }

    fn give(&mut self, take: &Take<'_>, inputs: &mut VecDeque<(u64, I)>) -> bool {
        let most = match take {
            Take::Batch { measured, .. } => {
                if let Some((items, took)) = *measured {
                    self.sizes.measured(items, took);
                }
                let left = self.to_come.map(|to_come| to_come + self.pending.len() as u64);
                usize::try_from(self.sizes.next(left)).unwrap_or(usize::MAX)
            }
            Take::Share { most, .. } => self.pending.len().div_ceil(self.runners.max(1)).min(*most),
        };
        let taken = most.min(self.pending.len());
        if taken == self.pending.len() && inputs.is_empty() {
            std::mem::swap(&mut self.pending, inputs);
        } else {
            inputs.extend(self.pending.drain(..taken));
        }
        taken > 0
    }
}

fn wake(waker: Option<(Waker, usize)>) {
    if let Some((waker, _)) = waker {
        wake_caught(&waker);
    }
}
