//! From captures to evidence.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::calibration::CalibrationArgs;
use super::super::convert::input_failure;
use super::super::measured;
use super::super::{Exit, Failure, lab_keys, origin, tell};
use crate::format::decode::{CUT_SHORT_EVENT, Decoder};
use crate::format::native::{Meta, Paths};
use crate::format::open::{Capture, OpenOptions, in_file, open_capture, parse_clock_offset};
use crate::format::packet::PacketReader;
use crate::format::{DamageLog, FormatError};
use crate::lab::advert::StationId;
use crate::lab::audit::Evidence;
use crate::lab::audit::evidence::{Owner, Station};
use crate::lab::event::{CaptureEvent, EventKind, StationInfo};
use crate::lab::keyring::Keyring;
use crate::lab::text::printable;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::units::Dbm;
use crate::runtime::session_options;

/// How captures are read, and what is known besides.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    /// Lab keys: whose identifiers are, and what their metadata say. By default NAME.keys.csv beside NAME.csv
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Truth that names senders: a simulator's NAME.truth.csv
    #[arg(long, value_name = "FILE.csv")]
    truth: Vec<PathBuf>,
    #[command(flatten)]
    calibration: CalibrationArgs,
    /// Where a station stands (`01=hall`): the same identifier at two places at once is relayed
    #[arg(long, value_name = "STATION=PLACE", value_parser = place)]
    place: Vec<(String, String)>,
    /// Seconds added to every time (-7200 for logs written in CEST), or to those of one capture (`24=0` for 24.btsnoop)
    #[arg(long, value_name = "[CAPTURE=]SECONDS", allow_hyphen_values = true, value_parser = offset)]
    clock_offset: Vec<(Option<String>, Micros)>,
    /// The captures are protected: identifiers and addresses are pseudonyms. By default their metadata tell
    #[arg(long)]
    pseudonymised: bool,
}

fn place(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((station, place)) if !station.is_empty() && !place.is_empty() => {
            Ok((station.to_owned(), place.to_owned()))
        }
        _ => Err("a station and a place: 01=hall".to_owned()),
    }
}

fn offset(text: &str) -> Result<(Option<String>, Micros), String> {
    match text.rsplit_once('=') {
        Some(("", _)) => Err("a capture and seconds: 24=-7200".to_owned()),
        Some((capture, seconds)) => Ok((Some(capture.to_owned()), parse_clock_offset(seconds)?)),
        None => Ok((None, parse_clock_offset(text)?)),
    }
}

/// By what a capture is named: its file without the end.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

impl InputArgs {
    /// What is added to the times of a capture: what is said of it goes before what is said of all.
    fn clock_offset(&self, capture: &Path) -> Micros {
        let name = stem(capture);
        let own = self
            .clock_offset
            .iter()
            .rev()
            .find(|(of, _)| of.as_ref() == Some(&name));
        let all = || self.clock_offset.iter().rev().find(|(of, _)| of.is_none());
        own.or_else(all).map_or(Micros(0), |(_, offset)| *offset)
    }

    /// Files that are read besides captures, with what they are.
    #[cfg(feature = "plots")]
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let keys = self.keys.iter().map(|path| ("lab keys", path));
        keys.chain(self.truth.iter().map(|path| ("truth", path)))
    }

    /// What was asked for, as words of a command line; files without their folders.
    #[cfg(feature = "plots")]
    pub(super) fn words(&self) -> Vec<String> {
        use super::super::reports::name_of;
        let keys = self.keys.iter().map(|path| ["--keys".to_owned(), name_of(path)]);
        let truth = self.truth.iter().map(|path| ["--truth".to_owned(), name_of(path)]);
        let place = self
            .place
            .iter()
            .map(|(station, place)| ["--place".to_owned(), format!("{station}={place}")]);
        #[expect(clippy::cast_precision_loss, reason = "an offset of hours")]
        let seconds = |offset: &Micros| offset.0 as f64 / 1e6;
        let offset = self.clock_offset.iter().map(|(of, offset)| {
            let word = of
                .as_ref()
                .map_or_else(|| seconds(offset).to_string(), |of| format!("{of}={}", seconds(offset)));
            ["--clock-offset".to_owned(), word]
        });
        let pseudonymised = self.pseudonymised.then(|| "--pseudonymised".to_owned());
        let words = keys.chain(truth).chain(place).chain(offset).flatten();
        words.chain(pseudonymised).chain(self.calibration.words()).collect()
    }

    /// All that is known of these captures.
    pub(super) fn evidence(&self, captures: &[PathBuf]) -> Result<Evidence, Failure> {
        let evidence = self.evidence_of_some(captures)?;
        self.check_stations(&[&evidence])?;
        Ok(evidence)
    }

    /// All that is known of a part of the captures: stations that flags name may be in another part.
    pub(super) fn evidence_of_some(&self, captures: &[PathBuf]) -> Result<Evidence, Failure> {
        let mut evidence = Evidence::new(session_options().hash_seed);
        let mut keys = Keyring::default();
        if let Some(file) = &self.keys {
            keys.extend(lab_keys::read_own(file)?);
        }
        let captures = &without_side_files(captures);
        self.check_pseudonyms(captures)?;
        for capture in captures {
            let damage = self.read(capture, &mut evidence)?;
            evidence.damaged += damage.count;
            origin::warn(capture);
            origin::warn_of_damage_in(capture, &damage);
            if self.keys.is_none() && capture != Path::new("-") {
                keys.extend(beside(capture));
            }
        }
        warn_of_twins(&evidence);
        self.name(&mut evidence, &keys)?;
        Ok(evidence)
    }

    /// That the same identifier is called the same in all of them.
    fn check_pseudonyms(&self, captures: &[PathBuf]) -> Result<(), Failure> {
        let is_protected = |capture: &PathBuf| self.pseudonymised || is_protected(capture);
        if captures.len() < 2 || !captures.iter().any(is_protected) {
            return Ok(());
        }
        let mut keys = captures.iter().map(|capture| key_of_pseudonyms(capture));
        let first = keys.next().flatten();
        if first.is_some() && keys.all(|key| key == first) {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Usage,
            "protected captures cannot be audited together unless all of them tell the same key: each has pseudonyms of its own",
        )
        .hint(
            "protect the originals with one key (vicino convert IN OUT --pseudonymise --pseudonym-key FILE), or audit them \
             one by one",
        ))
    }

    fn read(&self, path: &Path, evidence: &mut Evidence) -> Result<DamageLog, Failure> {
        let failed = |error| input_failure(&in_file(path, error));
        evidence.begin_capture(&path.display().to_string());
        evidence.is_pseudonymised |= self.pseudonymised || is_protected(path);
        let options = OpenOptions {
            clock_offset: self.clock_offset(path),
            ..OpenOptions::default()
        };
        match open_capture(path, &options).map_err(failed)? {
            Capture::Packets(mut packets) => {
                let offset = self.clock_offset(path);
                packets_of(&mut *packets, &stem(path), offset, evidence).map_err(failed)?;
                Ok(packets.damage().clone())
            }
            Capture::Events(mut reader) => {
                let (mut events, mut more, mut row) = (Vec::new(), true, 0_u64);
                while more {
                    more = reader.read(&mut events).map_err(failed)?;
                    for event in events.drain(..) {
                        row += u64::from(matches!(event, CaptureEvent::Advert(_)));
                        evidence.take(&event, row);
                    }
                }
                Ok(reader.damage().clone())
            }
        }
    }

    /// That the stations which flags name are in one of these.
    pub(super) fn check_stations(&self, all: &[&Evidence]) -> Result<(), Failure> {
        let captures = all.iter().flat_map(|evidence| &evidence.captures);
        let stems: Vec<String> = captures.map(|capture| stem(Path::new(capture))).collect();
        let told = self.clock_offset.iter().filter_map(|(of, _)| of.as_ref());
        for name in told {
            if !stems.contains(name) {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("--clock-offset {name}=…: there is no such capture"),
                )
                .hint(format!("there are: {}", printable(&stems.join(", ")))));
            }
        }
        let slips = self.calibration.stations().map(|name| ("--model", name));
        let slips = slips.chain(self.place.iter().map(|(name, _)| ("--place", name.as_str())));
        for (flag, name) in slips {
            if all
                .iter()
                .all(|evidence| evidence.stations_named(name).next().is_none())
            {
                let there: Vec<&str> = all
                    .iter()
                    .flat_map(|evidence| evidence.stations.iter().map(Station::name))
                    .collect();
                return Err(
                    Failure::new(Exit::Usage, format!("{flag} {name}=…: there is no such station"))
                        .hint(format!("there are: {}", printable(&there.join(", ")))),
                );
            }
        }
        Ok(())
    }

    /// Models, places, and whose identifiers are.
    fn name(&self, evidence: &mut Evidence, keys: &Keyring) -> Result<(), Failure> {
        let calibration = self.calibration.calibration();
        for station in &mut evidence.stations {
            if let Some(model) = calibration.model_of(&station.info.name) {
                model.clone_into(&mut station.info.model);
            }
        }
        for (name, place) in &self.place {
            let stations: Vec<StationId> = evidence.stations_named(name).collect();
            evidence
                .places
                .extend(stations.into_iter().map(|station| (station, place.clone())));
        }
        for file in measured::truth(&self.truth)? {
            for (rpi, name, model) in file.truth.names {
                evidence.owners.insert(rpi, Owner { name, model });
            }
        }
        let heard: Vec<_> = evidence.pairs.iter().map(|pair| (pair.rpi, pair.aem)).collect();
        for (rpi, aem) in heard {
            let Some(known) = keys.find(rpi, aem) else { continue };
            evidence.owners.entry(rpi).or_insert_with(|| Owner {
                name: known.device.to_owned(),
                model: known.model.to_owned(),
            });
            if let Some(metadata) = known.metadata {
                evidence.known.insert(rpi, metadata);
            }
        }
        let table = calibration.table(None, first(evidence));
        evidence.tx_powers = table
            .entries()
            .iter()
            .filter_map(|entry| table.own(&entry.model))
            .map(|(profile, _)| Dbm(profile.tx_power_dbm))
            .collect();
        Ok(())
    }
}

/// A packet capture, whose findings name its packets as other programs count them.
fn packets_of(
    packets: &mut dyn PacketReader,
    name: &str,
    clock_offset: Micros,
    evidence: &mut Evidence,
) -> Result<(), FormatError> {
    let info = StationInfo {
        name: name.to_owned(),
        ..StationInfo::default()
    };
    evidence.take(
        &CaptureEvent::other(UnixMicros(0), StationId(0), EventKind::Station(info)),
        0,
    );
    let mut decoder = Decoder::new(StationId(0), clock_offset);
    let mut events = Vec::new();
    loop {
        let Some(packet) = packets.next_packet()? else {
            return Ok(());
        };
        let (offset, number) = (packet.offset, packet.number);
        let is_sound = decoder.packet(&packet, &mut events).is_ok();
        for event in events.drain(..) {
            evidence.take(&event, number);
        }
        if !is_sound {
            packets.note_damage(offset, number, CUT_SHORT_EVENT);
        }
    }
}

/// What `*.csv` names besides captures: the files that lie beside the rows of one that is named too.
fn without_side_files(captures: &[PathBuf]) -> Vec<PathBuf> {
    let rows_of = |capture: &Path| {
        let name = capture.file_name()?.to_str()?;
        let stem = [".events.csv", ".keys.csv", ".truth.csv"]
            .into_iter()
            .find_map(|end| name.strip_suffix(end))?;
        let rows = [".csv", ".csv.zst"].map(|end| capture.with_file_name(format!("{stem}{end}")));
        rows.into_iter().find(|rows| captures.contains(rows))
    };
    let mut left_out = 0;
    let kept = captures.iter().filter(|capture| {
        let is_beside = rows_of(capture).is_some();
        left_out += usize::from(is_beside);
        !is_beside
    });
    let kept = kept.cloned().collect();
    if left_out > 0 {
        tell(format_args!(
            "{left_out} files that lie beside captures are no captures themselves: left out"
        ));
    }
    kept
}

/// The lab keys beside a capture, which nobody asked for: where they cannot be used that is told, and they are left out.
fn beside(capture: &Path) -> Keyring {
    match lab_keys::beside_own(capture) {
        Ok(None) => Keyring::default(),
        Ok(Some(keys)) => {
            tell(format_args!(
                "{}: with the lab keys that lie beside it",
                printable(&capture.display().to_string())
            ));
            keys
        }
        Err(failure) => {
            tell(format_args!(
                "warning: without the lab keys beside it: {}",
                printable(&failure.message)
            ));
            Keyring::default()
        }
    }
}

fn first(evidence: &Evidence) -> UnixMicros {
    let firsts = evidence.stations.iter().filter_map(|station| station.first);
    firsts.min().unwrap_or_default()
}

/// Whether a capture's metadata say that its identifiers were replaced.
pub(super) fn is_protected(path: &Path) -> bool {
    let meta = Meta::read(&Paths::of(path).meta).ok();
    meta.is_some_and(|meta| meta.is_pseudonymised())
}

/// Which key a protected capture's pseudonyms are made with, where its metadata tell.
fn key_of_pseudonyms(path: &Path) -> Option<String> {
    let meta = Meta::read(&Paths::of(path).meta).ok()?;
    let is_told = meta.is_pseudonymised() && !meta.pseudonym_key.is_empty();
    is_told.then_some(meta.pseudonym_key)
}

/// Tells of receivers that heard exactly the same: the same log twice counts twice.
fn warn_of_twins(evidence: &Evidence) {
    let all: Vec<_> = evidence.stations.iter().filter(|station| station.reports > 0).collect();
    for (number, station) in all.iter().enumerate() {
        let same = |other: &&&Station| {
            (other.reports, other.gaen, other.first, other.last)
                == (station.reports, station.gaen, station.first, station.last)
                && other.capture != station.capture
        };
        if let Some(twin) = all[..number].iter().find(same) {
            let name = |station: &Station| evidence.captures.get(station.capture).cloned().unwrap_or_default();
            tell(format_args!(
                "warning: {} holds what {} holds: the same log counts twice",
                printable(&name(station)),
                printable(&name(twin))
            ));
        }
    }
}
