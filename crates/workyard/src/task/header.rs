//! Owns what is known of a task apart from its body and its result. Never changes a state by itself.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use once_cell::race::OnceBox;
use tokio_util::sync::CancellationToken;
use workyard_core::{Outcome, Priority, Reason, Slot, TaskState};

use crate::lane::LaneShared;
use crate::observe::TaskSpan;
use crate::retry::Retry;
use crate::task::cancel::Signal;
use crate::task::error::TaskError;
use crate::task::id::{Name, TaskId};
use crate::task::in_hand::InHand;
use crate::task::limits::Watched;
use crate::task::on_done::{Callback, Told};
use crate::task::on_end::Watcher;
use crate::task::panic::call_foreign;
use crate::task::rare::Rare;
use crate::task::retrying::Retrying;

/// What is known of a task apart from its body and its result.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) id: TaskId,
    pub(crate) site: &'static Location<'static>,
    pub(crate) lane: Arc<LaneShared>,
    pub(crate) signal: Signal,
    /// Mostly never made.
    rare: OnceBox<Rare>,
    slot: AtomicU32,
    /// How many waits of the body are in the graph of the yard's waits.
    waits: AtomicU32,
    /// Whether the poll that is under way has entered waits or left some, and may do so with others. That of a future which a driver polls
    /// is under way until its tokio task has polled it.
    changes_waits: AtomicBool,
    status: StatusCell,
    pub(crate) in_hand: InHand,
    seat: AtomicU8,
    pub(crate) priority: Priority,
    /// Whether the body has a context to look at. Every closure has: it cannot be dropped half way.
    pub(crate) has_context: bool,
}

/// What a running body has of its lane's slots, for readers without the lane's lock.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Seat {
    /// A slot.
    Held,
    /// None: a future that waits lent its own.
    Lent,
    /// None: a future was woken and waits for one.
    Awaited,
    /// Another closure runs on the slot, in the stack of this one.
    BelowAnother,
}

/// What a task is made with.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) site: &'static Location<'static>,
    pub(crate) priority: Priority,
    rare: Option<Box<Rare>>,
    /// Whether the task may be made long before it is submitted.
    is_scheduled: bool,
}

impl Options {
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self::at(Location::caller())
    }

    pub(crate) const fn at(site: &'static Location<'static>) -> Self {
        Self { site, priority: Priority::NORMAL, rare: None, is_scheduled: false }
    }

    pub(crate) const fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// For a task that a timer submits: it [opens its span](Header::open_span) only then.
    pub(crate) const fn scheduled(mut self) -> Self {
        self.is_scheduled = true;
        self
    }

    pub(crate) fn named(mut self, name: Option<Name>) -> Self {
        if name.is_some() {
            self.rare().name = name;
        }
        self
    }

    /// Has the task be tried again, as the policy says.
    pub(crate) fn retry(&mut self, policy: Retry) {
        self.rare().retrying = Some(Box::new(Retrying::new(policy)));
    }

    /// The name that the task will have.
    pub(crate) fn name(&self) -> Option<&Name> {
        self.rare.as_ref()?.name.as_ref()
    }

    /// What most tasks do not have.
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

/// What a reader knows a task by: its number, its name, its lane.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.id)?;
        if let Some(name) = self.name() {
            write!(f, "{:?} ", name.as_str())?;
        }
        write!(f, "on {}", self.lane.name)
    }
}

static NO_SPAN: TaskSpan = TaskSpan::NONE;

impl Header {
    #[inline]
    pub(crate) fn new(lane: &Arc<LaneShared>, options: Options, has_context: bool) -> Self {
        let Options { site, priority, mut rare, is_scheduled } = options;
        if let Some(rare) = &mut rare {
            rare.limit_attempts(lane.executor.runs_closures());
        }
        let header = Self {
            id: lane.yard.next_id(),
            site,
            lane: Arc::clone(lane),
            signal: Signal::new(lane.yard.runtime.simulator().is_some()),
            rare: rare.map(OnceBox::with_value).unwrap_or_default(),
            slot: AtomicU32::new(u32::MAX),
            waits: AtomicU32::new(0),
            changes_waits: AtomicBool::new(false),
            status: StatusCell::default(),
            in_hand: InHand::default(),
            seat: AtomicU8::new(Seat::Held as u8),
            priority,
            has_context,
        };
        if !is_scheduled {
            header.open_span();
        }
        header
    }

    /// Opens the task's span, if anybody listens: when it is first submitted. One that found no room, and is submitted again, has it.
    #[inline]
    pub(crate) fn open_span(&self) {
        if self.rare.get().is_some_and(|rare| rare.span.get().is_some()) {
            return;
        }
        if let Some(span) = TaskSpan::open(self.id, self.name(), &self.lane.name, self.site) {
            let opened = self.rare.get_or_init(Box::default).span.set(span);
            debug_assert!(opened.is_ok(), "a task is submitted by one thread");
        }
    }

    /// The name that was given with `task(name)`.
    pub(crate) fn name(&self) -> Option<&Name> {
        self.rare.get()?.name.as_ref()
    }

    /// What may stop the task from outside besides its handle, if anything may.
    #[inline]
    pub(crate) fn watched(&self) -> Option<&Watched> {
        let rare = self.rare.get()?;
        (rare.retrying.is_some() || !rare.watched.limits.is_none()).then_some(&rare.watched)
    }

    #[inline]
    pub(crate) fn span(&self) -> &TaskSpan {
        self.rare.get().and_then(|rare| rare.span.get()).unwrap_or(&NO_SPAN)
    }

    /// The attempts of a task that may be tried again.
    #[inline]
    pub(crate) fn retrying(&self) -> Option<&Retrying> {
        self.rare.get()?.retrying.as_deref()
    }

    /// The callbacks that are told of the end.
    #[inline]
    pub(crate) fn on_done(&self) -> Option<&Arc<Told<dyn Callback>>> {
        self.rare.get()?.on_done.told()
    }

    /// Names who is to be told of the end, and by which number it knows the task.
    pub(crate) fn tell_end(&self, watcher: Arc<dyn Watcher>, member: u32) {
        self.rare.get_or_init(Box::default).on_end.tell(watcher, member);
    }

    /// Tells of the end.
    #[inline]
    pub(super) fn tell_ended(&self) {
        if let Some(rare) = self.rare.get() {
            let ended = self.status();
            let failed =
                ![Outcome::Completed, Outcome::Cancelled].map(|how| Some(TaskState::Ended(how))).contains(&ended);
            rare.on_end.told(failed);
        }
    }

    /// Whether anybody may be told of the end but who waits for the handle.
    #[inline]
    pub(crate) fn may_tell_others(&self) -> bool {
        self.rare.get().is_some() || self.is_waiting()
    }

    /// Puts apart what the handle is answered with while the body goes on.
    pub(super) fn put_apart(&self, error: TaskError) {
        let _none = self.rare.get_or_init(Box::default).answered.lock().replace(error);
    }

    /// Takes what was put apart.
    pub(super) fn take_apart(&self) -> Option<TaskError> {
        self.rare.get()?.answered.lock().take()
    }

    /// Wakes whoever waits for the [token](Self::token). Never call it under a lock: wakers run foreign code.
    pub(super) fn cancel_token(&self) {
        if let Some(token) = self.rare.get().and_then(|rare| rare.token.get()) {
            // A waker of whoever waits for the token may panic, which is not to take down who stops the task.
            call_foreign(|| token.cancel());
        }
    }

    /// A token that is cancelled when the body is asked to stop.
    pub(crate) fn token(&self) -> CancellationToken {
        let token = self.rare.get_or_init(Box::default).token.get_or_init(CancellationToken::new);
        // `Task::fire` may have looked for the token before it was there.
        if self.signal.asked().is_some() {
            token.cancel();
        }
        token.child_token()
    }

    /// Why a body that was just given its slot is not to take a single step.
    #[inline]
    pub(crate) fn over_before_start(&self) -> Option<Reason> {
        self.watched()?.limits.over_before_start(tokio::time::Instant::now())
    }

    /// The task's number in its lane, while the lane holds it.
    #[inline]
    pub(crate) fn slot(&self) -> Slot {
        Slot(self.slot.load(Ordering::Relaxed))
    }

    /// Only under the lane's lock.
    #[inline]
    pub(crate) fn accepted_into(&self, slot: Slot) {
        self.slot.store(slot.0, Ordering::Relaxed);
        self.status.set(TaskState::Queued);
    }

    /// Only under the lane's lock.
    #[inline]
    pub(crate) fn set_status(&self, state: TaskState) {
        self.status.set(state);
    }

    /// Only under the lane's lock, but for a closure's.
    #[inline]
    pub(crate) fn set_seat(&self, seat: Seat) {
        self.seat.store(seat as u8, Ordering::Relaxed);
    }

    /// Whether the running body has a slot that it could lend.
    #[inline]
    pub(crate) fn is_seated(&self) -> bool {
        self.seat.load(Ordering::Relaxed) == Seat::Held as u8
    }

    /// Whether the running body would not go on now if it was woken. Exact under the lock of the waits, see `Waits::promised`.
    pub(crate) fn is_held_up(&self) -> bool {
        self.seat.load(Ordering::Relaxed) >= Seat::Awaited as u8
    }

    /// Whether the task needs a slot of its lane to go on.
    pub(crate) fn needs_slot(&self) -> bool {
        match self.status() {
            Some(TaskState::Queued) => true,
            Some(TaskState::Running) => {
                let seat = self.seat.load(Ordering::Relaxed);
                seat == Seat::Lent as u8 || seat == Seat::Awaited as u8
            }
            None | Some(TaskState::RetryWaiting | TaskState::Ended(_)) => false,
        }
    }

    /// Whether the task waits for its slot.
    #[inline]
    pub(crate) fn is_queued(&self) -> bool {
        self.status() == Some(TaskState::Queued)
    }

    /// `in_poll`: the body is a future, whose poll is to be followed by [`poll_is_over`](Self::poll_is_over).
    pub(crate) fn entered_waits(&self, how_many: u32, in_poll: bool) {
        self.waits.fetch_add(how_many, Ordering::Relaxed);
        self.change_waits(in_poll);
    }

    /// `in_poll`: as there.
    pub(crate) fn left_waits(&self, how_many: u32, in_poll: bool) {
        self.waits.fetch_sub(how_many, Ordering::Relaxed);
        self.change_waits(in_poll);
    }

    fn change_waits(&self, in_poll: bool) {
        if in_poll {
            // Relaxed, as where it is taken away: who looks has the lock of the waits, under which they are changed after this, and which
            // whoever takes it away takes after that.
            self.changes_waits.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the poll that is under way has entered waits or left some. Exact under the lock of the waits.
    pub(crate) fn changes_waits(&self) -> bool {
        self.changes_waits.load(Ordering::Relaxed)
    }

    /// A poll of the body is over: whether it has entered waits or left some, so that what is left is to be looked at.
    #[inline]
    pub(crate) fn poll_is_over(&self) -> bool {
        self.changes_waits.load(Ordering::Relaxed) && self.changes_waits.swap(false, Ordering::Relaxed)
    }

    /// How many waits the body has. As exact as [`is_waiting`](Self::is_waiting).
    #[inline]
    pub(crate) fn waits(&self) -> u32 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Whether the body waits for another task or for room. Exact where it matters: at the end of the body's own poll.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        self.waits.load(Ordering::Relaxed) > 0
    }

    /// `None` before the task is accepted. Exact under the lane's lock; without it, what was true a moment ago.
    #[inline]
    pub(crate) fn status(&self) -> Option<TaskState> {
        self.status.get()
    }
}

/// A task's state in one byte: a copy of what the lane's policy holds, for readers without the lane's lock. Loads and
/// stores are relaxed, since nothing else is read on the strength of it.
#[derive(Debug, Default)]
struct StatusCell(AtomicU8);

impl StatusCell {
    #[inline]
    fn set(&self, state: TaskState) {
        let code = match state {
            TaskState::Queued => 1,
            TaskState::Running => 2,
            TaskState::Ended(Outcome::Completed) => 3,
            TaskState::Ended(Outcome::Failed) => 4,
            TaskState::Ended(Outcome::Panicked) => 5,
            TaskState::Ended(Outcome::Cancelled) => 6,
            TaskState::Ended(Outcome::TimedOut) => 7,
            TaskState::Ended(Outcome::Abandoned) => 8,
            TaskState::RetryWaiting => 9,
        };
        self.0.store(code, Ordering::Relaxed);
    }

    #[inline]
    fn get(&self) -> Option<TaskState> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(TaskState::Queued),
            2 => Some(TaskState::Running),
            9 => Some(TaskState::RetryWaiting),
            ended => Outcome::ALL.get(usize::from(ended - 3)).copied().map(TaskState::Ended),
        }
    }
}
