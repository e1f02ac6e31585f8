//! What one broadcaster looks like from one station, while it is heard.

use super::advert::{Advertisement, Payload, PduType, ReportForm, RssiQuality};
use super::beacon::{self, Family};
use super::gaen::{self, Aem, Rpi};
use super::history::History;
use super::interval::IntervalEstimator;
use super::ledger::{Record, RecordId, Stay, TrackKey};
use super::session::Token;
use super::stats::LevelHistogram;
use super::time::{Micros, UnixMicros};
use super::units::Dbm;

/// A broadcaster that is, or was just now, heard.
#[derive(Clone, Debug)]
pub struct Track {
    /// Who, at which station.
    pub key: TrackKey,
    /// First report of this stay.
    pub first: UnixMicros,
    /// Latest report.
    pub last: UnixMicros,
    /// Reports of this stay, scan responses not counted.
    pub heard: u64,
    /// Scan responses of this stay.
    pub scan_responses: u64,
    /// PDU type of the latest report.
    pub pdu: PduType,
    /// Level of the latest report that had one.
    pub rssi: Option<Dbm>,
    /// How good the level is.
    pub rssi_quality: RssiQuality,
    /// Latest payload.
    pub payload: Payload,
    /// Payload of the latest scan response.
    pub scan_response: Payload,
    /// Family of the latest payload; of the latest exposure-notification frame if the stay had one.
    pub family: Family,
    /// Advertised name, as it came: neutralise before showing.
    pub name: Option<Box<str>>,
    /// Identifier of the latest exposure-notification frame.
    pub rpi: Option<Rpi>,
    /// Its metadata.
    pub aem: Option<Aem>,
    /// When the present identifier was first heard.
    pub rpi_since: UnixMicros,
    /// Levels over time.
    pub history: History,
    /// Levels by frequency, over the stay.
    pub histogram: LevelHistogram,
    pub(super) interval: IntervalEstimator,
    /// What the present payload's reports look like, where a source told.
    pub(super) token: Token,
    /// Whether the session knows that reports wait to be counted.
    pub(super) is_unsettled: bool,
    /// Record of the latest report, and those of the present identifier and of reports without one.
    pub(super) current: RecordId,
    pub(super) with_rpi: Option<RecordId>,
    pub(super) without_rpi: Option<RecordId>,
}

/// What a new payload means.
pub(super) struct Change {
    pub(super) frame: Option<gaen::Frame>,
    pub(super) family: Family,
}

/// Reads a payload. What a host's interface put together again has lost its Flags and its order, so that its layout says
/// nothing about the system that sent it.
pub(super) fn read(payload: &[u8], form: ReportForm) -> Change {
    let frame = gaen::decode(payload);
    let family = match frame.map(|frame| frame.layout) {
        Some(gaen::Layout::Android) if form.is_raw() => Family::GaenAndroid,
        Some(gaen::Layout::Ios) if form.is_raw() => Family::GaenIos,
        Some(_) => Family::GaenOther,
        None => beacon::classify(payload),
    };
    Change { frame, family }
}

impl Track {
    pub(super) fn new(key: TrackKey, at: UnixMicros, record: RecordId) -> Self {
        Self {
            key,
            first: at,
            last: at,
            heard: 0,
            scan_responses: 0,
            pdu: PduType::Unknown,
            rssi: None,
            rssi_quality: RssiQuality::Paired,
            payload: Payload::default(),
            scan_response: Payload::default(),
            family: Family::Unknown,
            name: None,
            rpi: None,
            aem: None,
            rpi_since: at,
            history: History::default(),
            histogram: LevelHistogram::default(),
            interval: IntervalEstimator::default(),
            token: Token::default(),
            is_unsettled: false,
            current: record,
            with_rpi: None,
            without_rpi: None,
        }
    }

    /// Counts the reports that wait for it (see [`History::note`]; they are in order of time) here and in the record, as
    /// [`Track::observe`] and [`Record::count`] do each of them; gives their number.
    pub(super) fn settle(&mut self, record: &mut Record, listening: u32) -> u16 {
        let waiting = self.history.waiting();
        let [Some(first), _] = waiting.map(|part| part.first().copied()) else {
            return 0;
        };
        let last = waiting.into_iter().flatten().last().copied().unwrap_or(first);
        let n = waiting.map(<[_]>::len).iter().sum::<usize>();
        let n = u16::try_from(n).unwrap_or(u16::MAX);
        for part in waiting {
            self.histogram.add_few(part.iter().map(|report| report.level()));
            self.interval
                .observe_few(part.iter().map(|report| report.at()), listening);
        }
        if record.has_room(n) {
            record.count_few(first.at(), last.at(), &self.history.thin());
        } else {
            let all = waiting.into_iter().flatten();
            all.for_each(|report| record.count(report.at(), Some(report.level())));
            self.history.thin();
        }
        self.first = self.first.min(first.at());
        self.heard += u64::from(n);
        self.rssi = Some(last.level());
        n
    }

    /// Notes a report's common fields; the records are the session's business.
    pub(super) fn observe(&mut self, advert: &Advertisement, listening: u32) {
        self.first = self.first.min(advert.at);
        self.last = advert.at;
        self.heard += 1;
        self.pdu = advert.pdu;
        if let Some(level) = advert.rssi {
            self.rssi = Some(level);
            self.rssi_quality = advert.rssi_quality;
            self.history.push(advert.at, level);
            self.histogram.add(level);
        }
        self.interval.observe(advert.at, listening);
    }

    pub(super) fn keep_payload(&mut self, payload: &[u8], change: &Change, at: UnixMicros) {
        self.payload = Payload::new(payload);
        if change.family.is_gaen() || !self.family.is_gaen() {
            self.family = change.family;
        }
        if let Some(frame) = change.frame {
            if self.rpi != Some(frame.rpi) {
                self.rpi_since = at;
            }
            (self.rpi, self.aem) = (Some(frame.rpi), frame.aem);
        }
    }

    /// Mean advertising interval, jitter included.
    #[must_use]
    pub fn interval(&self) -> Option<Micros> {
        self.interval.interval()
    }

    /// Share of advertisements missed while the station listened, 0..1.
    #[must_use]
    pub fn loss(&self) -> Option<f64> {
        self.interval.loss()
    }

    /// Reports per second over the last ten seconds before `now` (since the first report where that is later), from the
    /// newest samples. Reports without a level are not among these: their share of all is taken to be what it was before.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    pub fn rate(&self, now: UnixMicros) -> f64 {
        const WINDOW: Micros = Micros::from_secs(10);
        if self.history.n_samples() == 0 {
            // Without any level only the interval tells.
            let is_present = (0..=WINDOW.0).contains(&now.since(self.last).0);
            let interval = self.interval().filter(|_| is_present);
            let heard_share = 1.0 - self.loss().unwrap_or(0.0);
            return interval.map_or(0.0, |interval| heard_share / interval.as_secs_f64().max(0.001));
        }
        let in_window = |at: UnixMicros| (0..=WINDOW.0).contains(&now.since(at).0);
        let n = self.history.samples().filter(|(at, _)| in_window(*at)).count();
        let oldest = self.history.samples().next().filter(|(at, _)| in_window(*at));
        // A full ring that does not reach back ten seconds: what it holds is the newest stretch.
        let span = match oldest {
            Some((at, _)) if n > 32 => now.since(at).as_secs_f64().max(0.1),
            _ => now.since(self.first).clamp(Micros::from_secs(1), WINDOW).as_secs_f64(),
        };
        let with_level = self.history.n_samples().max(1);
        n as f64 / span * (self.heard.max(with_level) as f64 / with_level as f64)
    }

    pub(super) fn stay(&self) -> Stay {
        Stay {
            median: self.histogram.median(),
            interval: self.interval(),
            loss: self.loss(),
        }
    }
}
