//! Owns the verbs of submission, which are the same everywhere: each is written once, and lanes and task options say what
//! their work is and what comes of it.

/// The verbs. `$begin` gives the lane and the options of one submission.
macro_rules! submission_verbs {
    (
        on: [$($receiver:tt)+] $self:ident $lane:lifetime,
        work: [$($generic:ident),+] where [$($bounds:tt)+],
        with: $with:ident in [$($with_generic:ident),+] where [$($with_bounds:tt)+],
        gives: $output:ty, by: $make:expr, $make_with:expr, has_context: $has_context:literal
    ) => {
        /// Submits `work` and waits for room: back-pressure. Gives a handle.
        ///
        /// # Errors
        /// The work comes back if the lane is closed, or to a closure of the same lane that has [no stack
        /// left](SubmitError::is_out_of_stack) to make room.
        ///
        /// # Cancel safety
        /// Dropping the future means that the task was never accepted.
        #[track_caller]
        pub fn submit<$($generic),+>($($receiver)+, work: F) -> Submit<$lane, F, $output>
        where
            $($bounds)+
        {
            let (lane, options) = $self.begin();
            Submit::new(lane, Submission::new(lane, options, $has_context, $make(work)))
        }

        /// As [`submit`](Self::submit), for work that wants to see its own task, above all whether it was asked to stop.
        ///
        /// # Errors
        /// As [`submit`](Self::submit).
        ///
        /// # Cancel safety
        /// As [`submit`](Self::submit).
        #[track_caller]
        pub fn submit_with<$($with_generic),+>($($receiver)+, work: $with) -> Submit<$lane, $with, $output>
        where
            $($with_bounds)+
        {
            let (lane, options) = $self.begin();
            Submit::new(lane, Submission::new(lane, options, true, $make_with(work)))
        }

        /// Submits `work` if there is room now. Never waits.
        ///
        /// # Errors
        /// The work comes back if the lane is full or closed.
        #[track_caller]
        pub fn try_submit<$($generic),+>($($receiver)+, work: F) -> Result<Handle<$output>, SubmitError<F>>
        where
            $($bounds)+
        {
            let (lane, options) = $self.begin();
            Submission::new(lane, options, $has_context, $make(work)).try_submit()
        }

        /// As [`try_submit`](Self::try_submit), for work that wants to see its own task.
        ///
        /// # Errors
        /// As [`try_submit`](Self::try_submit).
        #[track_caller]
        pub fn try_submit_with<$($with_generic),+>(
            $($receiver)+,
            work: $with,
        ) -> Result<Handle<$output>, SubmitError<$with>>
        where
            $($with_bounds)+
        {
            let (lane, options) = $self.begin();
            Submission::new(lane, options, true, $make_with(work)).try_submit()
        }

        /// Submits `work` and waits for room, at most for `limit`.
        ///
        /// # Errors
        /// The work comes back if the time is up or the lane is closed, or as from a submission that waits for ever.
        ///
        /// # Panics
        /// The future panics when it has to wait outside of a tokio runtime.
        ///
        /// # Cancel safety
        /// As [`submit`](Self::submit).
        #[track_caller]
        pub fn submit_timeout<$($generic),+>(
            $($receiver)+,
            limit: Duration,
            work: F,
        ) -> SubmitTimeout<$lane, F, $output>
        where
            $($bounds)+
        {
            SubmitTimeout::new($self.submit(work), limit)
        }

        /// As [`submit`](Self::submit), for plain threads and for closures: this thread is blocked until there is room. Inside of a future, await
        /// instead: the thread that is blocked may be the very one that makes room.
        ///
        /// # Errors
        /// The work comes back if the lane is closed, or to a closure of the same lane that has [no stack
        /// left](SubmitError::is_out_of_stack) to make room.
        #[track_caller]
        pub fn blocking_submit<$($generic),+>($($receiver)+, work: F) -> Result<Handle<$output>, SubmitError<F>>
        where
            $($bounds)+
        {
            block_on($self.submit(work))
        }

        /// Submits `work`, waits for room, and then for the result.
        ///
        /// # Errors
        /// The [`TaskError`] says how the task ended, or that the lane is closed; or that a closure of the same lane has no stack left to make
        /// room ([`WouldDeadlock`](crate::TaskErrorKind::WouldDeadlock)).
        ///
        /// # Cancel safety
        /// Dropping the future before the task is accepted leaves nothing behind; dropping it later cancels the task.
        #[track_caller]
        pub fn run<$($generic),+>($($receiver)+, work: F) -> Run<$lane, F, $output>
        where
            $($bounds)+
        {
            Run::new($self.submit(work))
        }

        /// As [`run`](Self::run), for plain threads and for closures: this thread is blocked until the result is there. Inside of a future, await
        /// instead: the thread that is blocked may be the very one that is to run `work`.
        ///
        /// # Errors
        /// As [`run`](Self::run).
        #[track_caller]
        pub fn blocking_run<$($generic),+>($($receiver)+, work: F) -> Result<$output, TaskError>
        where
            $($bounds)+
        {
            block_on($self.run(work))
        }
    };
}

/// The verbs for futures.
macro_rules! future_verbs {
    ([$($receiver:tt)+] $self:ident $lane:lifetime) => {
        submission_verbs! {
            on: [$($receiver)+] $self $lane,
            work: [F, T] where [F: Future<Output = T> + Send + 'static, T: Send + 'static],
            with: C in [C, F, T] where [
                C: FnOnce(TaskContext) -> F + Send + 'static, F: Future<Output = T> + Send + 'static, T: Send + 'static
            ],
            gives: T, by: Promise::plain, Promise::with_context, has_context: false
        }
    };
}

/// The verbs for closures.
macro_rules! closure_verbs {
    ([$($receiver:tt)+] $self:ident $lane:lifetime) => {
        submission_verbs! {
            on: [$($receiver)+] $self $lane,
            work: [F, T] where [F: FnOnce() -> T + Send + 'static, T: Send + 'static],
            with: F in [F, T] where [F: FnOnce(TaskContext) -> T + Send + 'static, T: Send + 'static],
            gives: T, by: Closure::plain, Closure::with_context, has_context: true
        }
    };
}

/// What all lane types have besides the verbs.
macro_rules! lane_basics {
    ($lane:ident, $task:ident) => {
        impl $lane {
            pub(crate) const fn new(shared: Arc<LaneShared>) -> Self {
                Self { shared }
            }

            pub(crate) const fn shared(&self) -> &Arc<LaneShared> {
                &self.shared
            }

            #[track_caller]
            fn begin(&self) -> (&Arc<LaneShared>, Options) {
                (&self.shared, Options::here())
            }

            /// The name of the lane.
            pub fn name(&self) -> &str {
                &self.shared.name
            }

            /// What the lane holds at this moment, and how all that it accepted ended. It takes one short lock, and a snapshot takes more.
            ///
            /// Timers that are not due are in the lane's [`snapshot`](crate::Scheduler::snapshot) only.
            pub fn counts(&self) -> LaneCounts {
                self.shared.counts()
            }

            /// Begins a submission that says more of its task: options first, then one of the verbs.
            ///
            /// The name stands in errors, logs and lists of tasks. It need not be unique, and is cut after 128 bytes.
            #[track_caller]
            pub fn task(&self, name: impl Into<Cow<'static, str>>) -> $task<'_> {
                $task::new(&self.shared, name.into())
            }
        }

        impl fmt::Debug for $lane {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.shared.fmt(f)
            }
        }
    };
}

pub(super) use {closure_verbs, future_verbs, lane_basics, submission_verbs};
