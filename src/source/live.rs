//! Live radio as a source: runs the scan in a thread of its own, keeps it alive, says what it can and cannot observe.
//!
//! The thread has a runtime of its own for each attempt. When the bus dies, `bluez-async` leaves a task behind that
//! would panic as soon as it ran; the runtime goes away before it does, and the terminal stays as it is.

use serde::Serialize;
use tokio::sync::watch;

use super::Outlet;
use super::ble_error::BleError;
use crate::lab::ad::{structures, ty};
use crate::lab::advert::StationId;
use crate::lab::event::{AdapterState, StationInfo};
use crate::lab::gaen;
use crate::lab::time::Micros;

/// What to scan, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The adapter's name (`hci0`); the first one where none is given.
    pub adapter: Option<String>,
    /// Which advertisements to keep.
    pub only: Only,
    /// Whether an adapter that is off may be switched on.
    pub power: Power,
    /// The station that the events are attributed to.
    pub station: StationId,
}

/// Which advertisements a live source keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Only {
    /// All of them.
    #[default]
    Everything,
    /// Those of exposure notification, whole or damaged.
    Gaen,
}

impl Only {
    /// Whether an advertisement with this payload is kept.
    #[must_use]
    pub fn keeps(self, payload: &[u8]) -> bool {
        let is_list = |ty| matches!(ty, ty::UUID16_COMPLETE | ty::UUID16_INCOMPLETE);
        self == Self::Everything
            || gaen::service_data(payload).is_some()
            || structures(payload)
                .filter(|structure| is_list(structure.ty))
                .any(|list| list.data.chunks(2).any(|uuid| uuid == gaen::SERVICE_UUID.to_le_bytes()))
    }
}

/// What to do with an adapter that is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Power {
    /// Leave it off and say so.
    #[default]
    Ask,
    /// Switch it on.
    On,
}

/// What a live source can observe, and what not: for the metadata, the screen, and rules that need such evidence.
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// Through which interface it observes.
    pub source: &'static str,
    /// Addresses and their kinds, not handles of the host's own.
    pub addresses: bool,
    /// An RSSI that was measured on the very report.
    pub per_packet_rssi: bool,
    /// The PDU type: whether a broadcaster is connectable or scannable.
    pub pdu_type: bool,
    /// The channel.
    pub channel: bool,
    /// The TX power of the report's header.
    pub tx_power: bool,
    /// How far a time stamp may lie after the moment of reception, in an unloaded system, in microseconds.
    pub time_accuracy: Micros,
    /// What else one must know to judge the figures.
    pub notes: &'static [&'static str],
}

impl Capabilities {
    /// `BlueZ` over D-Bus.
    pub const BLUEZ: Self = Self {
        source: "BlueZ over D-Bus",
        addresses: true,
        per_packet_rssi: true,
        pdu_type: false,
        channel: false,
        tx_power: false,
        time_accuracy: Micros::from_millis(20),
        notes: &[
            "times are those of arrival at the host; under load they come later",
            "payloads are put together again from fields: order, Flags and what the service drops are unknown",
            "a report and its scan response are merged, and then the RSSI is that of the scan response",
            "scannable advertisements without an answered scan request are held back by the kernel until another report",
            "controllers that filter duplicates give one report of a device each 10 s",
        ],
    };
    /// `CoreBluetooth`.
    pub const CORE_BLUETOOTH: Self = Self {
        source: "CoreBluetooth",
        addresses: false,
        per_packet_rssi: false,
        pdu_type: false,
        channel: false,
        tx_power: false,
        time_accuracy: Micros::from_millis(20),
        notes: &[
            "devices are handles of this computer; address rotation cannot be observed as such",
            "RSSI is the newest value that the system has",
            "reports may be lost without notice when many come at once",
            "it is not known whether macOS gives exposure notifications to programs at all",
        ],
    };
}

/// How the radio is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The adapter's state.
    pub state: AdapterState,
    /// Why it is not scanning; its [`BleError::remedy`] says what to do.
    pub error: Option<BleError>,
}

/// A running live source.
pub struct Live {
    /// Who receives.
    pub station: StationInfo,
    /// What it can observe.
    pub capabilities: Capabilities,
    status: watch::Receiver<Status>,
    stop: watch::Sender<bool>,
}

impl Live {
    /// How the radio is doing; changes can be awaited.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Asks the source to end: it records what is to be recorded, stops the scan, and closes its channel. Dropping the
    /// receiving end of the channel, or this value, ends it too.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

/// Starts scanning into `outlet`: a [`StationInfo`] event first, then advertisements, adapter states and gaps. What goes
/// wrong after the start does not end the source: it is recorded, shown in [`Live::status`], and put right as soon as
/// the system allows.
///
/// # Errors
/// [`BleError`] when the scan cannot begin; `outlet` is closed then.
pub async fn start(options: Options, outlet: Outlet) -> Result<Live, BleError> {
    #[cfg(feature = "ble")]
    {
        driver::start(options, outlet).await
    }
    #[cfg(not(feature = "ble"))]
    {
        let _ = (options, outlet);
        std::future::ready(Err(BleError::NotBuilt)).await
    }
}

#[cfg(feature = "ble")]
mod driver;

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;

    #[test]
    fn only_gaen_keeps_whole_and_damaged_frames_alone() {
        for (payload, is_kept) in [
            (
                &hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874")[..],
                true,
            ),
            (&hex!("03166ffd"), true),
            (&hex!("0503 0f18 6ffd"), true),
            (&hex!("03036ffe"), false),
            (&hex!("06ff4c00100500"), false),
            (&[], false),
        ] {
            assert_eq!(Only::Gaen.keeps(payload), is_kept, "{payload:02x?}");
            assert!(Only::Everything.keeps(payload));
        }
    }
}
