//! Owns how a record is made. Never decides what is told.

use crate::task::call_foreign;

/// Makes a record. Who listens to it is foreign code, and may panic.
#[inline]
pub(crate) fn record(make: impl FnOnce()) {
    call_foreign(make);
}
