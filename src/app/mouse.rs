//! What the mouse does: nothing that a key cannot do.

use super::action::Action;
use super::layout::Heights;
use super::model::{Model, Popup};
use super::tab::Tab;
use super::{Effect, transport};
use crate::source::pacing::Command;

/// Lines that a turn of the wheel goes.
const WHEEL: usize = 3;

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The left button was pressed in this column and row.
    Press(u16, u16),
    /// It was moved to this column and row while pressed.
    Drag(u16, u16),
    /// It was let go.
    Release,
    /// The wheel was turned up (away).
    WheelUp,
    /// The wheel was turned down.
    WheelDown,
}

impl Model {
    /// The actions that amount to what the mouse did, and what it asks of the runtime at once.
    pub(super) fn mouse(&mut self, mouse: Mouse) -> (Vec<Action>, Vec<Effect>) {
        // A release that was not told of, as something was typed just then, must not leave the divider in the hand.
        self.is_drawing &= !matches!(mouse, Mouse::Press(..));
        let actions = match mouse {
            Mouse::WheelUp => vec![Action::Up; WHEEL],
            Mouse::WheelDown => vec![Action::Down; WHEEL],
            Mouse::Release => {
                self.is_drawing = false;
                Vec::new()
            }
            Mouse::Drag(_, row) if self.is_drawing => {
                self.draw_divider(row);
                Vec::new()
            }
            Mouse::Drag(..) => Vec::new(),
            // A question is answered, not clicked away.
            Mouse::Press(..) if matches!(self.popup, Some(Popup::Question(_))) => Vec::new(),
            Mouse::Press(..) if self.popup.is_some() => vec![Action::Close],
            Mouse::Press(column, 0) => {
                let mut placed = self.placed_tabs(self.size.0).into_iter();
                let tab = placed.find(|(_, columns, _)| columns.contains(&column));
                tab.map(|(tab, ..)| Action::Show(tab)).into_iter().collect()
            }
            Mouse::Press(column, row) => return self.press_body(column, row),
        };
        (actions, Vec::new())
    }

    fn press_body(&mut self, column: u16, row: u16) -> (Vec<Action>, Vec<Effect>) {
        let Some(heights) = self.heights() else {
            return Default::default();
        };
        // The footer stands below the time line.
        if heights.transport > 0 && row + 2 == self.size.1 {
            return (Vec::new(), self.press_time_line(column));
        }
        let actions = match self.tab {
            Tab::Live => self.press_live(heights, row),
            Tab::Captures => self.press_library(heights, row),
            Tab::Exposure => self.press_exposure(heights, row),
            Tab::Audit => self.press_audit(heights, row),
            Tab::Device | Tab::Calibrate | Tab::Log => Vec::new(),
        };
        (actions, Vec::new())
    }

    fn press_time_line(&self, column: u16) -> Vec<Effect> {
        let Some((timeline, cells)) = self.timeline.as_ref().zip(transport::line(self.size.0)) else {
            return Vec::new();
        };
        if !cells.contains(&column) {
            return Vec::new();
        }
        let at = timeline.time(column - cells.start, cells.end - cells.start);
        vec![Effect::Playback(Command::SeekTo(at))]
    }

    /// Selects the device in a row of the screen; one that is selected already is opened. The divider can be drawn.
    fn press_live(&mut self, heights: Heights, row: u16) -> Vec<Action> {
        // The heading stands above the first device.
        let first = heights.top + 1;
        if heights.panel > 0 && row == first + heights.table {
            self.is_drawing = true;
            return Vec::new();
        }
        if !(first..first + heights.table).contains(&row) {
            return Vec::new();
        }
        let idx = self.live.top + usize::from(row - first);
        if idx >= self.live.order.len() {
            return Vec::new();
        }
        if self.selected_idx() == Some(idx) {
            return vec![Action::OpenDevice];
        }
        self.select(idx);
        Vec::new()
    }

    /// Selects the window in a row of the screen.
    fn press_exposure(&mut self, heights: Heights, row: u16) -> Vec<Action> {
        let n_rules = self.exposure.shown().count();
        let lines = super::layout::exposure(self.body_height(), n_rules);
        // The decisions, whose windows count, and the heading stand above the first window.
        let first = usize::from(heights.top) + lines.decision * n_rules + 2;
        let at = usize::from(row).checked_sub(first).filter(|at| *at < lines.rows);
        let chosen = at.and_then(|at| self.exposure.rows.get(self.exposure.top + at));
        if let Some(key) = chosen.map(|row| row.key.clone()) {
            self.exposure.select(key);
        }
        Vec::new()
    }

    /// Selects the rule in a row of the screen.
    fn press_audit(&mut self, heights: Heights, row: u16) -> Vec<Action> {
        // What it amounts to and the heading stand above the first rule.
        let first = usize::from(heights.top) + 2;
        let lines = super::layout::audit(self.body_height());
        let at = usize::from(row).checked_sub(first).filter(|at| *at < lines.rows);
        if let Some(rule) = at
            .map(|at| self.audit.top + at)
            .filter(|rule| *rule < self.audit.judged.len())
        {
            (self.audit.selected, self.audit.packet) = (rule, 0);
        }
        Vec::new()
    }

    fn press_library(&mut self, heights: Heights, row: u16) -> Vec<Action> {
        // The folder and the heading stand above the first line.
        let first = heights.top + 2;
        let page = u16::try_from(self.library_page()).unwrap_or(u16::MAX);
        if !(first..first.saturating_add(page)).contains(&row) {
            return Vec::new();
        }
        let at = self.library.top + usize::from(row - first);
        if at >= self.library.lines().count() {
            return Vec::new();
        }
        if self.library.at == at {
            return vec![Action::OpenCapture];
        }
        self.library.at = at;
        Vec::new()
    }

    /// Brings the divider to a row, as far as it goes.
    fn draw_divider(&mut self, row: u16) {
        let Some(heights) = self.heights() else { return };
        let divider = heights.top + 1 + heights.table;
        let up = i16::try_from(i32::from(divider) - i32::from(row)).unwrap_or(0);
        let step = up.signum();
        for _ in 0..up.unsigned_abs() {
            super::update::move_divider(self, step);
        }
    }
}
