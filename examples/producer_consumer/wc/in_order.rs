//! Owns the pieces of one file that were counted: in any order they come, in the file's order they are merged. Never holds
//! more than one count for each gap between them, however long the file is.

use std::collections::BTreeMap;

use super::count::Count;

/// The counts of a file's pieces so far. Neighbours are merged as soon as they are there, so what is kept is one count for
/// each run of pieces without a gap: at most as many as there are pieces being counted, and one.
#[derive(Debug, Default)]
pub(crate) struct InOrder {
    /// By the number of a run's first piece: the number of the piece after its last, and what it holds.
    runs: BTreeMap<u64, (u64, Count)>,
}

impl InOrder {
    /// Adds the count of piece `number`; each piece is added once.
    pub(crate) fn add(&mut self, number: u64, count: Count) {
        let (mut first, mut next, mut merged) = (number, number + 1, count);
        if let Some((&earlier, &(until, before))) = self.runs.range(..number).next_back()
            && until == number
        {
            (first, merged) = (earlier, before.then(merged));
        }
        if let Some((until, after)) = self.runs.remove(&next) {
            (next, merged) = (until, merged.then(after));
        }
        self.runs.insert(first, (next, merged));
    }

    /// The count of the first `pieces` pieces, once all of them are there.
    pub(crate) fn whole(&self, pieces: u64) -> Option<Count> {
        let (until, count) = self.runs.get(&0)?;
        (*until == pieces).then_some(*count)
    }

    /// How many counts are kept.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.runs.len()
    }
}
