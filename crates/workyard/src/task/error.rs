//! Owns what a user is told about a task that gave no value.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use workyard_core::{GaveUp, Outcome, Reason};

use crate::task::header::Header;
use crate::task::id::{Name, TaskId};
use crate::task::panic::{Payload, message_of};
use crate::task::retrying::Retrying;

/// An error of any type that can cross threads.
pub type BoxError = Box<dyn Error + Send + Sync + 'static>;

/// Why a task gave no value, and which task it was: its number, name and lane, and the line that submitted it.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use workyard::{Scheduler, TaskErrorKind};
///
/// let yard = Scheduler::new();
/// let handle = yard.cpu().task("resize").submit(|| panic!("no such image")).await?;
/// let error = handle.await.map(|()| ()).unwrap_err();
/// assert_eq!(error.kind(), TaskErrorKind::Panicked);
/// assert_eq!(error.panic_message(), Some("no such image"));
/// assert!(error.to_string().starts_with("task #0 \"resize\" on lane cpu, submitted at "));
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
pub struct TaskError(Box<Inner>);

struct Inner {
    kind: TaskErrorKind,
    reason: Option<Reason>,
    id: Option<TaskId>,
    name: Option<Name>,
    lane: Arc<str>,
    site: &'static Location<'static>,
    panic: Option<(String, Payload)>,
    source: Option<BoxError>,
    /// If it might have been tried again.
    attempts: Option<u32>,
    gave_up: Option<GaveUp>,
}

/// Where the items of a map come from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) name: Option<Name>,
    pub(crate) lane: Arc<str>,
    pub(crate) site: &'static Location<'static>,
}

/// The kinds of [`TaskError`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TaskErrorKind {
    /// The body of a `fallible` task returned `Err`, which is the [`source`](Error::source).
    Failed,
    /// The body panicked.
    Panicked,
    /// The body never ran, or was dropped before its end.
    Cancelled,
    /// A timeout or deadline passed first.
    TimedOut,
    /// The body is still running, and nobody waits for it any more: an abort, or the end of shutdown.
    Abandoned,
    /// The task was never accepted: its lane is closed.
    Refused,
    /// The task would never end, since it waits, directly or through others, for the one that awaited it. It goes on
    /// waiting until one of them is cancelled; only this wait for it was given up. Or closures that wait for closures of their own
    /// lane, or for room in it, have filled their thread's stack.
    WouldDeadlock,
}

impl TaskError {
    pub(crate) fn stopped(header: &Header, reason: Reason) -> Self {
        let kind = match reason.outcome() {
            Outcome::TimedOut => TaskErrorKind::TimedOut,
            _ => TaskErrorKind::Cancelled,
        };
        Self::about(header, kind, Some(reason))
    }

    pub(crate) fn abandoned(header: &Header, reason: Reason) -> Self {
        Self::about(header, TaskErrorKind::Abandoned, Some(reason))
    }

    pub(crate) fn failed(header: &Header, source: BoxError) -> Self {
        Self::about(header, TaskErrorKind::Failed, None).with_source(source)
    }

    pub(crate) fn panicked(header: &Header, payload: Box<dyn Any + Send>) -> Self {
        Self::about(header, TaskErrorKind::Panicked, None).with_panic(payload)
    }

    pub(crate) fn would_deadlock(header: &Header) -> Self {
        Self::about(header, TaskErrorKind::WouldDeadlock, None)
    }

    pub(crate) fn refused(header: &Header) -> Self {
        Self::not_accepted(header, TaskErrorKind::Refused)
    }

    /// A closure had no stack left to make the room in that it waited for.
    pub(crate) fn out_of_stack(header: &Header) -> Self {
        Self::not_accepted(header, TaskErrorKind::WouldDeadlock)
    }

    fn not_accepted(header: &Header, kind: TaskErrorKind) -> Self {
        let mut error = Self::about(header, kind, None);
        error.0.id = None;
        error
    }

    /// About an item of a map, which is no task of its own and has no number.
    pub(crate) fn about_item(origin: &Origin, kind: TaskErrorKind, reason: Option<Reason>) -> Self {
        let Origin { name, lane, site } = origin.clone();
        Self(Box::new(Inner {
            kind,
            reason,
            id: None,
            name,
            lane,
            site,
            panic: None,
            source: None,
            attempts: None,
            gave_up: None,
        }))
    }

    /// With the payload of a panic.
    pub(crate) fn with_panic(mut self, payload: Box<dyn Any + Send>) -> Self {
        self.0.panic = Some((message_of(&*payload), Payload::new(payload)));
        self
    }

    /// With what the user's code returned.
    pub(crate) fn with_source(mut self, source: BoxError) -> Self {
        self.0.source = Some(source);
        self
    }

    fn about(header: &Header, kind: TaskErrorKind, reason: Option<Reason>) -> Self {
        let retrying = header.retrying();
        Self(Box::new(Inner {
            kind,
            reason,
            id: Some(header.id),
            name: header.name().cloned(),
            lane: Arc::clone(&header.lane.name),
            site: header.site,
            panic: None,
            source: retrying.and_then(Retrying::take_last_error),
            attempts: retrying.map(Retrying::attempts),
            gave_up: retrying.and_then(Retrying::gave_up),
        }))
    }

    /// What became of the task, in words.
    pub(crate) fn write_end(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, reason, panic, attempts, gave_up, .. } = &*self.0;
        match kind {
            TaskErrorKind::Failed => f.write_str("failed")?,
            TaskErrorKind::Panicked => f.write_str("panicked")?,
            TaskErrorKind::Cancelled => f.write_str("was cancelled")?,
            TaskErrorKind::TimedOut => f.write_str("timed out")?,
            TaskErrorKind::Abandoned => f.write_str("was abandoned while it ran")?,
            TaskErrorKind::WouldDeadlock => f.write_str("would never end: it waits for the task that awaits it")?,
            TaskErrorKind::Refused => f.write_str("was refused: the lane is closed")?,
        }
        match attempts {
            Some(0) | None => {}
            Some(1) => f.write_str(" after 1 attempt")?,
            Some(attempts) => write!(f, " after {attempts} attempts")?,
        }
        if let Some(gave_up) = gave_up {
            write!(f, " ({gave_up})")?;
        }
        if let Some(reason) = reason {
            write!(f, ": {reason}")?;
        }
        if let Some((message, _)) = panic {
            write!(f, ": {message}")?;
        }
        Ok(())
    }

    /// What happened.
    pub fn kind(&self) -> TaskErrorKind {
        self.0.kind
    }

    /// Why the task was stopped; `None` if it failed, panicked or was refused.
    pub fn reason(&self) -> Option<Reason> {
        self.0.reason
    }

    /// The task's number; `None` if it was never accepted.
    pub fn id(&self) -> Option<TaskId> {
        self.0.id
    }

    /// The name that was given with `task(name)`.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_ref().map(Name::as_str)
    }

    /// The name of the task's lane.
    pub fn lane(&self) -> &str {
        &self.0.lane
    }

    /// The line that submitted the task.
    pub fn submitted_at(&self) -> &'static Location<'static> {
        self.0.site
    }

    /// How many attempts were begun, if the task had a [policy of retries](crate::Retry).
    pub fn attempts(&self) -> Option<u32> {
        self.0.attempts
    }

    /// Why there was no further attempt, if the task had a [policy of retries](crate::Retry) and an attempt did not end well. `None` if it
    /// was stopped while it was queued, ran, or waited for its next attempt; the [`source`](Error::source) is then what the attempt
    /// before came to.
    pub fn gave_up(&self) -> Option<GaveUp> {
        self.0.gave_up
    }

    /// What the body said when it panicked, if it was text.
    pub fn panic_message(&self) -> Option<&str> {
        self.0.panic.as_ref().map(|(message, _)| message.as_str())
    }

    /// The payload of the panic, to look at or to carry on with [`std::panic::resume_unwind`].
    ///
    /// # Errors
    /// The error itself, if the task did not panic.
    pub fn into_panic(mut self) -> Result<Box<dyn Any + Send>, Self> {
        match self.0.panic.take() {
            Some((_, payload)) => Ok(payload.into_inner()),
            None => Err(self),
        }
    }

    /// The error that the body of a `fallible` task returned; of one that was tried again and stopped, that of the attempt before.
    ///
    /// # Errors
    /// The error itself, if the task did not end that way.
    pub fn into_source(mut self) -> Result<BoxError, Self> {
        self.0.source.take().ok_or(self)
    }

    /// Whether the task was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.kind == TaskErrorKind::Cancelled
    }

    /// Whether a timeout or deadline passed.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == TaskErrorKind::TimedOut
    }

    /// Whether the body panicked.
    pub fn is_panic(&self) -> bool {
        self.0.kind == TaskErrorKind::Panicked
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { id, name, lane, site, .. } = &*self.0;
        f.write_str("task ")?;
        if let Some(id) = id {
            write!(f, "{id} ")?;
        }
        if let Some(name) = name {
            write!(f, "{name} ")?;
        }
        write!(f, "on lane {lane}, submitted at {site}, ")?;
        self.write_end(f)
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, reason, id, name, lane, site, panic, source, attempts, gave_up } = &*self.0;
        f.debug_struct("TaskError")
            .field("kind", kind)
            .field("reason", reason)
            .field("id", id)
            .field("name", name)
            .field("lane", lane)
            .field("submitted_at", &format_args!("{site}"))
            .field("panic", &panic.as_ref().map(|(message, _)| message))
            .field("source", source)
            .field("attempts", attempts)
            .field("gave_up", gave_up)
            .finish()
    }
}

impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}
