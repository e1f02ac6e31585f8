//! An identifier under an address at a station.

use super::look::LookSet;
use crate::lab::address::Address;
use crate::lab::advert::{Advertisement, StationId};
use crate::lab::audit::verdict::Sight;
use crate::lab::gaen::{self, Aem, Rpi};
use crate::lab::interval::IntervalEstimator;
use crate::lab::stats::LevelSum;
use crate::lab::time::{Micros, UnixMicros};

/// Reports at the beginning and at the end that tell the level there.
const FEW: u8 = 8;

/// What was heard of one identifier under one address at one station.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The identifier.
    pub rpi: Rpi,
    /// The metadata first heard with it.
    pub aem: Option<Aem>,
    /// Other metadata under the same identifier, and where they were first heard.
    pub other_aem: Option<(Aem, Sight)>,
    /// The first and the last report.
    pub first: Sight,
    /// See `first`.
    pub last: Sight,
    /// How many reports.
    pub heard: u32,
    /// Levels of all of them.
    pub levels: LevelSum,
    /// The longest time between two reports, and when it began.
    pub silence: (Micros, UnixMicros),
    /// What its packets look like.
    pub looks: LookSet,
    /// Advertising interval.
    pub interval: IntervalEstimator,
    head: LevelSum,
    tail_dbm: f32,
    pub(super) slot: u32,
}

impl Pair {
    pub(super) fn new(slot: u32, frame: gaen::Frame, first: Sight) -> Self {
        Self {
            rpi: frame.rpi,
            aem: frame.aem,
            other_aem: None,
            first,
            last: first,
            heard: 0,
            levels: LevelSum::default(),
            silence: (Micros(0), first.at),
            looks: LookSet::default(),
            interval: IntervalEstimator::default(),
            head: LevelSum::default(),
            tail_dbm: 0.0,
            slot,
        }
    }

    pub(super) fn see_aem(&mut self, aem: Option<Aem>, sight: Sight) {
        if self.aem.is_none() {
            self.aem = aem;
        }
        if let Some(aem) = aem.filter(|aem| self.aem != Some(*aem))
            && self.other_aem.is_none()
        {
            self.other_aem = Some((aem, sight));
        }
    }

    pub(super) fn count(&mut self, advert: &Advertisement, number: u64, listening: u32) {
        if self.heard > 0 {
            let silence = advert.at.since(self.last.at);
            if silence > self.silence.0 {
                self.silence = (silence, self.last.at);
            }
        }
        self.heard = self.heard.saturating_add(1);
        if advert.at < self.first.at {
            (self.first.at, self.first.number) = (advert.at, number);
        }
        (self.last.at, self.last.number) = (advert.at, number);
        if let Some(level) = advert.rssi {
            self.tail_dbm = if self.levels.n == 0 {
                f32::from(level.0)
            } else {
                self.tail_dbm + (f32::from(level.0) - self.tail_dbm) / f32::from(FEW)
            };
            self.levels.add(level);
            if self.head.n < u32::from(FEW) {
                self.head.add(level);
            }
        }
        self.interval.observe(advert.at, listening);
    }

    /// The receiver.
    #[must_use]
    pub const fn station(&self) -> StationId {
        self.first.station
    }

    /// The address, as far as the source tells.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.first.address
    }

    /// Mean level of the first reports, in dBm.
    #[must_use]
    pub fn head_dbm(&self) -> Option<f64> {
        self.head.mean()
    }

    /// Mean level of the last reports, in dBm: each weighs 1/8 less than the one after it.
    #[must_use]
    pub fn tail_dbm(&self) -> Option<f64> {
        (self.levels.n > 0).then_some(f64::from(self.tail_dbm))
    }
}
