//! Owns the ways in which work is given to a lane, each a type of no size, so that a task does not carry it along. Never knows what a
//! future or a closure makes of it.

/// What the work gives is the result.
pub(super) struct Plain;

/// As [`Plain`], of a function that wants a context.
pub(super) struct WithContext;

/// An `Err` that the work gives is a failure.
pub(super) struct Fallible;

/// As [`Fallible`], of a function that wants a context.
pub(super) struct FallibleWithContext;
