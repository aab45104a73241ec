//! The rules of this repository that its own text can break, one to a file. Each reads; none repairs.

mod architecture;
mod async_fns;
mod banned_words;
mod budget;
mod clippy_rooms;
mod doc_sections;
mod edges;
mod evidence;
mod finding;
mod headers;
mod limits;
mod manifest;
mod mod_files;
mod pinned;
mod run;
mod spawning;

pub(crate) use run::run;
