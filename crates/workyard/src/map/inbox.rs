//! Owns how the futures of one runner wake it, and who answers for them. Never polls one.
//!
//! # Protocol
//! *Waker* of a place: sets the place's bit; if no bit of that word was set, raises `signaled`; if that was not raised, wakes the runner.
//! *Runner*, at the begin of its poll: registers its waker, lowers `signaled`, then takes the bits. Both are read-modify-writes in this
//! order, so either the runner takes the bit, or the waker finds `signaled` lowered and wakes it again. A bit that comes to others
//! needs no signal of its own: the word has not been taken since the first of them came, and whoever set that one sees, or is about
//! to see, that it is.
//!
//! *Who answers*: each place says which item it holds. Who has a result for the item takes it from there, under a lock, and only who
//! took it answers: the runner, for all items that have ended since it looked last, or, at the end of a shutdown, whoever does not wait
//! for the runner any more. *Who begins*: the runner, outside of that lock, by a swap that finds the item still there.
//!
//! Behind the places there are numbers for the [rounds](super::rounds): a wake-up of one is for several places.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Wake, Waker};

use crate::primitives::{AtomicBool, AtomicU64, AtomicWaker, Mutex, MutexGuard};

/// What the futures of one runner and the runner share.
pub(super) struct Inbox {
    /// A bit for each place, and behind them each round, that was woken.
    woken: Box<[AtomicU64]>,
    signaled: AtomicBool,
    runner: AtomicWaker,
    /// By place: see [`Held`].
    held: Box<[AtomicU64]>,
    /// Who answers.
    answers: Mutex<()>,
}

/// The item in a place: none, or its index and whether it began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Held {
    pub(super) index: u64,
    pub(super) began: bool,
}

impl Held {
    const NONE: u64 = 0;

    /// Indices beyond 2^62 would take centuries to reach.
    const fn code(self) -> u64 {
        ((self.index + 1) << 1) | self.began as u64
    }

    const fn of(code: u64) -> Option<Self> {
        if code == Self::NONE { None } else { Some(Self { index: (code >> 1) - 1, began: code & 1 == 1 }) }
    }
}

impl Inbox {
    pub(super) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self {
            woken: (0..(places + rounds(places)).div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            signaled: AtomicBool::new(false),
            runner: AtomicWaker::new(),
            held: (0..places).map(|_| AtomicU64::new(Held::NONE)).collect(),
            answers: Mutex::new(()),
        })
    }

    /// The waker of one place or round.
    pub(super) fn waker(self: &Arc<Self>, place: u32) -> Waker {
        Waker::from(Arc::new(PlaceWaker { inbox: Arc::clone(self), place }))
    }

    /// The runner is polled: from now on it is woken again.
    pub(super) fn begin_poll(&self, waker: &Waker) {
        self.runner.register(waker);
        self.signaled.swap(false, Ordering::AcqRel);
    }

    /// Takes the places and rounds that were woken.
    #[inline]
    pub(super) fn take_woken(&self, mut each: impl FnMut(u32)) {
        for (word, base) in self.woken.iter().zip((0_u32..).step_by(64)) {
            if word.load(Ordering::Relaxed) == 0 {
                continue;
            }
            let mut bits = word.swap(0, Ordering::AcqRel);
            while bits != 0 {
                each(base + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }

    /// This place or round is to be polled.
    fn wake(&self, place: u32) {
        let (word, bit) = (place as usize / 64, 1 << (place % 64));
        // AcqRel, as the swaps of the runner: what the future's waker did before is seen by the poll that follows.
        let is_first = self.woken.get(word).is_some_and(|word| word.fetch_or(bit, Ordering::AcqRel) == 0);
        if is_first && !self.signaled.swap(true, Ordering::AcqRel) {
            self.runner.wake();
        }
    }

    #[inline]
    pub(super) fn hold(&self, place: u32, held: Held) {
        if let Some(slot) = self.held.get(place as usize) {
            slot.store(held.code(), Ordering::Release);
        }
    }

    /// The item in a place, which begins now; `None` if it was answered meanwhile.
    #[inline]
    pub(super) fn begin(&self, place: u32, index: u64) -> Option<()> {
        let slot = self.held.get(place as usize)?;
        let (waits, runs) = (Held { index, began: false }.code(), Held { index, began: true }.code());
        slot.compare_exchange(waits, runs, Ordering::AcqRel, Ordering::Relaxed).is_ok().then_some(())
    }

    /// For who has results of items that have ended.
    #[inline]
    pub(super) fn answers(&self) -> Answers<'_> {
        Answers { held: &self.held, _lock: self.answers.lock() }
    }

    /// The items in all places, for who is going to answer them.
    pub(super) fn take_all(&self) -> Vec<Held> {
        let _lock = self.answers.lock();
        // Swapped, since the runner may be about to begin one.
        self.held.iter().filter_map(|slot| Held::of(slot.swap(Held::NONE, Ordering::AcqRel))).collect()
    }

    /// How many places there are.
    #[inline]
    pub(super) fn places(&self) -> usize {
        self.held.len()
    }

    /// How many rounds there are; their numbers are behind those of the places.
    pub(super) fn rounds(&self) -> usize {
        rounds(self.held.len())
    }
}

/// Enough for batches that are full; where all are taken, places have wakers of their own.
const fn rounds(places: usize) -> usize {
    places.div_ceil(64)
}

/// The runner, while nobody else answers.
pub(super) struct Answers<'a> {
    held: &'a [AtomicU64],
    _lock: MutexGuard<'a, ()>,
}

impl Answers<'_> {
    /// The item in a place, which has ended, for who is going to answer it; `None` if another has.
    #[inline]
    pub(super) fn take(&self, place: u32) -> Option<Held> {
        let slot = self.held.get(place as usize)?;
        // Only the runner, which this is, and who holds the lock, which this does, write to it.
        let held = Held::of(slot.load(Ordering::Relaxed));
        slot.store(Held::NONE, Ordering::Relaxed);
        held
    }
}

struct PlaceWaker {
    inbox: Arc<Inbox>,
    place: u32,
}

impl Wake for PlaceWaker {
    fn wake(self: Arc<Self>) {
        self.inbox.wake(self.place);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.inbox.wake(self.place);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_runner_is_woken_once_between_two_polls() {
        let inbox = Inbox::new(130);
        let count = Arc::new(Count::default());
        inbox.begin_poll(&Waker::from(Arc::clone(&count)));
        for place in [0, 64, 129, 129] {
            inbox.waker(place).wake();
        }
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        let mut woken = Vec::new();
        inbox.take_woken(|place| woken.push(place));
        assert_eq!(woken, [0, 64, 129]);
        inbox.begin_poll(&Waker::from(Arc::clone(&count)));
        inbox.waker(64).wake_by_ref();
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn one_answers() {
        let inbox = Inbox::new(2);
        inbox.hold(1, Held { index: 7, began: false });
        assert_eq!(inbox.begin(1, 8), None);
        assert_eq!(inbox.begin(1, 7), Some(()));
        assert_eq!(inbox.answers().take(1), Some(Held { index: 7, began: true }));
        assert_eq!((inbox.answers().take(1), inbox.begin(1, 7)), (None, None));
        inbox.hold(0, Held { index: 0, began: false });
        assert_eq!(inbox.take_all(), [Held { index: 0, began: false }]);
    }
}
