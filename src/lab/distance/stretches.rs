//! Marks of distances, which may overlap, as stretches of time that do not.

use super::heard::KnownDistance;
use crate::lab::time::UnixMicros;

/// A mark within another that tells something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// The one that was going on, as it was told.
    pub earlier: KnownDistance,
    /// The one that counts where both hold, as it was told.
    pub later: KnownDistance,
}

/// The stretches of marks, in the order in which they begin. Of two that hold at a time the one that began later counts; of
/// two that began together, the one that was written later. One with an end takes its own stretch alone, and what was going on
/// goes on after it; one without an end ends what was going on.
pub(super) fn stretches(mut marks: Vec<KnownDistance>) -> (Vec<KnownDistance>, Vec<Overlap>) {
    // Stable: those that begin together stay in the order in which they were written.
    marks.sort_by_key(|mark| mark.from);
    let (mut found, mut overlaps): (Vec<KnownDistance>, Vec<Overlap>) = (Vec::new(), Vec::new());
    for (number, later) in marks.iter().enumerate() {
        for earlier in marks.iter().take(number) {
            if is_other(earlier, later) && is_overlap(earlier, later) {
                overlaps.push(Overlap {
                    earlier: earlier.clone(),
                    later: later.clone(),
                });
            }
        }
        let mut rest = Vec::new();
        for before in &mut found {
            let is_before = before.to.is_some_and(|to| to <= later.from);
            let is_behind = later.to.is_some_and(|to| to <= before.from);
            if !is_same_pair(before, later) || is_before || is_behind {
                continue;
            }
            if let Some(to) = later.to
                && is_after(before.to, to)
            {
                rest.push(KnownDistance {
                    from: to,
                    ..before.clone()
                });
            }
            // What was to go on only after a third one is within it.
            before.to = Some(later.from.max(before.from));
        }
        found.retain(|of| of.to.is_none_or(|to| to > of.from));
        found.push(later.clone());
        found.extend(rest);
    }
    found.retain(|of| of.to.is_none_or(|to| to > of.from));
    (found, overlaps)
}

fn is_same_pair(one: &KnownDistance, other: &KnownDistance) -> bool {
    (one.receiver, one.sender) == (other.receiver, other.sender)
}

fn is_after(end: Option<UnixMicros>, at: UnixMicros) -> bool {
    end.is_none_or(|end| end > at)
}

/// Whether they tell different things of the same pair.
fn is_other(one: &KnownDistance, other: &KnownDistance) -> bool {
    let differs = (one.distance_m - other.distance_m).abs() > 1e-9 || one.orientation != other.orientation;
    is_same_pair(one, other) && differs
}

/// Whether the later begins within the earlier, other than as the next of two without an end, which is usual.
fn is_overlap(earlier: &KnownDistance, later: &KnownDistance) -> bool {
    let is_within = is_after(earlier.to, later.from);
    is_within && (earlier.to.is_some() || later.to.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::distance::Phone;

    fn mark(from: i64, to: Option<i64>, distance_m: f64) -> KnownDistance {
        KnownDistance {
            receiver: Phone::Known(0),
            sender: Phone::Known(1),
            from: UnixMicros(from),
            to: to.map(UnixMicros),
            distance_m,
            orientation: String::new(),
        }
    }

    fn told(marks: &[KnownDistance]) -> (Vec<(i64, Option<i64>, f64)>, usize) {
        let (mut found, overlaps) = stretches(marks.to_vec());
        found.sort_by_key(|of| of.from);
        let found = found.iter().map(|of| (of.from.0, of.to.map(|to| to.0), of.distance_m));
        (found.collect(), overlaps.len())
    }

    #[test]
    fn a_mark_with_an_end_takes_its_own_stretch_and_the_other_goes_on() {
        let open = [mark(0, None, 1.0), mark(10, Some(20), 2.0)];
        let wanted = vec![(0, Some(10), 1.0), (10, Some(20), 2.0), (20, None, 1.0)];
        assert_eq!(told(&open), (wanted, 1));
        let closed = [mark(0, Some(60), 1.0), mark(10, Some(11), 2.0), mark(30, Some(40), 3.0)];
        let wanted = vec![
            (0, Some(10), 1.0),
            (10, Some(11), 2.0),
            (11, Some(30), 1.0),
            (30, Some(40), 3.0),
            (40, Some(60), 1.0),
        ];
        assert_eq!(told(&closed), (wanted, 2));
    }

    #[test]
    fn marks_without_an_end_follow_each_other_in_whatever_order_they_were_written() {
        let wanted = (vec![(0, Some(10), 1.0), (10, None, 2.0)], 0);
        assert_eq!(told(&[mark(0, None, 1.0), mark(10, None, 2.0)]), wanted);
        assert_eq!(told(&[mark(10, None, 2.0), mark(0, None, 1.0)]), wanted);
        // One without an end that begins within another ends it, and that is said.
        let cut = told(&[mark(0, Some(60), 1.0), mark(10, None, 2.0)]);
        assert_eq!(cut, (vec![(0, Some(10), 1.0), (10, None, 2.0)], 1));
        // One within one within another.
        let nested = told(&[mark(0, None, 1.0), mark(10, Some(20), 2.0), mark(15, Some(18), 3.0)]);
        let wanted = vec![
            (0, Some(10), 1.0),
            (10, Some(15), 2.0),
            (15, Some(18), 3.0),
            (18, Some(20), 2.0),
            (20, None, 1.0),
        ];
        assert_eq!(nested.0, wanted);
        // Written again at the same time: the later counts.
        assert_eq!(
            told(&[mark(0, Some(9), 1.0), mark(0, Some(9), 2.0)]).0,
            vec![(0, Some(9), 2.0)]
        );
    }

    #[test]
    fn other_pairs_and_the_same_words_are_no_matter() {
        let other = KnownDistance {
            sender: Phone::Known(2),
            ..mark(5, Some(6), 3.0)
        };
        assert_eq!(told(&[mark(0, Some(9), 1.0), other]).0.len(), 2);
        assert_eq!(told(&[mark(0, Some(9), 1.0), mark(5, Some(6), 1.0)]).1, 0);
    }
}
