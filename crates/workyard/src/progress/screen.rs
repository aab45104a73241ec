//! Owns stderr as far as progress is concerned: who may write, and in which form. Never decides when something is due, and
//! never knows how a bar is drawn.
//!
//! Two locks are taken, always in this order: that of the process's stderr, then the screen's own. So nobody who holds the
//! first while it calls in here can be waited for by somebody who holds the second. Both may be taken again by the thread that
//! has them, as a log line may be written within `suspend`.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::ReentrantMutex;
use workyard_core::Moment;
use workyard_core::progress::{Frames, Mode, State, View, json_line, line};

use super::bars::Bars;
use super::counted::Counted;
use super::environment;
use crate::clock::CoarseClock;

/// Runs `write` with the bars taken away, so that what it writes to the terminal stands above them, and then shows them
/// again. (Feature `progress`.) Where there are no bars it just runs it.
///
/// It is for output of one's own, on stdout or stderr. It may be called within itself.
///
/// # Blocking
/// Everybody else who ends a progress, suspends or writes to stderr waits until it is over, so it should be short; and it must not
/// wait for one of those.
///
/// # Panics
/// When `write` does. The bars come back with the next item.
///
/// # Examples
/// ```
/// workyard::progress::suspend(|| println!("found one"));
/// ```
pub fn suspend<R>(write: impl FnOnce() -> R) -> R {
    match SCREEN.get() {
        Some(screen) => screen.suspend(write),
        None => write(),
    }
}

/// The screen of the process. There is one stderr, so there is one of these.
pub(super) struct Screen {
    mode: Mode,
    clock: CoarseClock,
    /// Somebody looks what is due, or waits for stderr until it can.
    is_looked_at: AtomicBool,
    drawn: ReentrantMutex<RefCell<Drawn>>,
}

/// What is on a terminal.
struct Drawn {
    bars: Bars,
    frames: Frames,
    /// How many calls of `suspend` are under way, each within the one before it.
    suspended: usize,
}

static SCREEN: OnceLock<Screen> = OnceLock::new();

impl Screen {
    pub(super) fn of_process() -> &'static Self {
        SCREEN.get_or_init(|| {
            let mode = environment::mode();
            let bars = Bars::new(matches!(mode, Mode::Bar { in_colour: true }));
            let drawn = Drawn { bars, frames: Frames::new(), suspended: 0 };
            Self {
                mode,
                clock: CoarseClock::start(),
                is_looked_at: AtomicBool::new(false),
                drawn: ReentrantMutex::new(RefCell::new(drawn)),
            }
        })
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(super) fn is_on(&self) -> bool {
        self.mode != Mode::Off
    }

    /// Shows how it goes, as far as that is due. If somebody else is at it, or has suspended it, the next item asks again.
    pub(super) fn look(&self, work: &Arc<Counted>) {
        // Relaxed: what is done by whoever comes first is ordered by the locks that it takes.
        if self.drawn.is_locked() || self.is_looked_at.swap(true, Ordering::Relaxed) {
            return;
        }
        let _looked_at = OnDrop(|| self.is_looked_at.store(false, Ordering::Relaxed));
        let stderr = io::stderr().lock();
        let drawn = self.drawn.lock();
        let mut drawn = drawn.borrow_mut();
        // Asked for only now, since waiting may have taken a while.
        let now = self.now();
        if work.is_over() {
            return work.set_never_due();
        }
        match self.mode {
            Mode::Bar { .. } => drawn.look(work, now),
            Mode::Plain => look_for_line(stderr, work, now, plain),
            Mode::Json => look_for_line(stderr, work, now, json),
            Mode::Off => {}
        }
    }

    /// Shows how it ended.
    pub(super) fn end(&self, work: &Counted, is_finished: bool) {
        if self.mode == Mode::Off {
            return;
        }
        let stderr = io::stderr().lock();
        let drawn = self.drawn.lock();
        let mut drawn = drawn.borrow_mut();
        let now = self.now();
        work.set_never_due();
        let view = work.look(now, |meter, tally| meter.view(now, tally, State::at_end(&tally, is_finished)));
        match self.mode {
            Mode::Bar { .. } => drawn.end(work, &plain(work, &view), now),
            Mode::Plain => write_line(stderr, plain(work, &view)),
            Mode::Json => write_line(stderr, json(work, &view)),
            Mode::Off => {}
        }
    }

    fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        if !matches!(self.mode, Mode::Bar { .. }) {
            return write();
        }
        let _stderr = io::stderr().lock();
        let drawn = self.drawn.lock();
        drawn.borrow_mut().hide();
        // Also when it panics.
        let _shown_again = OnDrop(|| drawn.borrow_mut().show_again(self.now()));
        write()
    }
}

impl Drawn {
    fn look(&mut self, work: &Arc<Counted>, now: Moment) {
        self.bars.show(work);
        if self.frames.poll(now) {
            self.bars.draw(now);
        }
        self.bars.set_due(self.frames.next());
    }

    fn end(&mut self, work: &Counted, line: &str, now: Moment) {
        self.bars.end(work, line);
        if self.suspended == 0 {
            self.draw(now);
        } else {
            self.bars.write();
        }
    }

    fn hide(&mut self) {
        if self.suspended == 0 {
            self.bars.hide();
        }
        self.suspended += 1;
    }

    fn show_again(&mut self, now: Moment) {
        self.suspended -= 1;
        if self.suspended == 0 {
            self.draw(now);
        }
    }

    /// Draws what has to be there at once, since it was taken away.
    fn draw(&mut self, now: Moment) {
        self.bars.draw(now);
        self.frames.drawn(now);
        self.bars.set_due(self.frames.next());
    }
}

fn look_for_line(stderr: impl Write, work: &Counted, now: Moment, words: fn(&Counted, &View) -> String) {
    let (view, next_line) = work.look(now, |meter, tally| {
        let is_due = meter.poll_line(now, &tally);
        (is_due.then(|| meter.view(now, tally, State::Running)), meter.next_line(&tally))
    });
    // Sooner than a line can be due, so that the rate is learnt.
    work.set_due(next_line, now.later(Frames::APART));
    if let Some(view) = view {
        write_line(stderr, words(work, &view));
    }
}

fn plain(work: &Counted, view: &View) -> String {
    line(&work.name, view)
}

fn json(work: &Counted, view: &View) -> String {
    json_line(work.id, &work.name, view)
}

/// In one piece, so that nothing comes between a line and its end. If stderr is gone there is nobody to tell.
fn write_line(mut stderr: impl Write, mut line: String) {
    line.push('\n');
    stderr.write_all(line.as_bytes()).ok();
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
