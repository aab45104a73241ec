//! What must come out where there is no `sha256sum` to ask.

use crate::common::{Folder, lines};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// The sums of FIPS 180, the longest of which is read in pieces.
#[test]
fn known_sums() {
    let folder = Folder::new();
    folder.file(b"0", b"");
    folder.file(b"3", b"abc");
    folder.file(b"56", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    folder.file(b"million", &vec![b'a'; 1_000_000]);
    let expected = format!(
        "{EMPTY}  ./0\n\
         {ABC}  ./3\n\
         248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1  ./56\n\
         cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0  ./million\n"
    );
    assert_eq!(String::from_utf8(lines(&folder, &["."])).unwrap(), expected);
}

/// Three bytes are escaped, and say so at the begin of the line; all others stand as they are.
#[test]
fn names_are_escaped_as_sha256sum_does() {
    let folder = Folder::new();
    for name in [&b"-n"[..], b"a b\t'\"", b"back\\slash", b"line\nfeed", b"carriage\rreturn", b"\xff\x80", b"\\\n\r\\n"]
    {
        folder.file(name, b"abc");
    }
    let mut expected = Vec::new();
    for (front, name) in [
        ("", &b"-n"[..]),
        ("\\", b"\\\\\\n\\r\\\\n"),
        ("", b"a b\t'\""),
        ("\\", b"back\\\\slash"),
        ("\\", b"carriage\\rreturn"),
        ("\\", b"line\\nfeed"),
        ("", b"\xff\x80"),
    ] {
        expected.extend([front.as_bytes(), ABC.as_bytes(), b"  ./", name, b"\n"].concat());
    }
    let ours = lines(&folder, &["."]);
    assert_eq!(ours.escape_ascii().to_string(), expected.escape_ascii().to_string());
}
