//! The end of a closure against who stops it, waits for it, gives up, is called back, or drops the yard.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::shuttle_models::{below, client, model, narrow, settles};

#[test]
fn result_cancel_abort_and_drop_race_to_one_outcome() {
    model(|| async {
        let yard = narrow();
        let told = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&told);
        let options = yard.cpu().task("raced").on_done(move |_| {
            counts.fetch_add(1, Ordering::Relaxed);
        });
        let handle = options.submit_with(|ctx| ctx.is_cancelled()).await.unwrap();
        let stops = [handle.task_ref(), handle.task_ref()];
        let [cancels, aborts] = stops;
        let clients = [
            client(async move {
                cancels.cancel();
            }),
            client(async move {
                if below(2) == 0 {
                    aborts.abort();
                }
            }),
        ];
        if below(2) == 0 {
            drop(handle.cancel_on_drop());
        } else {
            drop(handle.await);
        }
        for client in clients {
            client.await.unwrap();
        }
        let total = settles(&yard).await.total;
        assert_eq!((total.accepted, total.all_ended()), (1, 1));
        assert_eq!(told.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn all_who_ask_for_the_end_get_it() {
    model(|| async {
        let yard = narrow();
        drop(yard.blocking().try_submit(|| ()).unwrap());
        let inner = yard.clone();
        let of_its_own = yard.io().try_submit(async move { inner.shutdown().await.balances() }).unwrap();
        let other = client({
            let yard = yard.clone();
            async move { yard.shutdown().drain_for(Duration::from_secs(1)).await.balances() }
        });
        // Nobody waits for the task that waits for the end.
        assert!(yard.shutdown().await.balances());
        assert!(other.await.unwrap());
        drop(of_its_own.await);
    });
}

#[test]
fn the_last_yard_dropped_in_the_midst_answers_every_handle() {
    model(|| async {
        let yard = narrow();
        let mut handles = vec![yard.cpu().try_submit(|| ()).unwrap(), yard.cpu().try_submit(|| ()).unwrap()];
        handles.push(yard.blocking().try_submit(|| ()).unwrap());
        let dropper = client(async move { drop(yard) });
        for handle in handles {
            drop(handle.await);
        }
        dropper.await.unwrap();
    });
}
