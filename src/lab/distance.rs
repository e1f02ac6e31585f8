//! Distance of pairs of phones, with its interval and the probability of being near.
//!
//! What is heard of a pair depends less on its distance than on how both phones are carried. So the levels of all phones
//! are taken together: a level is a mean, plus what is peculiar to the receiver and to the sender, plus how each phone is
//! carried at the time (the same for what it sends and for what it hears), plus the nearness of the pair (the same in both
//! directions), plus noise. The expected nearness of a pair, given everything that was heard, is a number of decibels
//! ([`mod@proximity`]); where the logs of several phones are given, they must also have places on a map ([`mod@map`]). A straight
//! line leads from there to the logarithm of the distance, and its residuals to interval and probabilities ([`mod@line`]).
//!
//! Two modes: [`Mode::Live`] knows what one receiver has heard so far; [`Mode::Replay`] both directions of time, and both
//! directions of a pair. Nothing depends on the numbers of packets, which do not carry over from one scan schedule to
//! another.

pub mod estimate;
pub mod heard;
pub mod level;
pub mod line;
pub mod live;
pub mod map;
pub mod model;
pub mod proximity;
pub mod score;
mod stretches;
#[cfg(test)]
mod tests;
pub mod truth;

use serde::Serialize;

pub use estimate::{Estimator, Query, Score};
pub use heard::{Disputed, Heard, Hearing, KnownDistance};
pub use level::{Level, Phone, Slice};
pub use line::{Estimate, Line};
pub use model::Model;
pub use stretches::Overlap;

/// Free space at 2.44 GHz, one metre away, in dB.
const FREE_SPACE_DB: f64 = 40.2;

/// The distance in free space (n = 2) at which an attenuation in dB is expected, in metres.
#[must_use]
pub fn free_space_m(attenuation_db: f64) -> f64 {
    10_f64.powf((attenuation_db - FREE_SPACE_DB) / 20.0)
}

/// What an estimate may know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// What this receiver heard up to the end of the window.
    Live,
    /// Everything that all logs hold.
    #[default]
    Replay,
}
