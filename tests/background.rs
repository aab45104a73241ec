//! What a lane in the background is to the system: its threads have the policy, and no others do.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use workyard::{Lane, Scheduler};
use workyard_testkit::not_run;

use run::{on_runtime, soon};

/// The policy of the calling thread, by its number: 0 is what threads usually have, 5 is `SCHED_IDLE`. `None` where the
/// system does not tell.
fn policy() -> Option<u32> {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
    // The name of the thread is in parentheses and may have any characters; the policy is the 41st field, the 39th after it.
    stat.rsplit_once(") ")?.1.split(' ').nth(38)?.parse().ok()
}

const SCHED_IDLE: u32 = 5;

#[test]
fn the_threads_of_a_lane_in_the_background_yield_to_all_others() {
    let usual = match policy() {
        None => return not_run("this system does not tell the policy of a thread"),
        Some(SCHED_IDLE) => {
            return not_run("the test itself was started in the background, so all its threads are there");
        }
        Some(usual) => usual,
    };
    on_runtime(async move {
        let lanes = Scheduler::builder().cpu(Lane::cpu().threads(2).background());
        let yard = lanes.lane("usual", Lane::cpu().threads(2)).build().unwrap();
        // On both threads: in a pool of two, `broadcast` runs the closure on each.
        let of_all = || rayon::broadcast(|_| policy());
        assert_eq!(soon(yard.cpu().run(of_all)).await.unwrap(), [Some(SCHED_IDLE); 2]);
        assert_eq!(soon(yard.cpu_lane("usual").unwrap().run(of_all)).await.unwrap(), [Some(usual); 2]);
        assert_eq!(soon(yard.io().run(async { policy() })).await.unwrap(), Some(usual));
        assert_eq!(soon(yard.blocking().run(policy)).await.unwrap(), Some(usual));
    });
}
