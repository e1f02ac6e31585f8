//! What speaks against a step before it is accepted: marks that say otherwise, and a level that does not go with the others.

use super::{Measure, Outcome, Stage};
use crate::lab::session::Session;
use crate::lab::time::UnixMicros;

/// A level may be so far from what the steps before tell, in dB: an orientation alone takes that much.
const MOST_OFF_DB: f64 = 6.0;
/// Exponents of rooms, which distances are compared by; 2 where only one distance was measured.
const EXPONENTS: [f64; 2] = [1.5, 4.0];

impl Measure {
    /// What speaks against the step that is to be judged, besides its quality: a mark that tells another distance of the phone
    /// at that time, one that it would cut into, or a level that is off. Empty in other stages.
    #[must_use]
    pub fn doubts(&self, session: &Session) -> Vec<String> {
        let Stage::Judging(from, to) = self.stage else {
            return Vec::new();
        };
        let (Some(phone), Some(step)) = (&self.phone, self.step()) else {
            return Vec::new();
        };
        let marks = session
            .marks_of(phone.station)
            .filter(|mark| phone.is_named(&mark.device));
        let overlapping = marks.filter(|mark| mark.from < to && mark.to.is_none_or(|end| end > from));
        let mut doubts = Vec::new();
        // Those of this measurement are its own steps.
        let is_own = |at: UnixMicros| self.outcomes.iter().flatten().any(|outcome| outcome.from == at);
        // The latest is the one that holds.
        let latest = overlapping
            .filter(|mark| !is_own(mark.from))
            .max_by_key(|mark| mark.from);
        if let Some((mark, distance)) = latest.and_then(|mark| Some((mark, mark.distance?.0))) {
            let is_other = (distance - step.distance_m).abs() > 0.05 * step.distance_m;
            if is_other {
                doubts.push(format!(
                    "a mark of {} says {distance:.2} m here, this step {:.2} m: which one is right?",
                    clock(mark.from),
                    step.distance_m
                ));
            } else if mark.orientation != step.orientation {
                let other = Some(&mark.orientation).filter(|of| !of.is_empty());
                doubts.push(format!(
                    "a mark of {} holds here too ({}); of the two this step will count",
                    clock(mark.from),
                    other.map_or("no orientation", |of| of)
                ));
            }
        }
        let quality = self.heard.quality(to.since(from));
        if quality.n > 0
            && let Some((expected, most)) = self.expected(step.distance_m)
        {
            let off = quality.median_dbm - expected;
            if off.abs() > most {
                doubts.push(format!(
                    "the level is {:.0} dB {} than the steps before predict ({expected:.0} dBm): is the distance right?",
                    off.abs(),
                    if off > 0.0 { "stronger" } else { "weaker" }
                ));
            }
        }
        doubts
    }

    /// The level that the steps before predict at a distance, and how far it may be off. The step at hand, if it was accepted
    /// before, is not among them.
    fn expected(&self, distance_m: f64) -> Option<(f64, f64)> {
        let others = self
            .outcomes
            .iter()
            .enumerate()
            .filter(|(number, _)| *number != self.at);
        let points: Vec<(f64, f64)> = others.filter_map(|(_, outcome)| point(outcome.as_ref()?)).collect();
        if points.is_empty() {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a plan has few steps")]
        let n = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
        let (log, level) = (mean(|(log, _)| *log), mean(|(_, level)| *level));
        let spread: f64 = points.iter().map(|(of, _)| (of - log).powi(2)).sum();
        let away = distance_m.log10() - log;
        let [least, most] = EXPONENTS;
        if spread < 1e-6 {
            // One distance tells no exponent: 2 is as good as any, and wrong by more the farther it is.
            return Some((level - 20.0 * away, MOST_OFF_DB + 10.0 * away.abs()));
        }
        let slope = points.iter().map(|(of, dbm)| (of - log) * (dbm - level)).sum::<f64>() / spread;
        let exponent = (-slope / 10.0).clamp(least, most);
        Some((level - 10.0 * exponent * away, MOST_OFF_DB))
    }
}

fn point(outcome: &Outcome) -> Option<(f64, f64)> {
    let log = outcome.step.distance_m.log10();
    (outcome.quality.n > 0 && log.is_finite()).then_some((log, outcome.quality.median_dbm))
}

/// The time of the day.
fn clock(at: UnixMicros) -> String {
    at.to_string().get(11..19).unwrap_or_default().to_owned()
}
