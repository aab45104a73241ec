//! Admission and the sizes of batches against plain models, by commands that proptest gives; what fails is made short, and kept in a file beside, to be
//! tried first from then on. And what a lane shows, step by step.
#![cfg(test)]

#[path = "properties/admission.rs"]
mod admission;
#[path = "properties/batches.rs"]
mod batches;
#[path = "properties/drivers.rs"]
mod drivers;
#[path = "properties/shown.rs"]
mod shown;
