//! The report of a session: what `replay --headless --json` prints, what goldens compare.
//!
//! Shape `vicino/session/1`. Times are microseconds since the Unix epoch by the source's clock. Devices and identifiers
//! stand in order of first hearing. Figures that were estimated are rounded, so that they are the same on every platform.

use std::collections::BTreeMap;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::address::{Address, AddressKind};
use super::advert::StationId;
use super::attenuation::{Attenuation, Sender};
use super::beacon::Family;
use super::event::AdapterState;
use super::gaen::{Aem, Rpi};
use super::ledger::{Record, RecordId, Stay, TrackKey};
use super::session::{Gap, Session, Unsynchronised};
use super::stats::{LevelReport, LevelSum};
use super::text::printable;
use super::time::UnixMicros;

/// Everything that a session knows, ready to be serialised; devices are read as they are written.
#[derive(Serialize)]
pub struct SessionReport<'a> {
    schema: &'static str,
    first_us: Option<UnixMicros>,
    last_us: Option<UnixMicros>,
    stations: Vec<StationReport>,
    totals: TotalsReport,
    rotation: RotationReport,
    own: OwnReport,
    gaps: &'a [Gap],
    marks: Vec<MarkReport<'a>>,
    devices: Devices<'a>,
}

#[derive(Serialize)]
struct StationReport {
    name: String,
    model: String,
    /// Edition of the calibration list that its attenuations are by.
    edition: String,
    adapter: Option<AdapterState>,
}

#[derive(Serialize)]
struct TotalsReport {
    adverts: u64,
    scan_responses: u64,
    fragments: u64,
    without_rssi: u64,
    bad_crc: u64,
    dropped: u64,
    times_going_back: u64,
    clock_steps: u64,
    tracks_retired_early: u64,
    notes_left_out: u64,
    by_family: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct RotationReport {
    #[serde(flatten)]
    unsynchronised: Unsynchronised,
    rpi_lifetime_s: Option<Lifetimes>,
}

/// How long identifiers were heard, in seconds, rounded down.
#[derive(Serialize)]
struct Lifetimes {
    n: usize,
    median: i64,
    p95: i64,
    longest: i64,
}

#[derive(Serialize)]
struct OwnReport {
    rpis: Vec<OwnRpiReport>,
    random_addresses: usize,
    scans: u64,
    active_scan: Option<bool>,
    bonded_peers: usize,
    left_out: u64,
}

#[derive(Serialize)]
struct OwnRpiReport {
    station: String,
    rpi: Rpi,
    aem: Option<Aem>,
    from_us: UnixMicros,
    last_set_us: UnixMicros,
    times_set: u64,
}

#[derive(Serialize)]
struct MarkReport<'a> {
    from_us: UnixMicros,
    to_us: Option<UnixMicros>,
    device: std::borrow::Cow<'a, str>,
    model: std::borrow::Cow<'a, str>,
    distance_m: Option<f64>,
    orientation: std::borrow::Cow<'a, str>,
    obstacle: std::borrow::Cow<'a, str>,
    note: std::borrow::Cow<'a, str>,
}

struct Devices<'a>(&'a Session);

#[derive(Serialize)]
struct DeviceReport {
    station: String,
    address: Address,
    address_kind: AddressKind,
    family: Family,
    name: Option<String>,
    model: Option<String>,
    first_us: UnixMicros,
    last_us: UnixMicros,
    heard: u64,
    rssi: Option<LevelReport>,
    interval_ms: Option<i64>,
    loss: Option<f64>,
    attenuation: Option<Attenuation>,
    identifiers: Vec<IdentifierReport>,
}

#[derive(Serialize)]
struct IdentifierReport {
    rpi: Rpi,
    aem: Option<Aem>,
    several_aems: bool,
    first_us: UnixMicros,
    last_us: UnixMicros,
    heard: u32,
    rssi: Option<LevelReport>,
}

impl Session {
    /// The report. The same events give the same bytes, however they were fed.
    #[must_use]
    pub fn report(&self) -> SessionReport<'_> {
        SessionReport {
            schema: "vicino/session/1",
            first_us: self.span().map(|span| span.0),
            last_us: self.span().map(|span| span.1),
            stations: self.station_reports(),
            totals: self.totals_report(),
            rotation: RotationReport {
                unsynchronised: self.unsynchronised(),
                rpi_lifetime_s: self.lifetimes(),
            },
            own: self.own_report(),
            gaps: &self.gaps,
            marks: self.mark_reports(),
            devices: Devices(self),
        }
    }

    fn station_reports(&self) -> Vec<StationReport> {
        (0u16..)
            .zip(self.stations())
            .map(|(id, info)| StationReport {
                name: printable(&info.name).into_owned(),
                model: printable(&info.model).into_owned(),
                edition: self.profiles(StationId(id)).edition.clone(),
                adapter: self.adapters.get(&StationId(id)).copied(),
            })
            .collect()
    }

    fn totals_report(&self) -> TotalsReport {
        let totals = &self.totals;
        let by_family = Family::ALL
            .iter()
            .map(|family| (family.word(), totals.of_family(*family)));
        TotalsReport {
            adverts: totals.adverts,
            scan_responses: totals.scan_responses,
            fragments: totals.fragments,
            without_rssi: totals.without_rssi,
            bad_crc: totals.bad_crc,
            dropped: totals.dropped,
            times_going_back: totals.times_going_back,
            clock_steps: totals.clock_steps,
            tracks_retired_early: totals.evicted,
            notes_left_out: totals.notes_left_out,
            by_family: by_family.filter(|(_, n)| *n > 0).collect(),
        }
    }

    fn lifetimes(&self) -> Option<Lifetimes> {
        let lifetime = |rpi| {
            let span = self
                .ledger
                .of_rpi(rpi)
                .fold(None, |span: Option<(UnixMicros, UnixMicros)>, (_, record)| {
                    let (first, last) = span.unwrap_or((record.first, record.last));
                    Some((first.min(record.first), last.max(record.last)))
                });
            span.map(|(first, last)| last.since(first).0 / 1_000_000)
        };
        let mut seconds: Vec<i64> = self.ledger.rpis().filter_map(lifetime).collect();
        seconds.sort_unstable();
        let rank = |per_cent: usize| seconds.get((seconds.len().max(1) - 1) * per_cent / 100).copied();
        Some(Lifetimes {
            n: seconds.len(),
            median: rank(50)?,
            p95: rank(95)?,
            longest: rank(100)?,
        })
    }

    fn own_report(&self) -> OwnReport {
        let own = &self.own;
        OwnReport {
            rpis: own
                .rpis
                .iter()
                .map(|rpi| OwnRpiReport {
                    station: printable(&self.station(rpi.station).name).into_owned(),
                    rpi: rpi.rpi,
                    aem: rpi.aem,
                    from_us: rpi.from,
                    last_set_us: rpi.last_set,
                    times_set: rpi.times_set,
                })
                .collect(),
            random_addresses: own.addresses.len(),
            scans: own.scans,
            active_scan: own.active_scan,
            bonded_peers: own.peers.len(),
            left_out: own.left_out,
        }
    }

    fn mark_reports(&self) -> Vec<MarkReport<'_>> {
        self.marks()
            .map(|mark| MarkReport {
                from_us: mark.from,
                to_us: mark.to,
                device: printable(&mark.device),
                model: printable(&mark.model),
                distance_m: mark.distance.map(|distance| distance.0),
                orientation: printable(&mark.orientation),
                obstacle: printable(&mark.obstacle),
                note: printable(&mark.note),
            })
            .collect()
    }

    /// What is known of a record's latest stay, whether it lasts or not, rounded alike.
    fn stay_of(&self, key: TrackKey, id: RecordId, record: &Record) -> Stay {
        let track = self
            .track(key)
            .filter(|track| track.with_rpi.unwrap_or(track.current) == id);
        track.map_or_else(|| record.stay(), super::track::Track::stay).rounded()
    }

    fn device_report(&self, key: TrackKey) -> DeviceReport {
        let records: Vec<_> = self.ledger.of_address(key).collect();
        let mut levels = LevelSum::default();
        for (_, record) in &records {
            levels.merge(&record.levels());
        }
        // The stay that ended last speaks for the device; of several the newest record with an identifier does.
        let main = records
            .iter()
            .find(|(_, record)| record.rpi().is_some())
            .or(records.first());
        let stay = main
            .map(|(id, record)| self.stay_of(key, *id, record))
            .unwrap_or_default();
        let family = main.map_or(Family::Unknown, |(_, record)| record.family);
        let rpi = main.and_then(|(_, record)| record.rpi());
        let station = self.station(key.station);
        let model = self.model_of(key.address, rpi);
        let rssi = stay
            .median
            .or_else(|| main.and_then(|(_, record)| record.stay().median));
        // With the lab key of the device, as it tells it itself.
        let told = self.known(rpi, main.and_then(|(_, record)| record.aem()));
        let told = told.and_then(|known| known.metadata).filter(|told| told.is_plausible());
        let sender = told.map_or(Sender::Model(model), |told| Sender::Told(told.tx_power()));
        let attenuation = rssi.and_then(|rssi| {
            let profiles = self.profiles(key.station);
            profiles.attenuation_of(rssi, family, sender, &station.model)
        });
        DeviceReport {
            station: printable(&station.name).into_owned(),
            address: key.address,
            address_kind: key.address.kind,
            family,
            name: self.names.get(&key).map(|name| printable(name).into_owned()),
            model: (!model.is_empty()).then(|| printable(model).into_owned()),
            first_us: records.iter().map(|(_, record)| record.first).min().unwrap_or_default(),
            last_us: records.iter().map(|(_, record)| record.last).max().unwrap_or_default(),
            heard: records.iter().map(|(_, record)| u64::from(record.heard)).sum(),
            rssi: LevelReport::new(&levels, stay.median),
            interval_ms: stay.interval.map(|interval| interval.0 / 1000),
            loss: stay.loss,
            attenuation,
            identifiers: self.identifier_reports(key, &records),
        }
    }

    fn identifier_reports(&self, key: TrackKey, records: &[(RecordId, &Record)]) -> Vec<IdentifierReport> {
        let report = |(id, record): &(RecordId, &Record)| {
            Some(IdentifierReport {
                rpi: record.rpi()?,
                aem: record.aem(),
                several_aems: record.has_several_aems(),
                first_us: record.first,
                last_us: record.last,
                heard: record.heard,
                rssi: LevelReport::new(&record.levels(), self.stay_of(key, *id, record).median),
            })
        };
        records.iter().rev().filter_map(report).collect()
    }
}

impl Serialize for Devices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut devices = serializer.serialize_seq(None)?;
        for key in self.0.ledger.keys() {
            devices.serialize_element(&self.0.device_report(key))?;
        }
        devices.end()
    }
}
