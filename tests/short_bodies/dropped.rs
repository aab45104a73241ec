//! Results that nobody takes, and whose `Drop` blocks the thread of whoever drops them until another future has run: that one is not held up.

use std::sync::mpsc;

use workyard::Scheduler;

use super::run::SOON;
use super::{balances, expect_short, on_so_many_threads, on_threads};

/// A value that nobody takes, and that blocks its thread when it is dropped, until a future has run.
struct DropBlocks {
    begins: mpsc::Sender<()>,
    has_run: mpsc::Receiver<()>,
    was_in_time: mpsc::Sender<bool>,
}

/// What a test has of it.
struct WhileDropped {
    has_begun: mpsc::Receiver<()>,
    run: mpsc::Sender<()>,
    was_in_time: mpsc::Receiver<bool>,
}

impl DropBlocks {
    fn new() -> (Self, WhileDropped) {
        let (begins, has_begun) = mpsc::channel();
        let (run, has_run) = mpsc::channel();
        let (told, was_in_time) = mpsc::channel();
        (Self { begins, has_run, was_in_time: told }, WhileDropped { has_begun, run, was_in_time })
    }
}

impl WhileDropped {
    /// Has a future that it waits for submitted while it is dropped. Whether that came in time.
    ///
    /// A thread that is no worker of the runtime sees to it: what is woken by who blocks its worker is next there.
    async fn submit(self, yard: &Scheduler) -> bool {
        let (Self { has_begun, run, was_in_time }, lane) = (self, yard.io().clone());
        let submit = move || {
            has_begun.recv().unwrap();
            drop(lane.try_submit(async move { run.send(()) }).unwrap());
            was_in_time.recv().unwrap()
        };
        tokio::task::spawn_blocking(submit).await.unwrap()
    }
}

impl Drop for DropBlocks {
    fn drop(&mut self) {
        self.begins.send(()).unwrap();
        let in_time = self.has_run.recv_timeout(SOON / 4).is_ok();
        self.was_in_time.send(in_time).unwrap();
    }
}

/// A driver drops what nobody takes, and may have the next future in its hand by then.
///
/// Nothing is awaited before the future may go on: what waits for a turn may be in the queue of the worker that it blocks.
#[test]
fn what_a_result_waits_for_when_it_is_dropped_is_not_held_up_in_a_hand() {
    on_threads(async {
        let yard = Scheduler::new();
        for _ in 0..10 {
            expect_short(&yard).await;
            let (blocks, WhileDropped { run, was_in_time, has_begun: _begun }) = DropBlocks::new();
            let (detach, detached) = mpsc::channel();
            let lane = yard.io().clone();
            let value = async move {
                detached.recv().unwrap();
                drop(lane.try_submit(async move { run.send(()) }).unwrap());
                // If it has a task of its own, that is not the one which is next here, and which nobody else can take.
                drop(tokio::spawn(async {}));
                blocks
            };
            drop(yard.io().try_submit(value).unwrap());
            detach.send(()).unwrap();
            assert!(tokio::task::spawn_blocking(move || was_in_time.recv()).await.unwrap().unwrap());
        }
        balances(yard, |completed| completed > 20).await;
    });
}

/// As above, but what it waits for comes while it is dropped.
#[test]
fn what_comes_while_a_result_is_dropped_is_not_held_up() {
    on_threads(async {
        let yard = Scheduler::new();
        for _ in 0..10 {
            expect_short(&yard).await;
            let (blocks, while_dropped) = DropBlocks::new();
            let (detach, detached) = mpsc::channel();
            let value = async move {
                detached.recv().unwrap();
                blocks
            };
            drop(yard.io().try_submit(value).unwrap());
            detach.send(()).unwrap();
            assert!(while_dropped.submit(&yard).await);
        }
        balances(yard, |completed| completed > 20).await;
    });
}

/// As above, but it is dropped by whoever looks whether a driver is held up, which is what another future does.
#[test]
fn what_comes_while_a_result_is_dropped_for_a_driver_that_is_held_up_is_not() {
    on_so_many_threads(3, async {
        let yard = Scheduler::new();
        for _ in 0..10 {
            expect_short(&yard).await;
            let (blocks, while_dropped) = DropBlocks::new();
            // So that both are in one hand, and nobody has the handle by then.
            let (go_on, waits) = mpsc::channel::<()>();
            let before = yard.io().try_submit(async move { waits.recv().is_err() }).unwrap();
            let (open, shut) = mpsc::channel::<()>();
            drop(yard.io().try_submit(async move { blocks }).unwrap());
            let holds_up = yard.io().try_submit(async move { shut.recv().is_err() }).unwrap();
            drop(go_on);
            assert!(while_dropped.submit(&yard).await);
            drop(open);
            assert!(before.await.unwrap() && holds_up.await.unwrap());
        }
        balances(yard, |completed| completed > 40).await;
    });
}
