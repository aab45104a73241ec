//! Owns what clients do besides single tasks: groups, maps, queues, timers. Never asserts what only the books can know.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use workyard::{Missed, Overlap, Retry, Scheduler, TaskStatus, queue};
use workyard_testkit::Rng;

use super::body::Token;
use super::books::Books;
use super::script::{millis, yield_for};

/// Tasks that live and die together.
pub(super) async fn group(books: Arc<Books>, yard: Scheduler, mut rng: Rng) {
    let group = yard.group();
    // As long as this holds it, the yard would not end.
    drop(yard);
    let members = 1 + rng.below(8);
    for _ in 0..members {
        books.unknown.fetch_add(1, SeqCst);
        let (value, pause) = (Token::new(&books, None), millis(&mut rng, 10));
        let submitted = match rng.below(3) {
            0 => {
                let work = async move {
                    tokio::time::sleep(pause).await;
                    drop(value);
                };
                group.io(work).await.is_ok()
            }
            1 => group.cpu(move || drop(value)).await.is_ok(),
            _ => group.try_blocking(move || drop(value)).is_ok(),
        };
        if !submitted && rng.chance(0.5) {
            break;
        }
    }
    match rng.below(4) {
        0 => {
            books.seen.see("group dropped with tasks");
            return;
        }
        1 => {
            group.cancel();
            books.seen.see("group cancelled");
        }
        _ => {}
    }
    let mut joined = 0;
    while let Some(_result) = group.join_next().await {
        joined += 1;
    }
    assert!(joined <= members && group.is_empty());
    books.seen.see("group joined");
}

/// One function over many inputs.
pub(super) async fn map(books: Arc<Books>, mut rng: Rng) {
    let items = 1 + rng.below(40) as u64;
    books.unknown.fetch_add(items, SeqCst);
    let fails_at = if rng.chance(0.3) { rng.below(40) as u64 } else { u64::MAX };
    let value = Arc::new(Token::new(&books, None));
    let call = move |item: u64| {
        let _held = &value;
        if item == fails_at { Err("on purpose") } else { Ok(item) }
    };
    let lanes = books.lanes();
    match rng.below(4) {
        0 => {
            let mut results = lanes.cpu.map(0..items, call).chunk_size(1 + rng.below(5)).unordered();
            for _ in 0..rng.below(10) {
                let _result = results.next().await;
            }
            books.seen.see("map dropped half way");
        }
        1 => {
            let pause = millis(&mut rng, 5);
            let call = Arc::new(call);
            let settled = lanes.db.try_map(0..items, move |item| {
                let call = Arc::clone(&call);
                async move {
                    tokio::time::sleep(pause).await;
                    call(item)
                }
            });
            let settled = settled.settle().await;
            let is_whole = settled.len() as u64 == items && settled.iter().all(Result::is_ok);
            books.seen.see(if is_whole { "map completed" } else { "map failed" });
        }
        _ => match lanes.cpu.try_map(0..items, call).await {
            Ok(results) => {
                assert!(results.iter().copied().eq(0..items), "in the order of the inputs");
                books.seen.see("map completed");
            }
            Err(_) => books.seen.see("map failed"),
        },
    }
}

/// A task that is tried again.
pub(super) async fn retries(books: Arc<Books>, mut rng: Rng) {
    books.unknown.fetch_add(1, SeqCst);
    let policy = Retry::exponential().attempts(1 + u32::try_from(rng.below(5)).unwrap()).retry_panics();
    let policy = policy.min_delay(Duration::from_millis(1 + rng.below(8) as u64)).max_delay(Duration::from_millis(30));
    let policy = policy.attempt_timeout(Duration::from_millis(1 + rng.below(20) as u64));
    let policy = if rng.chance(0.5) { policy.retry_timeouts() } else { policy };
    let policy = if rng.chance(0.5) { policy.within(Duration::from_millis(1 + rng.below(60) as u64)) } else { policy };
    let policy = policy.build().unwrap();
    let (fails, panics, takes) = (rng.below(6), rng.chance(0.2), millis(&mut rng, 10));
    let (value, mine) = (Token::new(&books, None), Arc::clone(&books));
    let mut tries = 0;
    let mut next = move || {
        let _held = &value;
        tries += 1;
        if tries == 2 {
            mine.seen.see("tried again");
        }
        if tries > fails {
            return Ok(tries);
        }
        if panics {
            resume_unwind(Box::new("on purpose"));
        }
        Err("on purpose")
    };
    let lanes = books.lanes();
    let submitted = if rng.chance(0.5) {
        let task = lanes.io.task("retried").retry(policy);
        let attempt = move || {
            let came = next();
            async move {
                tokio::time::sleep(takes).await;
                came
            }
        };
        task.submit(attempt).await.ok()
    } else {
        lanes.bulk.task("retried").retry(policy).submit(next).await.ok()
    };
    let Some(handle) = submitted else { return };
    if rng.chance(0.5) {
        tokio::time::sleep(millis(&mut rng, 40)).await;
        if handle.status() == TaskStatus::RetryWaiting {
            books.seen.see("cancelled before the next try");
        }
        if rng.chance(0.5) {
            handle.cancel()
        } else {
            handle.abort()
        };
    }
    match handle.await {
        Ok(tries) if tries > 1 => books.seen.see("worked after some tries"),
        Err(error) if error.gave_up().is_some() => books.seen.see("gave up trying"),
        _ => {}
    }
}

/// A producer and a consumer. Only one of them is on a lane: two may each hold what the other's partner needs.
pub(super) async fn queue(books: Arc<Books>, mut rng: Rng) {
    let (put, get) = queue::bounded::<Token>(1 + rng.below(4));
    books.unknown.fetch_add(1, SeqCst);
    let (items, taken) = (rng.below(20), rng.below(25));
    let theirs = Arc::clone(&books);
    let consumer = books.lanes().blocking.submit(move || {
        for _ in 0..taken {
            if get.blocking_get().is_none() {
                return;
            }
            theirs.seen.see("item through a queue");
        }
    });
    let Ok(consumer) = consumer.await else { return };
    for _ in 0..items {
        if put.put(Token::new(&books, None)).await.is_err() {
            books.seen.see("queue end dropped early");
            break;
        }
    }
    drop(put);
    // Cancelled with its yard, perhaps.
    let _ended = consumer.await;
}

/// Tasks that begin at a time.
pub(super) async fn timers(books: Arc<Books>, yard: Scheduler, mut rng: Rng) {
    let mut timers = Vec::new();
    for _ in 0..=rng.below(6) {
        books.unknown.fetch_add(1, SeqCst);
        let (value, mine) = (Token::new(&books, None), Arc::clone(&books));
        let after = yard.after(millis(&mut rng, 60));
        timers.push(if rng.chance(0.5) {
            after.io(async move {
                mine.seen.see("timer fired");
                drop(value);
            })
        } else {
            after.cpu(move || {
                mine.seen.see("timer fired");
                drop(value);
            })
        });
    }
    let (value, mine) = (Arc::new(Token::new(&books, None)), Arc::clone(&books));
    let every = yard.every(Duration::from_millis(1 + rng.below(10) as u64));
    let every = every.overlap(*rng.pick(&[Overlap::Skip, Overlap::Queue, Overlap::Allow]));
    let every = every.missed(*rng.pick(&[Missed::Skip, Missed::Burst, Missed::Delay]));
    let ticks = every.blocking(move |_tick| {
        let _held = &value;
        mine.unknown.fetch_add(1, SeqCst);
        mine.seen.see("tick");
    });
    drop(yard);
    yield_for(rng.below(4)).await;
    tokio::time::sleep(millis(&mut rng, 60)).await;
    if rng.chance(0.5)
        && let Some(timer) = timers.pop()
        && timer.cancel()
    {
        books.seen.see("timer cancelled");
    }
    // Also where the yard has ended.
    ticks.cancel();
    // Ticks that never ran since the yard ended: as many as there is room for, and one that waits for it.
    books.unknown.fetch_add(14, SeqCst);
}
