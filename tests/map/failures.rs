//! Items that fail, panic, are out of time or are dropped badly: each costs its own result and nothing else.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use workyard::{BoxError, Lane, MapError, Scheduler, TaskErrorKind};
use workyard_testkit::{DropCounter, Payload, Rng, SeedOnPanic, seeds};

use crate::lanes::{Gate, balanced, lanes};
use crate::run::{on_runtime, soon};

/// An input that may panic when it is dropped, and whose copies may.
#[derive(Debug)]
struct Input {
    number: u64,
    drops: DropCounter,
    copies_panic: bool,
    _payload: Payload,
}

impl Input {
    fn new(number: u64, drops: &DropCounter, panics: bool, copies_panic: bool) -> Self {
        let payload = if panics { drops.panicking_payload() } else { drops.payload() };
        Self { number, drops: drops.clone(), copies_panic, _payload: payload }
    }
}

impl Clone for Input {
    fn clone(&self) -> Self {
        Self::new(self.number, &self.drops, self.copies_panic, false)
    }
}

#[test]
fn inputs_whose_drop_panics_are_answered_though_they_never_ran() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .cpu(Lane::cpu().threads(1).queue(0))
            .lane("db", Lane::io().limit(2).queue(0))
            .build()
            .unwrap();
        let drops = DropCounter::new();
        for _ in 0..3 {
            let inputs = |from: &DropCounter| {
                let from = from.clone();
                (0..6).map(move |number| Input::new(number, &from, true, false))
            };
            let none = Duration::ZERO;
            let on_cpu =
                soon(yard.cpu().map(inputs(&drops), |input| input.number).chunk_size(3).timeout(none).settle()).await;
            let on_io = yard.io_lane("db").unwrap().map(inputs(&drops), async |input: Input| input.number);
            let on_io = soon(on_io.timeout(none).settle()).await;
            for settled in [on_cpu, on_io] {
                assert_eq!(settled.len(), 6);
                assert!(settled.iter().all(|result| result.as_ref().is_err_and(MapError::is_timeout)), "{settled:?}");
            }
            assert_eq!(soon(yard.cpu().run(|| "alive")).await.unwrap(), "alive");
        }
        assert_eq!(drops.alive(), 0);
        let report = balanced(&yard).await;
        assert_eq!((report.total.timed_out, report.unobserved_failures()), (36, 36));
    });
}

#[test]
fn pending_inputs_whose_drop_panics_are_dismissed_one_by_one() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(1).queue(0)).build().unwrap();
        let drops = DropCounter::new();
        let from = drops.clone();
        let inputs = (0..6).map(move |number| Input::new(number, &from, number > 0, false));
        let map = yard.cpu().try_map(inputs, |input| if input.number == 0 { Err("first") } else { Ok(input.number) });
        let settled = soon(map.chunk_size(1).settle().stop_after(1)).await;
        assert_eq!(settled.len(), drops.made());
        assert_eq!((settled[0].is_err(), drops.alive()), (true, 0));
        balanced(&yard).await;
    });
}

#[test]
fn copies_whose_drop_panics_cost_nothing() {
    on_runtime(async {
        let yard = Scheduler::builder()
            .cpu(Lane::cpu().threads(1).queue(0))
            .lane("db", Lane::io().limit(2).queue(0))
            .build()
            .unwrap();
        let drops = DropCounter::new();
        let inputs = |from: &DropCounter| {
            let from = from.clone();
            (0..10).map(move |number| Input::new(number, &from, false, true))
        };
        let on_cpu = yard.cpu().map(inputs(&drops), |input| input.number).keep_inputs().chunk_size(4);
        assert!(soon(on_cpu).await.unwrap().into_iter().eq(0..10));
        let on_io = yard.io_lane("db").unwrap().map(inputs(&drops), async |input: Input| input.number).keep_inputs();
        assert!(soon(on_io).await.unwrap().into_iter().eq(0..10));
        assert_eq!((drops.made(), drops.alive()), (40, 0));
        let report = balanced(&yard).await;
        assert_eq!((report.total.completed, report.unobserved_failures()), (20, 20));
    });
}

#[test]
fn the_first_failure_of_endless_inputs_ends_it() {
    on_runtime(async {
        let yard = Scheduler::new();
        let check = |x: u64| if x < 1_000 { Ok(x) } else { Err("a thousand is enough") };
        let error = soon(yard.cpu().try_map(0..u64::MAX, check)).await.unwrap_err();
        // The first by time: another batch may have come to its end sooner.
        assert!(error.index() >= 1_000 && error.kind() == TaskErrorKind::Failed, "{error}");
        let settled =
            soon(yard.io().try_map(0..u64::MAX, move |x| async move { check(x) }).settle().stop_after(1)).await;
        assert!(settled[..1_000].iter().all(Result::is_ok) && settled[1_000].is_err());
        balanced(&yard).await;
    });
}

#[test]
fn a_result_is_not_held_up_by_the_item_behind_it() {
    on_runtime(async {
        let yard = Scheduler::builder().cpu(Lane::cpu().threads(2).queue(0)).build().unwrap();
        let (gate, began) = (Gate::default(), Gate::default());
        let (inside, started) = (gate.clone(), began.clone());
        let map = yard.cpu().map(0..4, move |x| {
            match x {
                0 => {}
                1 => {
                    started.open();
                    inside.pass();
                }
                _ => started.pass(),
            }
            x
        });
        let mut results = map.chunk_size(2).unordered();
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(soon(results.next()).await.unwrap().unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, [0, 2, 3]);
        gate.open();
        assert_eq!(soon(results.next()).await.unwrap().unwrap(), 1);
        drop(results);
        balanced(&yard).await;
    });
}

/// What befalls an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Fails,
    Panics,
}

/// The values of all items but those with a fate, which have their error.
fn check(settled: &[Result<u64, MapError<u64>>], fates: &BTreeMap<u64, Fate>) {
    assert_eq!(settled.len(), 1_000);
    for (index, result) in (0..).zip(settled) {
        match (result, fates.get(&index)) {
            (Ok(value), None) => assert_eq!(*value, 2 * (index + 7_000)),
            (Err(error), Some(fate)) => {
                let kind = if *fate == Fate::Fails { TaskErrorKind::Failed } else { TaskErrorKind::Panicked };
                assert_eq!((error.index(), error.kind(), error.attempts()), (index, kind, 1));
                assert_eq!(error.input(), Some(index + 7_000));
            }
            (result, fate) => panic!("item {index}: {result:?} for {fate:?}"),
        }
    }
}

#[test]
fn seven_of_a_thousand_fail_and_the_others_do_not() {
    on_runtime(async {
        let yard = lanes();
        let mut rounds = 0;
        for seed in seeds(5) {
            let _told = SeedOnPanic::new(seed);
            let mut rng = Rng::new(seed);
            let mut fates = BTreeMap::new();
            while fates.len() < 7 {
                fates.insert(rng.below(1_000) as u64, if rng.chance(0.5) { Fate::Fails } else { Fate::Panics });
            }
            let shared = Arc::new(fates.clone());
            let item = move |x: u64| match shared.get(&(x - 7_000)) {
                None => Ok(2 * x),
                Some(Fate::Fails) => Err("on purpose"),
                Some(Fate::Panics) => panic!("on purpose"),
            };
            let inputs = 7_000..8_000_u64;
            for chunk in [1, 10, 64] {
                let on_cpu = yard.cpu().try_map(inputs.clone(), item.clone()).chunk_size(chunk).keep_inputs().settle();
                check(&soon(on_cpu).await, &fates);
            }
            check(&soon(yard.cpu().try_map(inputs.clone(), item.clone()).keep_inputs().settle()).await, &fates);
            check(&soon(yard.blocking().try_map(inputs.clone(), item.clone()).keep_inputs().settle()).await, &fates);
            let later = move |x| {
                let item = item.clone();
                async move {
                    if x % 5 == 0 {
                        tokio::task::yield_now().await;
                    }
                    item(x)
                }
            };
            let on_io = yard.io_lane("db").unwrap().try_map(inputs, later).keep_inputs().settle();
            check(&soon(on_io).await, &fates);
            rounds += 6;
        }
        let report = balanced(&yard).await;
        assert_eq!((report.total.completed, report.unobserved_failures()), (rounds * 993, 0));
    });
}

#[test]
fn an_error_says_in_one_sentence_what_failed_and_where() {
    on_runtime(async {
        let yard = lanes();
        let numbers = ["1", "x", "3"];
        let line = line!() + 2;
        let map =
            yard.cpu().try_map(numbers, str::parse::<u32>).name("parse \"all\"").describe(|text| format!("<{text}>"));
        let error = soon(map.keep_inputs()).await.unwrap_err();
        assert_eq!((error.index(), error.attempts(), error.lane()), (1, 1, "cpu"));
        assert_eq!((error.name(), error.description()), (Some("parse \"all\""), Some("<x>")));
        assert_eq!((error.called_at().file(), error.called_at().line()), (file!(), line));
        assert_eq!((error.reason(), error.is_from_input(), error.is_cancelled()), (None, false, false));
        let place = format!("{}:{line}", file!());
        let told = error.to_string();
        assert!(told.starts_with("item 1 (<x>) of the map \"parse \\\"all\\\"\" on lane cpu, called at "), "{told}");
        assert!(told.contains(&place) && told.ends_with(", failed") && !told.contains('\n'), "{told}");
        let bare: MapError = error.forget_input();
        assert_eq!((bare.to_string(), bare.input()), (told, None));
        assert_eq!(std::error::Error::source(&bare).unwrap().to_string(), "invalid digit found in string");

        let map = yard.io_lane("db").unwrap().map(0..3, async |x| assert!(x != 2, "two"));
        let error = soon(map).await.unwrap_err();
        assert_eq!((error.index(), error.panic_message()), (2, Some("two")));
        assert!(error.to_string().contains("item 2 of the map on lane db, called at "), "{error}");
        let error = error.into_source().unwrap_err();
        assert_eq!(error.into_panic().unwrap().downcast_ref(), Some(&"two"));
        balanced(&yard).await;
    });
}

/// Neither `Sync` nor `Debug` nor `Clone`.
struct Odd(Cell<u64>);

#[test]
fn errors_of_odd_inputs_go_into_any_error() {
    async fn boxed(yard: &Scheduler) -> Result<(), BoxError> {
        let odd = (0..3).map(|x| Odd(Cell::new(x)));
        soon(yard.cpu().try_map(odd, |Odd(x)| if x.get() == 1 { Err("one") } else { Ok(()) })).await?;
        Ok(())
    }
    async fn any(yard: &Scheduler) -> anyhow::Result<()> {
        let odd = (0..3).map(|x| Odd(Cell::new(x)));
        soon(yard.io_lane("db")?.try_map(odd, async |Odd(x)| if x.get() == 1 { Err("one") } else { Ok(()) })).await?;
        Ok(())
    }
    on_runtime(async {
        let yard = lanes();
        let error = boxed(&yard).await.unwrap_err();
        assert!(error.to_string().starts_with("item 1 of the map on lane cpu"), "{error}");
        assert_eq!(error.downcast_ref::<MapError<Odd>>().unwrap().index(), 1);
        let error = any(&yard).await.unwrap_err();
        assert!(error.to_string().starts_with("item 1 of the map on lane db"), "{error}");
        assert_eq!(error.root_cause().to_string(), "one");
        balanced(&yard).await;
    });
}

#[test]
fn the_first_failure_ends_it_at_once_though_another_item_is_slow() {
    on_runtime(async {
        let yard = lanes();
        let (gate, begun) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
        let (inside, count) = (gate.clone(), Arc::clone(&begun));
        let map = yard.cpu().try_map(0..10_000, move |x| {
            count.fetch_add(1, Ordering::SeqCst);
            match x {
                0 => inside.pass(),
                2 => return Err("two"),
                _ => {}
            }
            Ok(x)
        });
        let error = soon(map.chunk_size(1).into_future()).await.unwrap_err();
        assert_eq!(error.index(), 2);
        // Not more than the window had: four batches of one.
        assert!(begun.load(Ordering::SeqCst) <= 4, "{begun:?} items began");
        gate.open();

        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        let map = yard.io_lane("db").unwrap().try_map(0..10_000, move |x| {
            count.fetch_add(1, Ordering::SeqCst);
            async move {
                match x {
                    0 => std::future::pending().await,
                    5 => Err("five"),
                    _ => Ok(()),
                }
            }
        });
        let error = soon(map).await.unwrap_err();
        assert_eq!(error.index(), 5, "{error:?}");
        assert!(begun.load(Ordering::SeqCst) <= 6 + 14, "{begun:?} items began");
        balanced(&yard).await;
    });
}

#[test]
fn enough_failures_stop_it_and_each_item_says_what_it_came_to() {
    on_runtime(async {
        let yard = lanes();
        for enough in [0, 1, 3] {
            let odd = |x: u64| if x % 2 == 1 { Err("odd") } else { Ok(x) };
            let settled = soon(yard.cpu().try_map(0..100_000, odd).settle().stop_after(enough)).await;
            let failed =
                settled.iter().filter(|result| result.as_ref().is_err_and(|error| error.attempts() == 1)).count();
            assert!(failed >= enough.max(1) && settled.len() < 100_000);
            for (index, result) in (0..).zip(&settled) {
                match result {
                    Ok(value) => assert_eq!(*value, index),
                    Err(error) if error.attempts() == 1 => assert_eq!((error.index(), index % 2), (index, 1)),
                    Err(error) => assert!(error.is_cancelled() && error.index() == index, "{error}"),
                }
            }
        }
        balanced(&yard).await;
    });
}

#[test]
fn a_panic_of_describe_or_clone_is_the_items() {
    /// A copy of the third cannot be made.
    struct Rare(u64);
    impl Clone for Rare {
        fn clone(&self) -> Self {
            assert!(self.0 != 3, "there is only one");
            Self(self.0)
        }
    }
    on_runtime(async {
        let yard = lanes();
        for at in [0, 4, 9] {
            let describe = move |x: &u64| {
                assert!(*x != at, "no words");
                x.to_string()
            };
            let on_cpu = soon(yard.cpu().map(0..10_u64, |x| x).chunk_size(5).describe(describe).settle()).await;
            let on_io = yard.io_lane("db").unwrap().map(0..10_u64, async |x| x).describe(describe);
            for settled in [on_cpu, soon(on_io.settle()).await] {
                for (index, result) in (0..).zip(&settled) {
                    assert_eq!(result.is_err(), index == at);
                }
                let error = settled[usize::try_from(at).unwrap()].as_ref().unwrap_err();
                assert_eq!((error.kind(), error.attempts()), (TaskErrorKind::Panicked, 0));
                assert_eq!((error.panic_message(), error.index()), (Some("no words"), at));
            }
        }
        let copies = soon(yard.cpu().map((0..10).map(Rare), |rare| rare.0).keep_inputs().settle()).await;
        let failed: Vec<_> = copies.iter().filter_map(|result| result.as_ref().err()).collect();
        assert!(
            matches!(failed[..], [error] if error.index() == 3 && error.panic_message() == Some("there is only one"))
        );
        balanced(&yard).await;
    });
}

#[test]
fn an_input_that_panics_is_the_last_item() {
    on_runtime(async {
        let yard = lanes();
        for at in [0, 1, 50] {
            let inputs = || (0..100_u64).inspect(move |&x| assert!(x != at, "no more"));
            for settled in [
                soon(yard.cpu().map(inputs(), |x| x).settle()).await,
                soon(yard.io_lane("db").unwrap().map(inputs(), async |x| x).settle()).await,
            ] {
                assert_eq!(settled.len() as u64, at + 1, "what came before is not lost");
                let error = settled.last().unwrap().as_ref().unwrap_err();
                assert!(error.is_from_input() && error.is_panic() && error.index() == at);
                assert!(error.to_string().starts_with(&format!("the input at item {at} of the map")), "{error}");
            }
            let error = soon(yard.cpu().map(inputs(), |x| x)).await.unwrap_err();
            assert!(error.is_from_input() && error.panic_message() == Some("no more"));
        }
        balanced(&yard).await;
    });
}

#[test]
fn results_and_futures_whose_drop_panics_cost_nothing_else() {
    on_runtime(async {
        let yard = lanes();
        let drops = DropCounter::new();
        for _ in 0..3 {
            let from = drops.clone();
            let mut results =
                yard.cpu().map(0..100, move |_| from.panicking_payload()).chunk_size(4).window(16).unordered();
            let first = soon(results.next()).await.unwrap().unwrap();
            assert!(catch_unwind(|| drop(first)).is_err());
            drop(results);
            let from = drops.clone();
            let map = yard.io_lane("db").unwrap().map(0..20, move |x| {
                let held = from.panicking_payload();
                async move {
                    tokio::task::yield_now().await;
                    let _held = &held;
                    x
                }
            });
            // What a future holds is dropped in its last poll.
            let settled = soon(map.settle()).await;
            assert!(settled.into_iter().all(|result| result.is_err_and(|error| error.is_panic())));
            assert_eq!(soon(yard.cpu().run(|| "alive")).await.unwrap(), "alive");
        }
        balanced(&yard).await;
        assert_eq!(drops.alive(), 0);
    });
}
