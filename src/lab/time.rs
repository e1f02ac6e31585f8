//! Instants and spans of the data, and the ten-minute intervals of exposure notifications.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instant: microseconds since 1970-01-01 00:00:00 UTC (negative before).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMicros(pub i64);

/// A span between two instants, in microseconds; negative when time went back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub i64);

/// Exposure-notification interval number: ten-minute slots since the Unix epoch, `floor(unix seconds / 600)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Enin(pub u32);

impl Enin {
    /// How long an interval is.
    pub const SPAN: Micros = Micros::from_secs(600);

    /// When it begins.
    #[must_use]
    pub fn start(self) -> UnixMicros {
        UnixMicros(i64::from(self.0) * Self::SPAN.0)
    }
}

impl UnixMicros {
    /// The span since `earlier`; negative when `earlier` is later. Saturates instead of overflowing.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Micros {
        Micros(self.0.saturating_sub(earlier.0))
    }

    /// This instant moved by `span`. Saturates instead of overflowing.
    #[must_use]
    pub const fn plus(self, span: Micros) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Whole seconds since the epoch, rounded towards the past.
    #[must_use]
    pub const fn whole_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The interval that holds this instant; `None` before 1970 and after the year 83 000.
    #[must_use]
    pub fn enin(self) -> Option<Enin> {
        u32::try_from(self.0.div_euclid(600_000_000)).ok().map(Enin)
    }
}

impl Micros {
    /// A span of whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// A span of whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// The span in seconds, for display and statistics.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "spans stay far below 2^53 µs (285 years)")]
    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl fmt::Display for UnixMicros {
    /// RFC 3339 in UTC with microseconds; the plain number where the calendar ends (years -9999..9999).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.6}"),
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_boundary_belongs_to_the_later_slot() {
        assert_eq!(UnixMicros(600_000_000).enin(), Some(Enin(1)));
        assert_eq!(UnixMicros(599_999_999).enin(), Some(Enin(0)));
        assert_eq!(UnixMicros(1_585_785_600_000_000).enin(), Some(Enin(2_642_976)));
        assert_eq!(UnixMicros(-1).enin(), None);
    }

    #[test]
    fn arithmetic_saturates_at_the_ends() {
        assert_eq!(UnixMicros(i64::MIN).since(UnixMicros(i64::MAX)), Micros(i64::MIN));
        assert_eq!(UnixMicros(i64::MAX).plus(Micros(1)), UnixMicros(i64::MAX));
        assert_eq!(Micros::from_secs(i64::MAX), Micros(i64::MAX));
    }

    #[test]
    fn displays_as_rfc_3339_and_falls_back_to_the_number() {
        assert_eq!(
            UnixMicros(1_596_102_841_899_945).to_string(),
            "2020-07-30T09:54:01.899945Z"
        );
        assert_eq!(UnixMicros(i64::MAX).to_string(), format!("{} µs", i64::MAX));
    }
}
