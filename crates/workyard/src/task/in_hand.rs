//! Owns how far a driver has come with a task that is in its hand, so that the lane's guard can take it out of there. Never takes
//! or ends a task itself.
//!
//! # Protocol
//! *Driver*: under the lane's lock, takes several tasks and marks each as handed. Without the lock, begins one after the other, polls it, and
//! marks it as over, or, if it is to be polled again, as handed. Under the lock again, answers for those that it finds over still, and
//! takes out those that it finds handed still. *Guard*, when a driver is held up by a future of its hand: under the lock, takes
//! back what the driver is not at, and answers for what is over.
//!
//! Both begin, or take back, by an exchange that only one of them can win, so a task is polled by one of them; and both
//! answer by taking the mark away, so a task is answered for once. Between `begin` and what follows it the task is the driver's alone.

use std::sync::atomic::Ordering;

use workyard_core::Outcome;

use crate::primitives::AtomicU8;

/// Where a task is between a driver and its lane.
#[derive(Debug, Default)]
pub(crate) struct InHand(AtomicU8);

/// What the guard finds of a task in the hand of a driver that is held up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TakenBack {
    /// The driver is not at it, and will not be.
    Waiting,
    /// It was over; it is to be answered for.
    Over(Outcome),
    /// The driver is at it, or has answered for it or put it back, or it is another one in that slot.
    Nothing,
}

const NOWHERE: u8 = 0;
const HANDED: u8 = 1;
const BEGUN: u8 = 2;
/// And the number of the outcome.
const OVER: u8 = 3;

impl InHand {
    /// A driver takes it. Under the lane's lock.
    #[inline]
    pub(crate) fn hand(&self) {
        self.0.store(HANDED, Ordering::Relaxed);
    }

    /// Its driver is about to poll it. `false` if the guard has taken it back.
    #[inline]
    pub(crate) fn begin(&self) -> bool {
        // Relaxed: what a body needs to see comes by the lane's lock.
        self.0.compare_exchange(HANDED, BEGUN, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Its driver has polled it, and it is to be polled again.
    #[inline]
    pub(crate) fn wait(&self) {
        // Release, and Acquire where it is taken back: who polls it next sees what this poll did.
        self.0.store(HANDED, Ordering::Release);
    }

    /// Its driver takes it out of the hand, to be polled again. `false` if the guard has. Under the lane's lock.
    #[inline]
    pub(crate) fn put_back(&self) -> bool {
        self.0.compare_exchange(HANDED, NOWHERE, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Its driver has polled it, and it is over.
    #[inline]
    pub(crate) fn over(&self, how: Outcome) {
        let code = Outcome::ALL.iter().position(|&outcome| outcome == how).unwrap_or_default();
        // Release, and Acquire where it is taken away: who answers for the task sees the result that was put aside.
        self.0.store(OVER + u8::try_from(code).unwrap_or_default(), Ordering::Release);
    }

    /// Its driver answers for it, since it is over. `false` if the guard has done so. Under the lane's lock.
    #[inline]
    pub(crate) fn answer(&self) -> bool {
        let is_over = self.0.load(Ordering::Acquire) >= OVER;
        if is_over {
            // Only who holds the lane's lock takes this mark away.
            self.0.store(NOWHERE, Ordering::Relaxed);
        }
        is_over
    }

    /// The guard takes it out of the hand. Under the lane's lock.
    pub(crate) fn take_back(&self) -> TakenBack {
        if self.0.compare_exchange(HANDED, NOWHERE, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            return TakenBack::Waiting;
        }
        let code = self.0.load(Ordering::Acquire);
        let Some(how) = code.checked_sub(OVER).and_then(|code| Outcome::ALL.get(usize::from(code)).copied()) else {
            return TakenBack::Nothing;
        };
        // Only who holds the lane's lock takes this mark away.
        self.0.store(NOWHERE, Ordering::Relaxed);
        TakenBack::Over(how)
    }
}

#[cfg(all(test, workyard_loom))]
mod loom_tests {
    use std::sync::Arc;

    use loom::sync::Mutex;
    use loom::thread::spawn;

    use super::{InHand, TakenBack};
    use crate::primitives::model;
    use workyard_core::Outcome;

    #[derive(Default)]
    struct Seen {
        polled: [u32; 2],
        answered: [u32; 2],
    }

    /// Two tasks are in the hand of a driver, and the guard looks at any time: each is polled by one of them, and answered for once.
    #[test]
    fn a_task_in_a_hand_is_polled_and_answered_for_once() {
        model(|| {
            let tasks: Arc<[InHand; 2]> = Arc::default();
            let lane = Arc::new(Mutex::new(Seen::default()));
            {
                let _lock = lane.lock().unwrap();
                tasks.iter().for_each(InHand::hand);
            }
            let guard = spawn({
                let (tasks, lane) = (Arc::clone(&tasks), Arc::clone(&lane));
                move || {
                    let mut seen = lane.lock().unwrap();
                    for (at, task) in tasks.iter().enumerate() {
                        match task.take_back() {
                            TakenBack::Waiting => {
                                seen.polled[at] += 1;
                                seen.answered[at] += 1;
                            }
                            TakenBack::Over(how) => {
                                assert_eq!(how, Outcome::Failed);
                                seen.answered[at] += 1;
                            }
                            TakenBack::Nothing => {}
                        }
                    }
                }
            });
            let mut polled = [false; 2];
            for (at, task) in tasks.iter().enumerate() {
                polled[at] = task.begin();
                if polled[at] {
                    task.over(Outcome::Failed);
                }
            }
            {
                let mut seen = lane.lock().unwrap();
                for at in [0, 1] {
                    seen.polled[at] += u32::from(polled[at]);
                    seen.answered[at] += u32::from(polled[at] && tasks[at].answer());
                }
            }
            guard.join().unwrap();
            let seen = lane.lock().unwrap();
            assert_eq!((seen.polled, seen.answered), ([1; 2], [1; 2]));
        });
    }

    /// As above, while the driver finds that the first is to be polled again: it is put back once, by one of them.
    #[test]
    fn a_task_that_is_to_be_polled_again_goes_on_once() {
        model(|| {
            let task: Arc<InHand> = Arc::default();
            let goes_on = Arc::new(Mutex::new(0));
            {
                let _lock = goes_on.lock().unwrap();
                task.hand();
            }
            let guard = spawn({
                let (task, goes_on) = (Arc::clone(&task), Arc::clone(&goes_on));
                move || {
                    let mut goes_on = goes_on.lock().unwrap();
                    match task.take_back() {
                        TakenBack::Waiting => *goes_on += 1,
                        TakenBack::Over(_) => panic!("it is not over"),
                        TakenBack::Nothing => {}
                    }
                }
            });
            if task.begin() {
                task.wait();
            }
            {
                let mut goes_on = goes_on.lock().unwrap();
                *goes_on += u32::from(task.put_back());
            }
            guard.join().unwrap();
            assert_eq!(*goes_on.lock().unwrap(), 1);
        });
    }
}
