//! The columns of the device table: which there are, which are shown, in which order.

use super::layout;

/// A column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// Time since the latest report. Sorted newest first, in steps of five seconds, so that rows do not trade places.
    Age,
    /// What it broadcasts. Sorted exposure notifications first; within a kind, first heard first: rows keep their places.
    #[default]
    Kind,
    /// Address, and the letter of its kind.
    Address,
    /// First bytes of the identifier.
    Rpi,
    /// Latest level. Sorted by that of the newest second, strongest first.
    Rssi,
    /// Levels of the last 30 s. Not sorted by.
    Spark,
    /// Attenuation of the latest level. Sorted least first; those without last.
    Attenuation,
    /// True distance where a mark tells it, else the estimated one. Sorted nearest first; those without last.
    Distance,
    /// The interval of 90 % of the estimated distance. Sorted by its upper end, nearest first; those without last.
    Interval,
    /// Reports per second. Sorted most first.
    Rate,
    /// Identifiers changed under one address. Sorted most first; those out of step before others.
    Rotations,
    /// Reports heard of this stay. Sorted most first.
    Heard,
    /// Advertised name. Sorted by its beginning; those without last.
    Name,
}

impl Column {
    /// All columns, in the order of the defaults.
    pub const ALL: [Self; 13] = [
        Self::Age,
        Self::Kind,
        Self::Address,
        Self::Rpi,
        Self::Rssi,
        Self::Spark,
        Self::Attenuation,
        Self::Distance,
        Self::Interval,
        Self::Rate,
        Self::Rotations,
        Self::Heard,
        Self::Name,
    ];

    /// Its name in the configuration and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Kind => "kind",
            Self::Address => "address",
            Self::Rpi => "rpi",
            Self::Rssi => "rssi",
            Self::Spark => "levels",
            Self::Attenuation => "attenuation",
            Self::Distance => "distance",
            Self::Interval => "interval",
            Self::Rate => "rate",
            Self::Rotations => "rotations",
            Self::Heard => "heard",
            Self::Name => "name",
        }
    }

    /// The column of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }

    /// What stands above it.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Age => "AGE",
            Self::Kind => "KIND",
            Self::Address => "ADDRESS",
            Self::Rpi => "RPI",
            Self::Rssi => "RSSI",
            Self::Spark => "LAST 30 s",
            Self::Attenuation => "ATTEN",
            Self::Distance => "DIST",
            Self::Interval => "90 %",
            Self::Rate => "/s",
            Self::Rotations => "ROT",
            Self::Heard => "HEARD",
            Self::Name => "NAME",
        }
    }

    /// What it shows, for who chooses.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Age => "time since the latest report",
            Self::Kind => "what it broadcasts",
            Self::Address => "address, and the letter of its kind",
            Self::Rpi => "first bytes of the identifier",
            Self::Rssi => "latest level in dBm",
            Self::Spark => "levels of the last 30 s",
            Self::Attenuation => "attenuation of the latest level in dB",
            Self::Distance => "distance in m, estimated, or true (=) by a mark",
            Self::Interval => "interval of 90 % of the estimated distance in m",
            Self::Rate => "reports per second",
            Self::Rotations => "identifiers changed under one address",
            Self::Heard => "reports heard since it came",
            Self::Name => "advertised name",
        }
    }

    /// Cells it takes; a name takes at least these, and more where there is room.
    #[must_use]
    pub const fn width(self) -> u16 {
        match self {
            Self::Age => 6,
            Self::Kind => 13,
            Self::Address => 19,
            Self::Rpi | Self::Name => 8,
            Self::Rssi | Self::Rate => 5,
            Self::Spark => 15,
            Self::Attenuation | Self::Distance | Self::Heard => 7,
            Self::Interval => 9,
            Self::Rotations => 4,
        }
    }

    /// Whether it holds figures, which stand on the right.
    #[must_use]
    pub const fn is_right(self) -> bool {
        !matches!(self, Self::Kind | Self::Address | Self::Rpi | Self::Spark | Self::Name)
    }

    /// Whether the table can be sorted by it.
    #[must_use]
    pub const fn is_sortable(self) -> bool {
        !matches!(self, Self::Spark)
    }

    /// From how many columns of the terminal on it is shown by itself; `None`: only where chosen.
    const fn from(self) -> Option<u16> {
        match self {
            Self::Age | Self::Kind | Self::Rssi | Self::Attenuation => Some(0),
            Self::Address => Some(layout::WITH_ADDRESS),
            Self::Rpi => Some(layout::WITH_RPI),
            Self::Spark => Some(layout::WITH_SPARKLINE),
            Self::Distance => Some(layout::WITH_DISTANCE),
            Self::Interval => Some(layout::WITH_INTERVAL),
            Self::Rate => Some(layout::WITH_RATE),
            Self::Rotations => Some(layout::WITH_ROTATIONS),
            Self::Name => Some(layout::WITH_NAME),
            Self::Heard => None,
        }
    }
}

/// Which columns are shown, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(Option<Vec<Column>>);

/// Why a list of columns cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// There is no column of that name.
    #[error("no column {0:?}; there are {list}", list = names())]
    Unknown(String),
    /// A column stands twice.
    #[error("the column {0} stands twice")]
    Twice(&'static str),
    /// There is none.
    #[error("name at least one column; there are {list}", list = names())]
    Empty,
}

fn names() -> String {
    Column::ALL.map(Column::name).join(", ")
}

impl Columns {
    /// These columns in this order.
    ///
    /// # Errors
    /// [`ColumnsError`] for an unknown name, one that stands twice, none at all.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, ColumnsError> {
        let mut chosen = Vec::new();
        for name in names {
            let column = Column::named(name).ok_or_else(|| ColumnsError::Unknown(name.chars().take(40).collect()))?;
            if chosen.contains(&column) {
                return Err(ColumnsError::Twice(column.name()));
            }
            chosen.push(column);
        }
        if chosen.is_empty() {
            return Err(ColumnsError::Empty);
        }
        Ok(Self(Some(chosen)))
    }

    /// Whether nobody chose.
    #[must_use]
    pub const fn is_default(&self) -> bool {
        self.0.is_none()
    }

    /// The columns on a terminal of so many columns, left to right. Of chosen ones the last go first where there is no
    /// room for all.
    #[must_use]
    pub fn shown(&self, total: u16) -> Vec<Column> {
        let Some(chosen) = &self.0 else {
            let fits = |column: &Column| column.from().is_some_and(|from| total >= from);
            return Column::ALL.into_iter().filter(fits).collect();
        };
        let mut left = total.saturating_sub(layout::MARKER);
        let fits = |column: &Column| {
            let fits = column.width() <= left;
            left = left.saturating_sub(column.width() + layout::SPACE);
            fits
        };
        chosen.iter().copied().take_while(fits).collect()
    }

    /// All columns, those that are shown first and in their order, and whether they are.
    #[must_use]
    pub fn listed(&self) -> Vec<(Column, bool)> {
        let chosen: Vec<Column> = match &self.0 {
            Some(chosen) => chosen.clone(),
            None => Column::ALL
                .into_iter()
                .filter(|column| column.from().is_some())
                .collect(),
        };
        let others = Column::ALL.into_iter().filter(|column| !chosen.contains(column));
        let others: Vec<_> = others.map(|column| (column, false)).collect();
        chosen.into_iter().map(|column| (column, true)).chain(others).collect()
    }

    /// Shows a column as the last one, or hides it; the only one stays.
    pub(super) fn toggle(&mut self, column: Column) {
        let mut chosen = self.chosen();
        match chosen.iter().position(|other| *other == column) {
            Some(idx) if chosen.len() > 1 => drop(chosen.remove(idx)),
            Some(_) => {}
            None => chosen.push(column),
        }
        self.0 = Some(chosen);
    }

    /// Moves a shown column one place, if there is one.
    pub(super) fn shift(&mut self, column: Column, to_left: bool) {
        let mut chosen = self.chosen();
        let Some(idx) = chosen.iter().position(|other| *other == column) else {
            return;
        };
        let to = if to_left { idx.checked_sub(1) } else { Some(idx + 1) };
        if let Some(to) = to.filter(|to| *to < chosen.len()) {
            chosen.swap(idx, to);
        }
        self.0 = Some(chosen);
    }

    fn chosen(&self) -> Vec<Column> {
        let listed = self.listed().into_iter();
        listed
            .filter(|(_, is_shown)| *is_shown)
            .map(|(column, _)| column)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_column_to_sort_by_is_one_that_is_shown() {
        let columns = Columns::parse(["rssi", "levels", "name"]).unwrap();
        assert_eq!(columns.shown(80), [Column::Rssi, Column::Spark, Column::Name]);
        assert_eq!(columns.shown(12), [Column::Rssi]);
        assert!(columns.shown(3).is_empty());
    }

    #[test]
    fn a_list_of_columns_is_checked() {
        assert_eq!(Columns::parse(["rssi", "rssi"]), Err(ColumnsError::Twice("rssi")));
        assert_eq!(Columns::parse([]), Err(ColumnsError::Empty));
        let error = Columns::parse(["rsi"]).unwrap_err().to_string();
        assert!(
            error.starts_with("no column \"rsi\"; there are age, kind, address"),
            "{error}"
        );
        for column in Column::ALL {
            assert_eq!(Column::named(column.name()), Some(column));
        }
    }

    #[test]
    fn columns_are_hidden_shown_and_moved() {
        let mut columns = Columns::default();
        columns.toggle(Column::Kind);
        assert_eq!(columns.listed()[..2], [(Column::Age, true), (Column::Address, true)]);
        assert_eq!(columns.listed().len(), Column::ALL.len());
        columns.shift(Column::Age, true);
        columns.shift(Column::Age, false);
        assert_eq!(columns.listed()[..2], [(Column::Address, true), (Column::Age, true)]);
        let mut single = Columns::parse(["rpi"]).unwrap();
        single.toggle(Column::Rpi);
        assert_eq!(single.shown(80), [Column::Rpi]);
        single.toggle(Column::Name);
        assert_eq!(single.shown(80), [Column::Rpi, Column::Name]);
    }
}
