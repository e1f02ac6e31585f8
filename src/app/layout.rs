//! How the screen is divided: pure, because moving by a page needs to know how long a page is.
//!
//! ```text
//!  header      title and tabs, recording
//!  status      source, time of the data, counts                     (banner: what is wrong and the remedy)
//!  heading     column names
//!  table       …
//!  divider     the selected device
//!  panel       RSSI over time │ payload byte by byte
//!  time line   of a capture that is played back
//!  footer      keys
//! ```

/// Smallest terminal that is drawn on.
pub const SMALLEST: (u16, u16) = (40, 10);
/// From this many columns on the identifier is shown.
pub const WITH_RPI: u16 = 50;
/// From this many columns on distances are shown.
pub const WITH_DISTANCE: u16 = 60;
/// From this many columns on rotations are shown.
pub const WITH_ROTATIONS: u16 = 66;
/// From this many columns on names are shown.
pub const WITH_NAME: u16 = 75;
/// From this many columns on the rate is shown.
pub const WITH_RATE: u16 = 84;
/// From this many columns on the address is shown: there is room for it beside the names.
pub const WITH_ADDRESS: u16 = 104;
/// From this many columns on the sparkline is shown, beside address and names.
pub const WITH_SPARKLINE: u16 = 120;
/// From this many columns on the interval of distances is shown.
pub const WITH_INTERVAL: u16 = 132;
/// Cells between two columns of the table.
pub const SPACE: u16 = 2;
/// Cells of the mark before the selected row.
pub const MARKER: u16 = 2;
/// From this many columns on the panel shows chart and bytes side by side; below, the chart alone.
pub const WITH_BYTES: u16 = 72;
/// From this many rows on the selected device has its panel.
const WITH_PANEL: u16 = 16;
/// From this many rows on a playback has its time line.
pub const WITH_TRANSPORT: u16 = 14;
/// Rows of the panel, without its divider.
const PANEL: (u16, u16) = (6, 16);
/// A panel with fewer rows says nothing.
const LEAST_PANEL: u16 = 3;
/// Rows that the table keeps.
const LEAST_TABLE: u16 = 3;

/// Heights of the parts, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heights {
    /// Lines above the table: header, status, banner if there is one.
    pub top: u16,
    /// Rows of the table, without its heading.
    pub table: u16,
    /// Rows of the panel, without its divider; 0 for none.
    pub panel: u16,
    /// Rows of the time line.
    pub transport: u16,
}

/// What the division depends on besides the size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Something is wrong, which stands in a line of its own.
    pub banner: bool,
    /// A capture is played back, which has its time line.
    pub transport: bool,
    /// Rows of the panel that a person wants more (or fewer) than there are by themselves.
    pub panel: i16,
}

/// The heights on a terminal of this many rows; `None` below [`SMALLEST`].
#[must_use]
pub fn heights(size: (u16, u16), wants: Wants) -> Option<Heights> {
    let (width, height) = size;
    if width < SMALLEST.0 || height < SMALLEST.1 {
        return None;
    }
    let top = 2 + u16::from(wants.banner);
    let transport = u16::from(wants.transport && height >= WITH_TRANSPORT);
    // Heading and footer.
    let left = height - top - 2 - transport;
    let by_itself = if height < WITH_PANEL {
        0
    } else {
        (height.saturating_mul(3) / 10).clamp(PANEL.0, PANEL.1)
    };
    let most = left.saturating_sub(LEAST_TABLE + 1);
    let panel = match by_itself.saturating_add_signed(wants.panel) {
        panel if panel < LEAST_PANEL || most < LEAST_PANEL => 0,
        panel => panel.min(most),
    };
    let divider = u16::from(panel > 0);
    Some(Heights {
        top,
        table: left - panel - divider,
        panel,
        transport,
    })
}

/// Lines of the library on a tab of so many rows: without its heading, and the details below where there is room.
#[must_use]
pub const fn library(body: usize) -> usize {
    let details = if body >= LIBRARY_WITH_DETAILS {
        LIBRARY_DETAILS + 1
    } else {
        0
    };
    body.saturating_sub(2 + details)
}

/// How the tab of exposure is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExposureLines {
    /// Lines of a decision: what, and why below it where there is room.
    pub decision: usize,
    /// Windows of the list, without its heading.
    pub rows: usize,
    /// Scans of the selected window, without the divider; 0 for none.
    pub bars: usize,
}

/// The lines on a tab of so many rows, with so many rules side by side.
#[must_use]
pub fn exposure(body: usize, n_rules: usize) -> ExposureLines {
    let decision = if body >= 18 { 2 } else { 1 };
    let bars = if body >= 14 { (body * 2 / 5).clamp(4, 16) } else { 0 };
    let divider = usize::from(bars > 0);
    // Whose windows count, and the heading.
    let rows = body.saturating_sub(decision * n_rules + 2 + bars + divider);
    ExposureLines { decision, rows, bars }
}

/// How the tab of the audit is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditLines {
    /// Rules of the list, without what stands above it.
    pub rows: usize,
    /// Lines of what the selected rule found, without the divider; 0 for none.
    pub details: usize,
}

/// The rules that there are.
const AUDIT_RULES: usize = 20;

/// The lines on a tab of so many rows.
#[must_use]
pub fn audit(body: usize) -> AuditLines {
    // What it amounts to, and the heading.
    let left = body.saturating_sub(2);
    if body < 14 {
        return AuditLines { rows: left, details: 0 };
    }
    let rows = (left - left * 9 / 20 - 1).min(AUDIT_RULES);
    AuditLines {
        rows,
        details: left - rows - 1,
    }
}

/// From this many rows of the tab on the selected capture has its details.
pub const LIBRARY_WITH_DETAILS: usize = 14;
/// Rows of the details, without their divider.
pub const LIBRARY_DETAILS: usize = 7;

/// How far a person can move the divider from where it is by itself, in rows.
#[must_use]
pub fn panel_bounds(size: (u16, u16)) -> std::ops::RangeInclusive<i16> {
    let most = i16::try_from(size.1.min(1_000)).unwrap_or(0);
    let by_itself = i16::try_from(PANEL.1).unwrap_or(0);
    -by_itself..=most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_every_terminal_exactly() {
        for height in (SMALLEST.1..200).chain([21_846, u16::MAX]) {
            for (banner, transport) in [(false, false), (false, true), (true, false), (true, true)] {
                for panel in [0, 1, -1, 5, -5, i16::MIN, i16::MAX] {
                    let wants = Wants {
                        banner,
                        transport,
                        panel,
                    };
                    let parts = heights((80, height), wants).unwrap();
                    let divider = u16::from(parts.panel > 0);
                    let sum = parts.top + 1 + parts.table + divider + parts.panel + parts.transport + 1;
                    assert_eq!(sum, height);
                    assert!(parts.table >= 3, "{height}: {parts:?}");
                }
            }
        }
        assert_eq!(heights((39, 50), Wants::default()), None);
        assert_eq!(heights((200, 9), Wants::default()), None);
    }

    #[test]
    fn the_divider_goes_where_a_person_wants_it() {
        let panel = |panel| {
            let wants = Wants {
                panel,
                ..Wants::default()
            };
            heights((80, 40), wants).unwrap().panel
        };
        assert_eq!((panel(0), panel(3), panel(-3)), (12, 15, 9));
        assert_eq!((panel(-20), panel(100)), (0, 32));
    }
}
