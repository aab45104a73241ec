//! Owns the way from a command to a report, and from the words of a sample to the group that takes it. Never measures.

use std::io::{self, Write};
use std::str::FromStr;

use workyard::BoxError;

use super::group::{GROUPS, Group};
use super::{allocations, report};
use crate::harness::{Effort, Rounds, Sample, load, this_machine};
use crate::work::Speed;

/// Measures these groups, or all if none is named, and prints what came out.
///
/// # Errors
/// When a sample fails, the output cannot be written, or what was asked for cannot be measured by this build.
pub(crate) fn run(out: &mut impl Write, effort: Effort, only: &[&'static Group]) -> Result<(), BoxError> {
    let groups = chosen(only)?;
    let (speed, load_before) = (Speed::measure(), load());
    let of_group = |group: &&'static Group| {
        let variant = |row| group.variant(row, effort.quick, speed);
        group.rows.iter().map(variant).collect::<Vec<_>>()
    };
    let rounds = Rounds::measure(groups.iter().flat_map(of_group).collect(), effort, &mut io::stderr())?;
    writeln!(out, "# Beside its peers\n")?;
    writeln!(out, "{}; load {load_before} before and {} after, this bench included.", this_machine(), load())?;
    writeln!(out, "{}", rounds.conditions())?;
    if effort.quick {
        writeln!(out, "Quick: short samples, not to be quoted.")?;
    }
    writeln!(out, "{}", report::LEGEND)?;
    for group in groups {
        let measured = report::Measured { group, variants: of_group(&group), rounds: &rounds };
        write!(out, "{}", measured.text(effort.quick)?)?;
    }
    Ok(())
}

/// Takes one sample in this process.
///
/// # Errors
/// When the words are not those of [`Group::variant`], or the result of the sample is wrong.
pub(crate) fn sample(words: &[&str]) -> Result<Sample, BoxError> {
    let [group, row, items, iterations] = words else { return Err(format!("there is no sample {words:?}").into()) };
    let group = Group::named(group).ok_or_else(|| format!("there is no group {group:?}"))?;
    (group.sample)(row, number(items)?, number(iterations)?)
}

/// Times and allocations are measured by different builds: an allocator that counts takes time.
fn chosen(only: &[&'static Group]) -> Result<Vec<&'static Group>, BoxError> {
    let fits = |group: &Group| (group.name == allocations::GROUP.name) == cfg!(feature = "allocations");
    if let Some(group) = only.iter().find(|group| !fits(group)) {
        let with = if cfg!(feature = "allocations") { "without" } else { "with" };
        return Err(format!("{} is measured {with} `--features allocations`", group.name).into());
    }
    let chosen = |group: &&Group| fits(group) && (only.is_empty() || only.iter().any(|own| own.name == group.name));
    Ok(GROUPS.into_iter().filter(chosen).collect())
}

fn number<T: FromStr>(word: &str) -> Result<T, BoxError> {
    word.parse().map_err(|_| format!("{word:?} is not a number").into())
}
