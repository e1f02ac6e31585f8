//! The operating system's Bluetooth service, through btleplug.
//!
//! On Linux the discovery itself is started through `bluez-async`, on which btleplug stands: btleplug asks for both
//! transports, which costs dual-mode adapters half of all advertisements, and sets no RSSI threshold, without which newer
//! `BlueZ` withholds changes. `BlueZ` sends its signals to every client, so btleplug's events carry them all the same.

use std::pin::Pin;

use btleplug::api::{CentralEvent, CentralState};
use futures::stream::Stream;

use super::assemble::{Assembler, DeviceId, HostEvent, Properties};
use crate::lab::event::StationInfo;

#[cfg(target_os = "linux")]
#[path = "ble/linux.rs"]
mod platform;
#[cfg(not(target_os = "linux"))]
#[path = "ble/core_bluetooth.rs"]
mod platform;

#[cfg(target_os = "linux")]
pub(super) use platform::look;
pub(super) use platform::{CAPABILITIES, Link, RULES, open};

/// A running scan.
pub(super) struct Scan {
    /// What comes from the air. Kept apart, so that questions can be asked while it is waited for.
    pub(super) events: Pin<Box<dyn Stream<Item = CentralEvent> + Send>>,
    /// The way to ask.
    pub(super) link: Link,
}

impl Scan {
    /// Stops scanning.
    pub(super) async fn stop(&self) {
        self.link.stop().await;
    }
}

/// What is known when a scan begins.
pub(super) struct Opened {
    /// Who receives.
    pub(super) station: StationInfo,
    /// Devices that the service knows from before.
    pub(super) remembered: Vec<(DeviceId, Properties)>,
}

/// What an event of btleplug says.
pub(super) enum Told {
    /// Nothing of interest.
    Nothing,
    /// The adapter went off, or away.
    PoweredOff,
    /// This, in order.
    Events(Vec<HostEvent>),
}

impl Link {
    /// Translates an event, and asks for the properties of a device that the assembler does not know yet: the first
    /// report of an address is nowhere else.
    pub(super) async fn translate(&self, event: CentralEvent, assembler: &Assembler) -> Told {
        let device = match &event {
            CentralEvent::StateUpdate(CentralState::PoweredOff) => return Told::PoweredOff,
            CentralEvent::DeviceDiscovered(id)
            | CentralEvent::DeviceUpdated(id)
            | CentralEvent::RssiUpdate { id, .. }
            | CentralEvent::ServiceDataAdvertisement { id, .. }
            | CentralEvent::ManufacturerDataAdvertisement { id, .. }
            | CentralEvent::ServicesAdvertisement { id, .. } => id.clone(),
            _ => return Told::Nothing,
        };
        let Some(id) = platform::device_id(&device) else {
            return Told::Nothing;
        };
        if let CentralEvent::DeviceDiscovered(_) = event {
            let properties = self.describe(&device).await.unwrap_or_default();
            return Told::Events(vec![HostEvent::Discovered(id, properties)]);
        }
        let mut told = Vec::with_capacity(2);
        if platform::LATEST_RSSI_ONLY || !assembler.knows(id) {
            told.extend(self.describe(&device).await.into_iter().flat_map(|properties| {
                let rssi = properties.rssi.filter(|_| platform::LATEST_RSSI_ONLY);
                let described = HostEvent::Described(id, properties);
                [Some(described), rssi.map(|rssi| HostEvent::Rssi(id, rssi))]
                    .into_iter()
                    .flatten()
            }));
        }
        told.extend(match event {
            CentralEvent::RssiUpdate { rssi, .. } => Some(HostEvent::Rssi(id, rssi)),
            CentralEvent::ServiceDataAdvertisement { service_data, .. } => {
                let data = service_data.into_iter().map(|(uuid, data)| (uuid.as_u128(), data));
                Some(HostEvent::ServiceData(id, data.collect()))
            }
            CentralEvent::ManufacturerDataAdvertisement { manufacturer_data, .. } => {
                Some(HostEvent::ManufacturerData(id, manufacturer_data.into_iter().collect()))
            }
            CentralEvent::ServicesAdvertisement { services, .. } => {
                let services = services.iter().map(uuid::Uuid::as_u128).collect();
                Some(HostEvent::Services(id, services))
            }
            _ => None,
        });
        Told::Events(told)
    }
}
