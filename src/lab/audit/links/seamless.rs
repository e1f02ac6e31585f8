//! Whether phones hand over without a pause, as far as uninterrupted listening shows.
//!
//! A phone that goes on at once is followed by a beginning within a second or so. Where phones fall silent at rotations, the
//! beginnings soon after an ending are other phones': then nearness in time speaks for nothing. How many endings have a
//! beginning soon after them, against what chance gives, tells which of the two it is.

use super::count;
use super::node::Node;
use crate::lab::audit::case::listening::Listening;
use crate::lab::time::{Micros, UnixMicros};

/// A hand-over without a pause begins so soon.
const SOON: Micros = Micros::from_secs(2);
/// The rate of beginnings is taken from so long before and after.
const AROUND: Micros = Micros::from_secs(60);
/// A station listens without pause when it heard something in three quarters of so long before and after.
const BESIDE: Micros = Micros::from_secs(30);
/// Endings that are needed.
const LEAST: usize = 10;

/// How sure it is that hand-overs are seamless.
pub(super) struct Seamless {
    /// Share of endings that are followed at once beyond what chance gives; `None` with too few endings.
    share: Option<f64>,
    begins: Vec<UnixMicros>,
}

impl Seamless {
    /// Of these identifiers.
    pub(super) fn of(nodes: &[Node], listening: &[Listening]) -> Self {
        let mut begins: Vec<UnixMicros> = nodes.iter().map(|node| node.first.at).collect();
        begins.sort_unstable();
        let mut seamless = Self { share: None, begins };
        let (mut n, mut soon, mut by_chance) = (0, 0.0, 0.0);
        for node in nodes.iter().filter(|node| is_watched(node, listening)) {
            let end = node.last.at;
            n += 1;
            soon += if seamless.begun(end, end.plus(SOON)) > 0 {
                1.0
            } else {
                0.0
            };
            by_chance += seamless.chance(end);
        }
        if n >= LEAST {
            let n = count(n);
            seamless.share = Some(((soon - by_chance) / (n - by_chance).max(1.0)).clamp(0.0, 1.0));
        }
        seamless
    }

    /// Beginnings after one instant, up to another.
    fn begun(&self, after: UnixMicros, upto: UnixMicros) -> usize {
        let place = |at| self.begins.partition_point(|begin| *begin <= at);
        place(upto).saturating_sub(place(after))
    }

    /// Probability of a beginning soon after an instant that has nothing to do with it.
    fn chance(&self, at: UnixMicros) -> f64 {
        let around = self.begun(at.plus(Micros(-AROUND.0)), at.plus(AROUND));
        // The ending's own successor is no chance.
        let rate = count(around.saturating_sub(1)) / (2.0 * AROUND.as_secs_f64());
        1.0 - (-rate * SOON.as_secs_f64()).exp()
    }

    /// What is left of a hand-over's probability.
    pub(super) fn factor(&self, from: &Node, to: &Node, listening: &[Listening]) -> f64 {
        let Some(share) = self.share.filter(|_| is_watched(from, listening)) else {
            return 1.0;
        };
        let end = from.last.at;
        if to.first.at.since(end) <= SOON {
            let by_chance = (1.0 - share) * self.chance(end);
            share / (share + by_chance).max(f64::MIN_POSITIVE)
        } else if share >= 0.5 {
            1.0
        } else {
            share
        }
    }

    /// Whether phones seem to pause.
    pub(super) fn is_broken(&self) -> bool {
        self.share.is_some_and(|share| share < 0.2)
    }
}

/// Whether the station that heard the end went on listening without a pause.
fn is_watched(node: &Node, listening: &[Listening]) -> bool {
    let end = node.last.at;
    let Some(listening) = listening.get(usize::from(node.last.station.0)) else {
        return false;
    };
    let listens = |from, to| listening.between(from, to).0 * 4 >= BESIDE.0 * 3;
    listens(end.plus(Micros(-BESIDE.0)), end) && listens(end, end.plus(BESIDE))
}
