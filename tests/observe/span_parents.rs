//! The span of a task: whose child it is, and what is inside of it, on every lane and by every way onto it.

use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;
use tracing::{info, info_span};
use workyard::{BlockingLane, CpuLane, Handle, IoLane, Lane, Scheduler};

use crate::recorder::Recorder;
use crate::run::{on_runtime, soon};

fn narrow() -> Scheduler {
    Scheduler::builder()
        .io(Lane::io().limit(1).queue(16))
        .cpu(Lane::cpu().threads(1).queue(16))
        .blocking(Lane::blocking().limit(1).queue(16))
        .lane("db", Lane::io().limit(1))
        .lane("heavy", Lane::cpu().threads(1))
        .lane("files", Lane::blocking().limit(1))
        .build()
        .unwrap()
}

enum AnyLane<'a> {
    Io(&'a IoLane),
    Cpu(&'a CpuLane),
    Blocking(&'a BlockingLane),
}

fn lanes(yard: &Scheduler) -> [AnyLane<'_>; 6] {
    [
        AnyLane::Io(yard.io()),
        AnyLane::Cpu(yard.cpu()),
        AnyLane::Blocking(yard.blocking()),
        AnyLane::Io(yard.io_lane("db").unwrap()),
        AnyLane::Cpu(yard.cpu_lane("heavy").unwrap()),
        AnyLane::Blocking(yard.blocking_lane("files").unwrap()),
    ]
}

impl AnyLane<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Io(lane) => lane.name(),
            Self::Cpu(lane) => lane.name(),
            Self::Blocking(lane) => lane.name(),
        }
    }

    /// Submits a task that says "inside {name}", twice if it is a future: before and after its first await.
    #[track_caller]
    fn submit(&self, name: String) -> Handle<()> {
        let said = format!("inside {name}");
        let says = {
            let said = said.clone();
            move || info!("{said}")
        };
        let future = async move {
            tokio::task::yield_now().await;
            info!("{said}");
        };
        match self {
            Self::Io(lane) => lane.task(name).try_submit(future).unwrap(),
            Self::Cpu(lane) => lane.task(name).try_submit(says).unwrap(),
            Self::Blocking(lane) => lane.task(name).try_submit(says).unwrap(),
        }
    }
}

#[test]
fn a_task_is_a_child_of_its_submitters_span_on_every_lane() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        for lane in lanes(&yard) {
            let name = format!("child on {}", lane.name());
            let by = format!("parent of {}", lane.name());
            let handle = info_span!("submits", by).in_scope(|| lane.submit(name.clone()));
            soon(handle).await.unwrap();
            let task = recorder.task(&name);
            assert_eq!((task.meta.name(), task.meta.target()), ("task", "workyard"));
            assert_eq!(task.parent, Some(recorder.at("by", &by)));
            assert_eq!((task.closed, task.entered > 0), (1, true), "{task:?}");
            assert_eq!((&*task.fields["lane"], &*task.fields["outcome"]), (lane.name(), "completed"));
            // `submit` above calls the lane.
            assert!(task.fields["submitted_at"].contains("span_parents.rs:"), "{task:?}");
            assert!(task.fields["id"].starts_with('#'), "{task:?}");
            assert_eq!(recorder.record(&format!("inside {name}")).span, Some(recorder.at("name", &name)));
        }
    });
}

#[test]
fn a_task_of_a_task_is_a_child_of_that() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        for lane in lanes(&yard) {
            let (inner, name) = (yard.clone(), format!("grandchild on {}", lane.name()));
            let task = name.clone();
            let lane = lane.name().to_owned();
            let outer = yard.io().task(format!("child for {lane}")).submit(async move {
                let lane = lanes(&inner).into_iter().find(|is| is.name() == lane).unwrap();
                let handle = lane.submit(task);
                handle.await.unwrap();
                lane.name().to_owned()
            });
            let lane = soon(soon(outer).await.unwrap()).await.unwrap();
            let outer = format!("child for {lane}");
            assert_eq!(recorder.task(&name).parent, Some(recorder.at("name", &outer)));
            assert_eq!(recorder.task(&outer).parent, None);
            assert_eq!((recorder.task(&name).closed, recorder.task(&outer).closed), (1, 1));
        }
    });
}

#[test]
fn a_plain_thread_is_as_good_a_parent() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let submitter = thread::spawn(move || {
            let _inside = info_span!("submits", by = "a plain thread").entered();
            lanes(&yard).map(|lane| {
                let name = format!("from a thread to {}", lane.name());
                lane.submit(name.clone()).blocking_join().unwrap();
                name
            })
        });
        let names = tokio::task::spawn_blocking(|| submitter.join().unwrap()).await.unwrap();
        for name in names {
            assert_eq!(recorder.task(&name).parent, Some(recorder.at("by", "a plain thread")), "{name}");
            assert_eq!(recorder.record(&format!("inside {name}")).span, Some(recorder.at("name", &name)));
        }
    });
}

#[test]
fn who_starts_a_queued_task_is_not_its_parent() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let (open, shut) = oneshot::channel::<()>();
        let first = yard.io().task("io first").try_submit(async { shut.await.is_err() }).unwrap();
        let (open_cpu, shut_cpu) = mpsc::channel::<()>();
        let first_cpu = yard.cpu().task("cpu first").try_submit(move || shut_cpu.recv().is_err()).unwrap();
        let handles = info_span!("submits", by = "who queues").in_scope(|| {
            [
                AnyLane::Io(yard.io()).submit("io second".to_owned()),
                AnyLane::Cpu(yard.cpu()).submit("cpu second".to_owned()),
            ]
        });
        assert_eq!((recorder.task("io second").entered, recorder.task("cpu second").entered), (0, 0));
        // The end of the first starts the second.
        info_span!("opens").in_scope(|| drop((open, open_cpu)));
        assert!(soon(first).await.unwrap() && soon(first_cpu).await.unwrap());
        for handle in handles {
            soon(handle).await.unwrap();
        }
        for name in ["io second", "cpu second"] {
            assert_eq!(recorder.task(name).parent, Some(recorder.at("by", "who queues")));
            assert_eq!(recorder.record(&format!("inside {name}")).span, Some(recorder.at("name", name)));
            assert_eq!(recorder.task(name).closed, 1);
        }
    });
}

#[test]
fn a_task_that_runs_in_anothers_stack_has_its_own_span_there() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let (give, take) = mpsc::channel::<Handle<()>>();
        let outer = move || {
            // The lane's only thread is this one.
            take.recv().unwrap().blocking_join().unwrap();
            info!("outer goes on");
        };
        let outer = yard.cpu().task("below").try_submit(outer).unwrap();
        let inner =
            info_span!("submits", by = "who nests").in_scope(|| AnyLane::Cpu(yard.cpu()).submit("on top".into()));
        give.send(inner).unwrap();
        soon(outer).await.unwrap();
        assert_eq!(recorder.task("on top").parent, Some(recorder.at("by", "who nests")));
        assert_eq!(recorder.record("inside on top").span, Some(recorder.at("name", "on top")));
        assert_eq!(recorder.record("outer goes on").span, Some(recorder.at("name", "below")));
        assert_eq!((recorder.task("on top").closed, recorder.task("below").closed), (1, 1));
    });
}

#[test]
fn a_future_that_lent_its_slot_comes_back_into_its_own_span() {
    let recorder = Recorder::here();
    on_runtime(async {
        let yard = narrow();
        let inner = yard.clone();
        let outer = yard.io().task("lends").try_submit(async move {
            inner.io().task("borrows").run(async { info!("borrowed") }).await.unwrap();
            info!("has its slot again");
        });
        soon(outer.unwrap()).await.unwrap();
        assert_eq!(recorder.record("borrowed").span, Some(recorder.at("name", "borrows")));
        assert_eq!(recorder.record("has its slot again").span, Some(recorder.at("name", "lends")));
        assert_eq!(recorder.task("borrows").parent, Some(recorder.at("name", "lends")));
    });
}
