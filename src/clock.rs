//! The only place that reads a clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::lab::time::UnixMicros;

/// The present instant of the system's clock, for stamping what a live source hears.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one home of the wall clock")]
pub fn wall() -> UnixMicros {
    let now = SystemTime::now();
    let micros = match now.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    };
    UnixMicros(micros)
}

/// The present instant of the steady clock, for pacing and time limits.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one home of the steady clock")]
pub fn steady() -> Instant {
    Instant::now()
}
