//! Owns the life of a task: its states, and the only steps between them. Never counts, never acts.

use std::fmt;

/// Where a task is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TaskState {
    /// Accepted, waiting for a slot.
    Queued,
    /// Its body has a slot.
    Running,
    /// An attempt has failed, and the time of the next one has not come. It holds no slot.
    RetryWaiting,
    /// It has ended, in this way. No step leads out of here.
    Ended(Outcome),
}

/// How a task ended. Every accepted task ends in exactly one of these.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// The body returned a value.
    Completed,
    /// The body of a `fallible` task returned `Err`.
    Failed,
    /// The body panicked.
    Panicked,
    /// The body never ran, or it was dropped before its end.
    Cancelled,
    /// A timeout or deadline passed first.
    TimedOut,
    /// The body was still running when its handle had to be answered: an abort, or the end of shutdown.
    Abandoned,
}

impl Outcome {
    /// All of them, in the order in which reports list them.
    pub const ALL: [Self; 6] =
        [Self::Completed, Self::Failed, Self::Panicked, Self::Cancelled, Self::TimedOut, Self::Abandoned];

    /// The word that reports and logs use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed out",
            Self::Abandoned => "abandoned",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What happens to a task.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// It is given a slot.
    Start,
    /// An attempt has ended, and another is to come.
    Wait,
    /// The time of the next attempt has come.
    Again,
    /// It ends.
    End(Outcome),
}

/// A step that the table does not have: a defect of the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IllegalStep {
    /// Where the task was.
    pub from: TaskState,
    /// What was asked of it.
    pub step: Step,
}

impl fmt::Display for IllegalStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no step {:?} leads out of {:?}", self.step, self.from)
    }
}

impl std::error::Error for IllegalStep {}

/// The table: from, step, and what it is that makes the step.
const STEPS: [(TaskState, Step, &str); 13] = [
    (TaskState::Queued, Step::Start, "a slot is free"),
    (TaskState::Queued, Step::End(Outcome::Cancelled), "cancel, abort, shutdown"),
    (TaskState::Queued, Step::End(Outcome::TimedOut), "queue_timeout, deadline"),
    (TaskState::Running, Step::Wait, "an attempt fails, and another is to come"),
    (TaskState::Running, Step::End(Outcome::Completed), "the body returns"),
    (TaskState::Running, Step::End(Outcome::Failed), "the body returns Err (fallible)"),
    (TaskState::Running, Step::End(Outcome::Panicked), "the body panics"),
    (TaskState::Running, Step::End(Outcome::Cancelled), "the body is dropped: cancel, abort, runtime gone"),
    (TaskState::Running, Step::End(Outcome::TimedOut), "timeout, deadline"),
    (TaskState::Running, Step::End(Outcome::Abandoned), "abort or the end of shutdown finds the body running"),
    (TaskState::RetryWaiting, Step::Again, "its time has come"),
    (TaskState::RetryWaiting, Step::End(Outcome::Cancelled), "cancel, abort, shutdown"),
    (TaskState::RetryWaiting, Step::End(Outcome::TimedOut), "deadline"),
];

impl TaskState {
    /// The state after `step`.
    ///
    /// # Errors
    /// [`IllegalStep`] if the table has no such step.
    pub fn after(self, step: Step) -> Result<Self, IllegalStep> {
        let legal = match (self, step) {
            (Self::Queued, Step::Start)
            | (Self::Running, Step::Wait | Step::End(_))
            | (Self::RetryWaiting, Step::Again) => true,
            (Self::Queued | Self::RetryWaiting, Step::End(how)) => {
                matches!(how, Outcome::Cancelled | Outcome::TimedOut)
            }
            (Self::Queued, Step::Wait | Step::Again)
            | (Self::Running, Step::Start | Step::Again)
            | (Self::RetryWaiting, Step::Start | Step::Wait)
            | (Self::Ended(_), _) => false,
        };
        match (legal, step) {
            (false, _) => Err(IllegalStep { from: self, step }),
            (true, Step::Start) => Ok(Self::Running),
            (true, Step::Wait) => Ok(Self::RetryWaiting),
            (true, Step::Again) => Ok(Self::Queued),
            (true, Step::End(how)) => Ok(Self::Ended(how)),
        }
    }

    /// Whether the task has ended.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Ended(_))
    }

    fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::RetryWaiting => "retry-waiting",
            Self::Ended(outcome) => outcome.word(),
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The table as a Mermaid state diagram, for the architecture page.
pub fn life_of_a_task() -> String {
    let id = |state: TaskState| state.word().replace([' ', '-'], "_");
    let steps = STEPS.iter().map(|&(from, step, by)| {
        let to = match step {
            Step::Start => TaskState::Running,
            Step::Wait => TaskState::RetryWaiting,
            Step::Again => TaskState::Queued,
            Step::End(how) => TaskState::Ended(how),
        };
        format!("    {} --> {}: {by}\n", id(from), id(to))
    });
    let ends = Outcome::ALL.into_iter().map(|outcome| format!("    {} --> [*]\n", id(TaskState::Ended(outcome))));
    ["stateDiagram-v2\n    [*] --> queued: accepted\n".to_owned()].into_iter().chain(steps).chain(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> impl Iterator<Item = Step> {
        [Step::Start, Step::Wait, Step::Again].into_iter().chain(Outcome::ALL.map(Step::End))
    }

    #[test]
    fn what_has_ended_says_so_and_how() {
        let live = [TaskState::Queued, TaskState::Running, TaskState::RetryWaiting];
        assert!(live.iter().all(|state| !state.is_ended()));
        assert_eq!(live.map(|state| state.to_string()), ["queued", "running", "retry-waiting"]);
        for outcome in Outcome::ALL {
            let ended = TaskState::Ended(outcome);
            assert!(ended.is_ended() && ended.to_string() == outcome.to_string(), "{ended}");
        }
        let words = ["completed", "failed", "panicked", "cancelled", "timed out", "abandoned"];
        assert_eq!(Outcome::ALL.map(|outcome| outcome.to_string()), words);
    }

    #[test]
    fn exactly_the_steps_of_the_table_are_taken() {
        let live = [TaskState::Queued, TaskState::Running, TaskState::RetryWaiting];
        let states = live.into_iter().chain(Outcome::ALL.map(TaskState::Ended));
        let mut taken = 0;
        for from in states {
            for step in steps() {
                let listed = STEPS.iter().any(|&(f, s, _)| (f, s) == (from, step));
                assert_eq!(from.after(step).is_ok(), listed, "{from:?} {step:?}");
                taken += usize::from(listed);
            }
        }
        assert_eq!(taken, STEPS.len());
    }

    #[test]
    fn nothing_leads_out_of_an_end() {
        for outcome in Outcome::ALL {
            for step in steps() {
                let from = TaskState::Ended(outcome);
                assert_eq!(from.after(step), Err(IllegalStep { from, step }));
            }
        }
    }

    #[test]
    fn a_step_that_is_none_says_what_was_asked_of_whom() {
        let error = TaskState::Ended(Outcome::Failed).after(Step::Start).unwrap_err();
        assert_eq!(error.to_string(), "no step Start leads out of Ended(Failed)");
    }

    #[test]
    fn the_architecture_page_shows_this_table() {
        let page = include_str!("../../../docs/ARCHITECTURE.md");
        let diagram = life_of_a_task();
        assert!(page.contains(&format!("```mermaid\n{diagram}```")), "the page should show:\n{diagram}");
    }
}
