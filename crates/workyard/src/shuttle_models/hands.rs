//! Drivers of an io lane: what they have in hand is polled by them, or by who finds them held up.

use std::time::Duration;

use crate::shuttle_models::{below, client, model, settles, step_aside};
use crate::{Lane, Scheduler};

/// A yard whose io lane takes its futures by the handful.
fn handfuls() -> Scheduler {
    Scheduler::builder().io(Lane::io().limit(8).queue(8)).build().unwrap()
}

#[test]
fn whatever_holds_a_driver_up_each_future_ends_once() {
    model(|| async {
        let yard = handfuls();
        let mut handles = Vec::new();
        for n in 0..5_u64 {
            let kind = below(4);
            let handle = yard.io().try_submit(async move {
                match kind {
                    // Over at once.
                    0 | 1 => {}
                    // Goes on later.
                    2 => step_aside().await,
                    // Holds its driver up, so that the guard may come.
                    _ => (0..3).for_each(|_| shuttle::thread::yield_now()),
                }
                n
            });
            handles.push(handle.unwrap());
        }
        for (handle, n) in handles.into_iter().zip(0..) {
            assert_eq!(handle.await.unwrap(), n);
        }
        assert_eq!(settles(&yard).await.total.completed, 5);
    });
}

#[test]
fn a_future_that_waits_for_one_in_the_same_hand_gets_its_result() {
    model(|| async {
        let yard = handfuls();
        let (tx, rx) = shuttle::sync::mpsc::channel();
        // Blocks the thread that polls it, until the next one has run.
        let first = yard.io().try_submit(async move { rx.recv().unwrap() }).unwrap();
        let second = yard.io().try_submit(async move { tx.send(7).unwrap() }).unwrap();
        assert_eq!(first.await.unwrap(), 7);
        second.await.unwrap();
        settles(&yard).await;
    });
}

#[test]
fn what_is_stopped_in_a_hand_ends_once() {
    model(|| async {
        let yard = handfuls();
        let mut clients = Vec::new();
        for n in 0..4 {
            let handle = yard.io().try_submit(step_aside()).unwrap();
            let stops = handle.task_ref();
            clients.push(client(async move {
                if n % 2 == 0 {
                    stops.abort();
                } else {
                    stops.cancel();
                }
            }));
            clients.push(client(async move { drop(handle.await) }));
        }
        for client in clients {
            client.await.unwrap();
        }
        let total = settles(&yard).await.total;
        assert_eq!(total.completed + total.cancelled, 4);
    });
}

#[test]
fn wakes_that_are_held_back_come() {
    model(|| async {
        let yard = handfuls();
        let clients = [0, 1, 2].map(|_| {
            let yard = yard.clone();
            client(async move { yard.io().run(async {}).await.is_ok() })
        });
        for client in clients {
            assert!(client.await.unwrap());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        settles(&yard).await;
    });
}
