//! Owns what is known of a task apart from its body and its result. Never changes a state by itself.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};

use workyard_core::{Outcome, Priority, Reason, Slot, TaskState};

use crate::lane::LaneShared;
use crate::observe::TaskSpan;
use crate::task::cancel::Signal;
use crate::task::id::{Name, TaskId};
use crate::task::limits::{Limits, Watched};
use crate::task::on_done::OnDone;
use crate::task::on_end::OnEnd;

/// What is known of a task apart from its body and its result.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) id: TaskId,
    pub(crate) name: Option<Name>,
    pub(crate) site: &'static Location<'static>,
    pub(crate) lane: Arc<LaneShared>,
    pub(crate) priority: Priority,
    pub(crate) signal: Signal,
    /// Whether the body has a context to look at. Every closure has: it cannot be dropped half way.
    pub(crate) has_context: bool,
    /// What may stop the task from outside besides its handle.
    pub(crate) watched: Option<Box<Watched>>,
    pub(crate) span: TaskSpan,
    pub(crate) on_end: OnEnd,
    pub(crate) on_done: OnDone,
    slot: AtomicU32,
    status: StatusCell,
    seat: AtomicU8,
    /// How many waits of the body are in the graph of the yard's waits.
    waits: AtomicUsize,
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
    pub(crate) name: Option<Name>,
    pub(crate) site: &'static Location<'static>,
    pub(crate) priority: Priority,
    pub(crate) limits: Limits,
    pub(crate) on_done: OnDone,
}

impl Options {
    #[track_caller]
    pub(crate) fn here() -> Self {
        Self::at(Location::caller())
    }

    pub(crate) fn at(site: &'static Location<'static>) -> Self {
        let (priority, limits) = (Priority::NORMAL, Limits::default());
        Self { name: None, site, priority, limits, on_done: OnDone::default() }
    }
}

impl Header {
    pub(crate) fn new(lane: &Arc<LaneShared>, options: Options, has_context: bool) -> Self {
        let Options { name, site, priority, limits, on_done } = options;
        let id = lane.yard.next_id();
        let span = TaskSpan::open(id, name.as_ref(), &lane.name, site);
        Self {
            id,
            name,
            site,
            lane: Arc::clone(lane),
            priority,
            signal: Signal::default(),
            has_context,
            watched: Watched::new(limits),
            span,
            on_end: OnEnd::default(),
            on_done,
            slot: AtomicU32::new(u32::MAX),
            status: StatusCell::default(),
            seat: AtomicU8::new(Seat::Held as u8),
            waits: AtomicUsize::new(0),
        }
    }

    /// Why a body that was just given its slot is not to take a single step.
    pub(crate) fn over_before_start(&self) -> Option<Reason> {
        self.watched.as_ref()?.limits.over_before_start(tokio::time::Instant::now())
    }

    /// The task's number in its lane, while the lane holds it.
    pub(crate) fn slot(&self) -> Slot {
        Slot(self.slot.load(Ordering::Relaxed))
    }

    /// Only under the lane's lock.
    pub(crate) fn accepted_into(&self, slot: Slot) {
        self.slot.store(slot.0, Ordering::Relaxed);
        self.status.set(TaskState::Queued);
    }

    /// Only under the lane's lock.
    pub(crate) fn set_status(&self, state: TaskState) {
        self.status.set(state);
    }

    /// Only under the lane's lock, but for a closure's.
    pub(crate) fn set_seat(&self, seat: Seat) {
        self.seat.store(seat as u8, Ordering::Relaxed);
    }

    /// Whether the running body has a slot that it could lend.
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
            None | Some(TaskState::Ended(_)) => false,
        }
    }

    /// Whether the task waits for its slot.
    pub(crate) fn is_queued(&self) -> bool {
        self.status() == Some(TaskState::Queued)
    }

    pub(crate) fn entered_wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn left_wait(&self) {
        self.waits.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many waits the body has. As exact as [`is_waiting`](Self::is_waiting).
    pub(crate) fn waits(&self) -> usize {
        self.waits.load(Ordering::Relaxed)
    }

    /// Whether the body waits for another task or for room. Exact where it matters: at the end of the body's own poll.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waits.load(Ordering::Relaxed) > 0
    }

    /// `None` before the task is accepted. Exact under the lane's lock; without it, what was true a moment ago.
    pub(crate) fn status(&self) -> Option<TaskState> {
        self.status.get()
    }
}

/// A task's state in one byte: a copy of what the lane's policy holds, for readers without the lane's lock. Loads and
/// stores are relaxed, since nothing else is read on the strength of it.
#[derive(Debug, Default)]
struct StatusCell(AtomicU8);

impl StatusCell {
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
        };
        self.0.store(code, Ordering::Relaxed);
    }

    fn get(&self) -> Option<TaskState> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(TaskState::Queued),
            2 => Some(TaskState::Running),
            ended => Outcome::ALL.get(usize::from(ended - 3)).copied().map(TaskState::Ended),
        }
    }
}
