//! The screen of one device: how far back its chart reaches, which byte is explained.

use super::action::Action;
use super::model::Model;
use crate::lab::distance::live::Point;
use crate::lab::explain::{Field, explain};
use crate::lab::time::Micros;

/// Times that the chart may span, shortest first.
pub const SPANS: [Micros; 6] = [
    Micros::from_secs(30),
    Micros::from_secs(60),
    Micros::from_secs(2 * 60),
    Micros::from_secs(10 * 60),
    Micros::from_secs(60 * 60),
    Micros::from_secs(6 * 60 * 60),
];

/// How levels over time are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Curve {
    /// Every sample, and the mean of each second.
    #[default]
    Both,
    /// Samples as they came.
    Raw,
    /// The mean of each second, smoothed over its neighbours.
    Smooth,
}

impl Curve {
    const fn next(self) -> Self {
        match self {
            Self::Both => Self::Raw,
            Self::Raw => Self::Smooth,
            Self::Smooth => Self::Both,
        }
    }

    /// The word on the screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Both => "samples and means",
            Self::Raw => "samples",
            Self::Smooth => "smoothed",
        }
    }
}

/// State of the device screen.
#[derive(Clone, Debug)]
pub struct DeviceView {
    span_idx: usize,
    /// How levels are drawn.
    pub curve: Curve,
    /// Which of the payload's innermost fields is explained.
    pub field: usize,
    /// First line of the rotation history that is shown.
    pub top: usize,
    /// Whether identifiers stand in place of the facts where there is no room for both.
    pub shows_identifiers: bool,
}

impl Default for DeviceView {
    fn default() -> Self {
        Self {
            span_idx: 1,
            curve: Curve::default(),
            field: 0,
            top: 0,
            shows_identifiers: false,
        }
    }
}

impl DeviceView {
    /// Time that the chart spans.
    #[must_use]
    pub fn span(&self) -> Micros {
        SPANS.get(self.span_idx).copied().unwrap_or(SPANS[1])
    }

    pub(super) fn zoom(&mut self, action: Action) {
        self.span_idx = match action {
            Action::ZoomIn => self.span_idx.saturating_sub(1),
            _ => (self.span_idx + 1).min(SPANS.len() - 1),
        };
    }

    pub(super) const fn next_curve(&mut self) {
        self.curve = self.curve.next();
    }
}

impl Model {
    /// The innermost fields of the selected device's payload.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let payload = self.selected().map(|track| explain(&track.payload)).unwrap_or_default();
        crate::lab::explain::leaves(&payload).cloned().collect()
    }

    /// The field under the cursor, counted within bounds: the payload may have changed.
    #[must_use]
    pub fn field_idx(&self, n_fields: usize) -> usize {
        self.device.field.min(n_fields.saturating_sub(1))
    }

    pub(super) fn move_field(&mut self, action: Action) {
        let n_fields = self.fields().len();
        let at = self.field_idx(n_fields);
        self.device.field = match action {
            Action::Up => at.saturating_sub(1),
            Action::Down => (at + 1).min(n_fields.saturating_sub(1)),
            Action::First => 0,
            Action::Last => n_fields.saturating_sub(1),
            Action::PageUp => {
                self.device.top = self.device.top.saturating_sub(1);
                at
            }
            _ => {
                self.device.top = (self.device.top + 1).min(self.identifiers().saturating_sub(1));
                at
            }
        };
    }

    /// How many identifiers the selected device was heard with.
    fn identifiers(&self) -> usize {
        let Some(track) = self.selected() else { return 0 };
        self.session.ledger().of_address(track.key).take(1_000).count()
    }

    /// Brings the history of the selected device's distance up to date; while the view is held it stays.
    pub(super) fn follow_distance(&mut self) {
        let Some((station, rpi)) = self.selected().and_then(|track| Some((track.key.station, track.rpi?))) else {
            return;
        };
        if self.live.frozen.is_none() || self.distances.history(station, rpi).is_empty() {
            self.distances.follow(&self.session, station, rpi);
        }
    }

    /// The distance of the selected device over time, as far as it was followed.
    #[must_use]
    pub fn distance_history(&self) -> &[Point] {
        let selected = self.selected().and_then(|track| Some((track.key.station, track.rpi?)));
        selected.map_or(&[], |(station, rpi)| self.distances.history(station, rpi))
    }

    /// Selects the next (or previous) device of the table.
    pub(super) fn step_device(&mut self, action: Action) {
        if self.live.needs_order {
            self.reorder();
        }
        let idx = self.selected_idx().unwrap_or(0);
        self.select(match action {
            Action::PreviousDevice => idx.saturating_sub(1),
            _ => idx + 1,
        });
        (self.device.field, self.device.top) = (0, 0);
    }
}
