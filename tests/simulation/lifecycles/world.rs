//! Owns one simulation of a yard and its clients, from the build to the last check. Never decides what a task does.

use std::sync::Arc;
use std::time::Duration;

use workyard::{Lane, Scheduler, WeakScheduler};
use workyard_testkit::simulation::{EventLog, SimTask, SimulationError};
use workyard_testkit::{Rng, Sim, Simulation};

use super::books::{Books, Lanes};
use super::circles::circle;
use super::flight::fly;
use super::script::{Ending, Focus, LANES, Script, Swarm, yield_for};
use super::seen::Seen;
use super::{ends, others};

/// Runs the simulation with this seed. Gives what it saw, and its log.
pub(super) fn run(seed: u64, focus: Focus, keeps_log: bool) -> Result<(Seen, EventLog), Box<SimulationError>> {
    let simulation = Simulation::new(seed).ends_within(Duration::from_hours(10)).steps_at_most(1_000_000);
    let simulation = if keeps_log { simulation } else { simulation.without_log() };
    let run = simulation.run(|sim| world(sim, focus))?;
    Ok((run.output, run.log))
}

async fn world(sim: Sim, focus: Focus) -> Seen {
    let mut rng = sim.rng();
    let swarm = Swarm::draw(&mut rng, focus);
    let yard = build(&swarm);
    let books = Arc::new(Books::new(swarm.clone(), Lanes::of(&yard)));
    let (each, idle) = (Arc::clone(&books), Arc::clone(&books));
    sim.always(move || each.check_step());
    sim.when_idle(move || idle.check_rest());
    sim.spawn("a watchdog", watch(Arc::clone(&books), yard.downgrade()));
    let clients: Vec<_> = (0..swarm.clients)
        .map(|_| {
            let client = client(sim.clone(), Arc::clone(&books), yard.downgrade(), sim.rng());
            sim.spawn("a client", client)
        })
        .collect();
    match swarm.ending {
        Ending::AtRest => {
            join(clients).await;
            at_rest(&sim, &books, yard).await;
        }
        Ending::Shutdown(how) => {
            tokio::time::sleep(how.at).await;
            yield_for(rng.below(4)).await;
            ends::shut_down(&sim, &books, &yard, how).await;
            drop(yard);
            join(clients).await;
        }
        Ending::Dropped { at } => {
            tokio::time::sleep(at).await;
            yield_for(rng.below(4)).await;
            if books.lanes().counts().iter().any(|lane| lane.ledger.live() > 0) {
                books.seen.see("yard dropped in the midst");
            }
            drop(yard);
            join(clients).await;
        }
    }
    // Bodies that did not heed have ended by then, and so have the last callbacks.
    tokio::time::sleep(Duration::from_mins(1)).await;
    books.check_rest();
    books.check_end();
    let seen = Seen::default();
    seen.add_all(&books.seen);
    seen
}

/// Fails the simulation if it does not end.
async fn watch(books: Arc<Books>, yard: WeakScheduler) {
    tokio::time::sleep(Duration::from_hours(3)).await;
    let tasks = yard.upgrade().map(|yard| yard.tasks());
    panic!("I9: it does not end: {:#?}\n{tasks:#?}\n{:?}", books.lanes().counts(), books.swarm);
}

async fn join<T>(tasks: Vec<SimTask<T>>) {
    for task in tasks {
        task.await;
    }
}

fn build(swarm: &Swarm) -> Scheduler {
    let [io, cpu, blocking, db, bulk] = swarm.lanes;
    Scheduler::builder()
        .io(Lane::io().limit(io.limit).queue(io.queue).order(io.order).ageing(io.ageing))
        .cpu(Lane::cpu().threads(cpu.limit).queue(cpu.queue).order(cpu.order).ageing(cpu.ageing))
        .blocking(
            Lane::blocking().limit(blocking.limit).queue(blocking.queue).order(blocking.order).ageing(blocking.ageing),
        )
        .lane("db", Lane::io().limit(db.limit).queue(db.queue).order(db.order).ageing(db.ageing))
        .lane("bulk", Lane::cpu().threads(bulk.limit).queue(bulk.queue).order(bulk.order).ageing(bulk.ageing))
        .build()
        .unwrap()
}

/// Sends its tasks, some at once and some one after the other, and waits for all of them.
async fn client(sim: Sim, books: Arc<Books>, yard: WeakScheduler, mut rng: Rng) {
    let mut flying = Vec::new();
    for _ in 0..books.swarm.tasks_each {
        let script = Script::draw(&mut rng, &books.swarm);
        flying.push(sim.spawn("a flight", fly(Arc::clone(&books), script)));
        let (mine, theirs) = (Arc::clone(&books), rng.next_u64());
        let other = match books.swarm.others {
            0 => rng.below(2) * A_CIRCLE,
            others => rng.below(others),
        };
        match other {
            0 if books.swarm.groups => {
                if let Some(yard) = yard.upgrade() {
                    flying.push(sim.spawn("a group", others::group(mine, yard, Rng::new(theirs))));
                }
            }
            1 if books.swarm.maps => flying.push(sim.spawn("a map", others::map(mine, Rng::new(theirs)))),
            2 if books.swarm.queues => flying.push(sim.spawn("a queue", others::queue(mine, Rng::new(theirs)))),
            3 if books.swarm.timers => {
                if let Some(yard) = yard.upgrade() {
                    flying.push(sim.spawn("timers", others::timers(mine, yard, Rng::new(theirs))));
                }
            }
            5 | 6 if books.swarm.retries => flying.push(sim.spawn("retries", others::retries(mine, Rng::new(theirs)))),
            A_CIRCLE if books.swarm.nested => {
                flying.push(sim.spawn("a circle", circle(sim.clone(), mine, Rng::new(theirs))));
            }
            _ => {}
        }
        match rng.below(8) {
            0 => tokio::time::sleep(super::script::millis(&mut rng, 5)).await,
            1 | 2 => yield_for(1 + rng.below(3)).await,
            3 => {
                if let Some(flight) = flying.pop() {
                    flight.await;
                }
            }
            _ => {}
        }
        if flying.len() > MOST_FLYING {
            join(std::mem::take(&mut flying)).await;
        }
    }
    join(flying).await;
}

/// Without disturbances, everything settles, and each lane works as on its first day.
async fn at_rest(sim: &Sim, books: &Arc<Books>, yard: Scheduler) {
    let began = sim.elapsed();
    while books.lanes().counts().iter().any(|lane| lane.ledger.live() > 0 || lane.overrunning > 0) {
        assert!(sim.elapsed() < began + Duration::from_hours(1), "I9: it does not settle: {}", yard.snapshot());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for lane in 0..LANES {
        let before = books.lanes().counts()[lane].ledger.completed;
        fly(Arc::clone(books), Script::plain(lane)).await;
        // Timers may have fired meanwhile.
        assert!(books.lanes().counts()[lane].ledger.completed > before, "I9: lane {lane}");
    }
    books.seen.see("yard at rest");
    let report = yard.shutdown().drain_for(Duration::from_hours(1)).await;
    assert!(report.is_clean() && report.balances(), "I10: {report}");
    drop(yard);
}

/// Which of the other things that clients do is a circle of tasks.
const A_CIRCLE: usize = 4;

/// How much of what a client sent is under way at once.
const MOST_FLYING: usize = 24;
