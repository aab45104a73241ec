//! Owns the kernel's CPU list format, `0-3,8,10-11`. Never opens a file.

/// How many CPUs a list names, or `None` where it is not such a list. Linux writes ascending ranges that do not
/// overlap.
pub(super) fn len(list: &str) -> Option<usize> {
    list.trim().split(',').try_fold(0_usize, |sum, range| sum.checked_add(range_len(range)?))
}

fn range_len(range: &str) -> Option<usize> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    last.checked_sub(first)?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::len;

    #[test]
    fn counts_ranges_and_single_cpus() {
        assert_eq!(len("0\n"), Some(1));
        assert_eq!(len("0-3\n"), Some(4));
        assert_eq!(len("0-3,8,10-11\n"), Some(7));
    }

    #[test]
    fn refuses_what_is_not_a_list() {
        for odd in ["", "\n", "x", "3-1", "0-", "-", "0,,1", "0-18446744073709551615", "0-1,0-18446744073709551613,0-9"]
        {
            assert_eq!(len(odd), None, "{odd:?}");
        }
    }
}
