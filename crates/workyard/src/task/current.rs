//! Owns the answer to "which task's body is this thread in?". Never keeps it past the body.

use std::cell::RefCell;
use std::sync::Arc;

use crate::primitives::whole::thread_local;
use crate::task::cell::Task;

thread_local! {
    static CURRENT: RefCell<Option<Arc<dyn Task>>> = const { RefCell::new(None) };
}

/// The task whose body this thread is in.
pub(crate) fn task() -> Option<Arc<dyn Task>> {
    // Without the thread-local, the thread is ending and in no body.
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// This thread is in `task`'s body until the guard is dropped; then it is again where it was.
#[inline]
pub(crate) fn enter(task: Arc<dyn Task>) -> InBody {
    InBody { outer: CURRENT.replace(Some(task)) }
}

/// This thread is in a body.
#[must_use]
pub(crate) struct InBody {
    outer: Option<Arc<dyn Task>>,
}

impl Drop for InBody {
    #[inline]
    fn drop(&mut self) {
        let ended = CURRENT.replace(self.outer.take());
        drop(ended);
    }
}
