//! Owns what a user is told about an item of a map that gave no value. Never decides what failed.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::Location;

use parking_lot::Mutex;
use workyard_core::{GaveUp, Reason};

use crate::task::{BoxError, TaskError, TaskErrorKind};

/// Why an item of a map gave no value, and which item it was: its index, what it was made from, its lane, and the line that
/// called `map`.
///
/// It is an error like any other, whatever the inputs are: `?` works into `Box<dyn Error + Send + Sync>` and the like also if they
/// are neither `Sync` nor `Debug`.
///
/// # Examples
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let yard = workyard::Scheduler::new();
/// let texts = vec!["1", "2", "three", "4"];
/// let numbers = yard.cpu().try_map(texts, str::parse::<u32>).keep_inputs().describe(|text| format!("{text:?}"));
/// let error = numbers.await.unwrap_err();
/// assert_eq!((error.index(), error.input()), (2, Some("three")));
/// let text = error.to_string();
/// assert!(text.starts_with("item 2 (\"three\") of the map on lane cpu, called at "), "{text}");
/// assert!(text.ends_with(", failed"), "{text}");
/// assert_eq!(error.into_source().unwrap().to_string(), "invalid digit found in string");
/// # Ok::<_, workyard::BoxError>(()) })?;
/// # Ok::<_, workyard::BoxError>(())
/// ```
pub struct MapError<I = ()>(Box<Inner<I>>);

struct Inner<I> {
    index: u64,
    attempts: u32,
    /// What was being done: an item, or the input itself.
    at: At,
    error: TaskError,
    text: Option<String>,
    /// In a mutex only to be `Sync`.
    input: Mutex<Option<I>>,
}

/// What an error is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum At {
    /// An item.
    Item,
    /// The iterator or stream that the items come from.
    Input,
}

/// What is known of an item before it runs, for the error that it may become.
pub(super) struct Case<I> {
    pub(super) index: u64,
    /// What was asked for besides: mostly nothing.
    pub(super) more: Option<Box<More<I>>>,
}

/// What an error says of its input.
pub(super) struct More<I> {
    pub(super) text: Option<String>,
    pub(super) input: Option<I>,
}

impl<I> Case<I> {
    /// With the index alone.
    pub(super) const fn bare(index: u64) -> Self {
        Self { index, more: None }
    }
}

impl<I> MapError<I> {
    /// The item began, and came to this.
    pub(super) fn ran(case: Case<I>, error: TaskError) -> Self {
        Self::new(case, 1, At::Item, error)
    }

    /// The item was a task, which came to this.
    pub(super) fn of_task(case: Case<I>, error: TaskError) -> Self {
        let attempts = error.attempts().unwrap_or(0);
        Self::new(case, attempts, At::Item, error)
    }

    /// The item never began.
    pub(super) fn never_ran(case: Case<I>, error: TaskError) -> Self {
        Self::new(case, 0, At::Item, error)
    }

    /// The input failed where this item would have come.
    pub(super) fn input_failed(index: u64, error: TaskError) -> Self {
        Self::new(Case::bare(index), 0, At::Input, error)
    }

    fn new(Case { index, more }: Case<I>, attempts: u32, at: At, error: TaskError) -> Self {
        let More { text, input } = more.map_or(More { text: None, input: None }, |more| *more);
        Self(Box::new(Inner { index, attempts, at, error, text, input: Mutex::new(input) }))
    }

    /// Which item it was: its place in the input, from 0.
    pub fn index(&self) -> u64 {
        self.0.index
    }

    /// How many times the function was called for the item: 0 if it never began, more than 1 only if it was
    /// [tried again](crate::Map::retry).
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether it was the input that failed, by a panic of its iterator or stream, where the item with this index would have come.
    pub fn is_from_input(&self) -> bool {
        self.0.at == At::Input
    }

    /// What `describe` said of the input; `None` if it was not asked for.
    pub fn description(&self) -> Option<&str> {
        self.0.text.as_deref()
    }

    /// A copy of the input; `None` if `keep_inputs` was not asked for.
    pub fn input(&self) -> Option<I>
    where
        I: Clone,
    {
        self.0.input.lock().clone()
    }

    /// The input by value; `None` if `keep_inputs` was not asked for.
    pub fn into_input(self) -> Option<I> {
        self.0.input.into_inner()
    }

    /// What happened.
    pub fn kind(&self) -> TaskErrorKind {
        self.0.error.kind()
    }

    /// Why there was no further attempt, as [`TaskError::gave_up`].
    pub fn gave_up(&self) -> Option<GaveUp> {
        self.0.error.gave_up()
    }

    /// Why the item was stopped; `None` if it failed, panicked or was refused.
    pub fn reason(&self) -> Option<Reason> {
        self.0.error.reason()
    }

    /// The name that the map was given with `name`.
    pub fn name(&self) -> Option<&str> {
        self.0.error.name()
    }

    /// The name of the map's lane.
    pub fn lane(&self) -> &str {
        self.0.error.lane()
    }

    /// The line that called `map`.
    pub fn called_at(&self) -> &'static Location<'static> {
        self.0.error.submitted_at()
    }

    /// What the function said when it panicked, if it was text.
    pub fn panic_message(&self) -> Option<&str> {
        self.0.error.panic_message()
    }

    /// The payload of the panic, to look at or to carry on with [`std::panic::resume_unwind`].
    ///
    /// # Errors
    /// The error itself, if the item did not panic.
    pub fn into_panic(self) -> Result<Box<dyn Any + Send>, Self> {
        self.split(TaskError::into_panic)
    }

    /// The error that a function of `try_map` returned.
    ///
    /// # Errors
    /// The error itself, if the item did not end that way.
    pub fn into_source(self) -> Result<BoxError, Self> {
        self.split(TaskError::into_source)
    }

    /// Whether the item was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.error.is_cancelled()
    }

    /// Whether the item's time was up.
    pub fn is_timeout(&self) -> bool {
        self.0.error.is_timeout()
    }

    /// Whether the function panicked.
    pub fn is_panic(&self) -> bool {
        self.0.error.is_panic()
    }

    /// The same error without the input, and so of whatever type is wanted.
    pub fn forget_input<J>(self) -> MapError<J> {
        let Inner { index, attempts, at, error, text, .. } = *self.0;
        MapError(Box::new(Inner { index, attempts, at, error, text, input: Mutex::new(None) }))
    }

    /// Whether it ended badly, rather than not at all.
    #[cfg(feature = "progress")]
    pub(super) fn is_failure(&self) -> bool {
        !matches!(self.kind(), TaskErrorKind::Cancelled | TaskErrorKind::Refused)
    }

    pub(super) fn error(&self) -> &TaskError {
        &self.0.error
    }

    fn split<R>(self, split: impl FnOnce(TaskError) -> Result<R, TaskError>) -> Result<R, Self> {
        let Inner { index, attempts, at, error, text, input } = *self.0;
        split(error).map_err(|error| Self(Box::new(Inner { index, attempts, at, error, text, input })))
    }
}

impl<I> fmt::Display for MapError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { index, at, error, text, .. } = &*self.0;
        match at {
            At::Item => write!(f, "item {index}")?,
            At::Input => write!(f, "the input at item {index}")?,
        }
        if let Some(text) = text {
            write!(f, " ({text})")?;
        }
        f.write_str(" of the map")?;
        if let Some(name) = error.name() {
            write!(f, " \"{}\"", name.escape_debug())?;
        }
        write!(f, " on lane {}, called at {}, ", error.lane(), error.submitted_at())?;
        error.write_end(f)
    }
}

impl<I> fmt::Debug for MapError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { index, attempts, error, text, .. } = &*self.0;
        f.debug_struct("MapError")
            .field("index", index)
            .field("attempts", attempts)
            .field("description", text)
            .field("error", error)
            .finish_non_exhaustive()
    }
}

impl<I> Error for MapError<I> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.error.source()
    }
}
