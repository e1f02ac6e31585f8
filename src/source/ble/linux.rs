//! Linux: `BlueZ` over D-Bus.

use std::time::Duration;

use bluez_async::{
    AdapterId, AddressType, BluetoothError, BluetoothSession, DeviceInfo, DiscoveryFilter, Modalias, Transport,
};
use btleplug::api::{Central as _, Manager as _};
use btleplug::platform::{Adapter, Manager, PeripheralId};
use tokio::time::timeout;

use super::{Opened, Scan};
use crate::lab::address::{self, Address, AddressKind};
use crate::lab::event::StationInfo;
use crate::source::assemble::{DeviceId, Properties, Rules};
use crate::source::ble_error::BleError;
use crate::source::live::{Capabilities, Options, Power};
use crate::source::probe::{Block, Seen};
use crate::source::sysfs;
use crate::source::watchdog::Pulse;

pub(in crate::source) const CAPABILITIES: Capabilities = Capabilities::BLUEZ;
pub(in crate::source) const RULES: Rules = Rules::Bluez;
/// Reports bring their RSSI with them.
pub(super) const LATEST_RSSI_ONLY: bool = false;

/// How long the properties of a device may take: events wait behind them.
const DESCRIBE_LIMIT: Duration = Duration::from_secs(2);

/// How long the service may take to tell its adapters; the bus may have to start it first.
const ADAPTERS_LIMIT: Duration = Duration::from_secs(8);

/// The way to the service: our own session, in which the discovery runs, so it must live as long as the scan.
pub(in crate::source) struct Link {
    session: BluetoothSession,
    adapter: AdapterId,
    /// The kernel told of the adapter when the scan began, which it does not in every container.
    was_present: bool,
}

/// Starts a scan.
pub(in crate::source) async fn open(options: &Options) -> Result<(Opened, Scan), BleError> {
    let (_, session) = BluetoothSession::new().await.map_err(|error| meaning(&error))?;
    let answer = timeout(ADAPTERS_LIMIT, session.get_adapters()).await;
    let answer = answer.map_err(|_| silent(ADAPTERS_LIMIT, sysfs::has_adapter()))?;
    let mut adapters = answer.map_err(|error| meaning(&error))?;
    adapters.sort_by_key(|adapter| adapter.id.to_string());
    let names: Vec<String> = adapters.iter().map(|adapter| adapter.id.to_string()).collect();
    let found = match &options.adapter {
        None => adapters.into_iter().next(),
        Some(name) => adapters.into_iter().find(|adapter| adapter.id.to_string() == *name),
    };
    let info = found.ok_or_else(|| match &options.adapter {
        Some(wanted) if !names.is_empty() => BleError::NoSuchAdapter {
            wanted: wanted.clone(),
            present: names.join(", "),
        },
        _ => BleError::NoAdapter {
            in_kernel: sysfs::has_adapter(),
        },
    })?;
    let name = info.id.to_string();
    let link = Link {
        session,
        adapter: info.id,
        was_present: sysfs::adapters().contains(&name),
    };
    if !info.powered {
        link.power_on(options.power).await?;
    }
    let devices = link.session.get_devices_on_adapter(&link.adapter).await;
    let remembered = devices
        .map_err(|error| meaning(&error))?
        .into_iter()
        .filter_map(|device| {
            let id = id_of_path(&device.id.to_string())?;
            Some((id, properties(device)))
        });
    let remembered = remembered.collect();
    let events = btleplug_adapter(&name)
        .await?
        .events()
        .await
        .map_err(|error| foreign_meaning(&error))?;
    let filter = DiscoveryFilter {
        transport: Some(Transport::Le),
        // Lower than any: asks for every change of the RSSI, also where `BlueZ` would withhold those under 8 dB.
        rssi_threshold: Some(-127),
        duplicate_data: Some(true),
        ..DiscoveryFilter::default()
    };
    let started = link
        .session
        .start_discovery_on_adapter_with_filter(&link.adapter, &filter);
    started.await.map_err(|error| match meaning(&error) {
        // A block gives nothing better than "Failed".
        BleError::Other { .. } if sysfs::is_blocked().is_some() => link.why_off(),
        other => other,
    })?;
    let station = StationInfo {
        model: sysfs::model(&name),
        name,
        ..StationInfo::default()
    };
    Ok((Opened { station, remembered }, Scan { events, link }))
}

/// What it means that the service says nothing: systemd does not start it where the kernel has no adapter, and leaves the
/// bus waiting.
const fn silent(limit: Duration, has_adapter: bool) -> BleError {
    if has_adapter {
        BleError::Timeout(limit.as_secs())
    } else {
        BleError::NoAdapter { in_kernel: false }
    }
}

/// Asks the service for its adapters and changes nothing. Calls `connected` as soon as the bus has answered, which may
/// block for long before.
pub(in crate::source) async fn look(limit: Duration, connected: impl FnOnce()) -> Result<Vec<Seen>, BleError> {
    let (_, session) = BluetoothSession::new().await.map_err(|error| meaning(&error))?;
    connected();
    let answer = timeout(limit, session.get_adapters()).await;
    let adapters = answer.map_err(|_| BleError::Timeout(limit.as_secs()))?;
    let mut seen: Vec<_> = adapters
        .map_err(|error| meaning(&error))?
        .into_iter()
        .map(|adapter| Seen {
            name: adapter.id.to_string(),
            powered: adapter.powered,
            discovering: adapter.discovering,
            service_version: service_version(&adapter.modalias),
        })
        .collect();
    seen.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(seen)
}

/// The version of `BlueZ`, which stands in the device identification of its adapters unless it is configured otherwise.
fn service_version(modalias: &Modalias) -> Option<(u8, u8)> {
    let [major, minor] = modalias.device_id.to_be_bytes();
    ((modalias.vendor_id, modalias.product_id) == (0x1d6b, 0x0246)).then_some((major, minor))
}

/// btleplug's handle of the adapter: it tells the name only as the first word of its information.
async fn btleplug_adapter(name: &str) -> Result<Adapter, BleError> {
    let manager = Manager::new().await.map_err(|error| foreign_meaning(&error))?;
    for adapter in manager.adapters().await.map_err(|error| foreign_meaning(&error))? {
        let info = adapter.adapter_info().await.map_err(|error| foreign_meaning(&error))?;
        if info.split(' ').next() == Some(name) {
            return Ok(adapter);
        }
    }
    Err(BleError::AdapterGone)
}

impl Link {
    async fn power_on(&self, power: Power) -> Result<(), BleError> {
        if power == Power::Ask || sysfs::is_blocked().is_some() {
            return Err(self.why_off());
        }
        let switched = self.session.set_powered(&self.adapter, true).await;
        switched.map_err(|error| meaning(&error))
    }

    /// Why the adapter does not work. One that was unplugged is told as off at first.
    pub(in crate::source) fn why_off(&self) -> BleError {
        let name = self.adapter.to_string();
        let is_gone = self.was_present && !sysfs::adapters().contains(&name);
        why_off(name, is_gone, sysfs::is_blocked())
    }

    /// Asks the service how the scan is doing.
    pub(in crate::source) async fn pulse(&self) -> Result<Pulse, BleError> {
        let info = self.session.get_adapter_info(&self.adapter).await;
        let info = info.map_err(|error| meaning(&error))?;
        Ok(Pulse {
            powered: info.powered,
            discovering: info.discovering,
        })
    }

    /// What the service knows of a device; `None` when it has forgotten it already.
    pub(super) async fn describe(&self, device: &PeripheralId) -> Option<Properties> {
        let id = device.to_string().parse().ok()?;
        let answer = timeout(DESCRIBE_LIMIT, self.session.get_device_info(&id)).await;
        answer.ok()?.ok().map(properties)
    }

    pub(super) async fn stop(&self) {
        // "No discovery started" and a service that is gone both mean what was wanted.
        let _ = self.session.stop_discovery_on_adapter(&self.adapter).await;
    }
}

fn why_off(name: String, is_gone: bool, block: Option<Block>) -> BleError {
    match block {
        _ if is_gone => BleError::AdapterGone,
        None => BleError::PoweredOff(name),
        Some(block) => BleError::Blocked {
            hard: block == Block::Hard,
        },
    }
}

/// The device that btleplug means: the address in the last part of its path (`hci0/dev_60_00_00_5E_00_01`).
pub(super) fn device_id(device: &PeripheralId) -> Option<DeviceId> {
    id_of_path(&device.to_string())
}

fn id_of_path(path: &str) -> Option<DeviceId> {
    let (_, text) = path.rsplit_once("/dev_")?;
    let bytes = address::parse_bytes(&text.replace('_', ":")).ok()?;
    Some(DeviceId(bytes.iter().fold(0, |id, byte| id << 8 | u128::from(*byte))))
}

fn properties(device: DeviceInfo) -> Properties {
    let bytes: [u8; 6] = device.mac_address.into();
    let kind = match device.address_type {
        AddressType::Public => AddressKind::Public,
        AddressType::Random => Address::random_kind(bytes),
    };
    Properties {
        address: Some(Address { bytes, kind }),
        rssi: device.rssi,
        tx_power: device.tx_power,
        name: device.name,
        services: device.services.iter().map(uuid::Uuid::as_u128).collect(),
        service_data: device
            .service_data
            .into_iter()
            .map(|(uuid, data)| (uuid.as_u128(), data))
            .collect(),
        manufacturer_data: device.manufacturer_data.into_iter().collect(),
    }
}

fn meaning(error: &BluetoothError) -> BleError {
    match error {
        BluetoothError::DbusError(error) => {
            BleError::from_dbus(error.name().unwrap_or_default(), error.message().unwrap_or_default())
        }
        BluetoothError::NoBluetoothAdapters => BleError::NoAdapter {
            in_kernel: sysfs::has_adapter(),
        },
        other => BleError::from_dbus("bluez-async", &other.to_string()),
    }
}

/// btleplug wraps the error of the library below it.
fn foreign_meaning(error: &btleplug::Error) -> BleError {
    match error {
        btleplug::Error::Other(inner) => match inner.downcast_ref::<BluetoothError>() {
            Some(inner) => meaning(inner),
            None => BleError::from_dbus("btleplug", &inner.to_string()),
        },
        btleplug::Error::PermissionDenied => BleError::NotAllowed(error.to_string()),
        other => BleError::from_dbus("btleplug", &other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_comes_from_the_last_part_of_its_path() {
        assert_eq!(
            id_of_path("hci0/dev_60_00_00_5E_00_01"),
            Some(DeviceId(0x6000_005e_0001))
        );
        for wrong in [
            "",
            "hci0",
            "hci0/dev_",
            "hci0/dev_60_00",
            "hci0/dev_60_00_00_5E_00_01/service0001",
        ] {
            assert_eq!(id_of_path(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_version_of_the_service_stands_in_its_own_modalias_alone() {
        let version = |text: &str| service_version(&text.parse().unwrap());
        assert_eq!(version("usb:v1D6Bp0246d0542"), Some((5, 66)));
        assert_eq!(version("usb:v8087p0A2Bd0542"), None);
    }

    #[test]
    fn a_silent_service_without_an_adapter_is_not_to_be_restarted() {
        assert_eq!(silent(ADAPTERS_LIMIT, true), BleError::Timeout(8));
        assert_eq!(silent(ADAPTERS_LIMIT, false), BleError::NoAdapter { in_kernel: false });
    }

    #[test]
    fn what_is_off_was_unplugged_or_blocked_or_switched() {
        let why = |is_gone, block| why_off("hci0".to_owned(), is_gone, block);
        assert_eq!(why(true, None), BleError::AdapterGone);
        assert_eq!(why(true, Some(Block::Soft)), BleError::AdapterGone);
        assert_eq!(why(false, Some(Block::Soft)), BleError::Blocked { hard: false });
        assert_eq!(why(false, Some(Block::Hard)), BleError::Blocked { hard: true });
        assert_eq!(why(false, None), BleError::PoweredOff("hci0".to_owned()));
    }

    #[test]
    fn wrapped_errors_keep_their_meaning() {
        let error = BluetoothError::DbusError(dbus::Error::new_custom(
            "org.freedesktop.DBus.Error.ServiceUnknown",
            "The name org.bluez was not provided by any .service files",
        ));
        let wrapped = btleplug::Error::Other(Box::new(error));
        assert!(matches!(foreign_meaning(&wrapped), BleError::NoService(_)));
        let other = btleplug::Error::Other("something".into());
        assert!(matches!(foreign_meaning(&other), BleError::Other { .. }));
    }
}
