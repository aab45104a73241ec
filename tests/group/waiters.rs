//! Tests that nobody who waits for a group sleeps while there is something for them, polled by hand.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::oneshot;
use workyard::{Group, JoinNext, Scheduler, TaskRef, Until, Wait};
use workyard_testkit::{Rng, SeedOnPanic, seeds};

use crate::common::{Hand, ends_with, has_ended};

/// Members that end when told to.
struct Told {
    release: oneshot::Sender<()>,
    task: TaskRef,
}

impl Told {
    async fn join(group: &Group<u32>, number: u32) -> Self {
        let (release, released) = oneshot::channel();
        let task = group.io(async move { released.await.map_or(u32::MAX, |()| number) }).await.unwrap();
        Self { release, task }
    }

    async fn end(self) {
        self.release.send(()).unwrap();
        has_ended(&self.task).await;
    }
}

#[tokio::test]
async fn one_waiter_is_woken_for_one_result_and_all_for_none() {
    let yard = Scheduler::new();
    let group = yard.group();
    let member = Told::join(&group, 7).await;
    let hands = [Hand::new(), Hand::new(), Hand::new()];
    let mut waiting: Vec<_> = hands.iter().map(|_| Box::pin(group.join_next())).collect();
    for (hand, next) in hands.iter().zip(&mut waiting) {
        assert!(hand.poll(next.as_mut()).is_pending());
    }
    member.end().await;
    assert_eq!(hands.each_ref().map(|hand| hand.wakes()), [1, 0, 0], "first come, first served");
    assert!(matches!(hands[0].poll(waiting[0].as_mut()), Poll::Ready(Some(Ok(7)))));
    assert_eq!(hands.each_ref().map(|hand| hand.wakes()), [1, 1, 1], "the group is empty");
    for (hand, next) in hands.iter().zip(&mut waiting).skip(1) {
        assert!(matches!(hand.poll(next.as_mut()), Poll::Ready(None)));
    }
    drop(waiting);
    ends_with(yard, "accepted 1 = 1 completed").await;
}

#[tokio::test]
async fn a_waiter_dropped_at_any_point_loses_nothing() {
    let yard = Scheduler::new();
    let group = yard.group();
    let (first, second) = (Told::join(&group, 1).await, Told::join(&group, 2).await);
    let [unpolled, waits, woken, last] = std::array::from_fn(|_| group.join_next());
    let hands = [Hand::new(), Hand::new(), Hand::new()];
    let (mut waits, mut woken, mut last) = (Box::pin(waits), Box::pin(woken), Box::pin(last));
    assert!(hands[0].poll(waits.as_mut()).is_pending());
    assert!(hands[1].poll(woken.as_mut()).is_pending());
    assert!(hands[2].poll(last.as_mut()).is_pending());
    drop(unpolled);
    drop(waits);
    first.end().await;
    assert_eq!(hands.each_ref().map(|hand| hand.wakes()), [0, 1, 0], "the dropped one is out of line");
    drop(woken);
    assert_eq!(hands[2].wakes(), 1, "the unused wake-up is passed on");
    assert!(matches!(hands[2].poll(last.as_mut()), Poll::Ready(Some(Ok(1)))));
    drop(last);

    let mut robbed = Box::pin(group.join_next());
    assert!(hands[0].poll(robbed.as_mut()).is_pending());
    second.end().await;
    assert_eq!(hands[0].wakes(), 1);
    assert!(matches!(group.try_join_next(), Some(Ok(2))), "goes before those that wait");
    assert!(matches!(hands[0].poll(robbed.as_mut()), Poll::Ready(None)));
    drop(robbed);
    ends_with(yard, "accepted 2 = 2 completed").await;
}

#[tokio::test]
async fn a_wait_that_is_dropped_has_taken_nothing() {
    let yard = Scheduler::new();
    let group = yard.group();
    let (first, second) = (Told::join(&group, 1).await, Told::join(&group, 2).await);
    let (hand, gone) = (Hand::new(), Hand::new());
    let (mut wait, mut dropped) = (Box::pin(group.wait(Until::First)), Box::pin(group.wait(Until::First)));
    assert!(gone.poll(dropped.as_mut()).is_pending());
    assert!(hand.poll(wait.as_mut()).is_pending());
    drop(dropped);
    first.end().await;
    assert_eq!((hand.wakes(), gone.wakes()), (1, 0));
    drop(wait);
    let mut wait = Box::pin(group.join_all());
    assert!(hand.poll(wait.as_mut()).is_pending(), "one member runs");
    second.end().await;
    assert_eq!(hand.wakes(), 2);
    let Poll::Ready(results) = hand.poll(wait.as_mut()) else { panic!("all have ended") };
    assert_eq!(results.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1, 2]);
    drop(wait);
    ends_with(yard, "accepted 2 = 2 completed").await;
}

/// One who waits, and how often it had been woken when it was polled last.
struct Waiter<'a> {
    what: What<'a>,
    hand: Arc<Hand>,
    seen: usize,
}

enum What<'a> {
    Next(Pin<Box<JoinNext<'a, u32>>>),
    Wait(Until, Pin<Box<Wait<'a, u32>>>),
}

impl<'a> Waiter<'a> {
    fn new(group: &'a Group<u32>, rng: &mut Rng) -> Self {
        let what = match rng.below(6) {
            0 => Until::First,
            1 => Until::All,
            2 => Until::FirstFailure,
            _ => return Self::of(What::Next(Box::pin(group.join_next()))),
        };
        Self::of(What::Wait(what, Box::pin(group.wait(what))))
    }

    fn of(what: What<'a>) -> Self {
        Self { what, hand: Hand::new(), seen: 0 }
    }

    fn is_woken(&self) -> bool {
        self.hand.wakes() > self.seen
    }

    /// What it got, or itself if it goes on waiting.
    fn poll(mut self) -> Result<Vec<u32>, Self> {
        self.seen = self.hand.wakes();
        let polled = match &mut self.what {
            What::Next(next) => self.hand.poll(next.as_mut()).map(|got| got.into_iter().collect()),
            What::Wait(_, wait) => self.hand.poll(wait.as_mut()),
        };
        match polled {
            Poll::Ready(results) => Ok(results.into_iter().map(Result::unwrap).collect()),
            Poll::Pending => Err(self),
        }
    }
}

/// Whatever members, waiters and drops do: as long as results are there, no more of those who wait sleep than there are woken
/// ones to take them, and nobody sleeps when the group is empty.
#[tokio::test]
async fn nobody_sleeps_while_there_is_something_to_take() {
    let yard = Scheduler::new();
    for seed in seeds(1_000) {
        let _told = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let group = yard.group();
        let mut members = Vec::new();
        for number in 0..5 {
            members.push(Told::join(&group, number).await);
        }
        let (mut waiters, mut taken) = (Vec::<Waiter<'_>>::new(), Vec::new());
        while !members.is_empty() || !waiters.is_empty() || !group.is_empty() {
            // Hand-held polls spend the budget of the test's own task.
            tokio::task::yield_now().await;
            match rng.below(5) {
                0 if !members.is_empty() => members.swap_remove(rng.below(members.len())).end().await,
                1 | 2 if waiters.len() < 4 && !group.is_empty() => match Waiter::new(&group, &mut rng).poll() {
                    Ok(results) => taken.extend(results),
                    Err(waiter) => waiters.push(waiter),
                },
                3 if !waiters.is_empty() && rng.chance(0.3) => drop(waiters.swap_remove(rng.below(waiters.len()))),
                _ => {
                    // A runtime polls those that were woken, and now and then one that was not.
                    let chosen = waiters.iter().position(|waiter| waiter.is_woken() || rng.chance(0.1));
                    if let Some(waiter) = chosen.map(|at| waiters.swap_remove(at)) {
                        match waiter.poll() {
                            Ok(results) => taken.extend(results),
                            Err(waiter) => waiters.push(waiter),
                        }
                    }
                }
            }
            let there = group.len() - members.len();
            let is_next = |waiter: &&Waiter<'_>| matches!(waiter.what, What::Next(_));
            let woken = waiters.iter().filter(is_next).filter(|waiter| waiter.is_woken()).count();
            let asleep = waiters.iter().filter(|waiter| !waiter.is_woken());
            for sleeper in asleep {
                let sleeps_well = match sleeper.what {
                    What::Next(_) => there <= woken && !group.is_empty(),
                    What::Wait(Until::First, _) => there == 0 && !group.is_empty(),
                    What::Wait(Until::FirstFailure | Until::All, _) => !members.is_empty(),
                };
                assert!(sleeps_well, "{there} are there, {woken} woken, {} run", members.len());
            }
        }
        taken.sort_unstable();
        assert_eq!(taken, [0, 1, 2, 3, 4]);
    }
    let report = yard.shutdown().await;
    assert!(report.balances() && report.is_clean() && report.total.accepted == report.total.completed, "{report}");
}
