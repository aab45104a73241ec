//! Owns how a request is sent and its answer read: HTTP/1.1 on one kept connection, as much of it as the service speaks.
//! Never asks again by itself.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection to the service.
pub(super) struct Connection {
    stream: TcpStream,
}

/// What the service said.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether this connection ends with it.
    pub(super) is_last: bool,
    /// When to try again.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The connection ended before the first byte of an answer. A service that is closing does this to idle connections, and a
    /// request may just have been on its way: it was not accepted.
    Closed,
    /// Anything else: too late, broken off, not HTTP.
    Lost(String),
}

impl Connection {
    pub(super) fn open(target: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&target, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    /// Sends a request and waits for its answer.
    pub(super) fn ask(&mut self, request: &str) -> Result<Answer, Unanswered> {
        self.stream.write_all(request.as_bytes()).map_err(|error| unanswered(&[], &error))?;
        let mut read = Vec::new();
        let (head_end, head) = loop {
            if let Some(end) = end_of_head(&read) {
                break (end, Head::parse(&read[..end]).map_err(Unanswered::Lost)?);
            }
            self.read_more(&mut read)?;
        };
        let end = head_end + head.body_bytes;
        if end > MOST_BYTES {
            return Err(Unanswered::Lost(format!("an answer of {end} bytes")));
        }
        while read.len() < end {
            self.read_more(&mut read)?;
        }
        let body = String::from_utf8_lossy(&read[head_end..end]).into_owned();
        Ok(Answer { status: head.status, is_last: head.is_last, retry_after: head.retry_after, body })
    }

    fn read_more(&mut self, read: &mut Vec<u8>) -> Result<(), Unanswered> {
        let mut chunk = [0; 8 << 10];
        let len = match self.stream.read(&mut chunk) {
            Ok(0) => Err(io::Error::from(ErrorKind::ConnectionReset)),
            other => other,
        };
        let len = len.map_err(|error| unanswered(read, &error))?;
        read.extend_from_slice(&chunk[..len]);
        if read.len() > MOST_BYTES {
            return Err(Unanswered::Lost(format!("an answer of over {MOST_BYTES} bytes")));
        }
        Ok(())
    }
}

fn unanswered(read: &[u8], error: &io::Error) -> Unanswered {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    let is_closed = matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset);
    if is_closed && read.is_empty() {
        Unanswered::Closed
    } else {
        Unanswered::Lost(format!("{error}, after {} bytes of the answer", read.len()))
    }
}

fn end_of_head(read: &[u8]) -> Option<usize> {
    read.windows(HEAD_END.len()).position(|window| window == HEAD_END).map(|at| at + HEAD_END.len())
}

struct Head {
    status: u16,
    is_last: bool,
    retry_after: Option<Duration>,
    body_bytes: usize,
}

impl Head {
    fn parse(head: &[u8]) -> Result<Self, String> {
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let line = lines.next().unwrap_or_default();
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| format!("an answer that begins with {line:?}"))?;
        let mut parsed = Self { status, is_last: false, retry_after: None, body_bytes: 0 };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => parsed.body_bytes = value.parse().map_err(|_| format!("{name}: {value}"))?,
                "transfer-encoding" => return Err(format!("{name}: {value}, which this does not read")),
                "connection" => parsed.is_last = value.eq_ignore_ascii_case("close"),
                "retry-after" => parsed.retry_after = value.parse().ok().map(Duration::from_secs),
                _ => {}
            }
        }
        Ok(parsed)
    }
}

const HEAD_END: &[u8] = b"\r\n\r\n";

/// Far more than the service ever says.
const MOST_BYTES: usize = 64 << 10;

/// How long an answer may take: longer than any deadline that is sensible here.
const PATIENCE: Duration = Duration::from_secs(60);
