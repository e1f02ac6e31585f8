//! The screens. A later one is a line here, its keys in the keymap, a file here and one in the view.

use std::ops::Range;

use super::keymap::Context;

/// Where the first tab stands in the header.
const FIRST_COLUMN: u16 = 10;

/// A screen of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tab {
    /// All devices.
    #[default]
    Live,
    /// The selected device.
    Device,
    /// Measuring a phone.
    Calibrate,
    /// Exposure windows.
    Exposure,
    /// The privacy audit.
    Audit,
    /// The library.
    Captures,
    /// What happened.
    Log,
}

impl Tab {
    /// All of them, as they stand in the header; the first has the key 1.
    pub const ALL: [Self; 7] = [
        Self::Live,
        Self::Device,
        Self::Calibrate,
        Self::Exposure,
        Self::Audit,
        Self::Captures,
        Self::Log,
    ];

    /// Its name in the header.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Device => "Device",
            Self::Calibrate => "Calibrate",
            Self::Exposure => "Exposure",
            Self::Audit => "Audit",
            Self::Captures => "Captures",
            Self::Log => "Log",
        }
    }

    /// What it shows.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Live => "all devices",
            Self::Device => "the selected device",
            Self::Calibrate => "a phone on the bench: measured step by step, to its profile",
            Self::Exposure => "exposure windows, and what applications make of them",
            Self::Audit => "whether broadcasts keep people private, rule by rule",
            Self::Captures => "captures: play, convert, delete",
            Self::Log => "what happened",
        }
    }

    /// Where its keys are.
    #[must_use]
    pub const fn context(self) -> Context {
        match self {
            Self::Live => Context::Live,
            Self::Device => Context::Device,
            Self::Calibrate => Context::Calibrate,
            Self::Exposure => Context::Exposure,
            Self::Audit => Context::Audit,
            Self::Captures => Context::Captures,
            Self::Log => Context::Log,
        }
    }

    /// Where all of them stand in a header of so many columns, with their text: number and name, or the number alone of
    /// those that are not `shown` where there is no room for all names.
    #[must_use]
    pub fn placed(total: u16, shown: Self) -> Vec<(Self, Range<u16>, String)> {
        let text = |number: usize, tab: Self, with_name: bool| {
            if with_name {
                format!("{number} {}", tab.title())
            } else {
                number.to_string()
            }
        };
        let place = |with_names: bool| {
            let mut from = FIRST_COLUMN;
            let numbered = (1..).zip(Self::ALL);
            let placed = numbered.map(|(number, tab)| {
                let text = text(number, tab, with_names || tab == shown);
                let end = from + u16::try_from(text.len()).unwrap_or(0);
                let columns = from..end;
                from = end + 2;
                (tab, columns, text)
            });
            placed.collect::<Vec<_>>()
        };
        let whole = place(true);
        let fits = whole.last().is_some_and(|(_, columns, _)| columns.end < total);
        if fits { whole } else { place(false) }
    }

    /// The one `by` places to the right (negative: to the left), around the end.
    #[must_use]
    pub fn beside(self, by: isize) -> Self {
        let n = Self::ALL.len();
        let idx = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        let step = by.rem_euclid(isize::try_from(n).unwrap_or(1)).unsigned_abs();
        Self::ALL[(idx + step) % n]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_stand_beside_each_other() {
        let placed = Tab::placed(80, Tab::Log);
        assert_eq!((placed[0].1.clone(), placed[1].1.clone()), (10..16, 18..26));
        assert_eq!(placed[1].2, "2 Device");
        let narrow = Tab::placed(40, Tab::Device);
        let texts: Vec<&str> = narrow.iter().map(|(_, _, text)| text.as_str()).collect();
        assert_eq!(texts, ["1", "2 Device", "3", "4", "5", "6", "7"]);
        assert!(narrow[6].1.end < 40);
    }

    #[test]
    fn the_neighbour_of_the_last_is_the_first() {
        assert_eq!(Tab::Log.beside(1), Tab::Live);
        assert_eq!(Tab::Live.beside(-1), Tab::Log);
        assert_eq!(Tab::Live.beside(1), Tab::Device);
    }
}
