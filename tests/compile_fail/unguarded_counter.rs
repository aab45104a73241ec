//! Two tasks that count in one place without a guard: the race that other languages find out at run time, if at all.

use std::sync::Arc;

use workyard::Scheduler;

#[cfg(fixed)]
type Counter = std::sync::Mutex<u32>;

#[cfg(fixed)]
fn step(counter: &Counter) {
    *counter.lock().unwrap() += 1;
}

#[cfg(not(fixed))]
type Counter = std::cell::Cell<u32>;

#[cfg(not(fixed))]
fn step(counter: &Counter) {
    counter.set(counter.get() + 1);
}

pub async fn mistake(yard: &Scheduler) {
    let one = Arc::new(Counter::default());
    let two = Arc::clone(&one);
    let _one = yard.cpu().submit(move || step(&one)).await; //~ E0277
    let _two = yard.cpu().submit(move || step(&two)).await;
}
