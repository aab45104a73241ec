//! Virtual time: hours pass in no time, and what never ends is told.

use std::time::{Duration, Instant};

use workyard::{Reason, Scheduler};
use workyard_testkit::simulation::{SimulationErrorKind, blocking_sleep};
use workyard_testkit::{Simulation, simulate};

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn an_hour_of_timeouts_takes_milliseconds() {
    let began = Instant::now();
    let run = simulate(1, async |_sim| {
        let yard = Scheduler::new();
        for minute in 1..=60_u64 {
            let task = yard.cpu().task("slow").timeout(Duration::from_mins(1));
            let handle = task.submit(move || blocking_sleep(Duration::from_secs(59 + 2 * (minute % 2)))).await.unwrap();
            let ended = handle.await;
            assert_eq!(ended.err().and_then(|error| error.reason()), (minute % 2 == 1).then_some(Reason::Timeout));
        }
        let report = yard.shutdown().await;
        assert_eq!((report.total.completed, report.total.timed_out), (30, 30));
    });
    assert!((Duration::from_mins(59)..=HOUR).contains(&run.elapsed), "{:?}", run.elapsed);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_closure_that_looks_whether_it_is_cancelled_is_reached() {
    simulate(1, async |_sim| {
        let yard = Scheduler::new();
        let handle = yard
            .cpu()
            .submit_with(|ctx| {
                let mut steps = 0_u64;
                while !ctx.is_cancelled() {
                    steps += 1;
                }
                steps
            })
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(handle.cancel());
        assert!(handle.await.unwrap() > 50);
    });
}

#[test]
fn what_waits_for_ever_is_told() {
    let failure = Simulation::new(1).ends_within(HOUR).run(async |_sim| {
        let yard = Scheduler::new();
        let io = yard.io().clone();
        drop(yard.blocking().run(move || io.blocking_run(std::future::pending::<()>())).await);
    });
    let failure = failure.unwrap_err();
    assert_eq!(*failure.kind(), SimulationErrorKind::NoEnd(HOUR), "{failure}");
}

#[test]
fn what_spins_for_ever_is_told() {
    let failure = Simulation::new(1).steps_at_most(10_000).run(async |_sim| {
        loop {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(*failure.unwrap_err().kind(), SimulationErrorKind::TooManySteps(10_000));
}

#[test]
fn a_panic_of_the_test_is_told_with_its_seed() {
    let failure = Simulation::new(41)
        .run(async |sim| sim.spawn("a client", async { panic!("what was expected did not happen") }).await);
    let told = failure.unwrap_err().to_string();
    assert!(told.contains("what was expected did not happen") && told.contains("WORKYARD_SEED=41"), "{told}");
}
