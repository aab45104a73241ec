//! Owns the bytes that one output of a program gave so far. Never blocks, and never keeps more than its limit.

/// The most that is kept of one output. What comes after is read, so that the program goes on, and counted.
const KEPT_BYTES: usize = 64 << 20;

/// One output of a program, growing.
#[derive(Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// What did not fit.
    dropped_bytes: usize,
    /// There is no more to come.
    pub(super) ended: bool,
}

impl Output {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        let kept = chunk.len().min(KEPT_BYTES - self.bytes.len());
        self.bytes.extend_from_slice(&chunk[..kept]);
        self.dropped_bytes += chunk.len() - kept;
    }

    pub(super) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        match self.dropped_bytes {
            0 => text,
            more => format!("{text}\n[{more} bytes more]"),
        }
    }

    /// The first whole line from `from` on that has `needle` in it. Moves `from` past the lines that were looked at; a
    /// last line without an end is one once the output has ended.
    pub(super) fn line_with(&self, needle: &str, from: &mut usize) -> Option<String> {
        loop {
            let rest = &self.bytes[*from..];
            let end = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => end,
                None if self.ended && !rest.is_empty() => rest.len(),
                None => return None,
            };
            let line = String::from_utf8_lossy(&rest[..end]);
            *from = (*from + end + 1).min(self.bytes.len());
            if line.contains(needle) {
                return Some(line.trim_end_matches('\r').to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_whole_and_in_order() {
        let (mut output, mut from) = (Output::default(), 0);
        output.push(b"one fish\ntwo fi");
        assert_eq!(output.line_with("fish", &mut from).as_deref(), Some("one fish"));
        assert_eq!(output.line_with("fi", &mut from), None);
        output.push(b"sh\r\nred");
        assert_eq!(output.line_with("fish", &mut from).as_deref(), Some("two fish"));
        assert_eq!(output.line_with("red", &mut from), None);
        output.ended = true;
        assert_eq!(output.line_with("red", &mut from).as_deref(), Some("red"));
        assert_eq!(output.line_with("", &mut from), None);
    }

    #[test]
    fn no_more_than_the_limit_is_kept() {
        let mut output = Output::default();
        let chunk = vec![b'x'; KEPT_BYTES / 2 + 1];
        output.push(&chunk);
        output.push(&chunk);
        output.push(b"yz");
        assert_eq!(output.bytes.len(), KEPT_BYTES);
        assert!(output.text().ends_with("x\n[4 bytes more]"));
    }
}
