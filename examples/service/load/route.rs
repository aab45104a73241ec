//! Owns which requests are sent. Never sends one.

use crate::args::LoadSettings;

/// One kind of request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    Wait,
    Digest,
    Body,
    Fetch,
    Health,
    Snapshot,
}

impl Route {
    /// What clients ask, one after the other.
    pub(super) const MIX: [Self; 4] = [Self::Wait, Self::Digest, Self::Fetch, Self::Body];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Wait => "GET  /wait",
            Self::Digest => "GET  /digest",
            Self::Body => "POST /digest",
            Self::Fetch => "GET  /fetch",
            Self::Health => "GET  /health",
            Self::Snapshot => "GET  /snapshot",
        }
    }

    /// The request as it is sent.
    pub(super) fn request(self, settings: &LoadSettings) -> String {
        let LoadSettings { wait_ms, rounds, .. } = settings;
        match self {
            Self::Wait => get(&format!("/wait/{wait_ms}")),
            Self::Digest => get(&format!("/digest/{rounds}")),
            Self::Fetch => get(&format!("/fetch/{wait_ms}/{rounds}")),
            Self::Body => format!("POST /digest {HEAD}content-length: {BODY_BYTES}\r\n\r\n{}", "x".repeat(BODY_BYTES)),
            Self::Health => get("/health"),
            Self::Snapshot => get("/snapshot"),
        }
    }
}

fn get(path: &str) -> String {
    format!("GET {path} {HEAD}\r\n")
}

const HEAD: &str = "HTTP/1.1\r\nhost: localhost\r\n";

/// The size of a small document.
const BODY_BYTES: usize = 16 << 10;
