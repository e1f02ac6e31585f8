//! What is odd about a file that can still be used, counted.

use std::collections::BTreeMap;

use serde::Serialize;

/// Something that should not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// A key that has not 16 bytes, or none at all; left out.
    KeyLength,
    /// A key without its first interval, or with a negative one; left out.
    RollingStart,
    /// A key for no interval at all, or for more than 144; left out.
    RollingPeriod,
    /// A key of which the intervals go beyond what their numbers can hold; left out.
    IntervalOverflow,
    /// A risk of transmission outside 0 to 8; taken as not told.
    RiskLevel,
    /// A report type that is not known; taken as not told.
    ReportType,
    /// Days since onset outside -14 to 14; taken as not told.
    DaysSinceOnset,
    /// A variant that is not known; taken as not told.
    Variant,
    /// A key that comes before its predecessor in the order of their bytes: the order of upload can show.
    Unsorted,
    /// The same key bytes twice in a row.
    RepeatedKey,
    /// A field that the schema does not know, or of another kind; skipped.
    UnknownField,
    /// A field twice that can be only once; the last holds.
    RepeatedField,
    /// A number that was written longer than needed.
    OverlongNumber,
    /// No region is told.
    NoRegion,
    /// The window ends before it begins.
    WindowReversed,
    /// A key that begins only after the window.
    AfterWindow,
    /// A key that is still in use at the end of the window: who has the file can broadcast it again.
    InUse,
    /// A signature of which batch number or size are other than those of the export.
    SignatureBatch,
    /// What `export.bin` and `export.sig` tell of a signature is not the same.
    SignatureInfo,
    /// Bytes before the zip archive, or a comment in it.
    ZipExtra,
}

impl Oddity {
    /// Whether it is of keys that are none and were left out.
    #[must_use]
    pub const fn is_left_out(self) -> bool {
        matches!(
            self,
            Self::KeyLength | Self::RollingStart | Self::RollingPeriod | Self::IntervalOverflow
        )
    }

    /// What it is, for people.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::KeyLength => "keys that have not 16 bytes, left out",
            Self::RollingStart => "keys without a first interval, left out",
            Self::RollingPeriod => "keys for no interval or for more than 144, left out",
            Self::IntervalOverflow => "keys with intervals beyond the range of numbers, left out",
            Self::RiskLevel => "risk levels outside 0 to 8, taken as not told",
            Self::ReportType => "unknown report types, taken as not told",
            Self::DaysSinceOnset => "days since onset outside -14 to 14, taken as not told",
            Self::Variant => "unknown variants, taken as not told",
            Self::Unsorted => "keys out of the order of their bytes (the order of upload can show)",
            Self::RepeatedKey => "keys that repeat the one before",
            Self::UnknownField => "unknown fields, skipped",
            Self::RepeatedField => "fields that are there twice, the last holds",
            Self::OverlongNumber => "numbers written longer than needed",
            Self::NoRegion => "no region",
            Self::WindowReversed => "the window ends before it begins",
            Self::AfterWindow => "keys that begin only after the window",
            Self::InUse => "keys still in use at the end of the window (who has the file can broadcast them again)",
            Self::SignatureBatch => "signatures of another batch number or size",
            Self::SignatureInfo => "signatures of which export.bin and export.sig tell different things",
            Self::ZipExtra => "bytes before the zip archive, or a comment in it",
        }
    }
}

/// How often something was, and where first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// Which key first, from 1 in the order of the file; 0 where it is of no key.
    pub first: u64,
}

/// What was odd about a file; empty for most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Oddities(BTreeMap<Oddity, Tally>);

impl Oddities {
    /// Counts one; `place` is the number of the key, from 1, or 0.
    pub(super) fn add(&mut self, what: Oddity, place: u64) {
        self.add_many(what, place, 1);
    }

    /// Counts several of one place.
    pub(super) fn add_many(&mut self, what: Oddity, place: u64, count: u64) {
        if count > 0 {
            let tally = self.0.entry(what).or_insert(Tally { count: 0, first: place });
            tally.count += count;
        }
    }

    /// All that there were.
    pub fn iter(&self) -> impl Iterator<Item = (Oddity, Tally)> + '_ {
        self.0.iter().map(|(&what, &tally)| (what, tally))
    }

    /// How often something was.
    #[must_use]
    pub fn count(&self, what: Oddity) -> u64 {
        self.0.get(&what).map_or(0, |tally| tally.count)
    }

    /// Whether nothing was odd.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
