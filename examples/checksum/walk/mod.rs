//! Finding files, in the order of the bytes of their paths, without knowing them all: a folder is listed when its turn comes.

mod folder;
mod kind;
mod merged;
mod tree;

pub(crate) use merged::Merged;
