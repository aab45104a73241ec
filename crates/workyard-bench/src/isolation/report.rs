//! Owns how the result is told: tables, and whether the requirements hold. Never measures.

use std::fmt::Write as _;
use std::time::Duration;

use workyard::BoxError;

use super::bench::{Plan, SIZES};
use super::load::Load;
use super::policy::Policy;
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
        if !self.plan.selection.loads.is_empty() {
            let (ticks, threads) = (self.plan.ticks, workyard::machine().usable());
            writeln!(text, "\n## Lateness of a 1 ms ticker, {ticks} ticks a sample, {threads} computing threads\n")?;
            write!(text, "{}\n{LEGEND}\n", self.lateness()?)?;
            self.requirements(&mut text)?;
        }
        if self.plan.selection.throughput {
            let millis = self.plan.throughput_for.as_millis();
            writeln!(text, "\n## Throughput, nothing else to be done, {millis} ms of work for each CPU a sample\n")?;
            write!(text, "{}", self.throughput()?)?;
        }
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
            "p99 / lane",
            "p99.9 / lane",
            "10 ms closures/s",
            "CPUs",
        ];
        let mut table = Table::new(titles);
        for &load in &self.plan.selection.loads {
            let variant = self.plan.lateness(load);
            let mut cells = vec![called(load)];
            for number in [lateness::P50, lateness::P99, lateness::P999, lateness::MAX] {
                cells.push(format!("{:.2}", self.median(&variant, number)? / 1e3));
            }
            for base in [Load::Idle, PLAIN] {
                for number in [lateness::P99, lateness::P999] {
                    cells.push(self.ratio(load, base, number)?.map_or_else(dash, |ratio| ratio.to_string()));
                }
            }
            cells.push(format!("{:.0}", self.median(&variant, lateness::CLOSURES)?));
            cells.push(self.cpus(&variant));
            table.row(cells);
        }
        Ok(table)
    }

    /// Those that can be judged by what was sampled.
    fn requirements(&self, text: &mut String) -> Result<(), BoxError> {
        for &load in self.plan.selection.loads.iter().filter(|load| matches!(load, Load::Lane(_))) {
            if let Some(to_idle) = self.ratio(load, Load::Idle, lateness::P99)? {
                let verdict = verdict(to_idle.is_at_most(2.0));
                writeln!(text, "- {}: p99 / idle {to_idle}, at most 2.00: {verdict}", called(load))?;
            }
            if load != PLAIN
                && let Some(to_plain) = self.ratio(load, PLAIN, lateness::P999)?
            {
                let verdict = verdict(to_plain.is_at_most(0.6));
                writeln!(text, "- {}: p99.9 / lane {to_plain}, at most 0.60: {verdict}", called(load))?;
            }
        }
        Ok(())
    }

    fn throughput(&self) -> Result<Table, BoxError> {
        let mut table = Table::new(["closures of", "on", "closures/s", "/ lane", "CPUs"]);
        for size in SIZES {
            let base = self.plan.throughput(size, Policy::Usual);
            for policy in Policy::ALL {
                let variant = self.plan.throughput(size, policy);
                table.row([
                    length(size),
                    called(Load::Lane(policy)),
                    format!("{:.0}", self.median(&variant, throughput::CLOSURES)?),
                    Summary::of(&self.rounds.ratios(&variant, &base, throughput::CLOSURES)?).to_string(),
                    self.cpus(&variant),
                ]);
            }
        }
        Ok(table)
    }

    /// `None` when the base was not sampled.
    fn ratio(&self, load: Load, base: Load, number: &str) -> Result<Option<Summary>, BoxError> {
        if !self.plan.selection.loads.contains(&base) {
            return Ok(None);
        }
        let ratios = self.rounds.ratios(&self.plan.lateness(load), &self.plan.lateness(base), number)?;
        Ok(Some(Summary::of(&ratios)))
    }

    fn median(&self, variant: &Variant, number: &str) -> Result<f64, BoxError> {
        Ok(Summary::of(&self.rounds.values(variant, number)?).median)
    }

    /// A dash where the system does not tell CPU time.
    fn cpus(&self, variant: &Variant) -> String {
        self.median(variant, Sample::CPUS).map_or_else(|_| dash(), |cpus| format!("{cpus:.2}"))
    }
}

fn called(load: Load) -> String {
    match load {
        Load::Idle => "idle".to_owned(),
        Load::Lane(Policy::Usual) => "cpu lane".to_owned(),
        Load::Lane(Policy::Background) => "cpu lane, background".to_owned(),
        Load::Rayon => "rayon pool".to_owned(),
    }
}

fn dash() -> String {
    "–".to_owned()
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
const PLAIN: Load = Load::Lane(Policy::Usual);

const LEGEND: &str = "\
Medians over the rounds. A ratio is the median of the ratios within each round, with a 95 % interval of that median (from 6
rounds) and the smallest and largest ratio. CPUs: CPU time of the process per wall time. A requirement holds, or does not, if the
whole interval says so.";
