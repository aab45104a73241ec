//! Owns how far the stack of a thread that runs closures has grown, and how far it may grow for closures that run within
//! closures. Never grows one.
//!
//! It is seen from the address of a local variable, compared to one at the bottom.

use std::cell::Cell;

use crate::primitives::whole::thread_local;

/// The stack of a thread of a cpu lane, in bytes. It is address space: memory is taken as it is used.
pub(super) const CPU_STACK_BYTES: usize = 8 << 20;

/// How much of a cpu thread's stack may be used when another closure is started in it; what is left is that closure's.
const CPU_BUDGET_BYTES: usize = 6 << 20;

/// As above, for tokio's blocking threads, which have 2 MiB unless their builder was told otherwise.
const BLOCKING_BUDGET_BYTES: usize = 1 << 20;

thread_local! {
    static BOTTOM: Cell<Bottom> = const { Cell::new(Bottom::Unknown) };
}

/// Where a thread's stack begins.
#[derive(Clone, Copy)]
enum Bottom {
    Unknown,
    Cpu(usize),
    Blocking(usize),
}

/// This thread is one of a cpu lane, and has just begun.
pub(super) fn begin_cpu_thread() {
    BOTTOM.set(Bottom::Cpu(here()));
}

/// This thread is about to run closures.
pub(super) fn begin_turn() {
    if !is_cpu_thread() {
        BOTTOM.set(Bottom::Blocking(here()));
    }
}

/// Whether this thread is one of a cpu lane.
pub(crate) fn is_cpu_thread() -> bool {
    matches!(BOTTOM.get(), Bottom::Cpu(_))
}

/// How deep this thread of a cpu lane is in its stack.
pub(super) fn depth() -> usize {
    match BOTTOM.get() {
        Bottom::Unknown => 0,
        Bottom::Cpu(bottom) | Bottom::Blocking(bottom) => bottom.abs_diff(here()),
    }
}

/// Whether another closure may be started on top of those that this thread is in.
pub(crate) fn has_stack_left() -> bool {
    match BOTTOM.get() {
        Bottom::Unknown => true,
        Bottom::Cpu(_) => depth() < CPU_BUDGET_BYTES,
        Bottom::Blocking(_) => depth() < BLOCKING_BUDGET_BYTES,
    }
}

#[inline(never)]
fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
}
