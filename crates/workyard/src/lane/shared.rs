//! Owns the state of one lane behind its short lock, and the ways into it. Never runs user code under that lock.
//!
//! Lock order: a lane's lock is a leaf, as are the two locks of a task's cell. No two of them are ever held together, and
//! nothing is woken, run, dropped or logged while one is. What a decision asks for is collected in [`Effects`] and done
//! after the lock is released.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use workyard_core::{
    Ending, LaneConfig, LaneCounts, LanePolicy, Moment, Outcome, Percentiles, Priority, Refusal, ShortBodies, Slot,
    TaskState, Ticket,
};

use crate::apart::Apart;
use crate::ground::YardShared;
use crate::lane::drivers::{Pool, TimeIsKnown};
use crate::lane::effects::{Effect, Effects};
use crate::lane::executor::Executor;
use crate::lane::wakes::Wakes;
use crate::observe::{Stirs, Unobserved};
use crate::primitives::whole::Mutex;
use crate::task::cell::Task;
use crate::task::header::Seat;
use crate::task::{Retrying, TaskId, current};

/// One lane, as its handles, its tasks and the yard share it.
///
/// Aligned, so that who holds on to it, which is counted before it in memory, does not disturb those who read it.
#[repr(align(128))]
pub(crate) struct LaneShared {
    pub(crate) name: Arc<str>,
    /// The lane's number in its yard.
    pub(crate) number: usize,
    pub(crate) yard: Arc<YardShared>,
    /// How many bodies hold a slot at most.
    pub(crate) limit: usize,
    /// How many bodies the executor can run at the same instant.
    pub(super) at_once: usize,
    pub(crate) executor: Executor,
    pub(crate) unobserved: Unobserved,
    pub(super) wakes: Arc<Wakes>,
    pub(super) time_is_known: TimeIsKnown,
    /// For the watchdog.
    pub(crate) stirs: Stirs,
    pub(super) state: Apart<Mutex<LaneState>>,
}

/// The policy, which knows tasks and submitters by number, and what the numbers stand for.
// In this order, what every task needs stands beside the lock.
#[repr(C)]
pub(super) struct LaneState {
    /// Whether the next body is expected to be over soon.
    pub(super) short: ShortBodies,
    /// Closures on their way through the queue: see [`workers`](super::workers).
    pub(super) workers: usize,
    pub(super) policy: LanePolicy<Arc<dyn Task>>,
    submitters: Vec<Option<Submitter>>,
    /// Futures that drivers poll: see [`drivers`](super::drivers).
    pub(super) pool: Pool,
    /// Runners that wanted more slots than there were.
    pub(super) hungry: Vec<Slot>,
}

/// A body that has ended: whether that was its task's end, and what the lane held of it. No ending means that it gave way, and
/// is queued again, or, if it is held, that it waits for its next attempt.
pub(super) struct BodyEnd {
    pub(super) ending: Option<Ending>,
    pub(super) held: Option<Arc<dyn Task>>,
}

impl BodyEnd {
    /// Nothing follows from it.
    pub(super) const NONE: Self = Self { ending: None, held: None };
}

/// Who waits for room: how to wake it, and the task in whose body it is polled.
struct Submitter {
    waker: Waker,
    task: Option<Arc<dyn Task>>,
}

impl LaneShared {
    pub(crate) fn new(name: Arc<str>, config: LaneConfig, executor: Executor, yard: Arc<YardShared>) -> Arc<Self> {
        let (number, limit) = (yard.next_lane(), config.limit);
        let state = LaneState {
            policy: LanePolicy::new(config),
            submitters: Vec::new(),
            workers: 0,
            short: executor.first_guess(),
            pool: Pool::default(),
            hungry: Vec::new(),
        };
        Arc::new(Self {
            name,
            number,
            yard,
            limit,
            at_once: executor.at_once(limit),
            executor,
            unobserved: Unobserved::default(),
            wakes: Arc::default(),
            time_is_known: TimeIsKnown::default(),
            stirs: Stirs::default(),
            state: Apart(Mutex::new(state)),
        })
    }

    /// Lets a task in, if there is room that is promised to nobody.
    pub(crate) fn offer(self: &Arc<Self>, task: Arc<dyn Task>) -> Result<(), Refusal> {
        let is_runner = task.is_runner();
        self.admit(task, |state, now, priority| {
            if is_runner { state.policy.offer_runner(now, priority) } else { state.policy.offer(now, priority) }
        })
    }

    /// As [`offer`](Self::offer), for a submitter that will not wait: a refusal is counted.
    pub(super) fn offer_once(self: &Arc<Self>, task: Arc<dyn Task>) -> Result<(), Refusal> {
        self.admit(task, |state, now, priority| {
            state.policy.offer(now, priority).inspect_err(|_| state.policy.count_refusal())
        })
    }

    /// Joins the line for room. The waker is woken when the turn has come or the lane is closed, which may be at once.
    pub(crate) fn line_up(self: &Arc<Self>, cx: &Context<'_>) -> Ticket {
        let mut effects = Effects::default();
        let submitter = self.submitter(cx);
        let ticket = {
            let mut state = self.state.lock();
            let ticket = state.policy.line_up();
            let _none = state.keep_submitter(ticket, Some(submitter));
            if state.policy.is_open() {
                state.after_room(&mut effects);
            } else if let Some(submitter) = state.keep_submitter(ticket, None) {
                effects.push(Effect::Wake(submitter.waker));
            }
            ticket
        };
        self.yard.watchdog.something_runs();
        effects.act(self);
        ticket
    }

    /// Lets in the task of a submitter whose turn has come, or keeps its waker for when it comes.
    pub(crate) fn poll_redeem(
        self: &Arc<Self>,
        task: Arc<dyn Task>,
        ticket: Ticket,
        cx: &Context<'_>,
    ) -> Poll<Result<(), Refusal>> {
        // Cloned and dropped outside of the lock: a waker may be foreign code.
        let mut submitter = Some(self.submitter(cx));
        let mut old = None;
        let mut came_back = false;
        let is_runner = task.is_runner();
        let admitted = self.admit(task, |state, now, priority| {
            came_back = state.policy.come_back(ticket);
            let admitted = if is_runner {
                state.policy.redeem_runner(ticket, now, priority)
            } else {
                state.policy.redeem(ticket, now, priority)
            };
            let kept = if admitted == Err(Refusal::Full) { submitter.take() } else { None };
            old = state.keep_submitter(ticket, kept);
            admitted
        });
        drop(old);
        match admitted {
            Err(Refusal::Full) => {
                // Whoever could make room found it not in line before.
                if came_back {
                    self.yard.waits.crowded(self);
                }
                Poll::Pending
            }
            admitted => {
                self.yard.waits.promise_is_over(self, ticket);
                Poll::Ready(admitted)
            }
        }
    }

    fn submitter(&self, cx: &Context<'_>) -> Submitter {
        let task = current::task().filter(|task| Arc::ptr_eq(&task.header().lane.yard, &self.yard));
        Submitter { waker: cx.waker().clone(), task }
    }

    /// Leaves the line for room; a promised place goes to the next in line.
    pub(crate) fn leave_line(self: &Arc<Self>, ticket: Ticket) {
        let mut effects = Effects::default();
        let submitter;
        let crowded = {
            let mut state = self.state.lock();
            let was_promised = state.policy.leave_line(ticket);
            submitter = state.keep_submitter(ticket, None);
            state.after_room(&mut effects);
            was_promised && state.policy.has_line()
        };
        drop(submitter);
        self.yard.waits.promise_is_over(self, ticket);
        effects.act(self);
        // What it was promised may be the slot that a body could lend, which gives it to the next.
        if crowded {
            self.yard.waits.crowded(self);
        }
    }

    /// Takes nothing in from now on; who waits for room is told.
    pub(crate) fn close(self: &Arc<Self>) {
        let mut effects = Effects::default();
        {
            let mut state = self.state.lock();
            state.policy.close();
            let submitters = state.submitters.iter_mut().filter_map(Option::take);
            for Submitter { waker, task } in submitters {
                effects.push(Effect::Wake(waker));
                if let Some(task) = task {
                    effects.push(Effect::Release(task));
                }
            }
            state.pool.wake_all(&mut effects);
        }
        effects.act(self);
        self.yard.task_ended();
    }

    /// Whether anybody wants a slot or a place here.
    pub(crate) fn is_wanted(&self) -> bool {
        self.state.lock().policy.is_wanted()
    }

    /// Whether a task waits for a slot.
    pub(crate) fn has_queued(&self) -> bool {
        self.state.lock().policy.has_queued()
    }

    pub(crate) fn count_refusal(&self) {
        self.state.lock().policy.count_refusal();
    }

    pub(crate) fn counts(&self) -> LaneCounts {
        self.state.lock().policy.counts()
    }

    /// Whether the lane holds no task and no body but these.
    pub(crate) fn holds_only(&self, tasks: &[TaskId]) -> bool {
        let state = self.state.lock();
        let counts = state.policy.counts();
        let is_empty = counts.ledger.queued + counts.ledger.retry_waiting == 0 && counts.occupied + counts.lending == 0;
        // The scan is for the rare yard that is shut down from within. What a runner has taken goes with the runner.
        is_empty || (!tasks.is_empty() && state.held().all(|task| tasks.contains(&task.header().id)))
    }

    pub(crate) fn times(&self) -> (Percentiles, Percentiles) {
        self.state.lock().policy.times()
    }

    /// The tasks that the lane holds, with their state and since when they have it. O(tasks), under the lane's lock.
    pub(crate) fn tasks(&self) -> Vec<(Arc<dyn Task>, TaskState, Moment)> {
        let state = self.state.lock();
        state
            .held()
            .filter_map(|task| {
                let slot = task.header().slot();
                Some((Arc::clone(task), state.policy.state(slot)?, state.policy.since(slot)?))
            })
            .collect()
    }

    fn admit(
        self: &Arc<Self>,
        task: Arc<dyn Task>,
        decide: impl FnOnce(&mut LaneState, Moment, Priority) -> Result<Slot, Refusal>,
    ) -> Result<(), Refusal> {
        let watched = task.header().watched().is_some().then(|| Arc::clone(&task));
        // Not under the lock, if the clock has to be looked at. Only what drivers poll has somebody look whether they go on, and so whether what
        // they know of the time is true.
        let looked = (watched.is_some() || !self.time_is_known.get()).then(|| self.yard.clock.now());
        let mut effects = Effects::default();
        let crowded = {
            let mut state = self.state.lock();
            let now = looked.or(state.pool.time()).unwrap_or_else(|| self.yard.clock.now());
            let slot = decide(&mut state, now, task.header().priority)?;
            task.header().accepted_into(slot);
            state.policy.keep(slot, task);
            state.hand_out(&self.executor, now, &mut effects);
            state.policy.has_line()
        };
        self.yard.watchdog.something_runs();
        if let Some(task) = watched {
            self.yard.timers.set(&task, &self.yard.runtime);
            self.yard.timers.watch_token(&task, &self.yard.runtime);
        }
        effects.act(self);
        if crowded {
            self.yard.waits.crowded(self);
        }
        Ok(())
    }
}

impl LaneState {
    /// Lets go of a task; drop it after the lock.
    #[must_use]
    #[inline]
    pub(super) fn release(&mut self, slot: Slot) -> Option<Arc<dyn Task>> {
        self.policy.let_go(slot)
    }

    /// The task with this number.
    #[inline]
    pub(super) fn held_in(&self, slot: Slot) -> Option<&Arc<dyn Task>> {
        self.policy.kept(slot)
    }

    pub(super) fn held(&self) -> impl Iterator<Item = &Arc<dyn Task>> {
        self.policy.all_kept()
    }

    /// Gives this queued task a slot before its turn, and marks it as running. `false` if it is not queued any more.
    pub(super) fn start_this(&mut self, task: &Arc<dyn Task>, now: Moment) -> bool {
        let header = task.header();
        let started = header.status() == Some(TaskState::Queued) && self.policy.start_this(header.slot(), now);
        if started {
            header.set_status(TaskState::Running);
        }
        started
    }

    /// Counts the end of a body, and lets go of its task, which is to be dropped after the lock.
    #[must_use]
    #[inline]
    pub(super) fn end_body(&mut self, task: &dyn Task, how: Outcome, now: Moment) -> BodyEnd {
        let slot = task.header().slot();
        if task.gives_way() && self.policy.give_way(slot, now) {
            task.header().set_status(TaskState::Queued);
            return BodyEnd::NONE;
        }
        if task.header().retrying().is_some_and(Retrying::take_pause) && self.policy.wait_for_retry(slot, now) {
            task.header().set_status(TaskState::RetryWaiting);
            return BodyEnd { ending: None, held: self.held_in(slot).cloned() };
        }
        self.note_body_end(task.header(), how);
        let ending = self.policy.end_body(slot, how, now);
        debug_assert!(ending.is_some(), "a body ends once, in the slot it was given");
        let ending = ending.unwrap_or(Ending::Late);
        if ending == Ending::Final {
            task.header().set_status(TaskState::Ended(how));
        }
        BodyEnd { ending: Some(ending), held: self.release(slot) }
    }

    /// Takes the next task that has a slot, and marks it as running.
    #[inline]
    pub(super) fn start_next(&mut self, now: Moment) -> Option<Arc<dyn Task>> {
        let slot = self.policy.start_next(now)?;
        self.mark_started(slot)
    }

    /// Takes the next task for a slot that was just lent.
    pub(super) fn start_on_lent(&mut self, now: Moment) -> Option<Arc<dyn Task>> {
        let slot = self.policy.start_on_lent(now)?;
        self.mark_started(slot)
    }

    #[inline]
    fn mark_started(&self, slot: Slot) -> Option<Arc<dyn Task>> {
        let task = self.held_in(slot)?;
        task.header().set_status(TaskState::Running);
        Some(Arc::clone(task))
    }

    /// Room was freed, or a task came: starts what can start, and wakes the submitter whose turn it is.
    #[inline]
    pub(super) fn hand_out(&mut self, executor: &Executor, now: Moment, effects: &mut Effects) {
        if executor.runs_closures() {
            if self.policy.is_startable() && self.workers < self.policy.limit() {
                self.workers += 1;
                effects.push(Effect::Hire);
            }
        } else {
            while let Some(slot) = self.policy.resume_next() {
                if let Some(resumed) = self.held_in(slot) {
                    resumed.header().set_seat(Seat::Held);
                    effects.push(Effect::Resume(Arc::clone(resumed)));
                }
            }
            while let Some(task) = self.start_next(now) {
                if self.short.are_expected() && !task.is_runner() && task.header().watched().is_none() {
                    self.pool.push(task, effects);
                } else {
                    effects.push(Effect::Start(task));
                }
            }
        }
        self.after_room(effects);
    }

    #[inline]
    pub(super) fn after_room(&mut self, effects: &mut Effects) {
        while let Some(ticket) = self.policy.promise_next() {
            self.tell_promised(ticket, effects);
        }
        self.feed(effects);
    }

    pub(super) fn tell_promised(&mut self, ticket: Ticket, effects: &mut Effects) {
        if let Some(Submitter { waker, task }) = self.keep_submitter(ticket, None) {
            if let Some(task) = task {
                effects.push(Effect::Promised(task, ticket));
            }
            effects.push(Effect::Wake(waker));
        }
    }

    /// Replaces what is known of a submitter; drop the old after the lock.
    fn keep_submitter(&mut self, ticket: Ticket, submitter: Option<Submitter>) -> Option<Submitter> {
        let at = ticket.number as usize;
        if self.submitters.len() <= at {
            self.submitters.resize_with(at + 1, || None);
        }
        std::mem::replace(&mut self.submitters[at], submitter)
    }
}

impl fmt::Debug for LaneShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("name", &self.name).field("counts", &self.counts()).finish_non_exhaustive()
    }
}
