//! Circles of waits that nobody ever leaves, and such as look like one for a moment.

use crate::common::Flag;
use crate::common::Place;
use crate::common::balanced;
use crate::common::kind;
use crate::run::SOON;
use crate::run::on_runtime;
use crate::run::soon;
use futures_util::future::Either;
use futures_util::future::FutureExt as _;
use futures_util::future::join;
use futures_util::future::select;
use std::future::poll_fn;
use std::future::ready;
use std::pin::pin;
use std::sync::mpsc;
use tokio::sync::oneshot;
use workyard::Group;
use workyard::Handle;
use workyard::Scheduler;
use workyard::TaskErrorKind;
use workyard_testkit::wait_for;
use workyard_testkit::wait_for_async;

#[test]
fn a_way_out_may_be_polled_after_the_wait_that_closes_a_circle() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_first, first) = Place::<Handle<_>>::new();
        let (put_second, second) = Place::<Handle<_>>::new();
        let (go, goes) = oneshot::channel::<()>();
        let way_out = yard.io().submit(goes).await.unwrap();
        let (tell, told) = mpsc::channel();
        let has_a_way_out = yard.io().submit(async move {
            let circle = second.take().await;
            let took = tokio::select! {
                biased;
                circle = circle => Err(circle.unwrap_err().kind()),
                _ = way_out => Ok(()),
            };
            tell.send(took).unwrap();
        });
        let waits = Flag::default();
        let at = waits.clone();
        let waits_for_it = yard.io().submit(async move { at.at_first_poll(first.take().await).await });
        let (has_a_way_out, waits_for_it) = (has_a_way_out.await.unwrap(), waits_for_it.await.unwrap());
        let ends = waits_for_it.task_ref();
        put_first.put(has_a_way_out);
        waits.raised().await;
        put_second.put(waits_for_it);
        go.send(()).unwrap();
        wait_for_async("the way out is taken", SOON, || ends.status().is_ended()).await;
        assert_eq!(told.try_recv(), Ok(Ok(())));
        balanced(&yard).await;
    });
}

/// The other task looks on another thread, while this one is between the wait that closes the circle and its way out.
#[test]
fn who_is_in_the_midst_of_a_poll_may_have_a_way_out() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_first, first) = Place::<Handle<_>>::new();
        let (put_second, second) = Place::<Handle<_>>::new();
        let (go, goes) = oneshot::channel::<()>();
        let mut way_out = yard.io().submit(goes).await.unwrap();
        let (midway, goes_on, waits) = (Flag::default(), Flag::default(), Flag::default());
        let (is_midway, may_go_on, at) = (midway.clone(), goes_on.clone(), waits.clone());
        let has_a_way_out = yard.io().submit(async move {
            let mut circle: Handle<()> = second.take().await;
            poll_fn(|cx| {
                assert!(circle.poll_unpin(cx).is_pending(), "it waits for this");
                if !is_midway.is_raised() {
                    is_midway.raise();
                    wait_for("the other has looked", SOON, || may_go_on.is_raised());
                }
                way_out.poll_unpin(cx)
            })
            .await
            .unwrap()
            .unwrap();
        });
        let (tell, told) = mpsc::channel();
        let waits_for_it = yard.io().submit(async move {
            tell.send(kind(at.at_first_poll(first.take().await).await)).unwrap();
        });
        let (has_a_way_out, waits_for_it) = (has_a_way_out.await.unwrap(), waits_for_it.await.unwrap());
        let ends = waits_for_it.task_ref();
        put_second.put(waits_for_it);
        midway.raised().await;
        put_first.put(has_a_way_out);
        waits.raised().await;
        // On the only thread that is free, behind the other task, should that be polled again.
        let turns = tokio::spawn(async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        });
        turns.await.unwrap();
        goes_on.raise();
        go.send(()).unwrap();
        wait_for_async("the way out is taken", SOON, || ends.status().is_ended()).await;
        assert_eq!(told.try_recv(), Ok(Ok(())));
        balanced(&yard).await;
    });
}

/// The other task, if it is woken, looks on another thread, while this one is between its way out and the end of the wait that closes the circle.
#[test]
fn who_takes_its_way_out_has_left_the_circle_before_its_poll_is_over() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_first, first) = Place::<Handle<()>>::new();
        let (put_second, second) = Place::<Handle<()>>::new();
        let (go, goes) = oneshot::channel::<()>();
        let way_out = yard.io().submit(goes).await.unwrap();
        let (waits, closes) = (Flag::default(), Flag::default());
        let (at_first, at_second) = (waits.clone(), closes.clone());
        let takes_it = yard.io().submit(async move {
            let both = select(second.take().await, way_out);
            let Either::Right((_, circle)) = at_first.at_first_poll(both).await else { panic!("the circle is broken") };
            // The other one comes first on the only thread that is free: what is spawned last stays with this one.
            let others_turn = tokio::spawn(ready(()));
            let _stays = tokio::spawn(ready(()));
            wait_for("the other has had its turn", SOON, || others_turn.is_finished());
            drop(circle);
        });
        let (tell, told) = mpsc::channel();
        let closes_it = yard.io().submit(async move {
            tell.send(kind(at_second.at_first_poll(first.take().await).await)).unwrap();
        });
        let (takes_it, closes_it) = (takes_it.await.unwrap(), closes_it.await.unwrap());
        let ends = closes_it.task_ref();
        put_second.put(closes_it);
        waits.raised().await;
        put_first.put(takes_it);
        closes.raised().await;
        go.send(()).unwrap();
        wait_for_async("it ends", SOON, || ends.status().is_ended()).await;
        assert_eq!(told.try_recv(), Ok(Ok(())));
        balanced(&yard).await;
    });
}

#[test]
fn a_circle_that_is_left_when_the_last_way_out_of_it_is_gone_is_told() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_first, first) = Place::<Handle<_>>::new();
        let (put_second, second) = Place::<Handle<_>>::new();
        let (go, goes) = oneshot::channel::<()>();
        let way_out = yard.io().submit(goes).await.unwrap();
        let (told, tell) = mpsc::channel();
        let (first_waits, second_waits) = (Flag::default(), Flag::default());
        let (at_first, tell_first) = (first_waits.clone(), told.clone());
        let waits_for_both = yard.io().submit(async move {
            let both = join(second.take().await, way_out);
            let (circle, _) = at_first.at_first_poll(both).await;
            tell_first.send(kind(circle)).unwrap();
        });
        let at_second = second_waits.clone();
        let waits_for_one = yard.io().submit(async move {
            let circle = at_second.at_first_poll(first.take().await).await;
            told.send(kind(circle)).unwrap();
        });
        let (waits_for_both, waits_for_one) = (waits_for_both.await.unwrap(), waits_for_one.await.unwrap());
        let one_ends = waits_for_one.task_ref();
        put_second.put(waits_for_one);
        first_waits.raised().await;
        put_first.put(waits_for_both);
        second_waits.raised().await;
        assert_eq!(tell.try_recv(), Err(mpsc::TryRecvError::Empty), "while there is a way out, nobody is stuck");
        go.send(()).unwrap();
        wait_for_async("the circle is broken", SOON, || one_ends.status().is_ended()).await;
        balanced(&yard).await;
        let told: Vec<_> = tell.iter().collect();
        assert_eq!(told.iter().filter(|&&told| told == Err(TaskErrorKind::WouldDeadlock)).count(), 1, "{told:?}");
        assert!(told.contains(&Ok(())), "the other goes on: {told:?}");
    });
}

#[test]
fn a_circle_through_a_group_that_is_left_when_another_wait_is_over_is_told() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (put_own, own) = Place::<Handle<()>>::new();
        let (put_group, group) = Place::new();
        let (go, goes) = oneshot::channel::<()>();
        let way_out = yard.io().submit(goes).await.unwrap();
        let (collects, waits) = (Flag::default(), Flag::default());
        let at_first = collects.clone();
        let collector = yard.io().submit(async move {
            let group: Group<_> = group.take().await;
            let mut next = pin!(group.join_next());
            at_first.at_first_poll(select(next.as_mut(), way_out)).await;
            assert!(next.await.is_some());
        });
        let collector = collector.await.unwrap();
        let members = yard.group();
        let (told, tell) = oneshot::channel();
        let at_first = waits.clone();
        let member = async move {
            let own = own.take().await;
            told.send(kind(at_first.at_first_poll(own).await)).unwrap();
        };
        members.io(member).await.unwrap();
        put_own.put(collector);
        put_group.put(members);
        collects.raised().await;
        waits.raised().await;
        go.send(()).unwrap();
        assert_eq!(soon(tell).await.unwrap(), Err(TaskErrorKind::WouldDeadlock));
        balanced(&yard).await;
    });
}
