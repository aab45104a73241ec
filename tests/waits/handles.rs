//! What a wait costs, and when it is over.

use crate::common::Flag;
use crate::common::Place;
use crate::common::balanced;
use crate::common::kind;
use crate::run::on_runtime;
use crate::run::soon;
use futures_util::future::join;
use futures_util::future::join_all;
use std::time::Duration;
use tokio::sync::oneshot;
use workyard::Handle;
use workyard::Lane;
use workyard::Scheduler;

#[test]
fn a_wait_with_a_limit_is_over_when_the_limit_is() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_own, own) = Place::<Handle<u32>>::new();
        let (put_other, other) = Place::<Handle<()>>::new();
        let gave_up = Flag::default();
        let (go, goes) = oneshot::channel::<()>();
        let given_up = gave_up.clone();
        let gives_up = yard.io().submit(async move {
            let mut other = other.take().await;
            assert!(other.join_timeout(Duration::from_millis(1)).await.is_none());
            given_up.raise();
            goes.await.unwrap();
            drop(other);
            5
        });
        let gives_up = gives_up.await.unwrap();
        let waits = Flag::default();
        let (told, tell) = oneshot::channel();
        let at_first = waits.clone();
        let waits_for_it = yard.io().submit(async move {
            gave_up.raised().await;
            let result = at_first.at_first_poll(own.take().await).await;
            told.send(kind(result)).unwrap();
        });
        put_other.put(waits_for_it.await.unwrap());
        put_own.put(gives_up);
        waits.raised().await;
        go.send(()).unwrap();
        assert_eq!(soon(tell).await.unwrap(), Ok(5), "the first one no longer waits for the second");
        balanced(&yard).await;
    });
}

#[test]
fn thousands_of_handles_in_one_task_cost_each_the_same() {
    on_runtime(async {
        let yard = Scheduler::builder().io(Lane::io().limit(20_000)).build().unwrap();
        let inner = yard.clone();
        let fans_out = yard.io().submit(async move {
            let (go, goes) = tokio::sync::watch::channel(false);
            let mut handles = Vec::new();
            for _ in 0..10_000 {
                let mut goes = goes.clone();
                handles.push(inner.io().submit(async move { goes.changed().await.is_ok() }).await.unwrap());
            }
            let polled = Flag::default();
            let release = async {
                polled.raised().await;
                go.send(true).unwrap();
            };
            let (ends, ()) = join(polled.at_first_poll(join_all(handles)), release).await;
            ends.into_iter().filter(|end| *end.as_ref().unwrap()).count()
        });
        // Quadratic work would take minutes.
        assert_eq!(soon(fans_out.await.unwrap()).await.unwrap(), 10_000);
        balanced(&yard).await;
    });
}
