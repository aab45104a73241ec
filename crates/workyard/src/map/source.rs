//! Owns where the items of a map come from: an iterator or a stream. It is pulled in the consumer's own poll, so it needs neither
//! `Send` nor `'static`. Never pulls more than it is asked for.

use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::task::catch;

/// The next item, the end, or the payload of a panic of the user's code, which is an end as well.
pub(super) type Pulled<I> = Result<Option<I>, Box<dyn Any + Send>>;

/// Where the items of a map come from.
pub(super) trait Source {
    /// An item.
    type Item;

    /// The next item.
    fn poll_pull(&mut self, cx: &mut Context<'_>) -> Poll<Pulled<Self::Item>>;

    /// How many items are still to come, if that is known.
    fn to_come(&self) -> Option<u64>;
}

/// An iterator as a source.
pub(super) struct FromIter<It>(pub(super) It);

impl<It: Iterator> Source for FromIter<It> {
    type Item = It::Item;

    fn poll_pull(&mut self, _: &mut Context<'_>) -> Poll<Pulled<It::Item>> {
        Poll::Ready(catch(|| self.0.next()))
    }

    fn to_come(&self) -> Option<u64> {
        match self.0.size_hint() {
            (least, Some(most)) if least == most => Some(most as u64),
            _ => None,
        }
    }
}

/// A stream as a source.
pub(super) struct FromStream<S>(pub(super) Pin<Box<S>>);

impl<S: Stream> Source for FromStream<S> {
    type Item = S::Item;

    fn poll_pull(&mut self, cx: &mut Context<'_>) -> Poll<Pulled<S::Item>> {
        match catch(|| self.0.as_mut().poll_next(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(next)) => Poll::Ready(Ok(next)),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }

    fn to_come(&self) -> Option<u64> {
        match self.0.size_hint() {
            (least, Some(most)) if least == most => Some(most as u64),
            _ => None,
        }
    }
}
