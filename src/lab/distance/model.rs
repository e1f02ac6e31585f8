//! The model of distance: a readable file with what was chosen by hand and what was learnt.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Mode;
use super::line::Line;
use super::map::Scale;
use super::proximity::Effects;

/// Lengths of the windows that short and long lines are learnt from, in seconds.
pub const LENGTHS_S: [f64; 2] = [30.0, 300.0];

/// A model.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// What it was learnt from, and how it did on data that it had not seen.
    pub trained_on: String,
    /// Edition of the calibration list with which levels are computed.
    pub edition: String,
    /// How time is divided.
    pub time: Times,
    /// Variances with all logs and both directions of time.
    pub replay: Effects,
    /// Variances with what one receiver heard so far.
    pub live: Effects,
    /// The map.
    pub map: Map,
    /// The lines.
    pub lines: Lines,
}

/// How time is divided, in seconds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Lengths of slices; the first with which there are not too many is taken.
    pub slices_s: Vec<f64>,
    /// Most slices that are taken together.
    pub most_slices: usize,
    /// The same while it is live, where it is computed anew for every window.
    pub most_live_slices: usize,
    /// Blocks of windows that are computed together.
    pub block_s: f64,
    /// So much before and after a block is taken in.
    pub halo_s: f64,
    /// So much of the past is known while it is live.
    pub past_s: f64,
    /// Windows up to this length are short; longer ones have lines of their own.
    pub short_s: f64,
    /// Estimates so far around count for what is usual in a capture, when it is decided whether a pair is near.
    pub usual_s: f64,
}

/// When there is a map, and what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// How nearness becomes distance.
    pub scale: Scale,
    /// A map needs so many phones whose logs are given.
    pub least_phones: usize,
    /// A phone is on it when it was heard, or heard somebody, within so many seconds.
    pub present_s: f64,
    /// Maps are made for every so many seconds.
    pub every_s: f64,
    /// Added to a distance on the map before its logarithm, in metres.
    pub least_m: f64,
    /// How much a decibel of nearness adds to minus the logarithm of the distance on the map.
    pub per_db: f64,
}

/// The lines by mode and length of the window.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// Of short windows.
    pub short: LinesOf,
    /// Of long windows.
    pub long: LinesOf,
}

/// The lines of windows of one length.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LinesOf {
    /// With a map.
    pub map: Line,
    /// Of nearness alone, with both directions of time.
    pub replay: Line,
    /// Of nearness alone, with what was heard so far.
    pub live: Line,
}

/// Why a model cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelError {
    /// It is no TOML, or not of a model.
    #[error("{0}")]
    Toml(String),
    /// A figure cannot be meant so.
    #[error("{0}")]
    Figure(&'static str),
}

static BUILT_IN: LazyLock<Model> = LazyLock::new(|| {
    Model::parse(include_str!("../../../calibration/distance.toml"))
        .expect("the built-in model parses, as its test shows")
});

impl Model {
    /// The one that is built in, `calibration/distance.toml`.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Reads a model.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let model: Self = toml::from_str(text).map_err(|error| ModelError::Toml(error.to_string()))?;
        model.check().map_or(Ok(model), |what| Err(ModelError::Figure(what)))
    }

    /// As text that [`Model::parse`] reads.
    ///
    /// # Errors
    /// Never for a model that was read or learnt.
    pub fn to_toml(&self) -> Result<String, ModelError> {
        let body = toml::to_string(self).map_err(|error| ModelError::Toml(error.to_string()))?;
        Ok(format!(
            "# How distances are estimated: variances in dB², times in seconds, lines from a score to ln of metres. low and high are the\n# ends of the interval of 90 %, wide enough for scenarios that were not seen: `between` is how far scenarios lie apart.\n\n{body}"
        ))
    }

    fn check(&self) -> Option<&'static str> {
        let times = &self.time;
        let spans = [
            times.block_s,
            times.halo_s,
            times.past_s,
            times.short_s,
            times.usual_s,
            self.map.present_s,
            self.map.every_s,
            self.map.scale.evidence_s,
        ];
        let is_span = |span: &f64| (1.0..=1e6).contains(span);
        let effects = |of: &Effects| {
            let variances = [
                of.mean,
                of.pairs,
                of.receiver,
                of.sender,
                of.unknown_sender,
                of.unknown_senders,
                of.phone,
                of.carried,
                of.direction,
                of.pair,
                of.near,
                of.report,
            ];
            variances.iter().all(|variance| (0.0..=1e4).contains(variance))
                && (0.1..=1e4).contains(&of.slice)
                && is_span(&of.carried_s)
                && is_span(&of.near_s)
                && (-200.0..=50.0).contains(&of.mean_db)
        };
        let lines = [&self.lines.short, &self.lines.long];
        let mut lines = lines.iter().flat_map(|of| [&of.map, &of.replay, &of.live]);
        let is_line = |line: &Line| {
            let figures = [line.intercept, line.slope, line.low, line.high];
            figures.iter().all(|figure| figure.abs() <= 20.0)
                && (0.0..=10.0).contains(&line.between)
                && (1e-3..=10.0).contains(&line.spread)
                && line.low <= 0.0
                && line.high >= 0.0
                && line.shares.iter().all(|share| (0.0..=1.0).contains(share))
        };
        let scale = self.map.scale;
        if !spans.iter().all(is_span) {
            Some("times are from 1 to 1000000 seconds")
        } else if times.slices_s.is_empty() || !times.slices_s.iter().all(is_span) || !times.slices_s.is_sorted() {
            Some("slices_s goes upwards, from 1 second on")
        } else if ![times.most_slices, times.most_live_slices]
            .iter()
            .all(|most| (100..=100_000).contains(most))
        {
            Some("most_slices and most_live_slices are 100 to 100000")
        } else if !effects(&self.replay) || !effects(&self.live) {
            Some("variances are 0 to 10000 dB², that of a slice at least 0.1")
        } else if !lines.all(is_line) {
            Some("a line has finite figures, a spread above 0, low up to 0, high from 0 on, shares from 0 to 1")
        } else if !(0.1..=100.0).contains(&scale.usual_m)
            || !(0.001..=1.0).contains(&scale.per_db)
            || scale.steps > 1_000
            || self.map.least_phones < 3
            || !(0.001..=10.0).contains(&self.map.least_m)
            || !(0.0..=10.0).contains(&self.map.per_db)
        {
            Some("the map needs at least 3 phones, a scale above 0 and at most 1000 steps")
        } else {
            None
        }
    }

    /// The variances of a mode.
    #[must_use]
    pub const fn effects(&self, mode: Mode) -> &Effects {
        match mode {
            Mode::Live => &self.live,
            Mode::Replay => &self.replay,
        }
    }

    /// The line for a window of that length. The interval goes over from that of short windows to that of long ones with the
    /// logarithm of the length, between [`LENGTHS_S`].
    #[must_use]
    pub fn line(&self, mode: Mode, length_s: f64, has_map: bool) -> Line {
        let of = |lines: &LinesOf| match (mode, has_map) {
            (Mode::Live, _) => lines.live,
            (Mode::Replay, true) => lines.map,
            (Mode::Replay, false) => lines.replay,
        };
        let (short, long) = (of(&self.lines.short), of(&self.lines.long));
        let [shortest_s, longest_s] = LENGTHS_S;
        let share = ((length_s / shortest_s).ln() / (longest_s / shortest_s).ln()).clamp(0.0, 1.0);
        if length_s <= self.time.short_s {
            short.towards(&long, share)
        } else {
            long.towards(&short, 1.0 - share)
        }
    }
}
