//! Owns how a table looks. Never knows what is in it.

use std::fmt;

/// A table in Markdown: the first column names the row, the others are numbers, flush right.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(titles: [&str; N]) -> Self {
        Self::with_titles(titles.map(str::to_owned).to_vec())
    }

    /// As [`new`](Self::new), for as many columns as there happen to be.
    pub(crate) fn with_titles(titles: Vec<String>) -> Self {
        Self { rows: vec![titles] }
    }

    /// Adds a row, which has as many cells as there are titles.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, row) in self.rows.iter().enumerate() {
            writeln!(f, "| {} |", row.join(" | "))?;
            if index == 0 {
                writeln!(f, "|---|{}", "---:|".repeat(row.len().saturating_sub(1)))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn numbers_are_flush_right() {
        let mut table = Table::new(["load", "p50", "p99"]);
        table.row(["idle", "1", "2"].map(str::to_owned));
        assert_eq!(table.to_string(), "| load | p50 | p99 |\n|---|---:|---:|\n| idle | 1 | 2 |\n");
    }
}
