//! Owns the line of one file, which is that of `sha256sum`. Never changes a name but by its three escapes.

/// Adds the line: the sum in hexadecimal digits, two spaces, the name as it is. If a backslash, a line feed or a carriage return is in the
/// name, those are escaped, and a backslash stands in front of the line to say so.
pub(crate) fn add(lines: &mut Vec<u8>, sum: &[u8; 32], name: &[u8]) {
    let is_escaped = name.iter().any(|&byte| escape(byte).is_some());
    if is_escaped {
        lines.push(b'\\');
    }
    for byte in sum {
        lines.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    lines.extend(b"  ");
    if is_escaped {
        for &byte in name {
            match escape(byte) {
                Some(letter) => lines.extend([b'\\', letter]),
                None => lines.push(byte),
            }
        }
    } else {
        lines.extend(name);
    }
    lines.push(b'\n');
}

const fn escape(byte: u8) -> Option<u8> {
    match byte {
        b'\\' => Some(b'\\'),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        _ => None,
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";
