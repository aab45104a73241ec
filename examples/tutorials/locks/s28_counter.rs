//! S28: a hundred tasks add one to the same number, and take their time between reading and writing it. Never a lost update.
//!
//! Without its lock, Python counts to 49 or so. Here that program does not compile: the number is inside of the lock, and a
//! number that is not cannot be shared. `tests/compile_fail/unguarded_counter.rs` and its neighbours try.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use workyard::sync::blocking::Mutex;
use workyard::{BoxError, Scheduler, out};

use crate::tutorial::{Knob, Settings, Tutorial, tutorial};

pub(crate) const S28: Tutorial =
    tutorial!("s28", "a hundred tasks count in one place, and lose nothing", count).with(&[TASKS, WINDOW]);

async fn count(yard: Scheduler, set: Settings) -> Result<(), BoxError> {
    let my_counter = Arc::new(Mutex::new(0));
    let in_one_step = Arc::new(AtomicU32::new(0)); // the other way: reading and writing are one step, so there is no between
    let group = yard.group();
    for _ in 0..set.get(TASKS) {
        let (my_counter, in_one_step) = (Arc::clone(&my_counter), Arc::clone(&in_one_step));
        let window = set.get(WINDOW);
        group
            .cpu(move || {
                let mut counter = my_counter.lock();
                let mut val = *counter;
                for _ in 0..window {
                    val = black_box(val + 1);
                    val = black_box(val - 1);
                }
                *counter = val + 1;
                drop(counter);

                in_one_step.fetch_add(1, Ordering::Relaxed);
            })
            .await?;
    }
    while let Some(done) = group.join_next().await {
        done?;
    }
    let (counter, in_one_step) = (*my_counter.lock(), in_one_step.load(Ordering::Relaxed));
    out::stdout_line(format_args!("{counter} under a lock, {in_one_step} in one step"))?;
    Ok(())
}

const TASKS: Knob = Knob { name: "tasks", what: "how many count", usual: 100, least: 1, most: 100_000 };
const WINDOW: Knob =
    Knob { name: "window", what: "steps between reading and writing", usual: 100_000, least: 0, most: 1_000_000 };
