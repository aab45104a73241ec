//! Owns a connection to the service, as a test uses it: what is sent and when is the test's to say.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::SOON;

/// A connection that stays open until it is dropped.
pub(crate) struct Client(TcpStream);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// All of it, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self(stream)
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send_get(path);
        self.answer()
    }

    pub(crate) fn send_get(&mut self, path: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"));
    }

    pub(crate) fn send(&mut self, request: &str) {
        self.0.write_all(request.as_bytes()).unwrap();
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let mut read = Vec::new();
        let head_end = loop {
            if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_byte(&mut read);
        };
        let head = String::from_utf8(read).unwrap().to_lowercase();
        let status = head[9..12].parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        assert_eq!(head.len(), head_end);
        Answer { status, head, body: String::from_utf8(body).unwrap() }
    }

    fn read_byte(&mut self, read: &mut Vec<u8>) {
        let mut byte = [0];
        self.0.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
}

/// One request on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    Client::connect(address).get(path)
}
