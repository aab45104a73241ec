//! Owns the work: batches one after the other, the blocks of each on several threads. Never knows how progress is shown.

use std::hint::black_box;
use std::io::{self, Write};
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use workyard::{Progress, progress};

use crate::args::Settings;

/// What came out of the blocks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    pub(crate) blocks: u64,
    pub(crate) bad: u64,
    pub(crate) checksum: u64,
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.bad += other.bad;
        self.checksum ^= other.checksum;
    }
}

/// Works through all batches. A single one needs no bar for all.
pub(crate) fn run(settings: &Settings) -> Sum {
    let all = (settings.batches > 1).then(|| Progress::new("batches"));
    if let Some(all) = &all {
        all.set_total(Some(settings.batches));
    }
    let mut sum = Sum::default();
    for number in 1..=settings.batches {
        let of_batch = batch(number, settings);
        sum += of_batch;
        if let Some(all) = &all {
            all.add((of_batch.bad == 0).into(), (of_batch.bad > 0).into());
        }
    }
    if let Some(all) = &all {
        all.finish();
    }
    sum
}

fn batch(number: u64, settings: &Settings) -> Sum {
    let progress = Progress::new(format!("batch {number}"));
    if !settings.unknown {
        progress.set_total(Some(settings.blocks));
    }
    let worked = settings.blocks.min(settings.stop_after.unwrap_or(u64::MAX));
    let next = AtomicU64::new(1);
    let mut sum = Sum::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..settings.threads.get())
            .map(|_| scope.spawn(|| work((number, &next, worked), settings, &progress)))
            .collect();
        for worker in workers {
            // The panic of a worker is this program's.
            sum += worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    if settings.log {
        tell(number, &sum);
    }
    if worked == settings.blocks {
        progress.finish();
    }
    sum
}

/// Takes blocks until there are no more.
fn work((batch, next, last): (u64, &AtomicU64, u64), settings: &Settings, progress: &Progress) -> Sum {
    let mut sum = Sum::default();
    loop {
        let block = next.fetch_add(1, Ordering::Relaxed);
        if block > last {
            return sum;
        }
        assert!(settings.panic_at != Some(block), "block {block} of batch {batch} is cursed");
        let checksum = checksum(batch, block, settings);
        let is_bad = settings.bad_every.is_some_and(|every| block.is_multiple_of(every.get()));
        if is_bad && settings.log {
            // Above the bars. If stderr is gone there is nobody to tell.
            writeln!(progress::stderr(), "block {block} of batch {batch} is bad").ok();
        }
        progress.add((!is_bad).into(), is_bad.into());
        sum += Sum { blocks: 1, bad: is_bad.into(), checksum };
    }
}

/// Sums up a block as often as it takes to be busy for as long as a block is to take.
fn checksum(batch: u64, block: u64, settings: &Settings) -> u64 {
    let since = Instant::now();
    loop {
        let sum = black_box(sum_of((batch << 32) ^ block));
        if since.elapsed() >= settings.work {
            return sum;
        }
    }
}

fn sum_of(seed: u64) -> u64 {
    (0..64).fold(seed, |sum, _| sum.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
}

/// Tells of a batch that has ended: on stdout what came out, on stderr whether that is all.
fn tell(number: u64, sum: &Sum) {
    progress::suspend(|| {
        writeln!(io::stdout(), "batch {number}: {:016x}", sum.checksum).ok();
        if sum.bad > 0 {
            writeln!(progress::stderr(), "batch {number} has {} bad blocks", sum.bad).ok();
        }
    });
}
