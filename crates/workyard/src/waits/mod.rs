//! The direct waits between the tasks of a yard: what a task awaits inside of its body.
//!
//! A task that waits holds a slot of its lane, which what it waits for may need. So:
//!
//! - A *future* lends its slot between two polls while something on its way to what it awaits needs a slot of its lane: a
//!   task that has none, or a submitter that waits for room. Before the next poll it takes a slot back, ahead of all
//!   tasks that have not started; but the slot that it lends goes to one of those.
//! - A *closure* cannot step aside, and runs such a task, or the next one that makes room, in its own stack.
//! - Who could only wait for ever, because all it waits for waits in the end for itself, is told `WouldDeadlock`.
//!
//! *The way* to what a task awaits leads from a task to what that one awaits. It also leads from a task without a slot, and from
//! a wait for room, to those who hold the slots of that lane, if all of them wait: then no slot comes free before one of them
//! goes on. If any does not wait, it will end, and the way ends there.
//!
//! # Protocol
//! A wait is entered when a handle or a submission is polled inside of a body and is not ready; it is left when that is
//! ready or dropped, or when the body has ended. After each change that may close a circle of ways, those who can open it look again:
//!
//! - *Who enters a wait* looks itself, and has all who wait for it look. A circle that the wait closes leads through it; on that circle
//!   the last holder of a slot before it is either itself or one of those.
//! - *A future whose poll has entered waits or left some* is taken by all for one that goes on until the poll is over, since more may follow;
//!   then it looks itself, and if it is stuck, its waits are polled again, and tell it, or those who wait for it. Who looks later knows all
//!   of them.
//! - *A future that lends* has no slot any more: all who wait for it look.
//! - *A closure that goes on waiting* after it ran a task in its stack has its old waits again: as if it entered them.
//! - *A task that is queued* where others wait for room may be what they have to run: those look.
//! - *Room that is given back* where others wait for it, by a task that ends between two attempts or a submitter that goes though it was
//!   promised some, may be there only for who could lend its slot: those look.
//! - *Who leaves one of several waits* may have left the only one that could come: it looks at the others again, and so do those who wait
//!   for it.
//!
//! Room is promised to the first in line, who may be in the body of a task that cannot go on: a future that is woken and waits for
//! a slot, a closure below another in its stack. What holds it up may itself wait for room behind it. So such a one steps
//! aside, the promise goes to the next, and it is first in line again once its task goes on and polls it.
//!
//! Looking again is done by the waiter itself, a future at the end of its poll, and who is stuck or is a closure when its wait
//! is polled. Whoever looked before the change is woken, and whoever looks later sees it.
//!
//! Lock order: the lock of the waits is a leaf like the lanes'; statuses are read from the headers, without the lanes.

mod direct;
mod promises;
mod registry;
mod state;

pub(crate) use direct::{AnyWait, DirectWait, Next, Target, after_run};
pub(crate) use registry::Waits;
