//! What is known of a receiver, and when it listened.

use crate::lab::address::AddressKind;
use crate::lab::advert::{Advertisement, PduType, StationId};
use crate::lab::event::StationInfo;
use crate::lab::time::{Micros, UnixMicros};

/// Logs step back by a few seconds now and then; a clock that was set steps further.
const SET_BACK: Micros = Micros::from_secs(20);
/// A silence that is longer means that nobody listened.
const PAUSE_US: i64 = 3_000_000;
/// Stretches of listening that are kept; when there are more, the last one grows.
const MOST_STRETCHES: usize = 100_000;

/// A receiver.
#[derive(Clone, Debug, Default)]
pub struct Station {
    /// What its capture says of it.
    pub info: StationInfo,
    /// Number of its capture.
    pub capture: usize,
    /// Its number in that capture.
    pub number: StationId,
    /// Reports of all kinds.
    pub reports: u64,
    /// Exposure notifications.
    pub gaen: u64,
    /// Reports whose PDU type the source does not tell.
    pub without_pdu: u64,
    /// Reports without a real address: the source tells none, or a handle of its own.
    pub without_address: u64,
    /// Reports whose payload was put together again by an operating system.
    pub not_raw: u64,
    /// Times in which nothing could be heard, by the capture.
    pub gaps: u64,
    /// Reports that were lost, by the capture.
    pub dropped: u64,
    /// Whether its clock was set back by more than some seconds, before or after: then its times are not those of others.
    pub was_set_back: bool,
    /// How often its clock had been set back before.
    pub settings: u32,
    /// The station as which it is told, where this is a stretch of it after its clock was set back.
    pub part_of: Option<StationId>,
    /// Whether a scan withheld repeats: then times between reports say nothing.
    pub filters_duplicates: bool,
    /// First and last report.
    pub first: Option<UnixMicros>,
    /// See `first`.
    pub last: Option<UnixMicros>,
    /// Stretches in which it heard anything at all, in order of arrival: from, to.
    pub listening: Vec<[UnixMicros; 2]>,
}

impl Station {
    /// One of which nothing is known.
    pub(super) const NONE: Self = Self {
        info: StationInfo {
            name: String::new(),
            model: String::new(),
            edition: String::new(),
        },
        capture: 0,
        number: StationId(0),
        reports: 0,
        gaen: 0,
        without_pdu: 0,
        without_address: 0,
        not_raw: 0,
        gaps: 0,
        dropped: 0,
        was_set_back: false,
        settings: 0,
        part_of: None,
        filters_duplicates: false,
        first: None,
        last: None,
        listening: Vec::new(),
    };

    /// Whether a report at that time means that the clock was set back.
    pub(super) fn sets_back(&self, at: UnixMicros) -> bool {
        let latest = self.listening.last().map(|[_, to]| *to);
        latest.is_some_and(|latest| latest.since(at) > SET_BACK)
    }

    /// What it is after its clock was set back, before it heard anything; `number` is its own.
    pub(super) fn set_back(&self, number: StationId) -> Self {
        Self {
            info: self.info.clone(),
            capture: self.capture,
            number: self.number,
            was_set_back: true,
            settings: self.settings + 1,
            part_of: Some(self.part_of.unwrap_or(number)),
            filters_duplicates: self.filters_duplicates,
            ..Self::NONE
        }
    }

    /// Notes a report; gives the number of the stretch of listening that it belongs to.
    pub(super) fn hear(&mut self, advert: &Advertisement) -> u32 {
        self.reports += 1;
        self.without_pdu += u64::from(advert.pdu == PduType::Unknown);
        self.without_address += u64::from(matches!(
            advert.address.kind,
            AddressKind::Opaque | AddressKind::Unknown
        ));
        self.not_raw += u64::from(!advert.details.form.is_raw());
        self.first = Some(self.first.map_or(advert.at, |first| first.min(advert.at)));
        self.last = Some(self.last.map_or(advert.at, |last| last.max(advert.at)));
        let is_full = self.listening.len() >= MOST_STRETCHES;
        match self.listening.last_mut() {
            Some([_, to]) if is_full || (0..=PAUSE_US).contains(&advert.at.since(*to).0) => *to = advert.at.max(*to),
            _ => self.listening.push([advert.at, advert.at]),
        }
        u32::try_from(self.listening.len()).unwrap_or(u32::MAX)
    }

    pub(super) const fn switch_scan(&mut self, on: bool, filter_duplicates: bool) {
        self.filters_duplicates |= on && filter_duplicates;
    }

    /// What its source does not tell.
    #[must_use]
    pub fn cannot_see(&self) -> Vec<&'static str> {
        let mostly = |n: u64| n * 2 > self.reports;
        [
            (mostly(self.without_pdu), "PDU types"),
            (mostly(self.without_address), "addresses"),
            (mostly(self.not_raw), "payloads byte for byte"),
            (self.filters_duplicates, "repeats"),
        ]
        .into_iter()
        .filter(|(is_hidden, _)| *is_hidden)
        .map(|(_, what)| what)
        .collect()
    }

    /// Its name for people, not neutralised.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.info.name.is_empty() {
            "station"
        } else {
            &self.info.name
        }
    }
}
