//! What is left in the timer queue, which nobody sees from outside.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{Lane, Scheduler};

fn timers_set(yard: &Scheduler) -> usize {
    yard.io().shared().yard.timers.state.lock().queue.len()
}

#[tokio::test]
async fn a_hundred_thousand_limits_are_gone_when_their_tasks_are() {
    let yard = Scheduler::builder().io(Lane::io().limit(64).queue(256)).build().unwrap();
    let hour = Duration::from_hours(1);
    let token = CancellationToken::new();
    for n in 0..100_000_u32 {
        let task = yard.io().task("limited").timeout(hour).queue_timeout(2 * hour);
        let task = if n % 16 == 0 { task.token(token.clone()) } else { task };
        let handle = task.submit(async {}).await.unwrap();
        match n % 4 {
            0 => assert!(handle.cancel() || handle.is_finished()),
            1 => drop(handle.abort_on_drop()),
            2 => handle.await.unwrap(),
            _ => drop(handle),
        }
        assert!(timers_set(&yard) <= 64 + 256 + 1);
    }
    let report = yard.shutdown().await;
    assert_eq!(report.total.accepted, 100_000);
    assert_eq!(timers_set(&yard), 0);
}

#[tokio::test(start_paused = true)]
async fn a_limit_beyond_all_time_sets_no_timer() {
    let yard = Scheduler::new();
    let far = tokio::time::Instant::now() + Duration::from_hours(24 * 365 * 30);
    let task = yard.io().task("for ever").timeout(Duration::MAX).queue_timeout(Duration::MAX).deadline(far);
    let handle = task.submit(std::future::pending::<()>()).await.unwrap();
    assert_eq!(timers_set(&yard), 0);
    let limited = yard.io().task("a year").timeout(Duration::from_hours(24 * 364));
    let limited = limited.submit(std::future::pending::<()>()).await.unwrap();
    assert_eq!(timers_set(&yard), 1);
    assert!(limited.await.unwrap_err().is_timeout());
    assert!(handle.cancel() && handle.await.unwrap_err().is_cancelled());
    assert_eq!(timers_set(&yard), 0);
}
