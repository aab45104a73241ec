//! Tasks that wait for tasks of their own narrow lane, and of another one, and an end in the midst of that.

use std::pin::Pin;

use crate::shuttle_models::{below, client, model, narrow, settles, step_aside};
use crate::{BoxError, Scheduler};

fn io_nest(yard: Scheduler, depth: u32) -> Pin<Box<dyn Future<Output = Result<u32, BoxError>> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            return Ok(0);
        }
        let child = yard.io().submit(io_nest(yard.clone(), depth - 1)).await?;
        Ok(child.await?? + 1)
    })
}

fn cpu_nest(yard: &Scheduler, depth: u32) -> Result<u32, BoxError> {
    if depth == 0 {
        return Ok(0);
    }
    let inner = yard.clone();
    let child = yard.cpu().blocking_submit(move || cpu_nest(&inner, depth - 1))?;
    Ok(child.blocking_join()?? + 1)
}

#[test]
fn nests_on_narrow_lanes_get_their_results() {
    model(|| async {
        let yard = narrow();
        let clients = [0, 1].map(|_| {
            let yard = yard.clone();
            client(async move {
                let inner = yard.clone();
                let depth = yard.io().run(io_nest(yard.clone(), 2)).await.unwrap().unwrap();
                depth + yard.cpu().run(move || cpu_nest(&inner, 2)).await.unwrap().unwrap()
            })
        });
        for client in clients {
            assert_eq!(client.await.unwrap(), 4);
        }
        settles(&yard).await;
    });
}

#[test]
fn two_lanes_that_wait_for_each_other_go_on() {
    model(|| async {
        let yard = narrow();
        let (first, second) = (yard.clone(), yard.clone());
        let one = yard.io().submit(async move { first.cpu().run(|| 1).await });
        let (one, inner) = (one.await.unwrap(), yard.clone());
        let two = yard.cpu().submit(move || second.io().blocking_run(async { 2 }));
        let two = two.await.unwrap();
        let three = inner.io().run(step_aside()).await;
        assert_eq!((one.await.unwrap().unwrap(), two.await.unwrap().unwrap()), (1, 2));
        three.unwrap();
        settles(&yard).await;
    });
}

#[test]
fn an_end_in_the_midst_of_nested_waits_answers_all() {
    model(|| async {
        let yard = narrow();
        let clients = [0, 1].map(|_| {
            let yard = yard.clone();
            client(async move {
                let inner = yard.clone();
                // Whatever they come to: that they come to it is the point.
                drop(yard.io().run(io_nest(yard.clone(), 2)).await);
                drop(yard.cpu().run(move || cpu_nest(&inner, 2).is_ok()).await);
            })
        });
        for _ in 0..below(6) {
            step_aside().await;
        }
        let report = settles(&yard).await;
        assert!(report.balances());
        for client in clients {
            client.await.unwrap();
        }
    });
}
