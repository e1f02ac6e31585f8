//! What captures hold of exposure notifications: which identifiers at first, then each report of those that count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::convert::input_failure;
use super::super::{Exit, Failure, origin, progress};
use super::{MatchArgs, Place};
use crate::format::open::{OpenOptions, in_file, open};
use crate::format::{DamageLog, EventReader, FormatError};
use crate::lab::advert::Advertisement;
use crate::lab::event::{CaptureEvent, EventKind, StationInfo};
use crate::lab::gaen::{self, Aem, Rpi};
use crate::lab::matching::Seen;
use crate::lab::session::Session;
use crate::lab::sightings::keyed::enin;
use crate::lab::time::UnixMicros;
use crate::runtime::{headless, session_options};

/// Reports that are kept of standard input, which cannot be read again: some 200 MB.
const MOST_KEPT: usize = 4_000_000;

/// A report of an identifier.
#[derive(Clone, Copy)]
pub(super) struct Report {
    pub(super) at: UnixMicros,
    pub(super) rssi: Option<i8>,
    pub(super) aem: Option<Aem>,
}

/// The identifiers of all captures, and where each was seen.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) seen: Vec<Seen>,
    pub(super) places: Vec<Place>,
    /// All of standard input, where that is one of the captures.
    kept: Option<Kept>,
}

/// Reports of some identifiers, and who received them.
#[derive(Default)]
pub(super) struct Reports {
    pub(super) reports: BTreeMap<(Place, Rpi), Vec<Report>>,
    pub(super) receivers: BTreeMap<Place, StationInfo>,
}

/// The reports of a capture that can be read only once, by station.
#[derive(Default)]
struct Kept {
    reports: Vec<(u16, Rpi, Report)>,
    receivers: BTreeMap<u16, StationInfo>,
    is_too_long: bool,
}

impl Kept {
    fn take(&mut self, event: &CaptureEvent) {
        match event {
            CaptureEvent::Advert(advert) => {
                let Some((rpi, report)) = report(advert) else { return };
                if self.reports.len() < MOST_KEPT {
                    self.reports.push((advert.station.0, rpi, report));
                } else {
                    self.is_too_long = true;
                }
            }
            CaptureEvent::Other(event) => {
                if let EventKind::Station(info) = &event.kind {
                    self.receivers.insert(event.station.0, info.clone());
                }
            }
        }
    }
}

/// A capture of which the reports are kept while it is read.
struct Keeping {
    reader: Box<dyn EventReader>,
    kept: Kept,
}

impl EventReader for Keeping {
    fn read(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError> {
        let from = batch.len();
        let more = self.reader.read(batch);
        batch.iter().skip(from).for_each(|event| self.kept.take(event));
        more
    }

    fn damage(&self) -> &DamageLog {
        self.reader.damage()
    }

    fn bytes_read(&self) -> u64 {
        self.reader.bytes_read()
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn options(args: &MatchArgs) -> OpenOptions {
    OpenOptions {
        clock_offset: args.clock_offset,
        ..OpenOptions::default()
    }
}

/// Reads all captures for their identifiers.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] when one cannot be read, or standard input is too long to be kept.
pub(super) fn read(args: &MatchArgs) -> Result<Heard, Failure> {
    let length = |path: &Path| path.metadata().map_or(0, |metadata| metadata.len());
    let lengths = args.captures.iter().map(|path| length(path));
    let bar = progress::bytes("reading captures", lengths.sum());
    let (mut heard, mut before) = (Heard::default(), 0);
    for (capture, path) in args.captures.iter().enumerate() {
        let failed = |error| input_failure(&in_file(path, error));
        let mut session = Session::new(session_options());
        let mut feed = |reader: &mut dyn EventReader| {
            bar.suspend(|| origin::warn(path));
            let options = headless::Options::default();
            let outcome = headless::replay(reader, &mut session, options, |bytes| bar.set_position(before + bytes));
            bar.suspend(|| origin::warn_of_damage_in(path, reader.damage()));
            outcome.map_err(failed)
        };
        let mut reader = open(path, &options(args)).map_err(failed)?;
        if is_stdin(path) {
            let kept = Kept::default();
            let mut keeping = Keeping { reader, kept };
            feed(&mut keeping)?;
            if keeping.kept.is_too_long {
                let message = format!("standard input has more than {MOST_KEPT} exposure notifications");
                return Err(Failure::new(Exit::Input, message).hint("write it to a file, and name that"));
            }
            heard.kept = Some(keeping.kept);
        } else {
            feed(&mut *reader)?;
        }
        heard.take(capture, &session);
        before += length(path);
    }
    bar.finish_and_clear();
    Ok(heard)
}

impl Heard {
    fn take(&mut self, capture: usize, session: &Session) {
        for record in session.ledger().iter() {
            let times = enin(record.first).zip(enin(record.last));
            let (Some(rpi), Some((first, last))) = (record.rpi(), times) else {
                continue;
            };
            self.seen.push(Seen { rpi, first, last });
            let station = record.key().station.0;
            self.places.push(Place { capture, station });
        }
    }

    /// Each report of these identifiers in a capture, which is read again where that can be.
    pub(super) fn gather(
        &self,
        args: &MatchArgs,
        capture: usize,
        rpis: &BTreeSet<Rpi>,
        into: &mut Reports,
    ) -> Result<(), Failure> {
        let path = &args.captures[capture];
        let place = |station: u16| Place { capture, station };
        if let Some(kept) = self.kept.as_ref().filter(|_| is_stdin(path)) {
            for (station, rpi, report) in kept.reports.iter().filter(|(_, rpi, _)| rpis.contains(rpi)) {
                into.reports.entry((place(*station), *rpi)).or_default().push(*report);
            }
            let receivers = kept.receivers.iter();
            into.receivers
                .extend(receivers.map(|(station, info)| (place(*station), info.clone())));
            return Ok(());
        }
        let failed = |error| input_failure(&in_file(path, error));
        let mut reader = open(path, &options(args)).map_err(failed)?;
        let (mut events, mut more) = (Vec::new(), true);
        while more {
            more = reader.read(&mut events).map_err(failed)?;
            for event in events.drain(..) {
                let place = place(event.station().0);
                match event {
                    CaptureEvent::Advert(advert) => {
                        if let Some((rpi, report)) = report(&advert).filter(|(rpi, _)| rpis.contains(rpi)) {
                            into.reports.entry((place, rpi)).or_default().push(report);
                        }
                    }
                    CaptureEvent::Other(event) => {
                        if let EventKind::Station(info) = event.kind {
                            into.receivers.insert(place, info);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn report(advert: &Advertisement) -> Option<(Rpi, Report)> {
    if advert.details.bad_crc || advert.is_scan_response() {
        return None;
    }
    let frame = gaen::decode(&advert.data)?;
    let report = Report {
        at: advert.at,
        rssi: advert.rssi.map(|rssi| rssi.0),
        aem: frame.aem,
    };
    Some((frame.rpi, report))
}
