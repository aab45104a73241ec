//! The counts of pieces, merged, against a counter that reads one byte after the other; and the quoting of names.

use workyard_testkit::{Rng, SeedOnPanic, seeds};

use crate::count::{Count, Totals};
use crate::in_order::InOrder;
use crate::quote::quoted;

/// One byte after the other, as the rule says it.
fn naive(bytes: &[u8]) -> Totals {
    let (mut totals, mut in_word) = (Totals::default(), false);
    for byte in bytes {
        totals.bytes += 1;
        match byte {
            b'\n' | b' ' | b'\t' | 0x0b | 0x0c | b'\r' => {
                totals.lines += u64::from(*byte == b'\n');
                totals.words += u64::from(in_word);
                in_word = false;
            }
            0x21..=0x7e => in_word = true,
            _ => {}
        }
    }
    totals.words += u64::from(in_word);
    totals
}

/// Bytes of each kind, in runs, so that words and separators are long and short.
fn text(rng: &mut Rng, len: usize) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < len {
        let kind = *rng.pick(&[b"abc~!".as_slice(), b" \n", b"\t\r\x0b\x0c", b"\0\x7f\x80\xff", b"a \0"]);
        let longest = if rng.chance(0.1) { 300 } else { 5 };
        for _ in 0..=rng.below(longest) {
            text.push(*rng.pick(kind));
        }
    }
    text.truncate(len);
    text
}

#[test]
fn every_short_text_at_every_split_point() {
    let alphabet = [b'a', b' ', b'\n', b'\0'];
    for len in 0..=6_u32 {
        for code in 0..4_usize.pow(len) {
            let bytes: Vec<u8> = (0..len).map(|at| alphabet[code / 4_usize.pow(at) % 4]).collect();
            for (left, right) in (0..=bytes.len()).map(|at| bytes.split_at(at)) {
                assert_eq!(Count::of(left).then(Count::of(right)).totals, naive(&bytes), "{left:?} {right:?}");
            }
        }
    }
}

#[test]
fn every_split_point_of_a_longer_text() {
    for seed in seeds(30) {
        let _told = SeedOnPanic::new(seed);
        let bytes = text(&mut Rng::new(seed), 700);
        let (whole, expected) = (Count::of(&bytes), naive(&bytes));
        assert_eq!(whole.totals, expected);
        for (left, right) in (0..=bytes.len()).map(|at| bytes.split_at(at)) {
            assert_eq!(Count::of(left).then(Count::of(right)), whole, "at {}", left.len());
        }
    }
}

#[test]
fn each_byte_is_of_the_kind_that_the_rule_says() {
    for byte in 0..=u8::MAX {
        for bytes in [vec![byte], vec![b'a', byte, b'b'], vec![b' ', byte, b' '], vec![byte; 200], vec![b'a'; 1_000]] {
            assert_eq!(Count::of(&bytes).totals, naive(&bytes), "{byte:#x}");
        }
    }
}

/// Random pieces, empty ones too, whose counts come in any order.
#[test]
fn pieces_in_any_order_give_the_whole() {
    for seed in seeds(200) {
        let _told = SeedOnPanic::new(seed);
        let mut rng = Rng::new(seed);
        let len = rng.below(5_000);
        let bytes = text(&mut rng, len);
        let (mut pieces, mut rest) = (Vec::new(), bytes.as_slice());
        while !rest.is_empty() || pieces.is_empty() || rng.chance(0.2) {
            let (piece, after) = rest.split_at(rng.below(rest.len().min(600) + 1));
            pieces.push(piece);
            rest = after;
        }
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        rng.shuffle(&mut order);
        let mut counts = InOrder::default();
        for (added, number) in order.iter().enumerate() {
            assert_eq!(counts.whole(pieces.len() as u64), None, "after {added} of {}", pieces.len());
            counts.add(*number as u64, Count::of(pieces[*number]));
        }
        let whole = counts.whole(pieces.len() as u64).map(|count| count.totals);
        assert_eq!((whole, counts.kept()), (Some(naive(&bytes)), 1));
    }
}

/// A piece that is late makes the others wait, in one count and not in thousands.
#[test]
fn what_waits_for_a_late_piece_is_kept_as_one() {
    let mut counts = InOrder::default();
    for number in 1..10_000 {
        counts.add(number, Count::of(b"ab"));
        assert_eq!(counts.kept(), 1);
    }
    assert_eq!(counts.whole(10_000), None);
    counts.add(0, Count::of(b"x "));
    assert_eq!(counts.whole(10_000).unwrap().totals, Totals { lines: 0, words: 2, bytes: 20_000 });
}

#[test]
fn names_are_quoted_for_a_shell() {
    let cases: [(&[u8], &str); 22] = [
        (b"plain-name_1.txt", "plain-name_1.txt"),
        (b"", "''"),
        (b"a b", "'a b'"),
        (b"a:b", "'a:b'"),
        (b"a\nb", r"'a'$'\n''b'"),
        (b"\xfeo", r"''$'\376''o'"),
        (b"no\tb", r"'no'$'\t''b'"),
        (b"it's", r#""it's""#),
        (b"it's a", r#""it's a""#),
        (b"it's$", r"'it'\''s$'"),
        (b"it's{", r"'it'\''s{'"),
        (b"zz\n'q", r"'zz'$'\n'\''q'"),
        (b"{", "'{'"),
        (b"a{b", "a{b"),
        (b"#a", "'#a'"),
        (b"a#", "a#"),
        (b"~x", "'~x'"),
        (b"a\\b", r"'a\b'"),
        (b"\n\n", r"''$'\n\n'"),
        (b"a\x01\x02b", r"'a'$'\001\002''b'"),
        (b"a\x7fb", r"'a'$'\177''b'"),
        ("aéb".as_bytes(), r"'a'$'\303\251''b'"),
    ];
    for (name, word) in cases {
        assert_eq!(quoted(name), word, "{}", String::from_utf8_lossy(name));
    }
}
