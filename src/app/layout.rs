//! How the screen is divided: pure, because moving by a page needs to know how long a page is.
//!
//! ```text
//!  header      title and tabs, recording
//!  status      source, time of the data, counts                     (banner: what is wrong and the remedy)
//!  heading     column names
//!  table       …
//!  divider     the selected device
//!  panel       RSSI over time │ payload byte by byte
//!  footer      keys
//! ```

/// Smallest terminal that is drawn on.
pub const SMALLEST: (u16, u16) = (40, 10);
/// From this many columns on the identifier is shown.
pub const WITH_RPI: u16 = 50;
/// From this many columns on the rate is shown.
pub const WITH_RATE: u16 = 60;
/// From this many columns on rotations are shown.
pub const WITH_ROTATIONS: u16 = 66;
/// From this many columns on names are shown.
pub const WITH_NAME: u16 = 75;
/// From this many columns on the address is shown: there is room for it beside the names.
pub const WITH_ADDRESS: u16 = 95;
/// From this many columns on the sparkline is shown, beside address and names.
pub const WITH_SPARKLINE: u16 = 110;
/// From this many columns on the panel shows chart and bytes side by side; below, the chart alone.
pub const WITH_BYTES: u16 = 72;
/// From this many rows on the selected device has its panel.
const WITH_PANEL: u16 = 16;
/// Rows of the panel, without its divider.
const PANEL: (u16, u16) = (6, 16);

/// Heights of the parts, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heights {
    /// Lines above the table: header, status, banner if there is one.
    pub top: u16,
    /// Rows of the table, without its heading.
    pub table: u16,
    /// Rows of the panel, without its divider; 0 for none.
    pub panel: u16,
}

/// The heights on a terminal of this many rows; `None` below [`SMALLEST`].
#[must_use]
pub fn heights(size: (u16, u16), has_banner: bool) -> Option<Heights> {
    let (width, height) = size;
    if width < SMALLEST.0 || height < SMALLEST.1 {
        return None;
    }
    let top = 2 + u16::from(has_banner);
    // Heading and footer.
    let left = height - top - 2;
    let panel = if height < WITH_PANEL {
        0
    } else {
        (height.saturating_mul(3) / 10).clamp(PANEL.0, PANEL.1)
    };
    let divider = u16::from(panel > 0);
    Some(Heights {
        top,
        table: left - panel - divider,
        panel,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_every_terminal_exactly() {
        for height in (SMALLEST.1..200).chain([21_846, u16::MAX]) {
            for has_banner in [false, true] {
                let parts = heights((80, height), has_banner).unwrap();
                let divider = u16::from(parts.panel > 0);
                assert_eq!(parts.top + 1 + parts.table + divider + parts.panel + 1, height);
                assert!(parts.table >= 4, "{height}: {parts:?}");
            }
        }
        assert_eq!(heights((39, 50), false), None);
        assert_eq!(heights((200, 9), false), None);
    }
}
