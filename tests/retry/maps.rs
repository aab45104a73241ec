//! Maps whose items are tried again: each by itself, on a whole input, and in no slot meanwhile.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use tokio::time::{Instant, sleep};
use workyard::{GaveUp, Lane, Reason, Scheduler, TaskErrorKind};
use workyard_testkit::DropCounter;

use crate::common::{Failed, SECOND, counts, end, policy, settle};

/// How often each input was tried.
#[derive(Clone, Default)]
struct Tries(Arc<Mutex<HashMap<u32, u32>>>);

impl Tries {
    /// Which attempt this is.
    fn next(&self, input: u32) -> u32 {
        let mut tries = self.0.lock().unwrap();
        let tried = tries.entry(input).or_default();
        *tried += 1;
        *tried
    }

    /// Fails as often as the input says.
    fn call(&self, input: u32) -> Result<u32, Failed> {
        let attempt = self.next(input);
        if attempt > input { Ok(attempt) } else { Err(Failed(attempt)) }
    }
}

#[tokio::test(start_paused = true)]
async fn each_item_is_tried_as_often_as_it_takes() {
    let yard = Scheduler::new();
    let retry = || policy(4).build().unwrap();
    for ordered in [true, false] {
        let tries = Tries::default();
        let map = yard.io().try_map([2, 0, 3, 1], move |input| ready(tries.call(input))).retry(retry());
        if ordered {
            assert_eq!(map.await.unwrap(), [3, 1, 4, 2], "in the order of the inputs");
        } else {
            let all: Vec<_> = map.unordered().map(Result::unwrap).collect().await;
            assert_eq!(all, [1, 2, 3, 4], "as they end");
        }
    }
    let tries = Tries::default();
    assert_eq!(yard.cpu().try_map([1, 0], move |input| tries.call(input)).retry(retry()).await.unwrap(), [2, 1]);
    let tries = Tries::default();
    let blocking = yard.blocking().try_map([0, 2], move |input| tries.call(input)).retry(retry());
    assert_eq!(blocking.await.unwrap(), [1, 3]);
    let report = end(&yard).await;
    assert_eq!((report.total.accepted, report.total.completed), (12, 12), "items are tasks, whatever the attempts");
    let retries: u64 = report.lanes.iter().map(|lane| lane.counts.retries).sum();
    assert_eq!(retries, 6 + 6 + 1 + 2);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_given_up_says_how_often_it_was_tried() {
    let yard = Scheduler::new();
    let tries = Tries::default();
    let map = yard.io().try_map([0, 9, 1], move |input| ready(tries.call(input))).keep_inputs();
    let settled = map.describe(|input| format!("<{input}>")).retry(policy(3).build().unwrap()).settle().await;
    assert_eq!(settled.len(), 3);
    assert_eq!((settled[0].as_ref().unwrap(), settled[2].as_ref().unwrap()), (&1, &2));
    let error = settled[1].as_ref().unwrap_err();
    assert_eq!((error.index(), error.attempts(), error.gave_up()), (1, 3, Some(GaveUp::Attempts)));
    assert_eq!((error.input(), error.description()), (Some(9), Some("<9>")));
    assert!(error.to_string().ends_with(", failed after 3 attempts (no attempt is left)"), "{error}");
    let began = Instant::now();
    let tries = Tries::default();
    let map = yard.io().try_map([50, 9, 0], move |input| ready(tries.call(input))).retry(policy(3).build().unwrap());
    let error = map.await.unwrap_err();
    assert!(error.index() < 2 && began.elapsed().as_secs() == 3, "the first failure ends it");
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_has_a_whole_input() {
    #[derive(Clone)]
    struct Input(Vec<u32>, Arc<workyard_testkit::Payload>);
    let values = DropCounter::new();
    let yard = Scheduler::new();
    let tries = Tries::default();
    let map = yard.io().try_map([Input(vec![1, 2, 3], Arc::new(values.payload()))], move |mut input| {
        let taken: Vec<u32> = input.0.drain(..).collect();
        let attempt = tries.next(0);
        async move {
            let _kept = input.1;
            if attempt < 3 { Err(Failed(attempt)) } else { Ok(taken) }
        }
    });
    assert_eq!(map.retry(policy(3).build().unwrap()).await.unwrap(), [[1, 2, 3]]);
    assert_eq!((values.made(), values.alive()), (1, 0));
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn an_item_between_two_attempts_leaves_its_slot_to_the_others() {
    let yard = Scheduler::builder().io(Lane::io().limit(1).queue(8)).build().unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (told, tries) = (Arc::clone(&order), Tries::default());
    let map = yard.io().try_map([1, 0, 0], move |input| {
        told.lock().unwrap().push(input);
        ready(tries.call(input))
    });
    let retry = policy(2).min_delay(100 * SECOND).build().unwrap();
    assert_eq!(map.retry(retry).await.unwrap().len(), 3);
    assert_eq!(*order.lock().unwrap(), [1, 0, 0, 1]);
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn of_endless_inputs_no_more_are_pulled_than_the_window_holds() {
    let yard = Scheduler::builder().io(Lane::io().limit(4).queue(4)).build().unwrap();
    let pulled = Arc::new(Mutex::new(0));
    let (pulling, values) = (Arc::clone(&pulled), DropCounter::new());
    let inputs = std::iter::repeat_with(|| {
        *pulling.lock().unwrap() += 1;
        Arc::new(values.payload())
    });
    let map = yard.io().try_map(inputs, |_| ready(Err::<(), _>(Failed(1)))).window(20);
    let mut stream = map.retry(policy(2).min_delay(100 * SECOND).build().unwrap()).ordered();
    let first = tokio::time::timeout(50 * SECOND, stream.next()).await;
    assert!(first.is_err(), "they wait for their next attempts");
    assert_eq!((*pulled.lock().unwrap(), counts(&yard, "io").ledger.retry_waiting), (20, 8));
    assert!(stream.next().await.unwrap().is_err());
    assert_eq!(*pulled.lock().unwrap(), 20, "one was taken, and none is pulled before the next is asked for");
    drop(stream);
    settle().await;
    assert_eq!(values.alive(), 0);
    let ledger = counts(&yard, "io").ledger;
    assert_eq!((ledger.live(), ledger.retry_waiting), (0, 0), "what is left is cancelled: {ledger}");
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn a_map_that_is_dropped_cancels_what_waits_and_a_shutdown_too() {
    let yard = Scheduler::new();
    let retry = policy(2).min_delay(100 * SECOND).build().unwrap();
    let map = yard.io().try_map(0..10, |_| ready(Err::<(), _>(Failed(1)))).retry(retry.clone());
    assert!(tokio::time::timeout(SECOND, map).await.is_err());
    settle().await;
    let ledger = counts(&yard, "io").ledger;
    assert_eq!((ledger.cancelled, ledger.live()), (10, 0));
    let mut map = yard.io().try_map(0..10, |_| ready(Err::<(), _>(Failed(1)))).retry(retry).unordered();
    assert!(tokio::time::timeout(SECOND, map.next()).await.is_err());
    let report = yard.shutdown().drain_for(SECOND).await;
    assert!(report.balances());
    assert_eq!(report.lane("io").unwrap().counts.ended_between_attempts, 20);
    let left: Vec<_> = map.collect().await;
    assert_eq!(left.len(), 10);
    for error in left.into_iter().map(Result::unwrap_err) {
        assert_eq!(
            (error.kind(), error.reason(), error.attempts()),
            (TaskErrorKind::Cancelled, Some(Reason::Shutdown), 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_input_that_panics_is_the_last_item_and_a_clone_that_panics_its_items() {
    struct Brittle(bool);
    impl Clone for Brittle {
        fn clone(&self) -> Self {
            assert!(!self.0, "no copy");
            Self(false)
        }
    }
    let yard = Scheduler::new();
    let inputs = [false, true].into_iter().map(Brittle).chain(std::iter::once_with(|| panic!("no more")));
    let map = yard.io().try_map(inputs, |_| ready(Ok::<_, Failed>(1))).retry(policy(2).build().unwrap());
    let settled = map.settle().await;
    assert!(settled[0].is_ok());
    assert_eq!(settled[1].as_ref().unwrap_err().panic_message(), Some("no copy"));
    let last = settled[2].as_ref().unwrap_err();
    assert!(last.is_from_input() && last.panic_message() == Some("no more") && settled.len() == 3);
    sleep(SECOND).await;
    let _report = end(&yard).await;
}

#[tokio::test(start_paused = true)]
async fn the_context_of_an_item_shows_its_attempt() {
    let yard = Scheduler::new();
    let map = yard
        .cpu()
        .try_map_with([1, 2], |ctx, input| if ctx.attempt() > input { Ok(ctx.attempt()) } else { Err(Failed(0)) });
    assert_eq!(map.retry(policy(3).build().unwrap()).await.unwrap(), [2, 3]);
    let _report = end(&yard).await;
}
