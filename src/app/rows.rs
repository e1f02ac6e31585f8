//! What the device table says of each device: the same for the screen and for `--csv` and `--json`.

use super::model::Model;
use crate::lab::address::Address;
use crate::lab::advert::RssiQuality;
use crate::lab::attenuation::{Attenuation, Sender};
use crate::lab::beacon::Family;
use crate::lab::distance::live::{LiveDistances, Reckoned};
use crate::lab::doubt::{Doubts, identifiers};
use crate::lab::gaen::Rpi;
use crate::lab::ledger::TrackKey;
use crate::lab::session::Session;
use crate::lab::step;
use crate::lab::text::printable;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::track::Track;
use crate::lab::units::{Dbm, Metres};

/// One device.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Who, at which station.
    pub key: TrackKey,
    /// Time since the latest report, by the clock of the data; not below zero.
    pub age: Micros,
    /// What it broadcasts.
    pub family: Family,
    /// Advertised name, or the name of the device whose lab key it uses; neutralised.
    pub name: Option<String>,
    /// Whether the name is that of a lab key.
    pub is_known: bool,
    /// Its address.
    pub address: Address,
    /// Its identifier.
    pub rpi: Option<Rpi>,
    /// Latest level.
    pub rssi: Option<Dbm>,
    /// How good the level is.
    pub rssi_quality: RssiQuality,
    /// Attenuation of the latest level.
    pub attenuation: Option<Attenuation>,
    /// True distance, where a mark tells it.
    pub distance: Option<Metres>,
    /// What is estimated of the distance, while the screen shows it.
    pub estimate: Option<Reckoned>,
    /// Reports with a level per second.
    pub rate: f64,
    /// Reports of this stay, scan responses not counted.
    pub heard: u64,
    /// Identifiers heard under this address, less one; `None` for what has none. Should be 0.
    pub rotations: Option<usize>,
    /// What it shows that an honest phone would not.
    pub doubts: Doubts,
}

/// The name that is shown: of the lab key that it uses, or as broadcast.
pub(super) fn name<'a>(session: &'a Session, track: &'a Track) -> Option<&'a str> {
    let known = session.known(track.rpi, None).map(|known| known.device);
    known.or(track.name.as_deref())
}

impl Row {
    /// What the session knows of a track.
    #[must_use]
    pub fn new(session: &Session, track: &Track, now: UnixMicros) -> Self {
        let known = session.known(track.rpi, None).map(|known| known.device);
        let name = name(session, track);
        Self {
            key: track.key,
            age: Micros(now.since(track.last).0.max(0)),
            family: track.family,
            name: name.map(|name| printable(name).into_owned()),
            is_known: known.is_some(),
            address: track.key.address,
            rpi: track.rpi,
            rssi: track.rssi,
            rssi_quality: track.rssi_quality,
            attenuation: attenuation(session, track),
            distance: distance(session, track, now),
            estimate: None,
            rate: track.rate(now),
            heard: track.heard,
            rotations: rotations(session, track),
            doubts: Doubts::of(session, track),
        }
    }
}

/// See [`Row::attenuation`].
pub(super) fn attenuation(session: &Session, track: &Track) -> Option<Attenuation> {
    let receiver = session.stations().get(usize::from(track.key.station.0));
    let receiver = receiver.map_or("", |station| &station.model);
    let told = session.known(track.rpi, track.aem).and_then(|known| known.metadata);
    let sender = match told {
        Some(metadata) if metadata.is_plausible() => Sender::Told(metadata.tx_power()),
        _ => Sender::Model(session.model_of(track.key.address, track.rpi)),
    };
    session
        .profiles(track.key.station)
        .attenuation_of(track.rssi?, track.family, sender, receiver)
}

/// The row of a track with what is estimated of its distance.
#[must_use]
pub fn with_estimate(model: &Model, track: &Track, now: UnixMicros) -> Row {
    Row {
        estimate: estimate(&model.distances, track).copied(),
        ..Row::new(&model.session, track, now)
    }
}

/// See [`Row::estimate`].
pub(super) fn estimate<'a>(distances: &'a LiveDistances, track: &Track) -> Option<&'a Reckoned> {
    distances.get(track.key.station, track.rpi?)
}

/// See [`Row::distance`].
pub(super) fn distance(session: &Session, track: &Track, now: UnixMicros) -> Option<Metres> {
    session.distance_of(track.key, track.rpi, now)
}

/// See [`Row::rotations`].
pub(super) fn rotations(session: &Session, track: &Track) -> Option<usize> {
    track
        .rpi
        .filter(|_| step::is_observable(track.key))
        .map(|_| identifiers(session.ledger(), track.key).saturating_sub(1))
}

/// The rows from number `from` of the order on, at most `most`.
pub fn rows(model: &Model, from: usize, most: usize) -> impl Iterator<Item = (Row, &Track)> {
    let now = model.now();
    let shown = model.live.order.iter().skip(from).take(most);
    shown
        .filter_map(|key| model.track(*key))
        .map(move |track| (with_estimate(model, track, now), track))
}
