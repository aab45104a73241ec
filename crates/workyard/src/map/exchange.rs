//! Owns what passes between the consumer of a map and its runners: inputs one way, results the other, or on to the next stage of a
//! pipeline. Never calls the map's function, and never drops a user's value, wakes or runs anybody under its lock.
//!
//! # Protocol
//! *Who puts inputs in* (the consumer, or a runner of the stage before), then *staffs*: if too few runners are counted, counts one more
//! and offers it to the lane. If the lane has no room, it is the consumer who waits for it: the alarm is rung.
//! *Consumer*: takes what results are ready; if there are too few, leaves its waker in the same critical section.
//! *Runner*: puts its results in and takes its next inputs in one critical section; if there are none, it uncounts itself in that
//! same section, and ends. *Runner of futures* that has some in flight and finds no inputs: stays, and is remembered as hungry in that
//! critical section; who puts some in wakes it. One that has none in flight may stay in the same way for one poll more. One whose
//! places are all taken uncounts itself until it has a free one, and staffs if then nobody is counted.
//!
//! No input is left behind: a runner that ends found none under the lock, so who puts some in later sees the lower
//! count. No wake-up is lost: results are put in under the lock under which the consumer found too few and left its waker.
//!
//! `stop` is raised once and never taken back. Runners look at it before each item, and take no inputs once it is raised; inputs
//! that no runner took are the consumer's to answer, for which the alarm is rung.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use workyard_core::{ChunkSize, Outcome, Reason, Refusal, TaskState, mutant};

use crate::lane::LaneShared;
use crate::map::alarm::Alarm;
use crate::map::error::{Case, MapError};
use crate::map::results::Results;
use crate::map::shown::Shown;
use crate::map::spec::{Input, Numbered, Returned, Settled, Spec};
use crate::map::turn::{Counted, Next, Take, Turned};
use crate::primitives::whole::Mutex;
use crate::task::cancel::ReasonFlag;
use crate::task::cell::Task;
use crate::task::{drop_caught, use_up_caught};

/// What the consumer of a map and its runners share.
pub(super) struct Exchange<I, T> {
    pub(super) lane: Arc<LaneShared>,
    pub(super) spec: Spec<I>,
    most_runners: usize,
    alarm: Arc<Alarm>,
    shown: Mutex<Shown>,
    stop: ReasonFlag,
    /// The lane takes nothing in any more.
    refused: AtomicBool,
    state: Mutex<State<I, T>>,
}

struct State<I, T> {
    /// Put in, and taken by no runner.
    pending: VecDeque<Input<I>>,
    results: Results<I, T>,
    /// Runners on their way through the lane's queue, or at work with a place for more.
    runners: usize,
    sizes: ChunkSize,
    /// How many inputs are still to be put in, if that is known.
    to_come: Option<u64>,
    /// Runners of futures that are busy and would take more.
    hungry: Vec<Arc<dyn Task>>,
    /// Makes a further runner; gone with the consumer, since it refers to this.
    recruit: Option<Recruit>,
    /// The runners that may be at work, for who has to stop them.
    crew: Vec<Arc<dyn Task>>,
    /// Where results go on to.
    next: Option<Arc<dyn Intake<T>>>,
    /// The consumer, and how many results it waits for.
    waiting: Option<(Waker, usize)>,
    /// A failure of a map that ends with the first one: it goes before all results.
    failure: Option<MapError<I>>,
    /// Nobody will take results any more.
    is_gone: bool,
}

/// Makes a further runner.
pub(super) type Recruit = Arc<dyn Fn() -> Arc<dyn Task> + Send + Sync>;

/// Where a stage of a pipeline hands its results on to.
pub(super) trait Intake<T>: Send + Sync {
    /// Takes what the stage before made of its items: values are the inputs here, failures pass down.
    fn take_in(&self, items: Vec<(u64, Result<T, MapError>)>);
}

impl<I, T> Exchange<I, T> {
    pub(super) fn new(
        lane: Arc<LaneShared>,
        spec: Spec<I>,
        sizes: ChunkSize,
        results: Results<I, T>,
        alarm: Arc<Alarm>,
    ) -> Self {
        let state = State {
            pending: VecDeque::new(),
            results,
            runners: 0,
            sizes,
            to_come: None,
            hungry: Vec::new(),
            recruit: None,
            crew: Vec::new(),
            next: None,
            waiting: None,
            failure: None,
            is_gone: false,
        };
        Self {
            most_runners: lane.most_runners(),
            lane,
            spec,
            alarm,
            shown: Mutex::default(),
            stop: ReasonFlag::default(),
            refused: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    /// Says who makes its runners, where results go on to, and where they are shown. Before anything else.
    pub(super) fn open(&self, recruit: Recruit, next: Option<Arc<dyn Intake<T>>>, shown: Shown) {
        *self.shown.lock() = shown;
        let mut state = self.state.lock();
        state.recruit = Some(recruit);
        state.next = next;
    }

    /// Puts inputs in; then it is to be [staffed](Self::staff).
    pub(super) fn put(&self, inputs: &mut VecDeque<Input<I>>, to_come: Option<u64>) {
        let hungry = {
            let mut state = self.state.lock();
            if state.is_gone {
                drop(state);
                return inputs.drain(..).for_each(|(_, input)| self.drop_value(input));
            }
            state.pending.append(inputs);
            state.to_come = to_come;
            std::mem::take(&mut state.hungry)
        };
        for runner in hungry {
            runner.wake_body();
        }
    }

    /// Sees that runners are at work on what is pending. `Err` gives one, which is counted and for which the lane has no room.
    pub(super) fn staff(&self) -> Result<(), Arc<dyn Task>> {
        // Each takes one at least.
        let mut recruited = 0;
        while self.recruit(|pending| pending > recruited)? {
            recruited += 1;
        }
        Ok(())
    }

    /// For those who cannot wait for room, if there was none: the consumer does, if anything is pending.
    pub(super) fn or_ring(&self, staffed: &Result<(), Arc<dyn Task>>) {
        if staffed.is_err() {
            self.runner_lost(&Counted::new());
        }
    }

    /// One more runner than [`staff`](Self::staff) sees a need for, if there may be more.
    pub(super) fn staff_one_more(&self) -> Result<(), Arc<dyn Task>> {
        self.recruit(|_| true).map(|_| ())
    }

    /// `false` if no more runners are needed, or there may not be more.
    fn recruit(&self, is_needed: impl Fn(usize) -> bool) -> Result<bool, Arc<dyn Task>> {
        let recruit = {
            let mut state = self.state.lock();
            let may_be_more = state.runners < self.most_runners && !self.takes_nothing();
            match &state.recruit {
                Some(recruit) if may_be_more && is_needed(state.pending.len()) => {
                    let recruit = Arc::clone(recruit);
                    state.runners += 1;
                    recruit
                }
                _ => return Ok(false),
            }
        };
        let runner = recruit();
        match self.lane.offer(Arc::clone(&runner)) {
            Ok(()) => self.joined(&runner),
            Err(Refusal::Full) => return Err(runner),
            Err(Refusal::Closed) => self.turned_away(),
        }
        Ok(true)
    }

    /// The lane has let this runner in.
    pub(super) fn joined(&self, runner: &Arc<dyn Task>) {
        let gone = {
            let mut state = self.state.lock();
            let is_over = |runner: &mut Arc<dyn Task>| runner.header().status().is_none_or(TaskState::is_ended);
            let gone: Vec<_> = state.crew.extract_if(.., is_over).collect();
            if !state.is_gone {
                state.crew.push(Arc::clone(runner));
            }
            gone
        };
        drop(gone);
        if self.is_stopped() {
            self.lane.cancel(runner, Reason::Dropped);
        }
    }

    /// The lane has turned a counted runner away for good.
    pub(super) fn turned_away(&self) {
        // As the one that was counted for it.
        self.runner_lost(&Counted::new());
        self.refuse();
    }

    /// The runners that may be at work.
    pub(super) fn crew(&self) -> Vec<Arc<dyn Task>> {
        self.state.lock().crew.clone()
    }

    /// How many items should be at hand for the runners, if they are cheap enough to come in batches.
    pub(super) fn ahead(&self) -> u64 {
        self.state.lock().sizes.ahead()
    }

    /// Moves results to `taken`; pending if they are fewer than `least`.
    pub(super) fn poll_take(&self, cx: &Context<'_>, least: usize, taken: &mut VecDeque<Numbered<I, T>>) -> Poll<()> {
        // Cloned and dropped outside of the lock: a waker may be foreign code.
        let mut waker = None;
        loop {
            let mut state = self.state.lock();
            if state.is_enough(least) {
                // First: among the results may be items that were cancelled because of it.
                taken.extend(state.failure.take().map(|failure| (failure.index(), Err(failure))));
                state.results.take_ready(taken);
                let old = state.waiting.take();
                drop(state);
                drop(old);
                return Poll::Ready(());
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

    /// A runner is gone that did not leave by [`turn`](Self::turn).
    pub(super) fn runner_lost(&self, counted: &Counted) {
        let has_work = {
            let mut state = self.state.lock();
            state.uncount(counted);
            !state.pending.is_empty()
        };
        if has_work {
            self.alarm.ring();
        }
    }

    /// Takes results from a runner and gives it its next inputs.
    pub(super) fn turn(
        &self,
        done: &mut Vec<Numbered<I, T>>,
        take: &Take<'_>,
        inputs: &mut VecDeque<Input<I>>,
    ) -> Turned {
        self.show(done);
        let (next, follows, nobody_is_left) = {
            let mut state = self.state.lock();
            let follows = state.put_results(done, self.spec.fail_fast);
            if state.failure.is_some() {
                // The map has ended, though its consumer has not heard of it yet.
                self.stop.raise(Reason::Group);
            }
            let over = self.takes_nothing();
            if let Take::Share { counted, .. } = take {
                state.count(counted);
            }
            let next = if !over && state.give(take, inputs) { Next::Work } else { Next::Leave };
            if next == Next::Leave {
                match take {
                    Take::Batch { counted, .. }
                    | Take::Share { counted, is_idle: true, .. }
                    | Take::Nothing { counted } => state.uncount(counted),
                    Take::Share { runner, is_idle: false, .. } => state.remember_hungry(runner),
                }
            }
            let nobody_is_left = matches!(take, Take::Nothing { .. }) && state.runners == 0;
            (next, follows, nobody_is_left)
        };
        let has_woken = matches!(follows, Follows::Wake(_));
        self.follow(follows);
        if nobody_is_left {
            self.or_ring(&self.staff());
        }
        Turned { next, has_woken }
    }

    /// Takes results, and nothing else.
    pub(super) fn settle(&self, done: &mut Vec<Numbered<I, T>>) {
        self.show(done);
        let follows = self.state.lock().put_results(done, self.spec.fail_fast);
        self.follow(follows);
    }

    /// Before the results are put in: who has taken all of them has seen all of them shown.
    fn show(&self, done: &[Numbered<I, T>]) {
        if cfg!(feature = "progress") && !done.is_empty() {
            let shown = self.shown.lock().clone();
            shown.add(done);
        }
    }

    fn follow(&self, follows: Follows<I, T>) {
        match follows {
            Follows::Nothing => {}
            Follows::Wake(waker) => use_up_caught(waker),
            Follows::Drop(results) => self.drop_unseen(results),
            Follows::HandOn(next, results) => {
                let items = results.into_iter().map(|(index, result)| (index, result.map_err(MapError::forget_input)));
                next.take_in(items.collect());
            }
        }
    }

    /// Whether there are inputs that no runner took.
    pub(super) fn has_pending(&self) -> bool {
        !self.state.lock().pending.is_empty()
    }

    /// Takes inputs back that a runner could not start; they are next again.
    pub(super) fn put_back(&self, inputs: &mut VecDeque<Input<I>>) {
        {
            let mut state = self.state.lock();
            if !state.is_gone {
                inputs.drain(..).rev().for_each(|input| state.pending.push_front(input));
            }
        }
        if self.takes_nothing() {
            self.alarm.ring();
        }
        for (_, input) in inputs.drain(..) {
            self.drop_value(input);
        }
    }

    /// Has the runners take nothing more. The first reason stays.
    pub(super) fn stop(&self, reason: Reason) {
        self.stop.raise(reason);
        self.alarm.ring();
    }

    /// The lane takes nothing in any more; what it took in goes on.
    pub(super) fn refuse(&self) {
        // The alarm is heard, and what it is about seen: both sides read and write the waker by read-modify-writes.
        self.refused.store(true, Ordering::Relaxed);
        self.alarm.ring();
    }

    /// Whether no runner will take further inputs.
    pub(super) fn takes_nothing(&self) -> bool {
        self.is_stopped() || self.refused.load(Ordering::Relaxed)
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
    fn take_pending(&self) -> VecDeque<Input<I>> {
        std::mem::take(&mut self.state.lock().pending)
    }

    /// Answers the inputs that no runner will take, if that is so. `is_stuck`: for they could only wait for ever.
    pub(super) fn dismiss(&self, is_stuck: bool) {
        if !self.takes_nothing() {
            return;
        }
        let reason = self.stopped();
        let error = |index, input| {
            if is_stuck { self.would_deadlock(index, input) } else { self.never_ran(index, input, reason) }
        };
        let dismissed = self.take_pending().into_iter().map(|(index, input)| (index, Err(error(index, input))));
        self.settle(&mut dismissed.collect());
    }

    /// The consumer is gone: what is here is dropped, and so is what comes.
    pub(super) fn give_up(&self) {
        self.stop.raise(Reason::Dropped);
        let (pending, results, failure, crew, others) = {
            let mut state = self.state.lock();
            state.is_gone = true;
            let others = (std::mem::take(&mut state.hungry), state.waiting.take(), state.recruit.take());
            let (pending, crew) = (std::mem::take(&mut state.pending), std::mem::take(&mut state.crew));
            (pending, state.results.take_all(), state.failure.take(), crew, others)
        };
        drop(others);
        let shown = std::mem::take(&mut *self.shown.lock());
        self.drop_value(shown);
        for runner in crew {
            self.lane.cancel(&runner, Reason::Dropped);
        }
        for (_, input) in pending {
            self.drop_value(input);
        }
        self.drop_value(failure);
        self.drop_unseen(results);
    }

    /// Drops what an item came to that had been answered. A panic is counted: nobody else will say that there was one.
    pub(super) fn drop_late(&self, result: Settled<I, T>) {
        if let Err(error) = &result
            && error.is_panic()
        {
            self.lane.unobserved.note_item(&self.lane, error.error());
        }
        self.drop_value(result);
    }

    /// What became of an item whose function was called.
    #[inline]
    pub(super) fn conclude(&self, case: Case<I>, returned: Returned<T>) -> (Settled<I, T>, Outcome) {
        let (result, how, unused) = self.spec.conclude(case, returned);
        if let Some(copy) = unused.and_then(|case| case.more) {
            self.drop_value(copy);
        }
        (result, how)
    }

    /// An item that never ran, and will not: for this reason, or (`None`) since the lane is closed. Its input ends here.
    pub(super) fn never_ran(&self, index: u64, input: I, reason: Option<Reason>) -> MapError<I> {
        let error = match reason {
            Some(reason) => self.spec.never_ran(index, &input, reason),
            None => self.spec.refused(index, &input),
        };
        self.drop_value(input);
        error
    }

    /// An item that will not run, since the task that waits for it fills the stack in which it would.
    fn would_deadlock(&self, index: u64, input: I) -> MapError<I> {
        let error = self.spec.would_deadlock(index, &input);
        self.drop_value(input);
        error
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

/// A `describe` is dropped by whoever is the last, which may be a thread of the lane.
impl<I, T> Drop for Exchange<I, T> {
    fn drop(&mut self) {
        let describe = self.spec.describe.take();
        self.drop_value(describe);
    }
}

impl<I, T> State<I, T> {
    /// Whether the consumer has a reason to go on that waits for so many results.
    fn is_enough(&self, least: usize) -> bool {
        self.results.ready() >= least.max(1) || self.failure.is_some()
    }

    /// The consumer's waker, if it is to be woken.
    fn due(&mut self) -> Follows<I, T> {
        match self.waiting.take() {
            Some((waker, least)) if self.is_enough(least) => Follows::Wake(waker),
            waiting => {
                self.waiting = waiting;
                Follows::Nothing
            }
        }
    }

    fn put_results(&mut self, done: &mut Vec<Numbered<I, T>>, fail_fast: bool) -> Follows<I, T> {
        if done.is_empty() {
            return Follows::Nothing;
        }
        if self.is_gone {
            return Follows::Drop(std::mem::take(done));
        }
        if let Some(next) = &self.next {
            return Follows::HandOn(Arc::clone(next), std::mem::take(done));
        }
        for (index, result) in done.drain(..) {
            match result {
                Err(error) if fail_fast && self.failure.is_none() => self.failure = Some(error),
                result if mutant!("result-of-map-lost") && index == 3 => drop(result),
                result => self.results.put(index, result),
            }
        }
        self.due()
    }

    fn remember_hungry(&mut self, runner: &Arc<dyn Task>) {
        // Who is remembered is kept alive, and keeps this alive: nobody would be forgotten after the consumer is gone.
        if !self.is_gone && !self.hungry.iter().any(|known| Arc::ptr_eq(known, runner)) {
            self.hungry.push(Arc::clone(runner));
        }
    }

    fn count(&mut self, Counted(counted): &Counted) {
        self.runners += usize::from(!counted.swap(true, Ordering::Relaxed));
    }

    fn uncount(&mut self, Counted(counted): &Counted) {
        self.runners -= usize::from(counted.swap(false, Ordering::Relaxed));
    }

    fn give(&mut self, take: &Take<'_>, inputs: &mut VecDeque<Input<I>>) -> bool {
        let most = match take {
            Take::Batch { measured, .. } => {
                if let Some((items, took)) = *measured {
                    self.sizes.measured(items, took);
                }
                let left = self.to_come.map(|to_come| to_come.saturating_add(self.pending.len() as u64));
                usize::try_from(self.sizes.next(left)).unwrap_or(usize::MAX)
            }
            Take::Share { most, .. } => self.pending.len().div_ceil(self.runners.max(1)).min(*most),
            Take::Nothing { .. } => 0,
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

/// What follows from results, once the lock is released.
enum Follows<I, T> {
    Nothing,
    /// The consumer is woken.
    Wake(Waker),
    /// Nobody will take them.
    Drop(Vec<Numbered<I, T>>),
    /// They go on to the next stage.
    HandOn(Arc<dyn Intake<T>>, Vec<Numbered<I, T>>),
}

impl<I: Send + 'static, T: Send + 'static> Intake<I> for Exchange<I, T> {
    fn take_in(&self, items: Vec<(u64, Result<I, MapError>)>) {
        let (mut inputs, mut failed) = (VecDeque::new(), Vec::new());
        for (index, item) in items {
            match item {
                Ok(input) => inputs.push_back((index, input)),
                Err(error) => failed.push((index, Err(error.forget_input()))),
            }
        }
        if !failed.is_empty() {
            self.settle(&mut failed);
        }
        if inputs.is_empty() {
            return;
        }
        self.put(&mut inputs, None);
        self.or_ring(&self.staff());
        if self.takes_nothing() {
            self.alarm.ring();
        }
    }
}
