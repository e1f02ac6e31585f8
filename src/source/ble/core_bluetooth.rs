//! macOS: `CoreBluetooth`. Written from btleplug's sources; not yet seen on a Mac.

use btleplug::api::{Central as _, CentralState, Manager as _, Peripheral as _, ScanFilter};
use btleplug::platform::{Adapter, Manager, PeripheralId};
use uuid::Uuid;

use super::{Opened, Scan};
use crate::lab::event::StationInfo;
use crate::lab::gaen;
use crate::source::assemble::{DeviceId, Properties, Rules};
use crate::source::ble_error::BleError;
use crate::source::live::{Capabilities, Only, Options};
use crate::source::watchdog::Pulse;

pub(in crate::source) const CAPABILITIES: Capabilities = Capabilities::CORE_BLUETOOTH;
pub(in crate::source) const RULES: Rules = Rules::CoreBluetooth;
/// The RSSI stands only in the properties, which are at hand within the process.
pub(super) const LATEST_RSSI_ONLY: bool = true;

pub(in crate::source) struct Link {
    adapter: Adapter,
}

/// Starts a scan.
pub(in crate::source) async fn open(options: &Options) -> Result<(Opened, Scan), BleError> {
    let manager = Manager::new().await.map_err(|error| meaning(&error))?;
    let adapters = manager.adapters().await.map_err(|error| meaning(&error))?;
    let found = adapters.into_iter().next();
    let adapter = found.ok_or(BleError::NoAdapter { in_kernel: false })?;
    if adapter.adapter_state().await.map_err(|error| meaning(&error))? == CentralState::PoweredOff {
        return Err(BleError::PoweredOff("of this Mac".to_owned()));
    }
    let events = adapter.events().await.map_err(|error| meaning(&error))?;
    // Some versions of macOS (12.0 to 12.2) give nothing at all without a filter.
    let services = match options.only {
        Only::Everything => Vec::new(),
        Only::Gaen => vec![Uuid::from_u128(
            (u128::from(gaen::SERVICE_UUID) << 96) | 0x1000_8000_0080_5f9b_34fb,
        )],
    };
    adapter
        .start_scan(ScanFilter { services })
        .await
        .map_err(|error| meaning(&error))?;
    let opened = Opened {
        station: StationInfo {
            name: "mac".to_owned(),
            ..StationInfo::default()
        },
        remembered: Vec::new(),
    };
    let link = Link { adapter };
    Ok((opened, Scan { events, link }))
}

impl Link {
    /// Why the adapter does not work, although it is there.
    #[expect(clippy::unused_self, reason = "other systems must look")]
    pub(in crate::source) fn why_off(&self) -> BleError {
        BleError::PoweredOff("of this Mac".to_owned())
    }

    /// Asks the system how the scan is doing; whether it scans it does not tell.
    pub(in crate::source) async fn pulse(&self) -> Result<Pulse, BleError> {
        let state = self.adapter.adapter_state().await.map_err(|error| meaning(&error))?;
        Ok(Pulse {
            powered: state != CentralState::PoweredOff,
            discovering: true,
        })
    }

    /// What the system knows of a device.
    pub(super) async fn describe(&self, device: &PeripheralId) -> Option<Properties> {
        let peripheral = self.adapter.peripheral(device).await.ok()?;
        let properties = peripheral.properties().await.ok()??;
        Some(Properties {
            address: None,
            rssi: properties.rssi,
            tx_power: properties.tx_power_level,
            name: properties.advertisement_name,
            services: properties.services.iter().map(Uuid::as_u128).collect(),
            // The events bring the data; here they would be of any age.
            service_data: std::collections::BTreeMap::new(),
            manufacturer_data: std::collections::BTreeMap::new(),
        })
    }

    pub(super) async fn stop(&self) {
        // A scan that has ended already is what was wanted.
        let _ = self.adapter.stop_scan().await;
    }
}

/// The host's own UUID of the device.
pub(super) fn device_id(device: &PeripheralId) -> Option<DeviceId> {
    let uuid = Uuid::parse_str(&device.to_string()).ok()?;
    Some(DeviceId(uuid.as_u128()))
}

fn meaning(error: &btleplug::Error) -> BleError {
    match error {
        btleplug::Error::PermissionDenied => BleError::NotAllowed(error.to_string()),
        btleplug::Error::NoAdapterAvailable => BleError::NoAdapter { in_kernel: false },
        other => BleError::from_dbus("btleplug", &other.to_string()),
    }
}
