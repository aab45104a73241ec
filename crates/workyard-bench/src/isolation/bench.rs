//! Owns which variants there are and how they are told to the processes that take the samples. Never measures.

use std::io::{self, Write};
use std::str::FromStr;
use std::time::Duration;

use workyard::BoxError;

use super::load::Load;
use super::report::Report;
use super::{lateness, throughput};
use crate::harness::{Effort, Rounds, Sample, Variant, load, this_machine};
use crate::work::{Speed, Work};

/// Measures, and prints what came out.
///
/// # Errors
/// When a sample fails or the output cannot be written.
pub(crate) fn run(out: &mut impl Write, effort: Effort) -> Result<(), BoxError> {
    let plan = Plan::new(effort, Speed::measure());
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
        ["throughput", nice, closures, iterations] => {
            throughput::sample(number(nice)?, number(closures)?, Work::new(number(iterations)?))
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
    /// Of one sample of lateness; 1 ms each.
    pub(super) ticks: u32,
    /// How long one sample of throughput would take without any overhead.
    pub(super) throughput_for: Duration,
}

impl Plan {
    fn new(effort: Effort, speed: Speed) -> Self {
        let (ticks, throughput_for) = if effort.quick { (1_000, 200) } else { (3_000, 600) };
        Self { speed, ticks, throughput_for: Duration::from_millis(throughput_for) }
    }

    /// What a service does while its lateness is measured: first nothing.
    pub(super) fn loads() -> Vec<Load> {
        let mut loads = vec![Load::Idle];
        loads.extend(NICE.map(|nice| Load::Lane { nice }));
        loads.push(Load::Rayon);
        loads
    }

    pub(super) fn lateness(&self, load: Load) -> Variant {
        let iterations = self.speed.iterations(SATURATING);
        variant(["lateness".to_owned(), load.to_string(), self.ticks.to_string(), iterations.to_string()])
    }

    pub(super) fn throughput(&self, size: Duration, nice: usize) -> Variant {
        let cpus = workyard::machine().usable().get() as u128;
        let closures = cpus * self.throughput_for.as_nanos() / size.as_nanos();
        let iterations = self.speed.iterations(size);
        variant(["throughput".to_owned(), nice.to_string(), closures.to_string(), iterations.to_string()])
    }

    fn variants(&self) -> Vec<Variant> {
        let lateness = Self::loads().into_iter().map(|load| self.lateness(load));
        let throughput = SIZES.into_iter().flat_map(|size| NICE_THROUGHPUT.map(|nice| self.throughput(size, nice)));
        lateness.chain(throughput).collect()
    }
}

fn variant(words: [String; 4]) -> Variant {
    Variant::new(["isolation".to_owned()].into_iter().chain(words))
}

/// What the lane's threads are set to. 0 leaves them as the runtime's.
const NICE: [usize; 5] = [0, 1, 5, 10, 19];
pub(super) const NICE_THROUGHPUT: [usize; 4] = [0, 5, 10, 19];

/// Of the closures whose throughput is measured.
pub(super) const SIZES: [Duration; 3] =
    [Duration::from_micros(1), Duration::from_micros(100), Duration::from_millis(10)];

/// Of the closures that fill the lane while lateness is measured: longer than a thread keeps the CPU when others want it.
const SATURATING: Duration = Duration::from_millis(10);
