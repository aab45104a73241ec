//! Owns which variants are sampled. Never knows how.

use std::str::FromStr;

use super::load::Load;

/// The variants that are sampled: all, unless some were chosen by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Selection {
    /// What a service does while its lateness is measured. In the order of [`Load::ALL`], each at most once.
    pub(super) loads: Vec<Load>,
    /// Whether what a lane gets through is measured, with nothing else to do.
    pub(super) throughput: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self { loads: Load::ALL.to_vec(), throughput: true }
    }
}

/// Names with commas between, such as `idle,lane,throughput`.
impl FromStr for Selection {
    type Err = String;

    fn from_str(names: &str) -> Result<Self, String> {
        let (mut loads, mut throughput) = (Vec::new(), false);
        for name in names.split(',') {
            match name.parse() {
                Ok(load) => loads.push(load),
                Err(_) if name == THROUGHPUT => throughput = true,
                Err(_) => return Err(format!("there is no variant {name:?}; --help lists them")),
            }
        }
        Ok(Self { loads: Load::ALL.into_iter().filter(|load| loads.contains(load)).collect(), throughput })
    }
}

const THROUGHPUT: &str = "throughput";

#[cfg(test)]
mod tests {
    use super::super::policy::Policy;
    use super::{Load, Selection};

    #[test]
    fn variants_are_chosen_by_name_in_any_order_and_once() {
        let chosen: Selection = "background,idle,background".parse().unwrap();
        assert_eq!(chosen, Selection { loads: vec![Load::Idle, Load::Lane(Policy::Background)], throughput: false });
        assert_eq!("throughput".parse(), Ok(Selection { loads: vec![], throughput: true }));
        assert_eq!("rayon,throughput,lane,idle,background".parse(), Ok(Selection::default()));
    }

    #[test]
    fn a_name_that_nothing_has_is_refused() {
        for names in ["", "idle,", "idle, lane", "nice"] {
            assert!(names.parse::<Selection>().unwrap_err().starts_with("there is no variant"), "{names}");
        }
    }
}
