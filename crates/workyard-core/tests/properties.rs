//! Admission and the sizes of batches against plain models, by commands that proptest gives. What fails is made short, and kept in
//! `proptest-regressions`.
#![cfg(test)]

#[path = "properties/admission.rs"]
mod admission;
#[path = "properties/batches.rs"]
mod batches;
