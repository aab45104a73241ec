//! Owns how the result is told: tables, and whether the requirements hold. Never measures.

use std::fmt::Write as _;
use std::time::Duration;

use workyard::BoxError;

use super::bench::{NICE_THROUGHPUT, Plan, SIZES};
use super::load::Load;
use super::{lateness, throughput};
use crate::harness::{Rounds, Sample, Summary, Table, Variant};

/// What was to be measured, and what came out.
pub(super) struct Report<'a> {
    pub(super) plan: &'a Plan,
    pub(super) rounds: &'a Rounds,
}

impl Report<'_> {
    /// # Errors
    /// When samples lack a number.
    pub(super) fn text(&self) -> Result<String, BoxError> {
        let mut text = String::new();
        let (ticks, threads) = (self.plan.ticks, workyard::machine().usable());
        writeln!(text, "\n## Lateness of a 1 ms ticker, {ticks} ticks a sample, {threads} computing threads\n")?;
        write!(text, "{}\n{LEGEND}\n", self.lateness()?)?;
        self.requirements(&mut text)?;
        let millis = self.plan.throughput_for.as_millis();
        writeln!(text, "\n## Throughput, nothing else to be done, {millis} ms of work for each CPU a sample\n")?;
        write!(text, "{}", self.throughput()?)?;
        Ok(text)
    }

    fn lateness(&self) -> Result<Table, BoxError> {
        let titles = [
            "load",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "max ms",
            "p99 / idle",
            "p99.9 / idle",
            "p99 / nice 0",
            "p99.9 / nice 0",
            "10 ms closures/s",
            "CPUs",
        ];
        let mut table = Table::new(titles);
        for load in Plan::loads() {
            let variant = self.plan.lateness(load);
            let mut cells = vec![called(load)];
            for number in [lateness::P50, lateness::P99, lateness::P999, lateness::MAX] {
                cells.push(format!("{:.2}", self.median(&variant, number)? / 1e3));
            }
            for base in [Load::Idle, PLAIN] {
                for number in [lateness::P99, lateness::P999] {
                    cells.push(self.ratio(load, base, number)?.to_string());
                }
            }
            cells.push(format!("{:.0}", self.median(&variant, lateness::CLOSURES)?));
            cells.push(self.cpus(&variant));
            table.row(cells);
        }
        Ok(table)
    }

    fn requirements(&self, text: &mut String) -> Result<(), BoxError> {
        for load in Plan::loads() {
            let Load::Lane { nice: 1.. } = load else { continue };
            let to_idle = self.ratio(load, Load::Idle, lateness::P99)?;
            let to_plain = self.ratio(load, PLAIN, lateness::P999)?;
            writeln!(
                text,
                "- {}: p99 / idle {to_idle}, at most 2.00: {}; p99.9 / nice 0 {to_plain}, at most 0.60: {}",
                called(load),
                verdict(to_idle.is_at_most(2.0)),
                verdict(to_plain.is_at_most(0.6)),
            )?;
        }
        Ok(())
    }

    fn throughput(&self) -> Result<Table, BoxError> {
        let mut table = Table::new(["closures of", "nice", "closures/s", "/ nice 0", "CPUs"]);
        for size in SIZES {
            let base = self.plan.throughput(size, 0);
            for nice in NICE_THROUGHPUT {
                let variant = self.plan.throughput(size, nice);
                table.row([
                    length(size),
                    nice.to_string(),
                    format!("{:.0}", self.median(&variant, throughput::CLOSURES)?),
                    Summary::of(&self.rounds.ratios(&variant, &base, throughput::CLOSURES)?).to_string(),
                    self.cpus(&variant),
                ]);
            }
        }
        Ok(table)
    }

    fn ratio(&self, load: Load, base: Load, number: &str) -> Result<Summary, BoxError> {
        let ratios = self.rounds.ratios(&self.plan.lateness(load), &self.plan.lateness(base), number)?;
        Ok(Summary::of(&ratios))
    }

    fn median(&self, variant: &Variant, number: &str) -> Result<f64, BoxError> {
        Ok(Summary::of(&self.rounds.values(variant, number)?).median)
    }

    /// A dash where the system does not tell CPU time.
    fn cpus(&self, variant: &Variant) -> String {
        self.median(variant, Sample::CPUS).map_or_else(|_| "–".to_owned(), |cpus| format!("{cpus:.2}"))
    }
}

fn called(load: Load) -> String {
    match load {
        Load::Idle => "idle".to_owned(),
        Load::Lane { nice } => format!("cpu lane, nice {nice}"),
        Load::Rayon => "rayon pool".to_owned(),
    }
}

fn verdict(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "holds",
        Some(false) => "does not hold",
        None => "undecided",
    }
}

fn length(time: Duration) -> String {
    if time < Duration::from_millis(1) {
        format!("{} µs", time.as_micros())
    } else {
        format!("{} ms", time.as_millis())
    }
}

/// What others are compared with.
const PLAIN: Load = Load::Lane { nice: 0 };

const LEGEND: &str = "\
Medians over the rounds. A ratio is the median of the ratios within each round, with a 95 % interval of that median (from 6
rounds) and the smallest and largest ratio. CPUs: CPU time of the process per wall time. A requirement holds, or does not, if the
whole interval says so.";
