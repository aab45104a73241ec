//! Trees of tasks over narrow lanes, drawn from seeds: whatever waits for whatever, all of them end.
#![cfg(test)]

#[path = "common/run.rs"]
mod run;

use std::future::Future;
use std::pin::Pin;

use futures_util::future::join_all;
use workyard::{BoxError, Lane, Scheduler};
use workyard_testkit::{Rng, SeedOnPanic, seeds};

use run::{SOON, on_runtime, soon};

/// Blocks a thread as foreign code would that knows nothing of this library.
fn foreign_block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(future)
}

/// A tree of tasks, drawn from a seed: each waits for its children, on lanes drawn as well.
#[derive(Clone)]
struct Tree {
    lane: usize,
    /// How the children are awaited: one after the other, together, or as a group.
    how: usize,
    children: Vec<Tree>,
}

impl Tree {
    fn drawn(rng: &mut Rng, depth: u32) -> Self {
        let children = if depth == 0 { 0 } else { rng.below(4) };
        let children = (0..children).map(|_| Self::drawn(rng, depth - 1)).collect();
        Self { lane: rng.below(3), how: rng.below(3), children }
    }

    fn size(&self) -> usize {
        1 + self.children.iter().map(Self::size).sum::<usize>()
    }

    /// Submits this tree and gives how many tasks it was.
    fn run(self, yard: Scheduler) -> Pin<Box<dyn Future<Output = Result<usize, BoxError>> + Send>> {
        Box::pin(async move {
            let inner = yard.clone();
            match self.lane {
                0 => yard.io().run(async move { self.wait_for_children(inner).await }).await?,
                1 => yard.cpu().run(move || foreign_block_on(self.wait_for_children(inner))).await?,
                _ => yard.blocking().run(move || foreign_block_on(self.wait_for_children(inner))).await?,
            }
        })
    }

    fn boxed_wait(self, yard: Scheduler) -> Pin<Box<dyn Future<Output = Result<usize, BoxError>> + Send>> {
        Box::pin(self.wait_for_children(yard))
    }

    async fn wait_for_children(self, yard: Scheduler) -> Result<usize, BoxError> {
        let mut sum = 1;
        match self.how {
            0 => {
                for child in self.children {
                    sum += child.run(yard.clone()).await?;
                }
            }
            1 => {
                let runs = self.children.into_iter().map(|child| child.run(yard.clone()));
                for result in join_all(runs).await {
                    sum += result?;
                }
            }
            _ => {
                let group = yard.group();
                for child in self.children {
                    let inner = yard.clone();
                    match child.lane {
                        0 => drop(group.io(child.boxed_wait(inner)).await?),
                        1 => drop(group.cpu(move || foreign_block_on(child.wait_for_children(inner))).await?),
                        _ => drop(group.blocking(move || foreign_block_on(child.wait_for_children(inner))).await?),
                    }
                }
                while let Some(result) = group.join_next().await {
                    sum += result??;
                }
            }
        }
        Ok(sum)
    }
}

#[test]
fn trees_of_tasks_over_narrow_lanes_come_to_their_end() {
    for seed in seeds(100) {
        let _shown = SeedOnPanic::new(seed);
        on_runtime(async {
            let mut rng = Rng::new(seed);
            let lane = |rng: &mut Rng| (1 + rng.below(2), rng.below(3));
            let (io, cpu, blocking) = (lane(&mut rng), lane(&mut rng), lane(&mut rng));
            let yard = Scheduler::builder()
                .io(Lane::io().limit(io.0).queue(io.1))
                .cpu(Lane::cpu().threads(cpu.0).queue(cpu.1))
                .blocking(Lane::blocking().limit(blocking.0).queue(blocking.1))
                .build()
                .unwrap();
            let trees: Vec<_> = (0..6).map(|_| Tree::drawn(&mut rng, 4)).collect();
            let sizes: Vec<_> = trees.iter().map(Tree::size).collect();
            let runs: Vec<_> = trees.into_iter().map(|tree| tokio::spawn(tree.run(yard.clone()))).collect();
            for (run, size) in runs.into_iter().zip(sizes) {
                assert_eq!(soon(run).await.unwrap().unwrap(), size);
            }
            let report = soon(yard.shutdown().drain_for(SOON)).await;
            assert!(report.balances() && report.is_clean(), "{report}");
            assert!(
                report.lanes.iter().all(|lane| lane.counts.lending == 0 && lane.counts.promised == 0),
                "{report:?}"
            );
        });
    }
}
