//! The last line of a map's progress, which comes with the end of the map, whoever else holds the progress.

use futures_util::stream;
use tokio::runtime::Runtime;
use workyard::{LaneStreamExt as _, Progress, Retry, Scheduler};

use crate::program::{apart, lines_of};

/// More than any map here comes to.
const MANY: u32 = 100_000_000;

const NAMES: [&str; 9] = [
    "failed",
    "dropped",
    "broken",
    "whole",
    "pipeline dropped",
    "retried and failed",
    "retried and dropped",
    "retried and broken",
    "retried and whole",
];

/// The fourth fails.
fn fourth_fails(x: u32) -> Result<u32, &'static str> {
    if x == 3 { Err("three") } else { Ok(x) }
}

/// Of ten inputs two are pulled.
fn breaks_off() -> impl Iterator<Item = u32> {
    (0..10).inspect(|x| assert_ne!(*x, 2))
}

/// Runs a map to its end for each of the names.
async fn maps(progress: &[Progress; 9]) {
    let yard = Scheduler::new();
    let (cpu, io) = (yard.cpu(), yard.io());
    let retry = || Retry::exponential().attempts(1).build().unwrap();
    let [failed, dropped, broken, whole, pipeline, retried_failed, retried_dropped, retried_broken, retried_whole] =
        progress.clone();

    cpu.try_map(0..MANY, fourth_fails).progress(failed).await.unwrap_err();
    io.map(0..MANY, async |x| x).progress(dropped).ordered().next().await.unwrap().unwrap();
    assert_eq!(cpu.map(breaks_off(), |x| x).progress(broken).settle().await.len(), 3);
    cpu.map(0..10, |x| x).progress(whole).await.unwrap();
    stream::iter(0..MANY).map_cpu(cpu, |x| x).map_io(io, async |x| x).progress(pipeline).next().await.unwrap().unwrap();

    cpu.try_map(0..MANY, fourth_fails).progress(retried_failed).retry(retry()).await.unwrap_err();
    io.map(0..MANY, async |x| x).progress(retried_dropped).retry(retry()).ordered().next().await.unwrap().unwrap();
    let broken = cpu.map(breaks_off(), |x| x).progress(retried_broken).retry(retry());
    assert_eq!(broken.settle().await.len(), 3);
    cpu.map(0..10, |x| x).progress(retried_whole).retry(retry()).await.unwrap();
    yard.shutdown().await;
}

#[test]
fn a_progress_ends_with_its_map_and_says_whether_it_is_whole() {
    const OVER: &str = "all maps are over\n";
    let finished = apart("maps::a_progress_ends_with_its_map_and_says_whether_it_is_whole", "plain", || {
        let held = NAMES.map(Progress::new);
        Runtime::new().unwrap().block_on(maps(&held));
        eprint!("{OVER}");
    });
    let Some(finished) = finished else { return };
    assert!(finished.stderr.ends_with(OVER), "nothing is left to say: {finished}");
    for name in NAMES {
        let expected = if name.ends_with("whole") { "done, 10 of 10, 0 failed, in " } else { "stopped at " };
        assert!(lines_of(&finished, name).last().is_some_and(|line| line.starts_with(expected)), "{name}: {finished}");
    }
}
