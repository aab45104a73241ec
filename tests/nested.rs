//! Tasks that wait for tasks: on every lane, with a single slot and a full queue, each gets its result, and what can never
//! come is said so.
#![cfg(test)]

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use workyard::{BoxError, Handle, Lane, Report, Scheduler, TaskErrorKind, TaskStatus};

/// Real time is bounded, never asserted exactly; a hang becomes a failure here.
const DEADLINE: Duration = Duration::from_secs(10);

fn narrow() -> Scheduler {
    Scheduler::builder()
        .io(Lane::io().limit(1).queue(1))
        .cpu(Lane::cpu().threads(1).queue(1))
        .blocking(Lane::blocking().limit(1).queue(1))
        .build()
        .unwrap()
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("hangs")
}

async fn balanced(yard: &Scheduler) -> Report {
    let report = in_time(yard.shutdown().drain_for(Duration::from_secs(5)).into_future()).await;
    assert!(report.balances() && report.is_clean(), "{report}");
    report
}

fn io_nest(yard: Scheduler, depth: u32) -> std::pin::Pin<Box<dyn Future<Output = Result<u32, BoxError>> + Send>> {
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

fn blocking_nest(yard: &Scheduler, depth: u32) -> Result<u32, BoxError> {
    if depth == 0 {
        return Ok(0);
    }
    let inner = yard.clone();
    let child = yard.blocking().blocking_submit(move || blocking_nest(&inner, depth - 1))?;
    Ok(child.blocking_join()?? + 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_waits_for_a_task_of_its_own_lane_gets_its_result() {
    let yard = narrow();
    in_time(async {
        assert_eq!(yard.io().run(io_nest(yard.clone(), 3)).await.unwrap().unwrap(), 3);
        let inner = yard.clone();
        assert_eq!(yard.cpu().run(move || cpu_nest(&inner, 3)).await.unwrap().unwrap(), 3);
        let inner = yard.clone();
        assert_eq!(yard.blocking().run(move || blocking_nest(&inner, 3)).await.unwrap().unwrap(), 3);
    })
    .await;
    let report = balanced(&yard).await;
    assert_eq!(report.total.completed, 12);
}

#[tokio::test]
async fn nesting_works_on_a_current_thread_runtime() {
    let yard = narrow();
    in_time(async {
        assert_eq!(yard.io().run(io_nest(yard.clone(), 3)).await.unwrap().unwrap(), 3);
        let inner = yard.clone();
        assert_eq!(yard.cpu().run(move || cpu_nest(&inner, 3)).await.unwrap().unwrap(), 3);
    })
    .await;
    balanced(&yard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_submit_into_the_own_full_lane_gets_room() {
    let yard = narrow();
    in_time(async {
        let inner = yard.clone();
        let sum = yard.io().run(async move {
            let mut handles = Vec::new();
            for n in 0..8_u64 {
                handles.push(inner.io().submit(async move { n }).await?);
            }
            let mut sum = 0;
            for handle in handles {
                sum += handle.await?;
            }
            Ok::<_, BoxError>(sum)
        });
        assert_eq!(sum.await.unwrap().unwrap(), 28);
        let inner = yard.clone();
        let sum = yard.cpu().run(move || {
            let handles = (0..8_u64).map(|n| inner.cpu().blocking_submit(move || n)).collect::<Result<Vec<_>, _>>()?;
            let results = handles.into_iter().map(Handle::blocking_join);
            Ok::<_, BoxError>(results.sum::<Result<u64, _>>()?)
        });
        assert_eq!(sum.await.unwrap().unwrap(), 28);
    })
    .await;
    assert_eq!(balanced(&yard).await.total.completed, 18);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_of_waits_over_two_lanes_finds_the_slot_it_needs() {
    let yard = narrow();
    in_time(async {
        // cpu waits for io, which waits for cpu, whose only thread is taken by the first.
        let outer = yard.clone();
        let answer = yard.cpu().run(move || {
            let inner = outer.clone();
            outer.io().blocking_run(async move { inner.cpu().run(|| 42).await })
        });
        assert_eq!(answer.await.unwrap().unwrap().unwrap(), 42);
        // And the other way around, through a future that must lend its slot.
        let outer = yard.clone();
        let answer = yard.io().run(async move {
            let inner = outer.clone();
            outer.cpu().run(move || inner.io().blocking_run(async { 43 })).await
        });
        assert_eq!(answer.await.unwrap().unwrap().unwrap(), 43);
    })
    .await;
    assert_eq!(balanced(&yard).await.total.completed, 6);
}

type Shared<T> = Arc<Mutex<Option<T>>>;

async fn taken<T>(shared: &Shared<T>) -> T {
    loop {
        if let Some(value) = shared.lock().unwrap().take() {
            return value;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_awaits_itself_is_told() {
    let yard = narrow();
    let own: Shared<Handle<Option<TaskErrorKind>>> = Shared::default();
    let (told, tell) = tokio::sync::oneshot::channel();
    let body = {
        let own = Arc::clone(&own);
        async move {
            let kind = taken(&own).await.await.map_err(|error| error.kind()).err();
            let _sent = told.send(kind);
            kind
        }
    };
    let handle = yard.io().submit(body).await.unwrap();
    *own.lock().unwrap() = Some(handle);
    assert_eq!(in_time(tell).await.unwrap(), Some(TaskErrorKind::WouldDeadlock));

    let own: Shared<Handle<()>> = Shared::default();
    let (told, tell) = tokio::sync::oneshot::channel();
    let body = {
        let own = Arc::clone(&own);
        move || {
            let handle = loop {
                if let Some(handle) = own.lock().unwrap().take() {
                    break handle;
                }
                std::thread::yield_now();
            };
            let _sent = told.send(handle.blocking_join().map_err(|error| error.kind()));
        }
    };
    *own.lock().unwrap() = Some(yard.cpu().submit(body).await.unwrap());
    assert_eq!(in_time(tell).await.unwrap(), Err(TaskErrorKind::WouldDeadlock));
    balanced(&yard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_a_circle_of_waits_is_told_and_the_others_go_on() {
    let yard = Scheduler::new();
    let slots: Vec<Shared<Handle<bool>>> = (0..3).map(|_| Shared::default()).collect();
    let mut ends = Vec::new();
    for at in 0..3 {
        let awaited = Arc::clone(&slots[(at + 1) % 3]);
        let (told, tell) = tokio::sync::oneshot::channel();
        let handle = yard.io().submit(async move {
            let deadlock = match taken(&awaited).await.await {
                Ok(_) => false,
                Err(error) => error.kind() == TaskErrorKind::WouldDeadlock,
            };
            let _sent = told.send(deadlock);
            deadlock
        });
        let handle = handle.await.unwrap();
        *slots[at].lock().unwrap() = Some(handle);
        ends.push(tell);
    }
    let mut told = 0;
    for end in ends {
        told += u32::from(in_time(end).await.unwrap());
    }
    assert_eq!(told, 1);
    assert_eq!(balanced(&yard).await.total.completed, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_future_that_lent_its_slot_never_runs_beside_the_borrower() {
    let yard = narrow();
    let gauge = Arc::new(workyard_testkit::Gauge::new());
    let (inner, seen) = (yard.clone(), Arc::clone(&gauge));
    let outer = yard.io().submit(async move {
        let child_seen = Arc::clone(&seen);
        let child = inner.io().submit(async move {
            for _ in 0..100 {
                let _running = child_seen.enter();
                tokio::task::yield_now().await;
            }
        });
        let child = child.await.unwrap();
        // Wakes itself all the time, and may run only when it has a slot.
        let spin = async {
            loop {
                drop(seen.enter());
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            result = child => result.unwrap(),
            () = spin => {}
        }
    });
    in_time(outer.await.unwrap()).await.unwrap();
    assert_eq!(gauge.max(), 1);
    assert_eq!(yard.snapshot().lane("io").unwrap().counts.lending, 0);
    balanced(&yard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_is_cancelled_leaves_nothing_behind() {
    let yard = narrow();
    let inner = yard.clone();
    let outer = yard.io().submit(async move {
        let child = inner.io().submit(std::future::pending::<()>()).await.unwrap();
        let _never = child.await;
    });
    let outer = outer.await.unwrap();
    let lent = || yard.snapshot().lane("io").unwrap().counts.lending == 1;
    workyard_testkit::wait_for_async("the outer task lends its slot", DEADLINE, lent).await;
    assert!(outer.cancel());
    assert!(in_time(outer).await.unwrap_err().is_cancelled());
    // The child is detached and has the only slot; a shutdown cancels it.
    let report = in_time(yard.shutdown().drain_for(Duration::ZERO).into_future()).await;
    assert!(report.balances() && report.is_clean(), "{report}");
    assert_eq!(report.total.cancelled, 2);
    assert_eq!(report.lane("io").unwrap().counts.lending, 0);
}

#[tokio::test]
async fn a_timed_join_leaves_the_handle_good() {
    let yard = Scheduler::new();
    let (go, wait) = tokio::sync::oneshot::channel::<u32>();
    let mut handle = yard.io().submit(wait).await.unwrap();
    assert!(handle.join_timeout(Duration::from_millis(1)).await.is_none());
    go.send(7).unwrap();
    assert_eq!(in_time(handle).await.unwrap().unwrap(), 7);
    let mut handle = yard.cpu().submit(|| 8).await.unwrap();
    let joined = tokio::task::spawn_blocking(move || {
        let first = handle.blocking_join_timeout(DEADLINE);
        (first.unwrap().unwrap(), handle.status())
    });
    assert_eq!(joined.await.unwrap(), (8, TaskStatus::Ended(workyard::Outcome::Completed)));
    balanced(&yard).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_collects_a_group_on_its_own_lane_gets_the_results() {
    let yard = narrow();
    in_time(async {
        let inner = yard.clone();
        let sum = yard.io().run(async move {
            let group = inner.group();
            for n in 0..20_u64 {
                group.io(async move { n }).await?;
            }
            let mut sum = 0;
            while let Some(result) = group.join_next().await {
                sum += result?;
            }
            Ok::<_, BoxError>(sum)
        });
        assert_eq!(sum.await.unwrap().unwrap(), 190);
        let inner = yard.clone();
        let sum = yard.cpu().run(move || {
            let group = inner.group();
            for n in 0..20_u64 {
                group.task(inner.cpu().task("part")).blocking_submit(move || n)?;
            }
            let results = group.join_all().blocking_join().into_iter();
            Ok::<_, BoxError>(results.sum::<Result<u64, _>>()?)
        });
        assert_eq!(sum.await.unwrap().unwrap(), 190);
    })
    .await;
    assert_eq!(balanced(&yard).await.total.completed, 42);
}
