//! How infectious a person is taken to be on a day, by the days since the onset of symptoms.

/// How infectious.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Infectiousness {
    /// Not at all: such windows are not reported.
    #[default]
    None,
    /// As usual.
    Standard,
    /// More than usual.
    High,
}

impl Infectiousness {
    const fn of(number: u64) -> Self {
        match number & 3 {
            0 => Self::None,
            1 => Self::Standard,
            _ => Self::High,
        }
    }
}

/// Days before and after the onset that the map knows.
const MOST_DAYS: i32 = 14;

/// From days since onset to infectiousness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// From 14 days before the onset to 14 after it.
    pub days: [Infectiousness; 29],
    /// Where the onset is not known, or further away.
    pub when_missing: Infectiousness,
}

impl Map {
    /// From the 64-bit number in which applications carry it: two bits for each day from -14 on, least significant first,
    /// then those for an onset that is missing. Source: exposure-notifications-android,
    /// `riskcalculation/DiagnosisKeyDataMappingHelper.java`.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        let mut days = [Infectiousness::None; 29];
        for (place, day) in (0..).zip(&mut days) {
            *day = Infectiousness::of(bits >> (2 * place));
        }
        Self {
            days,
            when_missing: Infectiousness::of(bits >> 58),
        }
    }

    /// How infectious on a day.
    #[must_use]
    pub fn get(&self, days_since_onset: Option<i32>) -> Infectiousness {
        let place = days_since_onset.and_then(|days| usize::try_from(days.saturating_add(MOST_DAYS)).ok());
        place
            .and_then(|place| self.days.get(place))
            .copied()
            .unwrap_or(self.when_missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_days_are_known_and_fifteen_are_missing() {
        let map = Map::from_bits(0x0000_556a_aa90_0000);
        assert_eq!(map.get(Some(-4)), Infectiousness::Standard);
        assert_eq!(
            (map.get(Some(0)), map.get(Some(9))),
            (Infectiousness::High, Infectiousness::Standard)
        );
        assert_eq!(
            (map.get(Some(-14)), map.get(Some(14))),
            (Infectiousness::None, Infectiousness::None)
        );
        let all = Map::from_bits(0x0555_5555_5555_5555);
        assert_eq!(
            (all.get(Some(15)), all.get(None)),
            (Infectiousness::Standard, Infectiousness::Standard)
        );
        assert_eq!(map.get(Some(15)), Infectiousness::None);
        // Nobody is infectious but where the onset is missing or further away than 14 days.
        let missing = Map::from_bits(1 << 58);
        let found = [-16, -15, -14, 14, 15, 16].map(|days| missing.get(Some(days)));
        let (none, standard) = (Infectiousness::None, Infectiousness::Standard);
        assert_eq!(found, [standard, standard, none, none, standard, standard]);
        assert_eq!(missing.get(Some(i32::MIN)), standard);
    }
}
