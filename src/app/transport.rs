//! Where a playback is in its capture, and where else it can go: marks, new identifiers.

use std::ops::Range;

use super::action::Action;
use super::model::Model;
use crate::lab::time::{Micros, UnixMicros};
use crate::library::Outline;
use crate::source::pacing::Command;

/// Going back to what was just passed goes to the one before.
const JUST: Micros = Micros::from_millis(1_500);
/// Cells of what stands left and right of the line: `▶ ×1000  00:12:41 ` and ` 01:02:03`.
const LEFT: u16 = 18;
const RIGHT: u16 = 11;
/// Narrowest line that says anything.
const LEAST: u16 = 10;

/// The time line of what is played.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What the capture amounts to.
    pub outline: Box<Outline>,
    /// Its earliest and latest time.
    pub span: (UnixMicros, UnixMicros),
}

impl Timeline {
    /// Of an outline; `None` where nothing was heard.
    #[must_use]
    pub fn new(outline: Box<Outline>) -> Option<Self> {
        let span = (outline.first?, outline.last?);
        Some(Self { outline, span })
    }

    /// The cell of a line of so many, in which a time lies; `None` outside.
    #[must_use]
    pub fn cell(&self, at: UnixMicros, cells: u16) -> Option<u16> {
        let (first, last) = self.span;
        if at < first || at > last || cells == 0 {
            return None;
        }
        let length = i128::from(last.since(first).0).max(1);
        let cell = i128::from(at.since(first).0) * i128::from(cells) / length;
        u16::try_from(cell).ok().map(|cell| cell.min(cells - 1))
    }

    /// The time at the left end of a cell.
    #[must_use]
    pub fn time(&self, cell: u16, cells: u16) -> UnixMicros {
        let (first, last) = self.span;
        let length = i128::from(last.since(first).0);
        let cells = i128::from(cells.max(1));
        // Up, so that the time lies within the cell and not just before it.
        let offset = (length * i128::from(cell) + cells - 1) / cells;
        first.plus(Micros(i64::try_from(offset).unwrap_or(i64::MAX)))
    }

    /// The nearest of these times before or after another.
    fn nearest(times: impl Iterator<Item = UnixMicros>, now: UnixMicros, is_forward: bool) -> Option<UnixMicros> {
        if is_forward {
            times.filter(|at| *at > now).min()
        } else {
            times.filter(|at| at.plus(JUST) < now).max()
        }
    }
}

/// The columns of the line itself on a terminal of so many.
#[must_use]
pub fn line(columns: u16) -> Option<Range<u16>> {
    let end = columns.saturating_sub(RIGHT);
    (end >= LEFT + LEAST).then_some(LEFT..end)
}

impl Model {
    /// Where to go for one of the actions that jump; an error says why nowhere.
    pub(super) fn jump(&mut self, action: Action) -> Result<Command, &'static str> {
        let Some(timeline) = &self.timeline else {
            return Err(if self.source.is_read_through {
                "the capture is still being read through for its marks and identifiers"
            } else {
                "what is played cannot be read through: its marks and identifiers are not known beforehand"
            });
        };
        // Where the playback is, whatever is held still on the screen.
        let now = self.session.now();
        let outline = &timeline.outline;
        let marks = outline.marks.iter().map(|mark| mark.at);
        let rotations = outline.rotations.iter().map(|rotation| rotation.at);
        let (target, none) = match action {
            Action::NextMark => (Timeline::nearest(marks, now, true), "no mark comes after this"),
            Action::PreviousMark => (Timeline::nearest(marks, now, false), "no mark comes before this"),
            Action::NextRotation => (
                Timeline::nearest(rotations, now, true),
                "no new identifier comes after this",
            ),
            _ => (
                Timeline::nearest(rotations, now, false),
                "no new identifier comes before this",
            ),
        };
        let target = target.ok_or(none)?;
        if matches!(action, Action::NextRotation | Action::PreviousRotation) {
            // Just behind it, so that it is heard, and selected when it is.
            self.arrival = Some(target);
            return Ok(Command::SeekTo(target.plus(Micros(1))));
        }
        Ok(Command::SeekTo(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        let outline = Outline {
            first: Some(UnixMicros(0)),
            last: Some(UnixMicros(100_000_000)),
            ..Outline::default()
        };
        Timeline::new(Box::new(outline)).unwrap()
    }

    #[test]
    fn the_time_of_a_cell_lies_within_it() {
        for length in [1_000, 1_001, 720_123_456, 7_919] {
            let mut timeline = timeline();
            timeline.span = (UnixMicros(5), UnixMicros(5 + length));
            for cell in 0..50 {
                assert_eq!(timeline.cell(timeline.time(cell, 50), 50), Some(cell), "{length}");
            }
        }
    }

    #[test]
    fn every_time_has_its_cell_and_back() {
        let line = timeline();
        for (seconds, cell) in [(0, 0), (9, 0), (10, 1), (55, 5), (100, 9)] {
            assert_eq!(line.cell(UnixMicros(seconds * 1_000_000), 10), Some(cell), "{seconds}");
        }
        assert_eq!(line.cell(UnixMicros(-1), 10), None);
        assert_eq!(line.cell(UnixMicros(100_000_001), 10), None);
        for cell in 0..10 {
            assert_eq!(line.cell(line.time(cell, 10), 10), Some(cell));
        }
        assert!(Timeline::new(Box::default()).is_none(), "nothing was heard");
    }

    #[test]
    fn hostile_times_have_cells_too() {
        let outline = Outline {
            first: Some(UnixMicros(i64::MIN)),
            last: Some(UnixMicros(i64::MAX)),
            ..Outline::default()
        };
        let line = Timeline::new(Box::new(outline)).unwrap();
        for at in [i64::MIN, 0, i64::MAX] {
            assert!(line.cell(UnixMicros(at), 50).is_some_and(|cell| cell < 50));
        }
        assert_eq!(line.cell(UnixMicros(0), 0), None);
    }

    #[test]
    fn the_one_before_is_not_the_one_just_passed() {
        let times = || [10, 20, 30].map(|second| UnixMicros(second * 1_000_000)).into_iter();
        let seek = |now, is_forward| Timeline::nearest(times(), UnixMicros(now), is_forward).map(|at| at.0 / 1_000_000);
        assert_eq!(seek(20_500_000, false), Some(10));
        assert_eq!(seek(25_000_000, false), Some(20));
        assert_eq!((seek(10_000_000, true), seek(30_000_000, true)), (Some(20), None));
    }
}
