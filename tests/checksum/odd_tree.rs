//! A tree that is odd in every way: names of any bytes, sizes around each limit of the program, links that lead nowhere or round. The
//! same seed gives the same tree.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use workyard_testkit::Rng;

use crate::common::Folder;

/// What the program does not hash whole, and a piece of what it hashes in pieces.
const SHORT: usize = 128 << 10;
const PIECE: usize = 256 << 10;

/// Grows the tree in `folder`; gives the paths of its files, in the order of their bytes.
pub(crate) fn grow(folder: &Folder, rng: &mut Rng, files: usize) -> Vec<Vec<u8>> {
    let mut folders = vec![PathBuf::from("t")];
    fs::create_dir(folder.path().join("t")).unwrap();
    for _ in 0..files / 80 {
        let path = rng.pick(&folders).join(OsStr::from_bytes(&name(rng)));
        if path.components().count() < 20 && fs::create_dir(folder.path().join(&path)).is_ok() {
            folders.push(path);
        }
    }
    let limits = [SHORT - 1, SHORT, SHORT + 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 1 << 20, (1 << 20) + 77];
    let sizes = limits.into_iter().chain(std::iter::repeat_with({
        let mut rng = Rng::new(rng.next_u64());
        move || if rng.chance(0.1) { 0 } else { rng.below(2_500) }
    }));
    let mut paths = Vec::new();
    for size in sizes {
        if paths.len() == files {
            break;
        }
        let path = rng.pick(&folders).join(OsStr::from_bytes(&name(rng)));
        let whole = folder.path().join(&path);
        if fs::symlink_metadata(&whole).is_err() {
            fs::write(whole, content(rng, size)).unwrap();
            paths.push(path);
        }
    }
    for links in 0..50 {
        let known = if rng.chance(0.5) { &folders } else { &paths };
        let target = rng.pick(known);
        let target = [folder.path().join(target), "..".into(), "nowhere".into(), ".".into()];
        let link = folder.path().join(rng.pick(&folders)).join(format!("link {links}"));
        symlink(rng.pick(&target), link).unwrap();
    }
    let mut paths: Vec<_> = paths.into_iter().map(|path| path.into_os_string().into_encoded_bytes()).collect();
    paths.sort_unstable();
    paths
}

/// Some of the bytes that are odd in a shell, a terminal, a line or an order; never `.` or `..`.
fn name(rng: &mut Rng) -> Vec<u8> {
    let odd = b"aab01..-- '\"\\\n\r\t\xff\x80\xc3~*?$`;&|#!\x01\x7f";
    let name: Vec<u8> = (0..=1 + rng.below(7)).map(|_| *rng.pick(odd)).collect();
    if name.iter().all(|&byte| byte == b'.') { b"-dots".to_vec() } else { name }
}

fn content(rng: &mut Rng, size: usize) -> Vec<u8> {
    let words = std::iter::repeat_with(|| rng.next_u64().to_le_bytes());
    let mut content: Vec<u8> = words.take(size.div_ceil(8)).flatten().collect();
    content.truncate(size);
    content
}
