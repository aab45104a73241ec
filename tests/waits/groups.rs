//! Groups that are awaited inside of tasks: whatever their members need, and whoever else waits for them.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::sleep;
use workyard::{Group, Lane, Scheduler, TaskErrorKind, Until, as_completed};
use workyard_testkit::{wait_for, wait_for_async};

use crate::common::{Flag, Place, balanced, narrow};
use crate::run::{SOON, on_runtime, soon};

#[test]
fn a_member_that_waits_for_room_gets_the_slot_of_who_waits_for_the_group() {
    for queue in [0, 1] {
        on_runtime(async {
            let yard = narrow(queue);
            let group = Arc::new(yard.group::<u32>());
            let (waits, inner) = (Flag::default(), Arc::clone(&group));
            let (at, begin) = (waits.clone(), Flag::default());
            let begun = begin.clone();
            let collects = yard.io().submit(async move {
                begun.raised().await;
                at.at_first_poll(inner.join_next()).await.unwrap().unwrap()
            });
            let collects = collects.await.unwrap();
            let mut others = Vec::new();
            for _ in 0..queue {
                others.push(yard.io().submit(async {}).await.unwrap());
            }
            let mut stands_in_line = pin!(group.io(async { 7 }));
            let polled = stands_in_line.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending(), "the only slot is taken, and the queue is full");
            begin.raise();
            waits.raised().await;
            drop(soon(stands_in_line).await.unwrap());
            assert_eq!(soon(collects).await.unwrap(), 7);
            for other in others {
                soon(other).await.unwrap();
            }
            balanced(&yard).await;
        });
    }
}

#[test]
fn who_waits_in_a_task_looks_again_when_another_took_what_it_looked_at() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
        let group = Arc::new(yard.group::<u32>());
        let (go, goes) = oneshot::channel::<()>();
        drop(group.io(async { goes.await.map_or(0, |()| 1) }).await.unwrap());
        let mut first = pin!(group.join_next());
        assert!(poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx))).await.is_pending());
        let (inner, waits) = (Arc::clone(&group), Flag::default());
        let at = waits.clone();
        let second = yard.cpu().submit(move || {
            let next = at.at_first_poll(inner.join_next());
            Handle::current().block_on(next).unwrap().unwrap()
        });
        let second = second.await.unwrap();
        waits.raised().await;
        drop(group.cpu(|| 2).await.unwrap());
        go.send(()).unwrap();
        // Which of the two has which is not said: whoever looks first.
        assert_eq!(soon(first).await.unwrap().unwrap() + soon(second).await.unwrap(), 3);
        balanced(&yard).await;
    });
}

/// What waits for it is already looked at when it comes.
#[test]
fn a_member_that_comes_later_gets_the_thread_of_who_waits_for_the_group() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
        let group = Arc::new(yard.group::<bool>());
        let (tell, told) = oneshot::channel();
        drop(group.io(async { told.await.is_ok() }).await.unwrap());
        let (inner, waits) = (Arc::clone(&group), Flag::default());
        let at = waits.clone();
        let collects = yard.cpu().submit(move || {
            let next = at.at_first_poll(inner.join_next());
            Handle::current().block_on(next).unwrap().unwrap()
        });
        let collects = collects.await.unwrap();
        waits.raised().await;
        drop(group.cpu(move || tell.send(()).is_ok()).await.unwrap());
        assert!(soon(collects).await.unwrap());
        assert!(soon(group.join_next()).await.unwrap().unwrap());
        balanced(&yard).await;
    });
}

#[test]
fn a_submission_that_is_dropped_is_let_go_of_by_who_waits_for_the_group() {
    on_runtime(async {
        let yard = Scheduler::builder().lane("db", Lane::io().limit(1).queue(0)).build().unwrap();
        let (db, group) = (yard.io_lane("db").unwrap().clone(), Arc::new(yard.group::<bool>()));
        let (end, ends) = oneshot::channel::<()>();
        let holds = db.submit(async { ends.await.is_err() }).await.unwrap();
        let (tell, told) = oneshot::channel::<()>();
        drop(group.io(async { told.await.is_err() }).await.unwrap());
        let inner = Arc::clone(&group);
        let mut submits = Box::pin(group.io_on(&db, async move { tell.send(()).is_err() }));
        assert!(submits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let waits = Flag::default();
        let at = waits.clone();
        let collects = yard.io().submit(async move { at.at_first_poll(inner.join_next()).await.unwrap().unwrap() });
        let collects = collects.await.unwrap();
        waits.raised().await;
        drop(submits);
        assert!(soon(collects).await.unwrap(), "what the submission held is dropped");
        drop(end);
        assert!(soon(holds).await.unwrap());
        balanced(&yard).await;
    });
}

/// They are not told, and the watchdog names them; but they do not wake one another for ever.
#[test]
fn a_circle_of_groups_is_quiet() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (polls, begin) = (Arc::new(AtomicUsize::new(0)), Flag::default());
        let (first, second) = (Arc::new(yard.group::<()>()), Arc::new(yard.group::<()>()));
        let waits_for = |group: &Arc<Group<()>>| {
            let (group, polls, begins) = (Arc::clone(group), Arc::clone(&polls), begin.clone());
            async move {
                begins.raised().await;
                let mut next = pin!(group.join_next());
                let counted = poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::SeqCst);
                    next.as_mut().poll(cx)
                });
                drop(counted.await);
            }
        };
        let in_first = first.io(waits_for(&second)).await.unwrap();
        let in_second = second.io(waits_for(&first)).await.unwrap();
        begin.raise();
        wait_for_async("both wait", SOON, || polls.load(Ordering::SeqCst) >= 2).await;
        sleep(Duration::from_millis(50)).await;
        let before = polls.load(Ordering::SeqCst);
        sleep(Duration::from_millis(50)).await;
        assert_eq!(polls.load(Ordering::SeqCst), before, "nothing has changed");
        assert!(!in_second.status().is_ended() && in_first.cancel());
        let _both = (soon(first.join_all()).await, soon(second.join_all()).await);
        balanced(&yard).await;
    });
}

#[test]
fn a_look_without_time_runs_no_member() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1)).build().unwrap();
        let inner = yard.clone();
        let looks = yard.cpu().submit(move || {
            let group = inner.group();
            for n in 0..3 {
                drop(group.try_cpu(move || n).unwrap());
            }
            let none = group.wait(Until::First).timeout(Duration::ZERO).blocking_join();
            let ran = inner.snapshot().lanes[1].counts.ledger.completed;
            (none.len(), ran, group.wait(Until::All).blocking_join().len())
        });
        assert_eq!(soon(looks.await.unwrap()).await.unwrap(), (0, 0, 3));
        balanced(&yard).await;
    });
}

#[test]
fn a_stolen_part_of_a_task_waits_for_members_of_the_lane() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(2)).build().unwrap();
        let inner = yard.clone();
        let task = yard.cpu().submit(move || {
            let (stolen, done) = (AtomicBool::new(false), AtomicBool::new(false));
            let first = || {
                wait_for("the other part is stolen", SOON, || stolen.load(Ordering::SeqCst));
                wait_for("the other part is done", SOON, || done.load(Ordering::SeqCst));
            };
            let second = || {
                stolen.store(true, Ordering::SeqCst);
                let group = inner.group();
                for n in 0..10 {
                    drop(group.try_cpu(move || n).unwrap());
                }
                let next = group.blocking_join_next().unwrap().unwrap();
                let rest = group.wait(Until::All).blocking_join().into_iter().map(Result::unwrap).sum::<u64>();
                done.store(true, Ordering::SeqCst);
                next + rest
            };
            rayon::join(first, second).1
        });
        assert_eq!(soon(task.await.unwrap()).await.unwrap(), 45);
        balanced(&yard).await;
    });
}

/// As many as are looked at, and one less.
#[test]
fn who_waits_for_eight_that_wait_for_it_is_told() {
    for others in [7, 8] {
        on_runtime(async {
            let yard = Scheduler::new();
            let group = Arc::new(yard.group::<()>());
            let (put, handles) = Place::<Vec<workyard::Handle<()>>>::new();
            let (tell, told) = oneshot::channel();
            let waits_for_all = group.io(async move {
                let ends =
                    as_completed(handles.take().await).map(|finished| finished.result.map_err(|error| error.kind()));
                tell.send(ends.collect::<Vec<_>>().await).unwrap();
            });
            drop(waits_for_all.await.unwrap());
            let mut wait_for_it = Vec::new();
            for _ in 0..others {
                let group = Arc::clone(&group);
                wait_for_it.push(yard.io().submit(async move { drop(group.join_next().await) }).await.unwrap());
            }
            put.put(wait_for_it);
            assert_eq!(soon(told).await.unwrap(), vec![Err(TaskErrorKind::WouldDeadlock); others]);
            balanced(&yard).await;
        });
    }
}
