//! What the stations themselves did, by their own logs: broadcasts, addresses, scans, resolving lists.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::advert::StationId;
use super::event::{Event, EventKind};
use super::gaen::{self, Aem, Rpi};
use super::time::UnixMicros;

/// Entries kept of each sort; further ones are counted only.
const MOST: usize = 100_000;

/// An identifier that a station broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnRpi {
    /// The station.
    pub station: StationId,
    /// The identifier.
    pub rpi: Rpi,
    /// Its metadata.
    pub aem: Option<Aem>,
    /// When it was first set.
    pub from: UnixMicros,
    /// When it was last set.
    pub last_set: UnixMicros,
    /// How often it was set.
    pub times_set: u64,
}

/// The own part of all stations.
#[derive(Clone, Debug, Default)]
pub struct OwnLog {
    /// Identifiers in order of first use.
    pub rpis: Vec<OwnRpi>,
    by_rpi: BTreeMap<(StationId, Rpi), usize>,
    /// Own random addresses, each once.
    pub addresses: BTreeSet<(StationId, Address)>,
    /// How often a scan was switched on.
    pub scans: u64,
    /// Whether the latest scan parameters asked for an active scan.
    pub active_scan: Option<bool>,
    /// Bonded peers on the resolving lists.
    pub peers: BTreeSet<(StationId, Address)>,
    /// Entries that were too many to keep.
    pub left_out: u64,
}

impl OwnLog {
    pub(super) fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::OwnData { data, .. } => self.take_data(event, data),
            EventKind::OwnAddress { address, .. } if self.addresses.len() < MOST => {
                self.addresses.insert((event.station, *address));
            }
            EventKind::ScanParameters { active, .. } => self.active_scan = Some(*active),
            EventKind::ScanEnable { on: true, .. } => self.scans += 1,
            // An all-zero key means an empty slot, not a bonded peer.
            EventKind::ResolvingAdd(entry) if !entry.peer_irk.is_none() && self.peers.len() < MOST => {
                self.peers.insert((event.station, entry.peer));
            }
            EventKind::OwnAddress { .. } => self.left_out += 1,
            _ => {}
        }
    }

    fn take_data(&mut self, event: &Event, data: &[u8]) {
        let Some(frame) = gaen::decode(data) else { return };
        if let Some(idx) = self.by_rpi.get(&(event.station, frame.rpi)) {
            let own = &mut self.rpis[*idx];
            own.last_set = event.at;
            own.times_set += 1;
        } else if self.rpis.len() < MOST {
            self.by_rpi.insert((event.station, frame.rpi), self.rpis.len());
            self.rpis.push(OwnRpi {
                station: event.station,
                rpi: frame.rpi,
                aem: frame.aem,
                from: event.at,
                last_set: event.at,
                times_set: 1,
            });
        } else {
            self.left_out += 1;
        }
    }

    /// The station that broadcast this identifier, by its own log.
    #[must_use]
    pub fn broadcaster_of(&self, rpi: Rpi) -> Option<StationId> {
        self.rpis.iter().find(|own| own.rpi == rpi).map(|own| own.station)
    }
}
