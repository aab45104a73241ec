//! What the graph of waits says, by hand and against a plain model, and that looking where its users look finds every circle.

use workyard_testkit::{Rng, SeedOnPanic, seeds};

use super::*;
use Awaited::{Other, Room, Task};

fn graph(waits: &[(u64, Awaited)]) -> WaitGraph {
    let mut graph = WaitGraph::default();
    for &(waiter, awaited) in waits {
        graph.add(waiter, awaited);
    }
    graph
}

fn awaited_by(graph: &WaitGraph, waiter: u64) -> Vec<Awaited> {
    let mut all = Vec::new();
    let none = graph.find(waiter, |awaited, _| {
        all.push(awaited);
        None::<()>
    });
    assert_eq!(none, None);
    all.sort_unstable();
    all
}

#[test]
fn who_waits_for_itself_or_in_a_circle_is_stuck() {
    assert!(graph(&[(1, Task(1))]).is_stuck(1, |_| false));
    let circle = graph(&[(1, Task(2)), (2, Task(3)), (3, Task(1))]);
    assert!((1..=3).all(|task| circle.is_stuck(task, |_| false)));
    let outside = graph(&[(0, Task(1)), (1, Task(2)), (2, Task(1))]);
    assert!(outside.is_stuck(0, |_| false), "who waits for a circle is as stuck as those in it");
}

#[test]
fn who_waits_and_who_is_waited_for_is_mentioned() {
    let waits = graph(&[(1, Task(2)), (3, Room(4))]);
    assert_eq!([0, 1, 2, 3, 4].map(|task| waits.mentions(task)), [false, true, true, true, false]);
}

#[test]
fn one_way_out_is_enough() {
    let selects = graph(&[(1, Task(2)), (2, Task(1)), (1, Task(9))]);
    assert!(!selects.is_stuck(1, |_| false) && !selects.is_stuck(2, |_| false));
    assert!(!graph(&[(1, Room(0))]).is_stuck(1, |_| false), "room is made");
    assert!(!graph(&[(1, Task(1)), (1, Other)]).is_stuck(1, |_| false), "the other may come");
    assert!(!graph(&[]).is_stuck(1, |_| false), "who does not wait is not stuck");
}

#[test]
fn who_works_for_several_is_never_stuck() {
    let circle = graph(&[(1, Task(2)), (2, Task(3)), (3, Task(1))]);
    for worker in 1..=3 {
        assert!((1..=3).all(|task| !circle.is_stuck(task, |id| id == worker)));
    }
    assert!(circle.is_stuck(1, |id| id == 4));
}

#[test]
fn waits_are_followed_both_ways() {
    let chain = graph(&[(1, Task(2)), (2, Task(3)), (2, Room(7)), (3, Task(4)), (8, Task(9))]);
    assert_eq!(awaited_by(&chain, 1), [Task(2), Task(3), Task(4), Room(7)]);
    for (awaited, all) in [(Task(4), vec![1, 2, 3]), (Room(7), vec![1, 2]), (Task(1), vec![])] {
        assert_eq!(chain.all_who_wait_for(awaited), all);
    }
    let also_8 = |awaited, further: &mut Vec<u64>| {
        further.extend((awaited == Task(4)).then_some(8));
        (awaited == Task(9)).then_some(())
    };
    assert!(chain.find(1, also_8).is_some() && chain.find(4, also_8).is_none());
}

#[test]
fn a_wait_that_is_removed_leaves_nothing() {
    let mut graph = graph(&[(1, Task(2)), (1, Task(2)), (2, Task(1))]);
    assert!(graph.is_stuck(1, |_| false));
    assert!(graph.remove(1, Task(2)) && graph.is_stuck(1, |_| false), "it was there twice");
    assert!(graph.remove(1, Task(2)) && !graph.is_stuck(1, |_| false));
    assert!(!graph.remove(1, Task(2)));
    assert!(graph.remove(2, Task(1)));
    assert!(!graph.mentions(1) && !graph.mentions(2));
}

#[test]
fn who_runs_another_in_its_stack_waits_for_that_alone() {
    let mut graph = graph(&[(1, Room(0))]);
    let suspended = graph.suspend(1, Task(5));
    graph.add(5, Task(1));
    assert!(graph.is_stuck(5, |_| false), "1 cannot go on before 5 returns");
    graph.remove(5, Task(1));
    graph.resume(1, Task(5), suspended);
    assert_eq!(awaited_by(&graph, 1), [Room(0)]);
}

/// The graph as a list, searched from the other end: who goes on, then who goes on because of that, and so on.
#[derive(Default)]
struct Model(Vec<(u64, Awaited)>);

impl Model {
    fn going_on(&self, works: &[u64]) -> Vec<u64> {
        let mut going_on: Vec<u64> = works.to_vec();
        loop {
            let is_way_out = |awaited: Awaited| match awaited {
                Task(task) => going_on.contains(&task) || self.0.iter().all(|&(waiter, _)| waiter != task),
                Room(_) | Other => true,
            };
            let next = self.0.iter().find(|&&(waiter, awaited)| !going_on.contains(&waiter) && is_way_out(awaited));
            match next {
                Some(&(waiter, _)) => going_on.push(waiter),
                None => return going_on,
            }
        }
    }

    fn is_stuck(&self, task: u64, works: &[u64]) -> bool {
        self.0.iter().any(|&(waiter, _)| waiter == task) && !self.going_on(works).contains(&task)
    }

    fn waits_of(&self, task: u64) -> Vec<Awaited> {
        self.0.iter().filter(|&&(waiter, _)| waiter == task).map(|&(_, awaited)| awaited).collect()
    }
}

const TASKS: usize = 7;

fn some_wait(rng: &mut Rng) -> Awaited {
    match rng.below(12) {
        0 => Room(rng.below(2)),
        1 => Other,
        _ => Task(rng.below(TASKS) as u64),
    }
}

#[test]
fn the_graph_says_what_a_list_says() {
    for seed in seeds(100) {
        let _told = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let (mut graph, mut model) = (WaitGraph::default(), Model::default());
        let works: Vec<u64> = (0..TASKS as u64).filter(|_| rng.chance(0.1)).collect();
        for _ in 0..200 {
            let waiter = rng.below(TASKS) as u64;
            if rng.chance(0.5) || model.0.is_empty() {
                let awaited = some_wait(&mut rng);
                graph.add(waiter, awaited);
                model.0.push((waiter, awaited));
            } else if rng.chance(0.1) {
                let mut removed = graph.remove_all(waiter);
                let mut all = model.waits_of(waiter);
                model.0.retain(|&(other, _)| other != waiter);
                removed.sort_unstable();
                all.sort_unstable();
                assert_eq!(removed, all);
            } else {
                let (waiter, awaited) = model.0.swap_remove(rng.below(model.0.len()));
                assert!(graph.remove(waiter, awaited));
            }
            for task in 0..TASKS as u64 {
                assert_eq!(graph.is_stuck(task, |id| works.contains(&id)), model.is_stuck(task, &works), "{task}");
                assert_eq!(graph.is_waiting(task), !model.waits_of(task).is_empty());
            }
        }
    }
}

/// The protocol of `waits`: who enters a wait looks at once, who leaves one of several has its others looked at, and nobody else looks.
/// Whoever finds that it is stuck is told, and that wait is over.
#[test]
fn those_who_look_find_every_circle() {
    let mut told = 0;
    for seed in seeds(500) {
        let _told = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let (mut graph, mut model) = (WaitGraph::default(), Model::default());
        for _ in 0..120 {
            // Who looks, and at which wait it is told.
            let mut looks = Vec::new();
            if rng.chance(0.6) || model.0.is_empty() {
                let (waiter, awaited) = (rng.below(TASKS) as u64, some_wait(&mut rng));
                graph.add(waiter, awaited);
                model.0.push((waiter, awaited));
                looks.push((waiter, awaited));
            } else {
                // What was awaited came, or the wait was given up.
                let (waiter, awaited) = model.0.swap_remove(rng.below(model.0.len()));
                assert!(graph.remove(waiter, awaited));
                looks.extend(model.waits_of(waiter).into_iter().map(|other| (waiter, other)));
            }
            while let Some((waiter, awaited)) = looks.pop() {
                if !graph.is_stuck(waiter, |_| false) || !graph.remove(waiter, awaited) {
                    continue;
                }
                told += 1;
                let at = model.0.iter().position(|&wait| wait == (waiter, awaited)).unwrap();
                model.0.swap_remove(at);
                looks.extend(model.waits_of(waiter).into_iter().map(|other| (waiter, other)));
            }
            let stuck: Vec<u64> = (0..TASKS as u64).filter(|&task| model.is_stuck(task, &[])).collect();
            assert!(stuck.is_empty(), "{stuck:?} were not told: {:?}", model.0);
        }
    }
    assert!(told >= 500, "{told}");
}
