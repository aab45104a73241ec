//! Owns `cargo xtask rows`: the table, printed and checked. Never changes it.

use super::check::check;
use super::evidence::Evidence;
use super::known::Known;
use super::table::{Row, TABLE, read};
use crate::harness::Passed;
use crate::steps::Steps;

/// What is printed beside what is wrong.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    EachRow,
    Counts,
}

/// Prints each row with its evidence, and checks that against what the tests say that they have.
pub(crate) fn print(steps: &mut Steps) {
    steps.run("rows", || passes(None, Shown::EachRow));
}

/// Checks the table against the run that has just been.
pub(crate) fn run(steps: &mut Steps, passed: Passed) {
    steps.run("rows", || passes(Some(passed), Shown::Counts));
}

fn passes(passed: Option<Passed>, shown: Shown) -> bool {
    let was_run = passed.is_some();
    let known = match Known::gather(passed) {
        Ok(known) => known,
        Err(what) => {
            println!("{what}");
            return false;
        }
    };
    let Some(table) = known.file(TABLE) else {
        println!("{TABLE} is missing");
        return false;
    };
    let (rows, mut wrong) = read(&table.text);
    wrong.extend(rows.iter().flat_map(|row| check(row, &known)));
    if shown == Shown::EachRow {
        for row in &rows {
            println!("{}", line(row));
        }
    }
    for what in &wrong {
        println!("{what}");
    }
    let checked = if was_run { "tests seen to pass" } else { "tests looked up, and not seen to run" };
    println!("{}; {checked}", counts(&rows));
    wrong.is_empty()
}

fn line(row: &Row) -> String {
    let evidence: Vec<String> = row.evidence.iter().map(Evidence::to_string).collect();
    format!("{}  {}  [{}]", row.id, evidence.join("; "), row.words)
}

/// How many rows rest on what; each counts once, as the first of these that it has.
fn counts(rows: &[Row]) -> String {
    let has = |row: &Row, kind: fn(&Evidence) -> bool| row.evidence.iter().any(kind);
    let is_test = |evidence: &Evidence| {
        matches!(evidence, Evidence::Test { .. } | Evidence::LinuxTest { .. } | Evidence::CompileFail(_))
    };
    let is_open = |evidence: &Evidence| matches!(evidence, Evidence::Open(_));
    let is_text = |evidence: &Evidence| matches!(evidence, Evidence::Doc { .. } | Evidence::Bench { .. });
    let of = |kind: fn(&Evidence) -> bool, but: &[fn(&Evidence) -> bool]| {
        rows.iter().filter(|&row| has(row, kind) && !but.iter().any(|&but| has(row, but))).count()
    };
    format!(
        "{} rows: {} by tests ({} of them open for processes), {} by pages or benches alone, {} open, {} need nothing",
        rows.len(),
        of(is_test, &[]),
        rows.iter().filter(|row| has(row, is_test) && has(row, is_open)).count(),
        of(is_text, &[is_test, is_open]),
        of(is_open, &[is_test]),
        of(|evidence| matches!(evidence, Evidence::None(_)), &[]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_line() {
        let (rows, _) = read("S01 a few words\n  test tests/a.rs b\n  open: needs worker processes\n");
        assert_eq!(line(&rows[0]), "S01  test tests/a.rs b; open: needs worker processes  [a few words]");
    }

    #[test]
    fn each_row_counts_once() {
        let (rows, _) = read(
            "S01 a\n  test tests/a.rs b\n  open: needs worker processes\nS02 a\n  doc docs/a.md#b\nS03 a\n  none: c\n\
             S04 a\n  compile-fail d\n  doc docs/a.md#b\nS05 a\n  open: needs worker processes\n",
        );
        let expected =
            "5 rows: 2 by tests (1 of them open for processes), 1 by pages or benches alone, 1 open, 1 need nothing";
        assert_eq!(counts(&rows), expected);
    }
}
