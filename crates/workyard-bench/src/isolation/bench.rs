//! Owns which variants there are and how they are told to the processes that take the samples. Never measures.

use std::io::{self, Write};
use std::str::FromStr;
use std::time::Duration;

use workyard::BoxError;

use super::load::Load;
use super::policy::Policy;
use super::report::Report;
use super::selection::Selection;
use super::{lateness, throughput};
use crate::harness::{Effort, Rounds, Sample, Variant, load, this_machine};
use crate::work::{Speed, Work};

/// Measures, and prints what came out.
///
/// # Errors
/// When a sample fails or the output cannot be written.
pub(crate) fn run(out: &mut impl Write, effort: Effort, selection: Selection) -> Result<(), BoxError> {
    let plan = Plan::new(effort, selection, Speed::measure());
    let load_before = load();
    let rounds = Rounds::measure(plan.variants(), effort, &mut io::stderr())?;
    writeln!(out, "# Isolation of cpu work\n")?;
    writeln!(out, "{}; load {load_before} before and {} after, this bench included.", this_machine(), load())?;
    writeln!(out, "{}", rounds.conditions())?;
    if effort.quick {
        writeln!(out, "Quick: short samples, not to be quoted.")?;
    }
    write!(out, "{}", Report { plan: &plan, rounds: &rounds }.text()?)?;
    Ok(())
}

/// Takes one sample in this process.
///
/// # Errors
/// When the words are not those of [`Plan`], or the result of the sample is wrong.
pub(crate) fn sample(words: &[&str]) -> Result<Sample, BoxError> {
    match words {
        ["lateness", load, ticks, iterations] => {
            lateness::sample(load.parse()?, number(ticks)?, Work::new(number(iterations)?))
        }
        ["throughput", policy, closures, iterations] => {
            throughput::sample(policy.parse()?, number(closures)?, Work::new(number(iterations)?))
        }
        _ => Err(format!("there is no sample {words:?}").into()),
    }
}

fn number<T: FromStr>(word: &str) -> Result<T, BoxError> {
    word.parse().map_err(|_| format!("{word:?} is not a number").into())
}

/// What is measured, and for how long.
pub(super) struct Plan {
    speed: Speed,
    pub(super) selection: Selection,
    /// Of one sample of lateness; 1 ms each.
    pub(super) ticks: u32,
    /// How long one sample of throughput would take without any overhead.
    pub(super) throughput_for: Duration,
}

impl Plan {
    fn new(effort: Effort, selection: Selection, speed: Speed) -> Self {
        let (ticks, throughput_for) = if effort.quick { (1_000, 200) } else { (3_000, 600) };
        Self { speed, selection, ticks, throughput_for: Duration::from_millis(throughput_for) }
    }

    pub(super) fn lateness(&self, load: Load) -> Variant {
        let iterations = self.speed.iterations(SATURATING);
        variant(["lateness".to_owned(), load.to_string(), self.ticks.to_string(), iterations.to_string()])
    }

    pub(super) fn throughput(&self, size: Duration, policy: Policy) -> Variant {
        let cpus = workyard::machine().usable().get() as u128;
        let closures = cpus * self.throughput_for.as_nanos() / size.as_nanos();
        let iterations = self.speed.iterations(size);
        variant(["throughput".to_owned(), policy.to_string(), closures.to_string(), iterations.to_string()])
    }

    fn variants(&self) -> Vec<Variant> {
        let lateness = self.selection.loads.iter().map(|&load| self.lateness(load));
        let throughput = SIZES.into_iter().flat_map(|size| Policy::ALL.map(|policy| self.throughput(size, policy)));
        lateness.chain(throughput.filter(|_| self.selection.throughput)).collect()
    }
}

fn variant(words: [String; 4]) -> Variant {
    Variant::new(["isolation".to_owned()].into_iter().chain(words))
}

/// Of the closures whose throughput is measured.
pub(super) const SIZES: [Duration; 3] =
    [Duration::from_micros(1), Duration::from_micros(100), Duration::from_millis(10)];

/// Of the closures that fill the lane while lateness is measured: longer than a thread keeps the CPU when others want it.
const SATURATING: Duration = Duration::from_millis(10);
