//! Owns how pages are read for what rows refer to: headings as links name them, and the ids that a page speaks of. Never
//! looks for either.

/// The name by which a link finds each heading of a Markdown page.
pub(super) fn anchors(page: &str) -> Vec<String> {
    let (mut found, mut in_code): (Vec<String>, bool) = (Vec::new(), false);
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        let title = line.trim_start_matches('#');
        let is_heading = !in_code && title.len() < line.len() && title.starts_with(' ');
        if !is_heading {
            continue;
        }
        let anchor = anchor(title.trim());
        let again = found.iter().filter(|earlier| **earlier == anchor).count();
        found.push(if again == 0 { anchor } else { format!("{anchor}-{again}") });
    }
    found
}

fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|&symbol| symbol.is_alphanumeric() || " -_".contains(symbol));
    kept.flat_map(char::to_lowercase).map(|symbol| if symbol == ' ' { '-' } else { symbol }).collect()
}

/// Whether a page speaks of a row: by its id, or by a range as `S42–S45`.
pub(super) fn speaks_of(page: &str, id: &str) -> bool {
    let words = page.split(|symbol: char| !symbol.is_ascii_alphanumeric() && symbol != '–');
    words.filter(|word| !word.is_empty()).any(|word| match word.split_once('–') {
        Some((first, last)) => number(first).zip(number(last)).is_some_and(|(first, last)| {
            number(id).is_some_and(|id| first.0 == id.0 && first.0 == last.0 && (first.1..=last.1).contains(&id.1))
        }),
        None => word == id,
    })
}

/// The letter and the number of an id.
fn number(id: &str) -> Option<(char, u32)> {
    let letter = id.chars().next().filter(char::is_ascii_uppercase)?;
    Some((letter, id[1..].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_named_as_links_name_them() {
        let page = "# A pipeline: I/O, CPU, I/O\n\n```rust\n# let x = 1;\n```\n## `get(timeout)`\n##not one\n## Again\n### Again\n";
        assert_eq!(anchors(page), ["a-pipeline-io-cpu-io", "gettimeout", "again", "again-1"]);
    }

    #[test]
    fn a_range_speaks_of_all_that_is_in_it() {
        let page = "See S02, (P07) and S42–S45.";
        let spoken_of = ["S02", "P07", "S42", "S44", "S45"];
        assert!(spoken_of.iter().all(|id| speaks_of(page, id)));
        assert!(["S0", "P42", "S43b", "S46", "S41", "G01"].iter().all(|id| !speaks_of(page, id)));
    }
}
