//! Timers: what is called later, once.

mod s16_timer;

pub(crate) use s16_timer::S16;
