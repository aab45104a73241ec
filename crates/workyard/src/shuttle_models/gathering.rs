//! Who collects the results of several tasks goes, while they end: groups, streams of what is completed, maps.

use crate::shuttle_models::{below, client, model, narrow, polled, settles, step_aside};
use crate::{Lane, Scheduler, Until, as_completed};

fn wide() -> Scheduler {
    Scheduler::builder().io(Lane::io().limit(4).queue(4)).cpu(Lane::cpu().threads(2).queue(4)).build().unwrap()
}

#[test]
fn two_who_join_a_group_share_its_results_though_one_goes() {
    model(|| async {
        let yard = wide();
        let group = std::sync::Arc::new(yard.group());
        for _ in 0..2 {
            group.try_io(step_aside()).unwrap();
        }
        group.try_cpu(|| ()).unwrap();
        let goes = client({
            let group = std::sync::Arc::clone(&group);
            let polls = 1 + below(3);
            async move { polled(group.join_next(), polls).await.flatten().is_some() }
        });
        let mut joined = 0;
        while let Some(result) = group.join_next().await {
            result.unwrap();
            joined += 1;
        }
        joined += u32::from(goes.await.unwrap());
        assert_eq!(joined, 3);
        settles(&yard).await;
    });
}

#[test]
fn a_group_dropped_while_it_fills_and_empties_cancels_the_rest() {
    model(|| async {
        let yard = wide();
        let group = std::sync::Arc::new(yard.group());
        let fills = client({
            let group = std::sync::Arc::clone(&group);
            async move {
                for _ in 0..3 {
                    drop(group.io(step_aside()).await);
                }
            }
        });
        let polls = below(4);
        drop(polled(group.wait(Until::First), polls).await);
        group.cancel();
        drop(group);
        fills.await.unwrap();
        let total = settles(&yard).await.total;
        assert_eq!(total.completed + total.cancelled, total.accepted);
    });
}

#[test]
fn results_as_they_come_are_all_there_though_waits_are_given_up() {
    model(|| async {
        let yard = wide();
        let mut handles = Vec::new();
        for _ in 0..3 {
            handles.push(yard.cpu().try_submit(|| ()).unwrap());
        }
        let mut completed = as_completed(handles);
        let mut came = 0;
        for polls in 1..3 {
            came += u32::from(polled(completed.next(), polls).await.flatten().is_some());
        }
        while completed.next().await.is_some() {
            came += 1;
        }
        assert_eq!(came, 3);
        settles(&yard).await;
    });
}

#[test]
fn a_map_dropped_anywhere_leaves_nothing() {
    model(|| async {
        let yard = narrow();
        let (mut closures, mut futures) =
            (yard.cpu().map(0..4, |n| n).unordered(), yard.io().map(0..4, |_| step_aside()).ordered());
        for _ in 0..below(4) {
            closures.next().await.unwrap().unwrap();
            drop(polled(futures.next(), 1).await);
        }
        drop(closures);
        drop(futures);
        settles(&yard).await;
    });
}

#[test]
fn a_map_gives_each_result_once() {
    model(|| async {
        let yard = wide();
        let other = client({
            let yard = yard.clone();
            async move { yard.cpu().run(|| ()).await.is_ok() }
        });
        let sums = [
            yard.cpu().map(0..6, |n| n).sum::<i32>().await,
            yard.io().map(0..6, |n| async move { n }).sum::<i32>().await,
        ];
        assert_eq!(sums.map(Result::unwrap), [15, 15]);
        assert!(other.await.unwrap());
        settles(&yard).await;
    });
}
