//! Owns the variants whose allocations are counted, while a map of each kind goes on. The times of such a sample are worth nothing.

use workyard::BoxError;

use super::group::{Column, Group, Requirement, Row, Unit};
use crate::harness::Sample;

pub(super) const GROUP: Group = Group {
    name: "allocations",
    title: "allocations while a map goes on, after 1,000 items",
    rows: &[
        Row::new("yields", "workyard `io().map`, futures that yield once"),
        Row::new("ready", "workyard `io().map`, futures that are ready"),
        Row::new("closures", "workyard `cpu().map`, closures that do nothing"),
    ],
    columns: &[Column { number: ALLOCATIONS, title: "allocations an item", compared: false }],
    requirements: &[at_most("yields"), at_most("ready"), at_most("closures")],
    // What is made once for each future in flight, by each runner, is made when the runner first has so many: often within the
    // first ten thousand items.
    items: 100_000,
    work: None,
    sample,
};

const fn at_most(row: &'static str) -> Requirement {
    Requirement { row, number: ALLOCATIONS, unit: Unit::AsMeasured, must: 0.06, aim: None }
}

/// For one item; a block that grows counts as well.
const ALLOCATIONS: &str = "allocations";

#[cfg(feature = "allocations")]
fn sample(row: &str, items: u64, _: u64) -> Result<Sample, BoxError> {
    super::counting::sample(row, items, ALLOCATIONS)
}

#[cfg(not(feature = "allocations"))]
fn sample(row: &str, _: u64, _: u64) -> Result<Sample, BoxError> {
    Err(format!("{row}: this build does not count allocations").into())
}
