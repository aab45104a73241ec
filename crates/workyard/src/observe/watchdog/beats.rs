//! Owns what the threads of this process are at: each that is in a body has it on a note of its own, for watchdogs to read. Never
//! costs a body a lock, an allocation or a look at the clock.
//!
//! A note has a number that changes with each body that its thread begins, ends, or goes back to. A reader that finds the same number
//! look after look knows that the thread was in one body all that time.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use workyard_core::Slot;

use crate::apart::Apart;
use crate::lane::LaneShared;
use crate::task::header::Header;

/// The notes of all threads that were ever in a body, while they live. Locked when a thread begins, and by looks.
static NOTES: Mutex<Vec<Weak<Apart<Note>>>> = Mutex::new(Vec::new());

thread_local! {
    static OWN: Arc<Apart<Note>> = Note::of_this_thread();
}

/// What one thread is at.
#[derive(Debug)]
struct Note {
    /// Changes with everything else here.
    turn: AtomicU64,
    /// Where in memory the lane of the body is; 0 outside of bodies. Only compared: the body keeps its lane alive.
    lane: AtomicUsize,
    /// The number of the body's task in its lane.
    slot: AtomicU32,
    /// The thread's number in the system; 0 if there is none.
    thread: u32,
}

impl Note {
    fn of_this_thread() -> Arc<Apart<Self>> {
        let none = AtomicU32::new(u32::MAX);
        let note = Self { turn: AtomicU64::new(0), lane: AtomicUsize::new(0), slot: none, thread: this_thread() };
        let note = Arc::new(Apart(note));
        let mut notes = NOTES.lock();
        notes.retain(|note| note.strong_count() > 0);
        notes.push(Arc::downgrade(&note));
        note
    }

    /// Only by its own thread, so a load and a store are enough. Release: who reads the new number reads what goes with it.
    fn turn_to(&self, lane: usize, slot: u32) {
        self.lane.store(lane, Ordering::Relaxed);
        self.slot.store(slot, Ordering::Relaxed);
        self.turn.store(self.turn.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }
}

/// This thread is in a body; dropped, it is again where it was.
#[must_use]
pub(crate) struct AtWork {
    outer: Option<(usize, u32)>,
}

/// This thread is in the body of this task, a closure.
#[inline]
pub(crate) fn at_work(header: &Header) -> AtWork {
    let outer = OWN.try_with(|own| {
        let note = &own.0;
        let outer = (note.lane.load(Ordering::Relaxed), note.slot.load(Ordering::Relaxed));
        note.turn_to(Arc::as_ptr(&header.lane) as usize, header.slot().0);
        outer
    });
    // A thread that is about to end has no note any more.
    AtWork { outer: outer.ok() }
}

/// As [`at_work`], for the poll of a future.
#[inline]
pub(crate) fn in_poll(header: &Header) -> AtWork {
    if header.lane.stirs.note() {
        header.lane.yard.watchdog.something_runs();
    }
    at_work(header)
}

impl Drop for AtWork {
    #[inline]
    fn drop(&mut self) {
        if let Some((lane, slot)) = self.outer {
            let _ended = OWN.try_with(|own| own.0.turn_to(lane, slot));
        }
    }
}

/// Whether futures of a lane were polled since somebody looked.
#[derive(Debug, Default)]
pub(crate) struct Stirs(AtomicBool);

impl Stirs {
    /// One was polled: whether it is the first since the last look.
    #[inline]
    fn note(&self) -> bool {
        let is_first = !self.0.load(Ordering::Relaxed);
        if is_first {
            // SeqCst: see the protocol of the watchdog.
            self.0.store(true, Ordering::SeqCst);
        }
        is_first
    }

    pub(super) fn is_noted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

/// What one thread was at when somebody looked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Seen {
    pub(super) slot: Slot,
    pub(super) turn: u64,
    /// The thread's number in the system; 0 if there is none.
    pub(super) thread: u32,
    lane: usize,
}

impl Seen {
    pub(super) fn is_in(&self, lane: &Arc<LaneShared>) -> bool {
        self.lane == Arc::as_ptr(lane) as usize
    }
}

/// What all threads are at that are in a body.
pub(super) fn look() -> Vec<Seen> {
    let notes: Vec<_> = NOTES.lock().iter().filter_map(Weak::upgrade).collect();
    let seen = notes.iter().map(|note| {
        let Note { turn, lane, slot, thread } = &note.0;
        // Acquire pairs with the Release in `turn_to`.
        let turn = turn.load(Ordering::Acquire);
        let (slot, lane) = (Slot(slot.load(Ordering::Relaxed)), lane.load(Ordering::Relaxed));
        Seen { slot, turn, thread: *thread, lane }
    });
    seen.filter(|seen| seen.lane != 0).collect()
}

#[cfg(target_os = "linux")]
fn this_thread() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs()
}

#[cfg(not(target_os = "linux"))]
fn this_thread() -> u32 {
    0
}

/// How much time on a CPU a thread that sleeps now has had, in the system's ticks; `None` if it does not sleep, or nobody can tell.
pub(super) fn asleep_after(thread: u32) -> Option<u64> {
    if cfg!(not(target_os = "linux")) || thread == 0 {
        return None;
    }
    let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).ok()?;
    parse_asleep(&stat)
}

/// The line of a thread in proc(5): after its name, which may hold anything, come the state and, at places 11 and 12 from there, the
/// ticks in the program and in the system.
fn parse_asleep(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let mut ticks = fields.skip(10).map(|field| field.parse::<u64>().ok());
    let all = ticks.next()?? + ticks.next()??;
    (state == "S" || state == "D").then_some(all)
}

#[cfg(test)]
mod tests {
    use super::parse_asleep;

    #[test]
    fn a_thread_is_asleep_or_at_work() {
        let line = |state: &str| format!("17 (a) S 1 (b) {state} 1 17 17 0 -1 4194368 231 0 0 0 40 2 0 0 20 0 5 0 99");
        assert_eq!(parse_asleep(&line("S")), Some(42));
        assert_eq!(parse_asleep(&line("D")), Some(42));
        assert_eq!(parse_asleep(&line("R")), None);
        assert_eq!(parse_asleep("17 (a) S 1"), None);
        assert_eq!(parse_asleep(""), None);
    }
}
