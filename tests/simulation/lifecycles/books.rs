//! Owns what one simulation knows by itself, and holds the yard's account against it. Never asks the yard how it came about.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use workyard::{
    BlockingLane, CpuLane, IoLane, LaneCounts, Order, Outcome, Priority, Scheduler, TaskErrorKind, TaskId, TaskRef,
    TaskStatus,
};

use super::body::Token;
use super::script::{LANES, Swarm};
use super::seen::Seen;

/// What one simulation knows by itself.
pub(super) struct Books {
    pub(super) seen: Seen,
    /// What was found wrong in a body or a callback, whose panics the yard catches.
    wrong: Mutex<Option<String>>,
    pub(super) swarm: Swarm,
    lanes: Lanes,
    /// What the lanes said last.
    last: Mutex<[Option<LaneCounts>; LANES]>,
    /// By lane: what was accepted and may be queued.
    waiting: [Mutex<Vec<Waiting>>; LANES],
    /// By lane: bodies inside, most of them at once.
    inside: [AtomicUsize; LANES],
    /// By outcome: what handles told.
    answered: [AtomicU64; Outcome::ALL.len()],
    pub(super) tokens: AtomicUsize,
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) callbacks_due: AtomicU64,
    pub(super) callbacks_told: AtomicU64,
    /// Something may be accepted that nobody here knows of: it was let in by a future that was dropped, a group, a map, a timer.
    pub(super) unknown: AtomicU64,
}

/// The lanes of the yard, which do not keep it alive.
#[derive(Clone)]
pub(super) struct Lanes {
    pub(super) io: IoLane,
    pub(super) cpu: CpuLane,
    pub(super) blocking: BlockingLane,
    pub(super) db: IoLane,
    pub(super) bulk: CpuLane,
}

struct Waiting {
    priority: Priority,
    task: TaskRef,
}

impl Lanes {
    pub(super) fn of(yard: &Scheduler) -> Self {
        Self {
            io: yard.io().clone(),
            cpu: yard.cpu().clone(),
            blocking: yard.blocking().clone(),
            db: yard.io_lane("db").unwrap().clone(),
            bulk: yard.cpu_lane("bulk").unwrap().clone(),
        }
    }

    /// Runs a task of this lane that does nothing but drop a value, and waits for it. Says what kept it from that.
    pub(super) async fn run(&self, lane: usize, value: Token) -> Option<TaskErrorKind> {
        let ended = match lane {
            0 => self.io.run(async move { drop(value) }).await,
            1 => self.cpu.run(move || drop(value)).await,
            2 => self.blocking.run(move || drop(value)).await,
            3 => self.db.run(async move { drop(value) }).await,
            _ => self.bulk.run(move || drop(value)).await,
        };
        ended.err().map(|error| error.kind())
    }

    /// As [`run`](Self::run), in a closure.
    pub(super) fn blocking_run(&self, lane: usize, value: Token) -> Option<TaskErrorKind> {
        let ended = match lane {
            0 => self.io.blocking_run(async move { drop(value) }),
            1 => self.cpu.blocking_run(move || drop(value)),
            2 => self.blocking.blocking_run(move || drop(value)),
            3 => self.db.blocking_run(async move { drop(value) }),
            _ => self.bulk.blocking_run(move || drop(value)),
        };
        ended.err().map(|error| error.kind())
    }

    pub(super) fn counts(&self) -> [LaneCounts; LANES] {
        let Self { io, cpu, blocking, db, bulk } = self;
        [io.counts(), cpu.counts(), blocking.counts(), db.counts(), bulk.counts()]
    }
}

impl Books {
    pub(super) fn new(swarm: Swarm, lanes: Lanes) -> Self {
        Self {
            seen: Seen::default(),
            wrong: Mutex::default(),
            swarm,
            lanes,
            last: Mutex::default(),
            waiting: Default::default(),
            inside: Default::default(),
            answered: Default::default(),
            tokens: AtomicUsize::default(),
            accepted: AtomicU64::default(),
            refused: AtomicU64::default(),
            callbacks_due: AtomicU64::default(),
            callbacks_told: AtomicU64::default(),
            unknown: AtomicU64::default(),
        }
    }

    pub(super) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Fails the simulation after this step if this does not hold.
    pub(super) fn require(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong.lock().unwrap().get_or_insert_with(otherwise);
        }
    }

    /// A task was accepted, and its handle is here.
    pub(super) fn note_accepted(&self, lane: usize, priority: Priority, task: TaskRef) {
        self.accepted.fetch_add(1, SeqCst);
        self.waiting[lane].lock().unwrap().push(Waiting { priority, task });
    }

    pub(super) fn note_answer(&self, outcome: Outcome) {
        self.answered[Outcome::ALL.iter().position(|&other| other == outcome).unwrap()].fetch_add(1, SeqCst);
    }

    pub(super) fn enter(&self, lane: usize) {
        let inside = self.inside[lane].fetch_add(1, SeqCst) + 1;
        // A body that waits for another lends its slot.
        let limit = self.swarm.lanes[lane].limit;
        self.require(self.swarm.nested || inside <= limit, || {
            format!("I4: {inside} bodies in lane {lane}, of {limit}")
        });
    }

    pub(super) fn leave(&self, lane: usize) {
        self.inside[lane].fetch_sub(1, SeqCst);
    }

    /// A task of this lane begins: none that has to go first is queued still (I12).
    pub(super) fn assert_turn(&self, lane: usize, id: TaskId) {
        let order = self.swarm.lanes[lane].order;
        let mut waiting = self.waiting[lane].lock().unwrap();
        let Some(at) = waiting.iter().position(|other| other.task.id() == id) else { return };
        let priority = waiting[at].priority;
        // Who waits for a task has it begin before its turn.
        if !self.swarm.nested {
            let overtaken = waiting[..at].iter().find(|other| {
                let goes_first = match order {
                    Order::Fifo => true,
                    Order::Priority => other.priority >= priority,
                    _ => false,
                };
                goes_first && other.task.status() == TaskStatus::Queued
            });
            let overtaken = overtaken.map(|other| other.task.id());
            self.require(overtaken.is_none(), || {
                format!("I12: {id:?} of lane {lane} ({order:?}) overtook {overtaken:?}")
            });
        }
        waiting.retain(|other| other.task.status() == TaskStatus::Queued);
    }

    /// What holds after each step (I1, I2, I4, I5).
    pub(super) fn check_step(&self) {
        assert_eq!(*self.wrong.lock().unwrap(), None);
        let counts = self.lanes.counts();
        let mut last = self.last.lock().unwrap();
        for (lane, (now, last)) in counts.iter().zip(last.iter_mut()).enumerate() {
            // What held of these numbers holds of them still.
            if last.as_ref() != Some(now) {
                self.check_lane(lane, now, last.as_ref());
                *last = Some(*now);
            }
        }
    }

    fn check_lane(&self, lane: usize, now: &LaneCounts, last: Option<&LaneCounts>) {
        let ledger = now.ledger;
        assert!(ledger.balances(), "I1, lane {lane}: {now:?}");
        assert!(now.occupied <= now.limit && now.overrunning <= now.occupied + now.lending, "I4, lane {lane}: {now:?}");
        assert!(now.promised <= now.submitters, "I5, lane {lane}: {now:?}");
        let places = places(now);
        // What a task submits into its own lane while it waits has the room that it lends, or could lend.
        assert!(self.swarm.nested || places <= now.limit + now.queue, "I5, lane {lane}: {now:?}");
        if let Some(last) = last {
            assert!(last.ledger.accepted <= ledger.accepted, "I2, lane {lane}: {last:?} then {now:?}");
            let goes_back = |&outcome: &Outcome| last.ledger.ended(outcome) > ledger.ended(outcome);
            assert!(!Outcome::ALL.iter().any(goes_back), "I2, lane {lane}: {last:?} then {now:?}");
            if now.overrunning > last.overrunning {
                self.seen.see("overrunning");
            }
            if now.lending > last.lending {
                self.seen.see("lending");
            }
            if now.submitters > last.submitters {
                self.seen.see("line was full");
            }
        }
    }

    /// What holds whenever nothing can go on before time passes: nobody waits for what there is (I9).
    pub(super) fn check_rest(&self) {
        for (lane, now) in self.lanes.counts().iter().enumerate() {
            let queued = usize::try_from(now.ledger.queued).unwrap();
            assert!(queued == 0 || now.occupied == now.limit, "I9, lane {lane}, a slot is free: {now:?}");
            let is_full = places(now) >= now.limit + now.queue;
            // A body that runs another in its stack cannot take room for itself meanwhile, and steps aside. The runners of maps
            // wait in the queue, too, and are not counted.
            let is_unseen = self.swarm.nested || self.swarm.maps;
            assert!(now.submitters == now.promised || is_full || is_unseen, "I9, lane {lane}, there is room: {now:?}");
        }
    }

    /// What holds at the end: all is back (I1, I2, I6, I7, I8).
    pub(super) fn check_end(&self) {
        let counts = self.lanes.counts();
        for (lane, now) in counts.iter().enumerate() {
            let held = now.occupied + now.overrunning + now.lending + now.submitters + now.promised;
            assert!(held == 0 && now.ledger.live() == 0 && now.ledger.balances(), "lane {lane} is not empty: {now:?}");
            assert_eq!(self.inside[lane].load(SeqCst), 0, "bodies are left in lane {lane}");
            self.seen.add("late result", now.late_results);
            self.seen.add("never started", now.never_started);
            self.seen.add("lifecycles", now.ledger.accepted);
        }
        assert_eq!(self.tokens.load(SeqCst), 0, "I8: values are left");
        assert_eq!(self.callbacks_told.load(SeqCst), self.callbacks_due.load(SeqCst), "callbacks");
        let (accepted, unknown) = (self.accepted.load(SeqCst), self.unknown.load(SeqCst));
        let counted: u64 = counts.iter().map(|lane| lane.ledger.accepted).sum();
        assert!(
            (accepted..=accepted + unknown).contains(&counted),
            "{counted} accepted, {accepted} known, {unknown} unknown"
        );
        let refused: u64 = counts.iter().map(|lane| lane.refused).sum();
        let known = self.refused.load(SeqCst);
        assert!(known <= refused, "I8: {refused} refused, {known} known");
        for (outcome, answered) in Outcome::ALL.into_iter().zip(&self.answered) {
            let ended: u64 = counts.iter().map(|lane| lane.ledger.ended(outcome)).sum();
            assert!(answered.load(SeqCst) <= ended, "I2, {outcome}: {answered:?} told, {ended} counted");
        }
    }
}

/// How many places are taken. A task that waits for its next attempt keeps its own.
fn places(now: &LaneCounts) -> usize {
    now.occupied + now.promised + usize::try_from(now.ledger.queued + now.ledger.retry_waiting).unwrap()
}
