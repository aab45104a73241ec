//! Owns how the table of rows is read, and which rows it has to have. Never asks whether its evidence is true.

use super::evidence::Evidence;

/// Where the table is.
pub(super) const TABLE: &str = "docs/rows.txt";

/// The letters of the rows, and the last number of each: programs, promises, bugs.
const PARTS: [(char, usize); 3] = [('S', 64), ('P', 72), ('G', 42)];

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    /// What it is about, in a few words.
    pub(super) words: String,
    pub(super) evidence: Vec<Evidence>,
    /// Of the table, from 1.
    pub(super) line: usize,
}

/// The rows of the table, and what is wrong with how they are written: an id that is unknown, missing, there twice or out of its
/// place, a row without evidence.
pub(super) fn read(text: &str) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut wrong): (Vec<Row>, Vec<String>) = (Vec::new(), Vec::new());
    for (line, content) in (1..).zip(text.lines().map(str::trim_end)) {
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if let Some(evidence) = content.strip_prefix(' ').map(str::trim_start) {
            match (rows.last_mut(), Evidence::parse(evidence)) {
                (Some(row), Ok(evidence)) => row.evidence.push(evidence),
                (Some(row), Err(what)) => wrong.push(format!("{TABLE}:{line}: {}: {what}", row.id)),
                (None, _) => wrong.push(format!("{TABLE}:{line}: evidence of no row")),
            }
        } else {
            let (id, words) = content.split_once(' ').unwrap_or((content, ""));
            rows.push(Row { id: id.to_owned(), words: words.trim().to_owned(), evidence: Vec::new(), line });
        }
    }
    check_ids(&rows, &mut wrong);
    for row in &rows {
        if row.evidence.is_empty() {
            wrong.push(format!("{TABLE}:{}: {}: has no evidence", row.line, row.id));
        }
        if row.words.is_empty() {
            wrong.push(format!("{TABLE}:{}: {}: does not say what it is about", row.line, row.id));
        }
    }
    (rows, wrong)
}

/// All ids, in their order.
pub(super) fn ids() -> impl Iterator<Item = String> {
    PARTS.into_iter().flat_map(|(letter, last)| (1..=last).map(move |number| format!("{letter}{number:02}")))
}

fn check_ids(rows: &[Row], wrong: &mut Vec<String>) {
    let expected: Vec<String> = ids().collect();
    let mut place = None;
    for (index, row) in rows.iter().enumerate() {
        let at = |what: &str| format!("{TABLE}:{}: {}: {what}", row.line, row.id);
        let known = expected.iter().position(|id| *id == row.id);
        if known.is_none() {
            wrong.push(at("is no row"));
        } else if rows[..index].iter().any(|earlier| earlier.id == row.id) {
            wrong.push(at("is there twice"));
        } else if known < place {
            wrong.push(at("is out of its place"));
        } else {
            place = known;
        }
    }
    for id in expected.iter().filter(|id| rows.iter().all(|row| row.id != **id)) {
        wrong.push(format!("{TABLE}: {id}: is missing"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table with all rows, each with evidence.
    fn whole() -> String {
        ids().flat_map(|id| [id, " words\n  doc docs/a.md#b\n".to_owned()]).collect()
    }

    #[test]
    fn a_whole_table_is_read_row_by_row() {
        let (rows, wrong) = read(&format!("# comment\n\n{}", whole()));
        assert_eq!((rows.len(), wrong), (178, Vec::new()));
        assert_eq!((rows[0].id.as_str(), rows[0].line, rows[0].evidence.len()), ("S01", 3, 1));
    }

    #[test]
    fn a_row_that_is_missing_double_unknown_or_misplaced_is_one_line_each() {
        let missing = read(&whole().replace("P02 words\n  doc docs/a.md#b\n", "")).1;
        assert_eq!(missing, ["docs/rows.txt: P02: is missing"]);
        let double = read(&whole().replace("P02 words\n", "P02 words\n  doc docs/a.md#b\nP02 words\n")).1;
        assert_eq!(double, ["docs/rows.txt:133: P02: is there twice"]);
        let unknown = read(&format!("{}S65 words\n  doc docs/a.md#b\n", whole())).1;
        assert_eq!(unknown, ["docs/rows.txt:357: S65: is no row"]);
        let moved = whole().replace("S01 words\n  doc docs/a.md#b\n", "") + "S01 words\n  doc docs/a.md#b\n";
        assert_eq!(read(&moved).1, ["docs/rows.txt:355: S01: is out of its place"]);
    }

    #[test]
    fn a_row_says_what_it_is_about_and_what_it_rests_on() {
        let bare = whole().replace("G42 words\n  doc docs/a.md#b\n", "G42\n");
        let both = ["docs/rows.txt:355: G42: has no evidence", "docs/rows.txt:355: G42: does not say what it is about"];
        assert_eq!(read(&bare).1, both);
        assert_eq!(
            read(&whole().replacen("doc docs/a.md#b", "by hand", 1)).1,
            [
                "docs/rows.txt:2: S01: `by hand` is no evidence that this tool knows",
                "docs/rows.txt:1: S01: has no evidence"
            ]
        );
        assert_eq!(read(&format!("  doc docs/a.md#b\n{}", whole())).1, ["docs/rows.txt:1: evidence of no row"]);
    }
}
