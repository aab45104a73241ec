//! Owns circles of tasks that wait for one another, over all lanes and beside other waits: one of each is told, and all of them end. Never
//! asks how the yard finds a circle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use futures_util::future::{Either, join, select};
use workyard::queue::{self, Consumer};
use workyard::{Handle, TaskErrorKind, TaskRef};
use workyard_testkit::{Rng, Sim};

use super::body::Token;
use super::books::{Books, Lanes};
use super::script::{LANES, When, millis};

/// A task of a circle.
#[derive(Clone, Copy, Debug)]
struct Member {
    lane: usize,
    /// Waits for a task of this lane before.
    first: Option<usize>,
    beside: Beside,
    timeout: Option<Duration>,
}

/// What a member waits for, beside the next one of its circle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Beside {
    Nothing,
    /// Also for a task of this lane; a closure afterwards.
    Both(usize),
    /// For whichever comes first, and then for the other; a closure afterwards.
    Either(usize),
    /// Not for the next one, but for a task of this lane that waits for it.
    Within(usize),
    /// For no longer than this.
    AtMost(Duration),
}

impl Member {
    fn draw(rng: &mut Rng) -> Self {
        let beside = match rng.below(9) {
            0 | 1 => Beside::Both(rng.below(LANES)),
            2 | 3 => Beside::Either(rng.below(LANES)),
            4 | 5 => Beside::Within(rng.below(LANES)),
            6 if rng.chance(0.3) => Beside::AtMost(millis(rng, 20)),
            _ => Beside::Nothing,
        };
        Self {
            lane: rng.below(LANES),
            first: rng.chance(0.3).then(|| rng.below(LANES)),
            beside,
            timeout: rng.chance(0.05).then(|| millis(rng, 20)),
        }
    }

    /// Whether it may go on by itself.
    const fn has_way_out(self) -> bool {
        matches!(self.beside, Beside::AtMost(_)) || self.timeout.is_some()
    }
}

/// What all members of a circle know.
#[derive(Clone)]
struct Ring {
    books: Arc<Books>,
    /// How often one was told.
    told: Arc<AtomicU64>,
}

/// Sends them round, and waits until all have ended.
pub(super) async fn circle(sim: Sim, books: Arc<Books>, mut rng: Rng) {
    let members: Vec<_> = (0..=rng.below(5)).map(|_| Member::draw(&mut rng)).collect();
    let ring = Ring { books: Arc::clone(&books), told: Arc::default() };
    let (mut gives, mut refs, mut handles) = (Vec::new(), Vec::new(), Vec::new());
    for &member in &members {
        // Itself, and what it sends before and beside.
        books.unknown.fetch_add(3, SeqCst);
        let (give, take) = queue::bounded(1);
        // Nobody gives anything if one of the circle is refused.
        let Some(handle) = submit(&ring, member, take) else { return };
        gives.push(give);
        refs.push(handle.task_ref());
        handles.push(handle);
    }
    handles.rotate_left(1);
    for (give, handle) in gives.into_iter().zip(handles) {
        // It may have ended with its yard, or out of its time.
        let _unheard = give.put(handle).await;
    }
    let is_disturbed = rng.chance(0.3);
    if is_disturbed {
        When::draw(&mut rng).come().await;
        let one = rng.pick(&refs);
        let was_stopped = if rng.chance(0.5) { one.cancel() } else { one.abort() };
        if was_stopped {
            books.seen.see("circle disturbed");
        }
    }
    end(&sim, &refs, &members).await;
    let has_way_out = is_disturbed || members.iter().any(|member| member.has_way_out());
    // Closed lanes end waits, too.
    if !has_way_out && books.lanes().counts().iter().all(|lane| lane.open) {
        let told = ring.told.load(SeqCst);
        books.require(told > 0, || format!("a circle was not told: {members:?}"));
        books.seen.see("circle told");
    }
}

async fn end(sim: &Sim, refs: &[TaskRef], members: &[Member]) {
    let began = sim.elapsed();
    while refs.iter().any(|task| !task.status().is_ended()) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if sim.elapsed() > began + Duration::from_hours(1) {
            let statuses: Vec<_> = refs.iter().map(TaskRef::status).collect();
            panic!("I9: a circle does not end: {statuses:?} {members:?}");
        }
    }
}

fn submit(ring: &Ring, member: Member, take: Consumer<Handle<()>>) -> Option<Handle<()>> {
    let (lanes, held, mine) = (ring.books.lanes(), Token::new(&ring.books, None), ring.clone());
    let limit = member.timeout.unwrap_or(Duration::MAX);
    match member.lane {
        0 | 3 => {
            let lane = if member.lane == 0 { &lanes.io } else { &lanes.db };
            let body = async move {
                let _held = held;
                mine.wait(member, take).await;
            };
            lane.task("of a circle").timeout(limit).try_submit(body).ok()
        }
        2 => {
            let body = move || {
                let _held = held;
                mine.blocking_wait(member, &take);
            };
            lanes.blocking.task("of a circle").timeout(limit).try_submit(body).ok()
        }
        _ => {
            let lane = if member.lane == 1 { &lanes.cpu } else { &lanes.bulk };
            let body = move || {
                let _held = held;
                mine.blocking_wait(member, &take);
            };
            lane.task("of a circle").timeout(limit).try_submit(body).ok()
        }
    }
}

impl Ring {
    fn lanes(&self) -> &Lanes {
        self.books.lanes()
    }

    fn tell(&self, failed: Option<TaskErrorKind>) {
        if failed == Some(TaskErrorKind::WouldDeadlock) {
            self.told.fetch_add(1, SeqCst);
            self.books.seen.see("answered: would deadlock");
        }
    }

    fn join(&self, joined: Result<(), workyard::TaskError>) {
        self.tell(joined.err().map(|error| error.kind()));
    }

    async fn wait(&self, member: Member, take: Consumer<Handle<()>>) {
        let value = || Token::new(&self.books, None);
        if let Some(lane) = member.first {
            self.tell(self.lanes().run(lane, value()).await);
        }
        let Some(mut next) = take.get().await else { return };
        match member.beside {
            Beside::Nothing => self.join(next.await),
            Beside::Both(lane) => {
                let (joined, failed) = join(next, self.lanes().run(lane, value())).await;
                self.join(joined);
                self.tell(failed);
            }
            Beside::Either(lane) => {
                let ran = std::pin::pin!(self.lanes().run(lane, value()));
                match select(next, ran).await {
                    Either::Left((joined, ran)) => {
                        self.join(joined);
                        self.tell(ran.await);
                    }
                    Either::Right((failed, next)) => {
                        self.tell(failed);
                        self.join(next.await);
                    }
                }
            }
            Beside::Within(lane) => self.within(lane, next).await,
            Beside::AtMost(limit) => {
                if let Some(joined) = next.join_timeout(limit).await {
                    self.join(joined);
                }
            }
        }
    }

    fn blocking_wait(&self, member: Member, take: &Consumer<Handle<()>>) {
        let value = || Token::new(&self.books, None);
        if let Some(lane) = member.first {
            self.tell(self.lanes().blocking_run(lane, value()));
        }
        let Some(mut next) = take.blocking_get() else { return };
        match member.beside {
            Beside::Nothing => self.join(next.blocking_join()),
            Beside::Both(lane) | Beside::Either(lane) => {
                self.join(next.blocking_join());
                self.tell(self.lanes().blocking_run(lane, value()));
            }
            Beside::Within(lane) => self.blocking_within(lane, next),
            Beside::AtMost(limit) => {
                if let Some(joined) = next.blocking_join_timeout(limit) {
                    self.join(joined);
                }
            }
        }
    }

    async fn within(&self, lane: usize, next: Handle<()>) {
        let (lanes, mine) = (self.lanes(), self.clone());
        let ended = match lane {
            0 => lanes.io.run(async move { mine.join(next.await) }).await,
            1 => lanes.cpu.run(move || mine.join(next.blocking_join())).await,
            2 => lanes.blocking.run(move || mine.join(next.blocking_join())).await,
            3 => lanes.db.run(async move { mine.join(next.await) }).await,
            _ => lanes.bulk.run(move || mine.join(next.blocking_join())).await,
        };
        self.join(ended);
    }

    fn blocking_within(&self, lane: usize, next: Handle<()>) {
        let (lanes, mine) = (self.lanes(), self.clone());
        let ended = match lane {
            0 => lanes.io.blocking_run(async move { mine.join(next.await) }),
            1 => lanes.cpu.blocking_run(move || mine.join(next.blocking_join())),
            2 => lanes.blocking.blocking_run(move || mine.join(next.blocking_join())),
            3 => lanes.db.blocking_run(async move { mine.join(next.await) }),
            _ => lanes.bulk.blocking_run(move || mine.join(next.blocking_join())),
        };
        self.join(ended);
    }
}
