//! Owns the panic hook of these tests. Never hides a panic that was not made on purpose.

use std::panic::{set_hook, take_hook};
use std::sync::Once;

/// Keeps panics that a test makes on purpose off the screen.
pub(crate) fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !info.payload_as_str().is_some_and(|text| text.contains("on purpose")) {
                before(info);
            }
        }));
    });
}
