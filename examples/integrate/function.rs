//! Owns the functions that can be integrated. Never loops: which one it is, is asked once a slice.

use std::ops::Range;

use crate::grid::Grid;
use crate::sum::Sum;

/// A function that is finite for every finite number, until it outgrows an `f64`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Function {
    Identity,
    Square,
    Cube,
    Sin,
    Cos,
    Exp,
    Bell,
}

impl Function {
    pub(crate) const ALL: [Self; 7] =
        [Self::Square, Self::Identity, Self::Cube, Self::Sin, Self::Cos, Self::Exp, Self::Bell];

    /// The function of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    /// How it is called on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "x",
            Self::Square => "x2",
            Self::Cube => "x3",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Exp => "exp",
            Self::Bell => "bell",
        }
    }

    /// How it is written on paper.
    pub(crate) fn formula(self) -> &'static str {
        match self {
            Self::Identity => "x",
            Self::Square => "x^2",
            Self::Cube => "x^3",
            Self::Sin => "sin(x)",
            Self::Cos => "cos(x)",
            Self::Exp => "exp(x)",
            Self::Bell => "exp(-x^2)",
        }
    }

    /// [`Grid::sum`] of this function: the loop is compiled for each of them, with the function in it.
    pub(crate) fn sum(self, grid: Grid, slice: Range<u64>, may_go_on: &dyn Fn() -> bool) -> Sum {
        match self {
            Self::Identity => grid.sum(slice, |x| x, may_go_on),
            Self::Square => grid.sum(slice, |x| x * x, may_go_on),
            Self::Cube => grid.sum(slice, |x| x * x * x, may_go_on),
            Self::Sin => grid.sum(slice, f64::sin, may_go_on),
            Self::Cos => grid.sum(slice, f64::cos, may_go_on),
            Self::Exp => grid.sum(slice, f64::exp, may_go_on),
            Self::Bell => grid.sum(slice, |x| (-x * x).exp(), may_go_on),
        }
    }
}
