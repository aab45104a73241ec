//! Owns how the result is told: a table for each group, and whether the requirements hold. Never measures.

use std::fmt::Write as _;

use workyard::BoxError;

use super::group::{Group, Requirement, Unit};
use crate::harness::{Rounds, Sample, Summary, Table, Variant};

/// A group, and what came out.
pub(super) struct Measured<'a> {
    pub(super) group: &'static Group,
    /// Of its rows, one each.
    pub(super) variants: Vec<Variant>,
    pub(super) rounds: &'a Rounds,
}

impl Measured<'_> {
    /// # Errors
    /// When samples lack a number.
    pub(super) fn text(&self, quick: bool) -> Result<String, BoxError> {
        let mut text = String::new();
        let group = self.group;
        writeln!(text, "\n## {}: {}, {} items a sample\n", group.name, group.title, group.items(quick))?;
        write!(text, "{}", self.table()?)?;
        if !group.requirements.is_empty() {
            writeln!(text)?;
        }
        for requirement in group.requirements {
            writeln!(text, "- {}", self.judged(requirement)?)?;
        }
        Ok(text)
    }

    fn table(&self) -> Result<Table, BoxError> {
        let mut titles = vec!["variant".to_owned()];
        for column in self.group.columns {
            titles.push(column.title.to_owned());
            titles.extend(column.compared.then(|| format!("{} / baseline", column.number)));
        }
        titles.push("CPUs".to_owned());
        let mut table = Table::with_titles(titles);
        let base = self.variants.first().ok_or("a group without rows")?;
        for (row, variant) in self.group.rows.iter().zip(&self.variants) {
            let mut cells = vec![row.called.to_owned()];
            for column in self.group.columns {
                let median = Summary::of(&self.rounds.values(variant, column.number)?).median;
                cells.push(if median < 10.0 { format!("{median:.3}") } else { format!("{median:.0}") });
                if column.compared {
                    cells.push(if variant == base {
                        "1".to_owned()
                    } else {
                        format!("{:.3}", self.ratio(variant, column.number)?)
                    });
                }
            }
            cells.push(self.cpus(variant));
            table.row(cells);
        }
        Ok(table)
    }

    /// A requirement, and whether it holds.
    fn judged(&self, requirement: &Requirement) -> Result<String, BoxError> {
        let Requirement { row, number, unit, must, aim } = requirement;
        let at = self.group.rows.iter().position(|own| own.name == *row);
        let variant = at.and_then(|at| self.variants.get(at)).ok_or("a requirement of no row")?;
        let (of, summary) = match unit {
            Unit::OfBaseline => (" / baseline", self.ratio(variant, number)?),
            Unit::AsMeasured => ("", Summary::of(&self.rounds.values(variant, number)?)),
        };
        let mut line = format!("{row}: {number}{of} {summary:.3}, must be at most {must}: {}", verdict(summary, *must));
        if let Some(aim) = aim {
            write!(line, "; better {aim}: {}", verdict(summary, *aim))?;
        }
        Ok(line)
    }

    fn ratio(&self, variant: &Variant, number: &str) -> Result<Summary, BoxError> {
        let base = self.variants.first().ok_or("a group without rows")?;
        Ok(Summary::of(&self.rounds.ratios(variant, base, number)?))
    }

    /// A dash where the system does not tell CPU time.
    fn cpus(&self, variant: &Variant) -> String {
        let values = self.rounds.values(variant, Sample::CPUS);
        values.map_or_else(|_| "–".to_owned(), |values| format!("{:.2}", Summary::of(&values).median))
    }
}

fn verdict(summary: Summary, limit: f64) -> &'static str {
    match summary.is_at_most(limit) {
        Some(true) => "met",
        Some(false) => "missed",
        None => "undecided",
    }
}

pub(super) const LEGEND: &str = "\
Medians over the rounds; times are of one item. The first variant of a table is its baseline. A ratio is the median of the ratios
within each round, with a 95 % interval of that median (from 6 rounds) and the smallest and largest ratio. CPUs: CPU time of the
process per wall time. A requirement is met, or missed, if the whole interval says so.";
