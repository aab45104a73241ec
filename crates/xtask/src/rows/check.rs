//! Owns whether the evidence of a row is what it says. Never gathers what it compares with.

use super::documents::{anchors, speaks_of};
use super::evidence::Evidence;
use super::known::Known;
use super::table::{Row, TABLE};

/// The only rows of which nothing is to be shown.
const NONE: [&str; 7] = ["S20", "S41", "P44", "G14", "G22", "G26", "G31"];

/// The only thing that rows may wait for.
const OPEN: &str = "needs worker processes";

/// The only rows that may: those about processes, what they share, and what is encoded for them.
const OPEN_ROWS: &[&str] = &[
    "S01", "S02", "S03", "S04", "S06", "S07", "S19", "S21", "S22", "S30", "S31", "S34", "S36", "S38", "S39", "S40",
    "S46", "S51", "S53", "S58", "S59", "S60", "S61", "S62", "P01", "P02", "P03", "P04", "P31", "P32", "P33", "P42",
    "P43", "P45", "P46", "P47", "P52", "P53", "P56", "P57", "P58", "P59", "P60", "P69", "G06", "G08", "G10", "G30",
    "G32", "G35", "G37", "G40",
];

/// The page that walks through all programs and promises.
const PAGE: &str = "docs/coming-from-python.md";

const COMPILE_FAIL: &str = "tests/compile_fail.rs";

const BENCHES: &str = "crates/workyard-bench/src/";

/// What is wrong with the evidence of `row`, a line each.
pub(super) fn check(row: &Row, known: &Known) -> Vec<String> {
    let mut wrong: Vec<String> = row.evidence.iter().filter_map(|evidence| judge(row, evidence, known)).collect();
    let page = known.file(PAGE).map(|page| page.text.as_str());
    if !row.id.starts_with('G') && page.is_some_and(|page| !speaks_of(page, &row.id)) {
        wrong.push(format!("{PAGE} does not speak of it"));
    }
    wrong.iter().map(|what| format!("{TABLE}:{}: {}: {what}", row.line, row.id)).collect()
}

fn judge(row: &Row, evidence: &Evidence, known: &Known) -> Option<String> {
    match evidence {
        Evidence::LinuxTest { .. } if cfg!(not(target_os = "linux")) => None,
        Evidence::Test { binary, name } | Evidence::LinuxTest { binary, name } => test(binary, name, known),
        Evidence::CompileFail(name) => compile_fail(name, known),
        Evidence::Doc { page, anchor } => doc(page, anchor, known),
        Evidence::Bench { group, row } => bench(group, row, known),
        Evidence::None(_) if !NONE.contains(&row.id.as_str()) => Some("may not do without evidence".to_owned()),
        Evidence::None(_) if row.evidence.len() > 1 => Some("has evidence, and says that it has none".to_owned()),
        Evidence::Open(what) if what != OPEN => Some(format!("may wait for nothing but `{OPEN}`")),
        Evidence::Open(_) if !OPEN_ROWS.contains(&row.id.as_str()) => Some("is not about processes".to_owned()),
        Evidence::None(_) | Evidence::Open(_) => None,
    }
}

fn test(binary: &str, name: &str, known: &Known) -> Option<String> {
    let Some(listed) = known.binaries.get(binary) else { return Some(format!("there are no tests `{binary}`")) };
    if !listed.tests.contains(name) {
        return Some(format!("`{binary}` has no test `{name}`"));
    }
    if listed.ignored.contains(name) {
        return Some(format!("`{name}` of `{binary}` is ignored"));
    }
    // The run tells names, and not of which binary; so all that have a test of this name have to have passed it.
    let has_it = |listed: &&super::known::Listed| listed.tests.contains(name) && !listed.ignored.contains(name);
    let binaries = known.binaries.values().filter(has_it).count();
    let passed = known.passed.as_ref().map_or(binaries, |passed| passed.times(name));
    (passed < binaries).then(|| format!("`{name}` of `{binary}` did not run in this run, or did not pass"))
}

/// The program is there, and the test that has it refused is a test as others are.
fn compile_fail(name: &str, known: &Known) -> Option<String> {
    if known.file(&format!("tests/compile_fail/{name}.rs")).is_none() {
        return Some(format!("there is no program `tests/compile_fail/{name}.rs`"));
    }
    let call = format!("check(\"{name}\")");
    let mut last = None;
    for line in known.file(COMPILE_FAIL).map(|file| file.text.lines()).into_iter().flatten() {
        last = line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')).map(|(name, _)| name).or(last);
        if line.contains(&call) {
            return last
                .map_or_else(|| Some(format!("no test has `{name}` refused")), |fun| test(COMPILE_FAIL, fun, known));
        }
    }
    Some(format!("no test has `{name}` refused"))
}

fn doc(page: &str, anchor: &str, known: &Known) -> Option<String> {
    let Some(file) = known.file(page) else { return Some(format!("there is no page `{page}`")) };
    (!anchors(&file.text).iter().any(|found| found == anchor)).then(|| format!("`{page}` has no heading `#{anchor}`"))
}

/// A group and its rows stand in one file.
fn bench(group: &str, row: &str, known: &Known) -> Option<String> {
    let name = format!("name: \"{group}\",");
    let benches = known.files.iter().filter(|file| file.path.starts_with(BENCHES));
    let Some(file) = benches.into_iter().find(|file| file.text.contains(&name)) else {
        return Some(format!("the bench has no group `{group}`"));
    };
    let new = format!("Row::new(\"{row}\",");
    (!file.text.contains(&new)).then(|| format!("the group `{group}` of the bench has no row `{row}`"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::known::Listed;
    use super::super::table::read;
    use super::*;
    use crate::harness::Passed;
    use crate::tree::File;

    fn known(passed: Option<&[&str]>) -> Known {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let listed = |tests: &[&str], ignored: &[&str]| Listed { tests: names(tests), ignored: names(ignored) };
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let binaries = BTreeMap::from([
            ("tests/a.rs".to_owned(), listed(&["one", "m::two", "left_out"], &["left_out"])),
            ("tests/b.rs".to_owned(), listed(&["one"], &[])),
            ("tests/compile_fail.rs".to_owned(), listed(&["no_guard"], &[])),
        ]);
        let files = vec![
            file("docs/a.md", "# A page\n"),
            file("docs/coming-from-python.md", "S01, S20, S05–S07, G01"),
            file("tests/compile_fail.rs", "#[test]\nfn no_guard() {\n    check(\"guard\");\n}\n"),
            file("tests/compile_fail/guard.rs", ""),
            file("tests/compile_fail/alone.rs", ""),
            file("crates/workyard-bench/src/peers/x.rs", "name: \"map-x\",\nrows: &[Row::new(\"ours\", \"words\")]"),
        ];
        Known { binaries, passed: passed.map(Passed::of), files }
    }

    /// What is said of one row with this evidence, without the place.
    fn said(id: &str, evidence: &str, passed: Option<&[&str]>) -> Vec<String> {
        let (rows, _) = read(&format!("{id} words\n  {}\n", evidence.replace(';', "\n  ")));
        let wrong = check(&rows[0], &known(passed));
        let place = format!("docs/rows.txt:1: {id}: ");
        wrong.iter().map(|line| line.strip_prefix(&place).unwrap().to_owned()).collect()
    }

    #[test]
    fn evidence_that_is_there_is_taken() {
        let all = "test tests/a.rs m::two;compile-fail guard;doc docs/a.md#a-page;bench map-x ours";
        assert_eq!(said("S01", all, None), [""; 0]);
        assert_eq!(said("S01", all, Some(&["m::two", "no_guard"])), [""; 0]);
        assert_eq!(said("S20", "none: an import", None), [""; 0]);
        assert_eq!(said("S01", "open: needs worker processes", None), [""; 0]);
    }

    #[test]
    fn a_test_that_does_not_exist_or_is_ignored_is_found() {
        assert_eq!(said("S01", "test tests/a.rs two", None), ["`tests/a.rs` has no test `two`"]);
        let on_linux = if cfg!(target_os = "linux") { &["`tests/a.rs` has no test `two`"][..] } else { &[] };
        assert_eq!(said("S01", "linux-test tests/a.rs two", None), on_linux);
        assert_eq!(said("S01", "test tests/c.rs one", None), ["there are no tests `tests/c.rs`"]);
        assert_eq!(said("S01", "test tests/a.rs left_out", None), ["`left_out` of `tests/a.rs` is ignored"]);
    }

    #[test]
    fn a_test_that_did_not_run_is_found() {
        let not_run = ["`m::two` of `tests/a.rs` did not run in this run, or did not pass"];
        assert_eq!(said("S01", "test tests/a.rs m::two", Some(&["one", "one"])), not_run);
        let once = ["`one` of `tests/b.rs` did not run in this run, or did not pass"];
        assert_eq!(said("S01", "test tests/b.rs one", Some(&["one"])), once);
        assert_eq!(said("S01", "test tests/b.rs one", Some(&["one", "one"])), [""; 0]);
        let refused = ["`no_guard` of `tests/compile_fail.rs` did not run in this run, or did not pass"];
        assert_eq!(said("S01", "compile-fail guard", Some(&["m::two"])), refused);
    }

    #[test]
    fn a_program_a_heading_and_a_row_of_the_bench_have_to_be_there() {
        assert_eq!(said("S01", "compile-fail x", None), ["there is no program `tests/compile_fail/x.rs`"]);
        assert_eq!(said("S01", "compile-fail alone", None), ["no test has `alone` refused"]);
        assert_eq!(said("S01", "doc docs/a.md#b", None), ["`docs/a.md` has no heading `#b`"]);
        assert_eq!(said("S01", "doc docs/b.md#b", None), ["there is no page `docs/b.md`"]);
        assert_eq!(said("S01", "bench map-y ours", None), ["the bench has no group `map-y`"]);
        assert_eq!(said("S01", "bench map-x theirs", None), ["the group `map-x` of the bench has no row `theirs`"]);
    }

    #[test]
    fn few_rows_may_do_without_and_those_about_processes_may_wait() {
        assert_eq!(said("S01", "none: easy", None), ["may not do without evidence"]);
        let both = said("S20", "none: an import;doc docs/a.md#a-page", None);
        assert_eq!(both, ["has evidence, and says that it has none"]);
        assert_eq!(said("S05", "open: needs worker processes", None), ["is not about processes"]);
        assert_eq!(said("S01", "open: needs time", None), ["may wait for nothing but `needs worker processes`"]);
    }

    #[test]
    fn programs_and_promises_are_on_the_page_and_bugs_need_not_be() {
        let silent = ["docs/coming-from-python.md does not speak of it"];
        assert_eq!(said("S08", "doc docs/a.md#a-page", None), silent);
        assert_eq!(said("P01", "doc docs/a.md#a-page", None), silent);
        assert_eq!(said("S06", "doc docs/a.md#a-page", None), [""; 0]);
        assert_eq!(said("G02", "doc docs/a.md#a-page", None), [""; 0]);
    }
}
