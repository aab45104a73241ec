//! Limits of time, further attempts and timers, at every moment of the life of a task.

use std::time::Duration;

use crate::retry::Retry;
use crate::shuttle_models::{below, client, model, narrow, settles, step_aside};

const SOON: Duration = Duration::from_millis(3);

#[test]
fn a_limit_that_passes_at_any_moment_ends_the_task_once() {
    model(|| async {
        let yard = narrow();
        let limit = Duration::from_millis(below(4));
        let mut clients = Vec::new();
        for _ in 0..2 {
            let yard = yard.clone();
            clients.push(client(async move {
                drop(yard.io().task("io").timeout(limit).run(tokio::time::sleep(SOON)).await);
                drop(yard.cpu().task("cpu").queue_timeout(limit).run(|| ()).await);
                let _late = yard.blocking().task("blocking").timeout(limit).run(shuttle::thread::yield_now).await;
            }));
        }
        for client in clients {
            client.await.unwrap();
        }
        let total = settles(&yard).await.total;
        assert_eq!(total.completed + total.timed_out, 6);
    });
}

#[test]
fn what_is_tried_again_and_stopped_at_any_moment_ends_once() {
    model(|| async {
        let yard = narrow();
        let retry = Retry::exponential().attempts(3).min_delay(SOON).build().unwrap();
        let handle = yard.io().task("again").retry(retry).submit(|| async {
            step_aside().await;
            Err::<(), _>("on purpose")
        });
        let handle = handle.await.unwrap();
        let stops = handle.task_ref();
        let stopper = client(async move {
            tokio::time::sleep(Duration::from_millis(below(8))).await;
            stops.cancel()
        });
        let is_stopped = handle.await.is_err_and(|error| error.is_cancelled());
        stopper.await.unwrap();
        let total = settles(&yard).await.total;
        assert_eq!((total.cancelled, total.failed), if is_stopped { (1, 0) } else { (0, 1) });
    });
}

#[test]
fn a_timer_cancelled_as_it_comes_due_runs_once_or_never() {
    model(|| async {
        let yard = narrow();
        let timer = yard.after(SOON).io(step_aside());
        tokio::time::sleep(Duration::from_millis(1 + below(4))).await;
        timer.cancel();
        drop(timer);
        let ticks = yard.every(SOON).cpu(|_| ());
        tokio::time::sleep(SOON * 2).await;
        ticks.cancel();
        drop(ticks);
        settles(&yard).await;
    });
}
