//! Submissions that wait for room: dropped while they wait and when their turn has come, refused by an end, and behind one another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::shuttle_models::{below, client, model, narrow, polled, settles, step_aside};

#[test]
fn a_submit_dropped_while_its_turn_comes_passes_it_on() {
    model(|| async {
        let yard = narrow();
        let ran = Arc::new(AtomicU64::new(0));
        let body = |ran: &Arc<AtomicU64>| {
            let ran = Arc::clone(ran);
            move || {
                ran.fetch_add(1, Ordering::Relaxed);
            }
        };
        let clients = [1, 2, 3].map(|polls| {
            let (yard, work) = (yard.clone(), body(&ran));
            client(async move { polled(yard.cpu().submit(work), polls).await.map(drop) })
        });
        // Whatever they do, who stays gets its turn.
        yard.cpu().run(body(&ran)).await.unwrap();
        let mut accepted = 1;
        for client in clients {
            accepted += u64::from(client.await.unwrap().is_some());
        }
        let report = settles(&yard).await;
        assert_eq!((report.total.accepted, ran.load(Ordering::Relaxed)), (accepted, accepted));
    });
}

#[test]
fn a_run_dropped_anywhere_frees_its_slot() {
    model(|| async {
        let yard = narrow();
        let clients = [1, 2, 3].map(|polls| {
            let yard = yard.clone();
            client(async move {
                drop(polled(yard.io().run(step_aside()), polls).await);
                drop(polled(yard.blocking().run(|| ()), polls).await);
            })
        });
        yard.io().run(step_aside()).await.unwrap();
        yard.blocking().run(|| ()).await.unwrap();
        for client in clients {
            client.await.unwrap();
        }
        settles(&yard).await;
    });
}

#[test]
fn what_is_submitted_into_the_end_is_accepted_or_comes_back() {
    model(|| async {
        let yard = narrow();
        let clients = [0, 1, 2].map(|kind| {
            let yard = yard.clone();
            client(async move {
                match kind {
                    0 => yard.io().submit(step_aside()).await.map(drop).map_err(drop),
                    1 => yard.cpu().submit(|| ()).await.map(drop).map_err(drop),
                    _ => yard.cpu().try_submit(|| ()).map(drop).map_err(drop),
                }
            })
        });
        for _ in 0..below(4) {
            step_aside().await;
        }
        let report = settles(&yard).await;
        let mut accepted = 0;
        for client in clients {
            accepted += u64::from(client.await.unwrap().is_ok());
        }
        assert_eq!(report.total.accepted, accepted);
    });
}
