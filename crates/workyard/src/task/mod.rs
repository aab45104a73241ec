//! One unit of work: what it is made of, what its submitter holds, what its body sees, and how it is stopped.

mod answer;
mod attempt_end;
pub(crate) mod cancel;
pub(crate) mod cell;
mod context;
pub(crate) mod current;
mod ended;
mod error;
mod handle;
pub(crate) mod header;
mod id;
pub(crate) mod in_hand;
pub(crate) mod limits;
mod on_done;
mod on_end;
mod panic;
mod place;
mod rare;
mod retrying;

pub use context::TaskContext;
pub use ended::TaskEnded;
pub use error::{BoxError, TaskError, TaskErrorKind};
pub use handle::{Handle, TaskRef, TaskStatus};
pub use id::TaskId;

pub(crate) use answer::Where;
pub(crate) use error::Origin;
pub(crate) use id::Name;
pub(crate) use on_done::{Call, Callback, End, Told};
pub(crate) use on_end::Watcher;
pub(crate) use panic::{Payload, call_foreign, catch, drop_caught, use_up_caught, wake_caught};
pub(crate) use retrying::{AttemptTimedOut, Retrying};
