//! What the mouse does: nothing that a key cannot do.

use super::action::Action;
use super::model::Model;
use super::tab::Tab;

/// Lines that a turn of the wheel goes.
const WHEEL: usize = 3;

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The left button was pressed in this column and row.
    Press(u16, u16),
    /// The wheel was turned up (away).
    WheelUp,
    /// The wheel was turned down.
    WheelDown,
}

impl Model {
    /// The actions that amount to what the mouse did.
    pub(super) fn mouse(&mut self, mouse: Mouse) -> Vec<Action> {
        match mouse {
            Mouse::WheelUp => vec![Action::Up; WHEEL],
            Mouse::WheelDown => vec![Action::Down; WHEEL],
            Mouse::Press(..) if self.popup.is_some() => vec![Action::Close],
            Mouse::Press(column, 0) => {
                let tab = Tab::ALL.into_iter().find(|tab| tab.columns().contains(&column));
                tab.map(Action::Show).into_iter().collect()
            }
            Mouse::Press(_, row) if self.tab == Tab::Live => self.press_row(row),
            Mouse::Press(..) => Vec::new(),
        }
    }

    /// Selects the device in a row of the screen; one that is selected already is opened.
    fn press_row(&mut self, row: u16) -> Vec<Action> {
        let Some(heights) = self.heights() else {
            return Vec::new();
        };
        // The heading stands above the first device.
        let first = heights.top + 1;
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
}
