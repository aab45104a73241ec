//! Progress that is shown while work goes on: bars on a terminal, lines elsewhere. (Feature `progress`.)
//!
//! ```
//! use workyard::Progress;
//!
//! let progress = Progress::new("resize");
//! progress.set_total(Some(3));
//! for file in ["a.png", "b.png", "c.txt"] {
//!     let is_ok = file.ends_with(".png"); // stands for the work
//!     progress.add(is_ok.into(), (!is_ok).into());
//! }
//! progress.finish(); // resize: done, 3 of 3, 1 failed, in 20ms, 150/s
//! assert_eq!((progress.done(), progress.failed(), progress.total()), (2, 1, Some(3)));
//! ```
//!
//! # Where it is shown
//! All of it goes to stderr. The variable `WORKYARD_PROGRESS` says how, for the whole process; it is read once, together
//! with `TERM` and `NO_COLOR`, when the first [`Progress`] is made.
//!
//! | value | what is shown |
//! |---|---|
//! | `auto`, or not set | `bar` if stderr is a terminal and `TERM` is set and not `dumb`; `plain` otherwise |
//! | `bar` | a bar for each progress, redrawn in place, at most ten times a second for all of them together |
//! | `plain` | a line for each tenth of a known total, and one after 30 seconds in which an item ended and no line came |
//! | `json` | the same lines as JSON objects, one a line |
//! | `off` | nothing |
//!
//! Any other value counts as `auto`, and one line on stderr says so. `NO_COLOR` takes the colours from the bars, and
//! nothing else. In every form the last line comes at once, and a bar that ends becomes that line, above those that go on.
//! Whatever is put above the bars redraws them at once, and the next of the ten waits for its time from then. Lines have
//! neither carriage returns nor escape codes.
//!
//! # What it says
//! ```text
//! resize: 40 of 100 (40%), 2 failed, 52.1/s, ETA 12s
//! scan: 1_234 items, 0 failed, 617/s
//! resize: done, 100 of 100, 2 failed, in 2.1s, 47.6/s
//! resize: stopped at 34 of 100, 2 failed, after 1.4s, 24.2/s
//! ```
//! Items that failed count as ended, and their number is always shown. The rate is a moving average over some ten seconds,
//! or fifteen items where those take longer; at the end it is the mean of all. An ETA is shown for a known total after three
//! seconds and five items, while the rate of the last moments and that average are within a factor of two.
//!
//! A JSON object has these fields, all of them always, in this order:
//!
//! | field | type | meaning |
//! |---|---|---|
//! | `progress` | string | its name |
//! | `id` | integer | a number that no other progress of the process has |
//! | `state` | string | `running`; or `done` or `stopped`, of which one comes once, as its last line |
//! | `done`, `failed` | integer | items that ended well, and that did not |
//! | `total` | integer or null | how many there will be; null if that is unknown |
//! | `elapsed_s` | number | seconds since it began |
//! | `per_s` | number or null | items a second; null if that is unknown |
//! | `eta_s` | number or null | seconds that the rest will take; null if that cannot be said |
//!
//! # Beside other output
//! What else the program writes to the terminal would be written into the bars. [`suspend`] takes them away for that
//! moment, and [`stderr()`] does it by itself; with `tracing-subscriber`, log lines then stand above the bars:
//! ```
//! # fn main() {
//! tracing_subscriber::fmt().with_writer(workyard::progress::stderr).init();
//! # }
//! ```
//!
//! # Cost
//! No thread draws: whoever adds an item after which something is due does it, so while no item ends nothing moves. Adding is a
//! few relaxed atomic operations and a look at the system's coarse clock (some nanoseconds on Linux). At most every 100 ms one of
//! those who add takes a lock and perhaps writes; it waits for stderr as any write does, and those who add meanwhile go on.
//! What cannot be written is lost; no error of stderr reaches the program.

mod bars;
mod counted;
mod environment;
mod handle;
mod screen;
mod stderr;

pub use handle::Progress;
pub use screen::suspend;
pub use stderr::{Stderr, stderr};
