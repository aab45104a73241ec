//! Owns faults that are planted to see whether the tests find them: see `cargo xtask mutants`. Never in a usual build, where each of them
//! is the word `false`.

/// Whether the fault of this name is planted. In a build with `--cfg workyard_mutants` that is the one which the variable
/// `WORKYARD_MUTANT` names; in any other, none.
#[cfg(not(workyard_mutants))]
#[doc(hidden)]
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        false
    };
}

#[cfg(workyard_mutants)]
#[doc(hidden)]
#[macro_export]
macro_rules! mutant {
    ($name:literal) => {
        $crate::is_planted($name)
    };
}

#[cfg(workyard_mutants)]
#[doc(hidden)]
#[must_use]
pub fn is_planted(name: &str) -> bool {
    static PLANTED: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    PLANTED.get_or_init(|| std::env::var("WORKYARD_MUTANT").ok()).as_deref() == Some(name)
}
