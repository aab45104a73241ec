//! Futures that take long, or block their thread, where others share it with them: those are not held up.

use std::sync::{Arc, Barrier, mpsc};

use tokio::task::{block_in_place, yield_now};
use workyard::Scheduler;

use super::{balances, expect_short, on_threads};

/// A future that blocks its thread until another one, which was not ready at its first poll or at both, has gone on: from the hand in which both
/// are, and from among those that were put back before.
#[test]
fn what_let_others_go_first_is_not_held_up_by_them() {
    on_threads(async {
        let yard = Scheduler::new();
        let all = [0, 1, 5, 70, 100, 300].into_iter().flat_map(|between| [(between, 1), (between, 2)]);
        for (between, turns) in all {
            expect_short(&yard).await;
            let (tx, rx) = mpsc::channel();
            let first = async move {
                for _ in 0..turns {
                    yield_now().await;
                }
                tx.send(between).unwrap();
            };
            let mut others = vec![yard.io().submit(first).await.unwrap()];
            for _ in 0..between {
                others.push(yard.io().submit(async {}).await.unwrap());
            }
            let blocks = yard.io().submit(async move { rx.recv() }).await.unwrap();
            assert_eq!(blocks.await.unwrap(), Ok(between));
            for other in others {
                other.await.unwrap();
            }
        }
        balances(yard, |completed| completed > 2 * 476).await;
    });
}

/// A future that blocks its thread until what the one before it has submitted has run.
#[test]
fn what_a_future_submits_is_not_held_up_by_the_next() {
    on_threads(async {
        let yard = Scheduler::new();
        for _ in 0..20 {
            expect_short(&yard).await;
            let (tx, rx) = mpsc::channel();
            let lane = yard.io().clone();
            let first = async move { lane.try_submit(async move { tx.send(7) }).map(drop).is_ok() };
            let first = yard.io().submit(first).await.unwrap();
            let blocks = yard.io().submit(async move { rx.recv() }).await.unwrap();
            assert_eq!((first.await.unwrap(), blocks.await.unwrap()), (true, Ok(7)));
        }
        balances(yard, |completed| completed > 60).await;
    });
}

/// A future that blocks its thread until whoever collects a group has the one before it.
#[test]
fn who_waits_for_a_group_is_not_held_up_by_the_next() {
    on_threads(async {
        let yard = Scheduler::new();
        for _ in 0..20 {
            expect_short(&yard).await;
            let (tx, rx) = mpsc::channel();
            let group = yard.group();
            group.io(async {}).await.unwrap();
            let blocks = yard.io().submit(async move { rx.recv() }).await.unwrap();
            group.join_next().await.unwrap().unwrap();
            tx.send(7).unwrap();
            assert_eq!(blocks.await.unwrap(), Ok(7));
        }
        balances(yard, |completed| completed > 40).await;
    });
}

/// Each blocks its thread until all of them run, which is more than the runtime has workers.
#[test]
fn futures_that_block_their_threads_for_one_another_all_run() {
    on_threads(async {
        let yard = Scheduler::new();
        for _ in 0..3 {
            expect_short(&yard).await;
            let (all, mut handles) = (Arc::new(Barrier::new(8)), Vec::new());
            for _ in 0..8 {
                let all = Arc::clone(&all);
                handles.push(yard.io().submit(async move { block_in_place(|| all.wait()) }).await.unwrap());
            }
            for handle in handles {
                handle.await.unwrap();
            }
        }
        balances(yard, |completed| completed > 24).await;
    });
}

/// A driver answers for several futures at once, and not only when the last of them is over: one blocks its thread until
/// what those before it gave has come, and those behind it, too.
#[test]
fn what_is_polled_with_a_future_that_blocks_is_not_held_up() {
    on_threads(async {
        let yard = Scheduler::new();
        for _ in 0..3 {
            expect_short(&yard).await;
            let (open, shut) = mpsc::channel::<()>();
            let (mut before, mut behind) = (Vec::new(), Vec::new());
            for number in 0..6 {
                before.push(yard.io().submit(async move { number }).await.unwrap());
            }
            let blocks = yard.io().submit(async move { shut.recv().is_err() }).await.unwrap();
            for number in 6..12 {
                behind.push(yard.io().submit(async move { number }).await.unwrap());
            }
            for (number, handle) in before.into_iter().chain(behind).enumerate() {
                assert_eq!(handle.await.unwrap(), number);
            }
            drop(open);
            assert!(blocks.await.unwrap());
        }
        balances(yard, |completed| completed > 39).await;
    });
}
