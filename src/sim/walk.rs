//! Where a broadcaster is, and which way its bearer looks.

use super::math::float;
use super::scenario::Place;

/// A point or a direction in the plane, in metres.
pub(super) type Vector = [f64; 2];

/// A broadcaster's way: straight lines between points in time (microseconds since the start of the scenario).
#[derive(Clone, Debug)]
pub(super) struct Walk {
    points: Vec<(i64, Vector)>,
    facing: Option<Vector>,
}

impl Walk {
    pub(super) fn of(place: &Place) -> Self {
        let mut points: Vec<_> = place.walk.iter().map(|point| (point.at.micros(), point.to)).collect();
        if points.is_empty() {
            points.push((0, place.position));
        }
        Self {
            points,
            facing: place.facing,
        }
    }

    pub(super) fn straight(from: (i64, Vector), to: (i64, Vector)) -> Self {
        Self {
            points: vec![from, to],
            facing: None,
        }
    }

    /// The points before and after `at`; the same twice before the first and after the last.
    fn leg(&self, at: i64) -> [(i64, Vector); 2] {
        let after = self.points.partition_point(|(time, _)| *time <= at);
        let last = self.points.len() - 1;
        [self.points[after.saturating_sub(1)], self.points[after.min(last)]]
    }

    pub(super) fn position(&self, at: i64) -> Vector {
        let [(t0, [x0, y0]), (t1, [x1, y1])] = self.leg(at);
        if t1 <= t0 || at <= t0 {
            return if at < t0 { [x0, y0] } else { self.leg(at)[0].1 };
        }
        let share = float(at - t0) / float(t1 - t0);
        [x0 + (x1 - x0) * share, y0 + (y1 - y0) * share]
    }

    /// The way walked, or the way looked while standing; no direction where none is known.
    fn heading(&self, at: i64) -> Option<Vector> {
        let [(_, [x0, y0]), (_, [x1, y1])] = self.leg(at);
        let walked = [x1 - x0, y1 - y0];
        if walked == [0.0, 0.0] {
            self.facing
        } else {
            Some(walked)
        }
    }

    /// Until when it stands still from `at` on: `None` while it walks, `i64::MAX` when it stays for good.
    pub(super) fn stands_until(&self, at: i64) -> Option<i64> {
        let rest_at = self.position(at);
        self.points
            .iter()
            .find(|(time, point)| *time > at && distance(*point, rest_at) > 0.0)
            .map_or(Some(i64::MAX), |(time, _)| {
                let leaves = self
                    .points
                    .iter()
                    .take_while(|(before, _)| before < time)
                    .last()
                    .map_or(*time, |(before, _)| *before);
                (leaves > at).then_some(leaves)
            })
    }

    /// When the next point of the walk comes.
    pub(super) fn next_point(&self, after: i64) -> Option<i64> {
        let idx = self.points.partition_point(|(time, _)| *time <= after);
        self.points.get(idx).map(|(time, _)| *time)
    }

    /// Share of the body loss towards `to`: 1 with the body wholly between, 0 when facing it, `(1 - cos) / 2` between.
    pub(super) fn body_share(&self, at: i64, to: Vector) -> f64 {
        let [x, y] = self.position(at);
        let [dx, dy] = [to[0] - x, to[1] - y];
        let Some([hx, hy]) = self.heading(at) else { return 1.0 };
        let lengths = ((hx * hx + hy * hy) * (dx * dx + dy * dy)).sqrt();
        if lengths > 0.0 {
            (1.0 - (hx * dx + hy * dy) / lengths) / 2.0
        } else {
            1.0
        }
    }
}

/// Distance between two points.
pub(super) fn distance([ax, ay]: Vector, [bx, by]: Vector) -> f64 {
    let [dx, dy] = [ax - bx, ay - by];
    (dx * dx + dy * dy).sqrt()
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the values are exact")]
mod tests {
    use super::*;

    fn walk() -> Walk {
        Walk {
            points: vec![(10, [0.0, 0.0]), (20, [0.0, 0.0]), (30, [10.0, 0.0])],
            facing: Some([0.0, 1.0]),
        }
    }

    #[test]
    fn rests_before_the_first_and_after_the_last_point_and_walks_between() {
        let walk = walk();
        for (at, x) in [(0, 0.0), (10, 0.0), (20, 0.0), (25, 5.0), (30, 10.0), (99, 10.0)] {
            assert_eq!(walk.position(at), [x, 0.0], "at {at}");
        }
        for (at, until) in [
            (0, Some(20)),
            (15, Some(20)),
            (20, None),
            (25, None),
            (30, Some(i64::MAX)),
        ] {
            assert_eq!(walk.stands_until(at), until, "at {at}");
        }
    }

    #[test]
    fn body_is_between_when_walking_away() {
        let walk = walk();
        assert_eq!(walk.body_share(25, [0.0, 0.0]), 1.0);
        assert_eq!(walk.body_share(25, [20.0, 0.0]), 0.0);
        assert_eq!(walk.body_share(5, [3.0, 0.0]), 0.5);
        assert_eq!(walk.body_share(5, [0.0, 3.0]), 0.0);
    }
}
