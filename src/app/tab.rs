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
    /// The library.
    Captures,
    /// What happened.
    Log,
}

impl Tab {
    /// All of them, as they stand in the header; the first has the key 1.
    pub const ALL: [Self; 4] = [Self::Live, Self::Device, Self::Captures, Self::Log];

    /// Its name in the header.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Device => "Device",
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
            Self::Captures => Context::Captures,
            Self::Log => Context::Log,
        }
    }

    /// The columns of the header in which its number and name stand.
    #[must_use]
    pub fn columns(self) -> Range<u16> {
        // `1 Live`: number, space, name; two spaces between tabs.
        let width = |tab: Self| u16::try_from(tab.title().len() + 2).unwrap_or(0);
        let before = Self::ALL.into_iter().take_while(|tab| *tab != self);
        let from = FIRST_COLUMN + before.map(|tab| width(tab) + 2).sum::<u16>();
        from..from + width(self)
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
        assert_eq!(Tab::Live.columns(), 10..16);
        assert_eq!(Tab::Device.columns(), 18..26);
    }

    #[test]
    fn the_neighbour_of_the_last_is_the_first() {
        assert_eq!(Tab::Log.beside(1), Tab::Live);
        assert_eq!(Tab::Live.beside(-1), Tab::Log);
        assert_eq!(Tab::Live.beside(1), Tab::Device);
    }
}
