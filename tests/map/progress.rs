//! What a map says of its progress: items, each once, however they were taken and whatever became of them.

use futures_util::{StreamExt as _, stream};
use workyard::{LaneStreamExt as _, Progress, Scheduler};

use crate::lanes::balanced;
use crate::run::{on_runtime, soon};

/// Many more than a byte counts, and just as many.
const COUNTS: [u64; 6] = [0, 1, 255, 256, 300, 100_000];

fn seen(progress: &Progress) -> (u64, u64, Option<u64>) {
    (progress.done(), progress.failed(), progress.total())
}

#[test]
fn every_item_is_counted_on_every_lane() {
    on_runtime(async {
        let yard = Scheduler::new();
        for many in COUNTS {
            let progress = [(); 3].map(|()| Progress::new("counts"));
            soon(yard.cpu().map(0..many, |x| x).progress(progress[0].clone())).await.unwrap();
            soon(yard.io().map(0..many, async |x| x).progress(progress[1].clone()).sum::<u64>()).await.unwrap();
            let some = many.min(300);
            soon(yard.blocking().map(0..some, |x| x).progress(progress[2].clone())).await.unwrap();
            assert_eq!(progress.map(|progress| seen(&progress)), [many, many, some].map(|n| (n, 0, Some(n))));
        }
        balanced(&yard).await;
    });
}

#[test]
fn maps_of_one_name_that_run_at_once_have_each_their_own_count() {
    on_runtime(async {
        let yard = Scheduler::new();
        let (one, two) = (Progress::new("map"), Progress::new("map"));
        let first = yard.cpu().map(0..100_000_u64, |x| x).progress(one.clone()).sum::<u64>();
        let second = yard.cpu().map(0..300_u64, |x| x).progress(two.clone()).sum::<u64>();
        let (first, second) = soon(async { tokio::join!(first.into_future(), second.into_future()) }).await;
        assert_eq!((first.unwrap(), second.unwrap()), (4_999_950_000, 44_850));
        assert_eq!([seen(&one), seen(&two)], [100_000, 300].map(|many| (many, 0, Some(many))));
        balanced(&yard).await;
    });
}

#[test]
fn failures_are_counted_apart_and_what_was_cancelled_is_not() {
    on_runtime(async {
        let yard = Scheduler::new();
        let progress = Progress::new("failing");
        let settled = yard.cpu().map(0..1_000_u32, |x| assert_ne!(x % 100, 7)).progress(progress.clone()).settle();
        assert_eq!(soon(settled).await.iter().filter(|item| item.is_err()).count(), 10);
        assert_eq!(seen(&progress), (990, 10, Some(1_000)));

        let progress = Progress::new("stopped");
        let stopped = yard.cpu().map(0..1_000_000_u32, |x| assert_ne!(x, 0)).progress(progress.clone());
        soon(stopped.into_future()).await.unwrap_err();
        let (done, failed, total) = seen(&progress);
        assert_eq!((failed, total), (1, Some(1_000_000)));
        assert!(done < 1_000_000, "{done}");
        balanced(&yard).await;
    });
}

#[test]
fn a_total_that_is_not_known_before_is_known_at_the_end() {
    on_runtime(async {
        let yard = Scheduler::new();
        let progress = Progress::new("odd ones");
        let odd = yard.cpu().map((0..1_000).filter(|x| x % 2 == 1), |x| x).progress(progress.clone());
        let odd = odd.ordered();
        assert_eq!(progress.total(), None);
        assert_eq!(soon(odd.count()).await, 500);
        assert_eq!(seen(&progress), (500, 0, Some(500)));
        balanced(&yard).await;
    });
}

#[test]
fn a_pipeline_counts_what_comes_out_of_it() {
    on_runtime(async {
        let yard = Scheduler::new();
        let progress = Progress::new("pipeline");
        let results = stream::iter(0..1_000)
            .try_map_io(yard.io(), async |x| if x % 10 == 3 { Err("three") } else { Ok(x) })
            .map_cpu(yard.cpu(), |x| assert_ne!(x % 10, 4))
            .map_io(yard.io(), async |()| {})
            .progress(progress.clone());
        assert_eq!(soon(results.count()).await, 1_000);
        assert_eq!(seen(&progress), (800, 200, Some(1_000)));
        balanced(&yard).await;
    });
}
