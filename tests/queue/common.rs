//! Owns what the tests of the queue share: deadlines, hand-held polls, wakers that count, and a seeded sequence.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

/// How long anything may take before it counts as hung.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Awaits `future`, which must not hang.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(LONG, future).await.expect("hung")
}

/// Runs `body` on a thread of its own; it must not hang.
pub(crate) fn on_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> Running<R> {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || sender.send(body()).expect("the test waits"));
    Running { receiver, thread }
}

pub(crate) struct Running<R> {
    receiver: mpsc::Receiver<R>,
    thread: thread::JoinHandle<()>,
}

impl<R> Running<R> {
    pub(crate) fn join(self) -> R {
        let result = self.receiver.recv_timeout(LONG).expect("hung or panicked");
        self.thread.join().expect("no panic");
        result
    }
}

/// A task that is polled by hand.
#[derive(Default)]
pub(crate) struct Task {
    wakes: AtomicUsize,
}

impl Task {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(self));
        Pin::new(future).poll(&mut Context::from_waker(&waker))
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(Ordering::SeqCst)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
    }
}

/// One poll with a waker that nobody looks at.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The splitmix64 sequence.
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
