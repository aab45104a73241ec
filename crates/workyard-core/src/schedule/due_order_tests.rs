//! Whether timers come in their order, whatever else was set, taken out or looked at before.

use std::collections::BTreeMap;
use std::time::Duration;

use workyard_testkit::{Rng, SeedOnPanic, seeds};

use super::*;
use crate::Priority;

fn at(nanos: u64) -> Moment {
    Moment::new(Duration::from_nanos(nanos))
}

/// What the timers should be, by the due time, from the most urgent, by the number.
type Model = BTreeMap<(Moment, std::cmp::Reverse<Priority>, u64), DueKey>;

fn place(key: DueKey) -> (Moment, std::cmp::Reverse<Priority>, u64) {
    (key.due(), std::cmp::Reverse(key.priority()), key.number())
}

fn first_of(model: &Model) -> Option<DueKey> {
    model.first_key_value().map(|(_, key)| *key)
}

/// One of them.
fn any_of(model: &Model, rng: &mut Rng) -> Option<DueKey> {
    let among = if rng.below(2) == 0 { 100 } else { model.len().max(1) };
    model.values().copied().nth(rng.below(among.min(model.len().max(1))))
}

/// How far apart the timers of a run are: all at some instants, or over nanoseconds, seconds, years, or all time.
fn later(rng: &mut Rng, scale: u32) -> u64 {
    rng.next_u64().checked_shr(64 - scale).unwrap_or(0)
}

#[test]
fn agrees_with_a_map_that_is_always_in_order() {
    for seed in seeds(150) {
        let _seed = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let (mut order, mut model) = (DueOrder::new(), Model::new());
        let scale = *rng.pick(&[0, 2, 10, 20, 33, 55, 64]);
        // Whether many come at first, and then mostly go.
        let many = *rng.pick(&[0, 100, 3_000]);
        let (mut now, mut number) = (0_u64, 0_u64);
        let mut insert = |order: &mut DueOrder<u64>, model: &mut Model, now: u64, rng: &mut Rng| {
            number += 1;
            // Some are far from all others.
            let scale = if rng.below(50) == 0 { *rng.pick(&[0, 40, 64]) } else { scale };
            let key = DueKey::new(at(now.saturating_add(later(rng, scale))), *rng.pick(&Priority::ALL), number);
            let is_first = first_of(model).is_none_or(|first| place(key) < place(first));
            assert_eq!(order.insert(key, number), is_first);
            model.insert(place(key), key);
        };
        (0..many).for_each(|_| insert(&mut order, &mut model, now, &mut rng));
        for _ in 0..400 + many {
            match rng.below(6) {
                0 | 1 => insert(&mut order, &mut model, now, &mut rng),
                2 | 3 => {
                    let Some(key) = any_of(&model, &mut rng) else { continue };
                    assert!(order.contains(&key));
                    assert_eq!(order.remove(&key), Some(key.number()));
                    assert!(order.remove(&key).is_none() && !order.contains(&key));
                    model.remove(&place(key));
                }
                _ => {
                    now = now.saturating_add(later(&mut rng, scale) / 64);
                    let due = first_of(&model).filter(|first| first.due() <= at(now));
                    assert_eq!(order.pop_due(at(now)), due.map(|key| (key, key.number())));
                    due.map(|key| model.remove(&place(key)));
                }
            }
            assert_eq!((order.next(), order.len()), (first_of(&model), model.len()));
        }
        let mut listed: Vec<_> = order.iter().map(|(key, &timer)| (*key, timer)).collect();
        listed.sort_unstable();
        assert!(listed.into_iter().eq(model.values().map(|key| (*key, key.number()))));
        for key in model.into_values() {
            assert_eq!(order.pop(), Some((key, key.number())));
        }
        assert!(order.is_empty() && order.pop().is_none());
    }
}

#[test]
fn equal_times_fire_by_priority_and_then_by_insertion() {
    let mut order = DueOrder::new();
    for (number, priority) in [Priority::LOW, Priority::HIGH, Priority::LOW, Priority::HIGH].into_iter().enumerate() {
        let _first = order.insert(DueKey::new(at(1), priority, number as u64), number);
    }
    assert_eq!(std::iter::from_fn(|| order.pop()).map(|(_, timer)| timer).collect::<Vec<_>>(), [1, 3, 0, 2]);
}

/// How many timers there is room for, in all of it.
fn room<T>(node: &Node<T>) -> usize {
    match node {
        Node::Leaf(timers) => timers.capacity(),
        Node::Fork(fork) => fork.branches.iter().map(room).sum(),
    }
}

#[test]
fn what_is_taken_out_leaves_no_room_behind() {
    const TIMERS: u64 = 100_000;
    for is_pop in [false, true] {
        let mut order = DueOrder::new();
        let mut rng = Rng::new(1);
        let mut keys: Vec<_> =
            (0..TIMERS).map(|number| DueKey::new(at(later(&mut rng, 40)), Priority::NORMAL, number)).collect();
        for key in &keys {
            let _first = order.insert(*key, ());
        }
        assert!(room(&order.others) as u64 >= TIMERS - FULL as u64);
        for left in [TIMERS / 10, TIMERS / 100, 0] {
            while order.len() as u64 > left {
                let taken =
                    if is_pop { order.pop().map(|_| ()) } else { keys.pop().and_then(|key| order.remove(&key)) };
                assert_eq!(taken, Some(()));
            }
            assert!(room(&order.others) as u64 <= 16 * left, "{} for {left}", room(&order.others));
            assert!(order.front.capacity() <= if left == 0 { FEW } else { 2 * FRONT });
        }
    }
}

/// Whatever a leaf holds when it is full, the timer that makes it a fork may be far from all of it.
#[test]
fn one_that_is_due_long_after_very_many_others_fires_last() {
    for many in 0..3_000_u64 {
        let mut order = DueOrder::new();
        for number in 0..many {
            let _first = order.insert(DueKey::new(at(number), Priority::NORMAL, number), number);
        }
        let year = DueKey::new(at(365 * 24 * 3_600 * 1_000_000_000), Priority::NORMAL, many);
        let _first = order.insert(year, many);
        assert!(order.contains(&year), "after {many}");
        assert!(std::iter::from_fn(|| order.pop()).map(|(_, timer)| timer).eq(0..=many), "after {many}");
    }
}
