//! What a native capture holds besides advertisements.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::lab::advert::StationId;
use crate::lab::event::{CaptureEvent, EventKind, StationInfo};

/// Counts of what can bear on a result and is no advertisement.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Notes {
    /// The receivers, by number.
    #[serde(serialize_with = "in_order")]
    pub stations: BTreeMap<StationId, StationInfo>,
    /// Stretches in which nothing could be heard.
    pub gaps: u64,
    /// Reports that the source says it lost.
    pub dropped: u64,
    /// What an engineer wrote down.
    pub marks: u64,
    /// Frames with a wrong check sum.
    pub bad_crc: u64,
}

impl Notes {
    pub(super) fn take(&mut self, event: &CaptureEvent) {
        match event {
            CaptureEvent::Advert(advert) => self.bad_crc += u64::from(advert.details.bad_crc),
            CaptureEvent::Other(event) => match &event.kind {
                EventKind::Station(info) => {
                    self.stations.insert(event.station, info.clone());
                }
                EventKind::Gap { .. } => self.gaps += 1,
                EventKind::Dropped { n } => self.dropped = self.dropped.saturating_add(*n),
                EventKind::Mark(_) => self.marks += 1,
                _ => {}
            },
        }
    }
}

fn in_order<S: serde::Serializer>(
    stations: &BTreeMap<StationId, StationInfo>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(stations.values())
}
