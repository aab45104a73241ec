//! Owns the span of a task: a child of the span in which the task was submitted, on whichever thread it then runs. Never
//! outlives the body, however long a handle is kept.
//!
//! The header keeps the span while the task waits. The body takes it when it starts, is inside of it whenever it runs or is
//! dropped, and puts it back; the cell closes it before the result is published. So whoever has the result finds
//! the span closed. The subscriber is foreign code, and is never called under the lock in here.

use std::panic::Location;

use parking_lot::Mutex;
use tracing::Span;
use tracing::field::Empty;
use workyard_core::Outcome;

use crate::task::{Name, Payload, TaskId, catch};

/// The span of one task; nothing when nobody listens.
#[derive(Debug, Default)]
pub(crate) struct TaskSpan(Option<Mutex<Option<Span>>>);

impl TaskSpan {
    pub(crate) const NONE: Self = Self(None);

    /// Opens the span, if anybody listens. Costs a load and a branch when nobody listens to `workyard` at level INFO.
    pub(crate) fn open(id: TaskId, name: Option<&Name>, lane: &str, site: &'static Location<'static>) -> Option<Self> {
        let span = tracing::info_span!(
            target: "workyard",
            "task",
            %id,
            name = name.map(Name::as_str),
            lane,
            submitted_at = %site,
            outcome = Empty,
        );
        (!span.is_disabled()).then(|| Self(Some(Mutex::new(Some(span)))))
    }

    /// The span, for the body that starts; until it is put back, nobody closes it.
    pub(crate) fn take(&self) -> Span {
        self.kept().unwrap_or_else(Span::none)
    }

    /// The body has ended.
    pub(crate) fn put_back(&self, span: Span) {
        if let Some(kept) = &self.0 {
            *kept.lock() = Some(span);
        }
    }

    /// Runs this inside of the span, which is then put back. It must not panic.
    #[inline]
    pub(crate) fn within<R>(&self, run: impl FnOnce() -> R) -> R {
        let Some(span) = self.kept() else { return run() };
        let returned = inside(&span, run);
        self.put_back(span);
        returned
    }

    /// Says how the task ended, and gives the span, which is closed when that is dropped; nothing if a body has it.
    #[inline]
    pub(crate) fn ended(&self, how: Outcome) -> Option<Closing> {
        let span = self.kept()?;
        quietly(|| span.record("outcome", how.word()));
        Some(Closing(Some(span)))
    }

    #[inline]
    fn kept(&self) -> Option<Span> {
        self.0.as_ref()?.lock().take()
    }
}

/// The span of one attempt of a task that may be tried again: a child of the task's, closed when the attempt has ended.
pub(crate) struct AttemptSpan(Option<Span>);

impl AttemptSpan {
    pub(crate) const NONE: Self = Self(None);

    /// Opens the span, inside of the task's, if anybody listens.
    pub(crate) fn open(number: u32) -> Self {
        let open = || tracing::info_span!(target: "workyard", "attempt", number, outcome = Empty);
        Self(quietly(open).filter(|span| !span.is_disabled()))
    }

    /// Runs this inside of the span. It must not panic.
    pub(crate) fn within<R>(&self, run: impl FnOnce() -> R) -> R {
        match &self.0 {
            Some(span) => inside(span, run),
            None => run(),
        }
    }

    /// Says how the attempt ended, and closes the span.
    pub(crate) fn end(self, how: Outcome) {
        if let Some(span) = &self.0 {
            quietly(|| span.record("outcome", how.word()));
        }
    }
}

impl Drop for AttemptSpan {
    fn drop(&mut self) {
        if let Some(span) = self.0.take() {
            quietly(|| drop(span));
        }
    }
}

/// A span that is closed when this is dropped.
pub(crate) struct Closing(Option<Span>);

impl Closing {
    /// Runs this inside of the span, for the last time.
    pub(crate) fn within<R>(&self, run: impl FnOnce() -> R) -> R {
        match &self.0 {
            Some(span) => inside(span, run),
            None => run(),
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let span = self.0.take();
        quietly(|| drop(span));
    }
}

/// Runs this inside of a span. It must not panic.
pub(crate) fn inside<R>(span: &Span, run: impl FnOnce() -> R) -> R {
    let entered = quietly(|| span.enter());
    let returned = run();
    quietly(|| drop(entered));
    returned
}

/// The subscriber is foreign code: one that panics loses what it was told, and takes down nothing.
fn quietly<R>(tell: impl FnOnce() -> R) -> Option<R> {
    catch(tell).map_err(Payload::new).ok()
}
