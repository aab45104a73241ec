//! Owns how a file name is shown in a message: GNU's shell quoting in the C locale, so that what is shown can be pasted into
//! a shell. Never changes a name that needs no quotes.

/// The name as a shell word: as it is if the shell would leave it alone, else in quotes, with what cannot be printed as
/// `$'\n'` or `$'\303'`. All of it is ASCII.
pub(crate) fn quoted(name: &[u8]) -> String {
    if is_plain(name) {
        return String::from_utf8_lossy(name).into_owned();
    }
    if name.contains(&b'\'') && name.iter().all(|&byte| byte == b'\'' || is_same_in_double_quotes(byte)) {
        return format!("\"{}\"", String::from_utf8_lossy(name));
    }
    let mut word = String::from("'");
    let mut in_escape = false;
    for &byte in name {
        match byte {
            b'\'' => {
                word.push_str("'\\''");
                in_escape = false;
            }
            b' '..=b'~' => {
                word.push_str(if in_escape { "''" } else { "" });
                word.push(char::from(byte));
                in_escape = false;
            }
            _ => {
                word.push_str(if in_escape { "" } else { "'$'" });
                word.push_str(&escape(byte));
                in_escape = true;
            }
        }
    }
    word.push('\'');
    word
}

/// Whether a shell would take the name as it is. A colon would be fine there, but ends a name in a message.
fn is_plain(name: &[u8]) -> bool {
    let is_plain = |(at, &byte): (usize, &u8)| match byte {
        b'#' | b'~' => at > 0,
        b'{' | b'}' => name.len() > 1,
        byte => byte.is_ascii_alphanumeric() || b"%+,-./@]_".contains(&byte),
    };
    !name.is_empty() && name.iter().enumerate().all(is_plain)
}

fn is_same_in_double_quotes(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" %+,-./:@]_".contains(&byte)
}

fn escape(byte: u8) -> String {
    let letter = match byte {
        0x07 => 'a',
        0x08 => 'b',
        b'\t' => 't',
        b'\n' => 'n',
        0x0b => 'v',
        0x0c => 'f',
        b'\r' => 'r',
        _ => return format!("\\{byte:03o}"),
    };
    format!("\\{letter}")
}
