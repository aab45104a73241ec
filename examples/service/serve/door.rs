//! Owns who gets in: a bounded number of connections, and none once the service is closing. Never reads from one.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;

/// A listener that has a limit, and closes.
pub(super) struct Door {
    /// `None` once it is closed, so that who comes then is refused at once and may go elsewhere.
    listener: Option<TcpListener>,
    address: SocketAddr,
    seats: Seats,
    closing: CancellationToken,
}

/// How many connections there may be. Clones are the same seats.
#[derive(Clone)]
pub(super) struct Seats(Arc<Semaphore>);

impl Door {
    /// Opens it; it closes with the token.
    pub(super) async fn open(address: SocketAddr, closing: CancellationToken) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let seats = Seats(Arc::new(Semaphore::new(SEATS as usize)));
        Ok(Self { listener: Some(listener), address, seats, closing })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn seats(&self) -> Seats {
        self.seats.clone()
    }
}

impl Seats {
    /// Waits until every connection has ended. New ones wait behind this.
    ///
    /// # Cancel safety
    /// May be dropped and repeated at will.
    pub(super) async fn all_empty(&self) {
        // An error would say that the semaphore is closed, and nobody closes it.
        drop(self.0.acquire_many(SEATS).await);
    }

    async fn next(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.0).acquire_owned().await {
            Ok(seat) => seat,
            Err(_closed) => pending().await,
        }
    }
}

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        tokio::select! {
            biased;
            () = self.closing.cancelled() => {}
            accepted = enter(self.listener.as_mut(), &self.seats) => return accepted,
        }
        self.listener = None;
        pending().await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn enter(listener: Option<&mut TcpListener>, seats: &Seats) -> (Connection, SocketAddr) {
    let Some(listener) = listener else { return pending().await };
    let seat = seats.next().await;
    // Axum's own, which logs what goes wrong and tries again.
    let (stream, address): (TcpStream, _) = Listener::accept(listener).await;
    (Connection::new(stream, seat), address)
}

/// Each costs a file descriptor, of which a process has 1,024 where nobody said otherwise.
const SEATS: u32 = 900;
