//! Owns what a group of variants is: those that do the same work, the numbers that are told of them, and what is required.
//! Never measures.

use std::time::Duration;

use workyard::BoxError;

use super::{
    allocations, cpu, cpu_submit, idle, integrate, io, latency, memory, queue, queue_priority, requests, scaling,
    single, submit, timers,
};
use crate::harness::{Sample, Used, Variant};
use crate::work::Speed;

/// Variants that do the same work. The first is what the others are compared with.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    /// What is done, for the reader of the table; it has the baseline's name.
    pub(super) title: &'static str,
    pub(super) rows: &'static [Row],
    pub(super) columns: &'static [Column],
    pub(super) requirements: &'static [Requirement],
    /// Of one sample.
    pub(super) items: u64,
    /// How long an item computes, if it does.
    pub(super) work: Option<Duration>,
    /// Takes a sample of a row with so many items, of so many iterations of [`spin`](crate::work::spin).
    pub(super) sample: fn(row: &str, items: u64, iterations: u64) -> Result<Sample, BoxError>,
}

/// One variant.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) called: &'static str,
    /// It is given one item in so many, where all of them would take too long.
    pub(super) one_in: u64,
}

/// A number of every sample of a group.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) number: &'static str,
    pub(super) title: &'static str,
    /// Whether it is also told in parts of the baseline's.
    pub(super) compared: bool,
}

/// A row's number is at most so much.
#[derive(Debug)]
pub(super) struct Requirement {
    pub(super) row: &'static str,
    pub(super) number: &'static str,
    pub(super) unit: Unit,
    pub(super) must: f64,
    /// What would be better still.
    pub(super) aim: Option<f64>,
}

/// What a requirement's number is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    /// In parts of the same number of the baseline.
    OfBaseline,
    /// As it was measured.
    AsMeasured,
}

/// In the order in which they are measured and told.
pub(crate) const GROUPS: [&Group; 24] = [
    &submit::GROUP,
    &submit::YIELDS,
    &latency::SUBMIT,
    &latency::SUBMIT_LONG,
    &cpu_submit::GROUP,
    &cpu_submit::RING,
    &requests::GROUP,
    &io::GROUP,
    &cpu::GROUP,
    &single::GROUP,
    &integrate::GROUP,
    &latency::GROUP,
    &latency::LONG_POLLS,
    &queue::GROUP,
    &queue::SMALL,
    &queue_priority::GROUP,
    &timers::FIRE,
    &timers::CANCEL,
    &memory::GROUP,
    &scaling::QUEUED,
    &scaling::THREADS,
    &idle::GROUP,
    &idle::BUILD,
    &allocations::GROUP,
];

impl Group {
    /// The group of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        GROUPS.into_iter().find(|group| group.name == name)
    }

    pub(super) fn items(&self, quick: bool) -> u64 {
        if quick { self.items / QUICKER } else { self.items }
    }

    /// How the processes that take samples of a row are told what to do. The same amount of work for all rows.
    pub(super) fn variant(&self, row: &Row, quick: bool, speed: Speed) -> Variant {
        let (items, iterations) = (self.items(quick) / row.one_in, self.work.map_or(0, |work| speed.iterations(work)));
        let words = ["peers", self.name, row.name].map(str::to_owned);
        Variant::new(words.into_iter().chain([items, iterations].map(|number| number.to_string())))
    }
}

impl Row {
    pub(super) const fn new(name: &'static str, called: &'static str) -> Self {
        Self { name, called, one_in: 1 }
    }
}

/// Nanoseconds an item, of wall time and of CPU time.
pub(super) const WALL: &str = "wall";
pub(super) const CPU: &str = "cpu";

/// The columns of groups whose samples are [`per_item`].
pub(super) const PER_ITEM: &[Column] = &[
    Column { number: WALL, title: "wall ns", compared: true },
    Column { number: CPU, title: "CPU ns", compared: true },
];

/// What an item took, if so many used this. CPU time is that of the whole process, and infinite where the system does not tell it.
pub(super) fn per_item(used: Used, items: u64) -> Sample {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let nanos = |time: Duration| time.as_secs_f64() * 1e9 / items as f64;
    let cpu = used.cpu().map_or(f64::INFINITY, nanos);
    used.add_to(Sample::default().with(WALL, nanos(used.wall)).with(CPU, cpu))
}

/// # Errors
/// Always: there is no such row.
pub(super) fn no_row(row: &str) -> Result<Sample, BoxError> {
    Err(format!("there is no row {row:?}").into())
}

/// By how much samples of `--quick` are smaller.
const QUICKER: u64 = 10;

#[cfg(test)]
mod tests {
    use super::{GROUPS, Group};

    #[test]
    fn what_is_required_is_measured() {
        for group in GROUPS {
            assert_eq!(Group::named(group.name).map(|found| found.title), Some(group.title));
            for requirement in group.requirements {
                assert!(group.rows.iter().any(|row| row.name == requirement.row), "{requirement:?}");
                let column = group.columns.iter().find(|column| column.number == requirement.number);
                assert!(column.is_some_and(|column| column.compared == (requirement.unit == super::Unit::OfBaseline)));
            }
        }
        assert!(Group::named("speed").is_none());
    }
}
