//! Why the radio cannot be used, and what to do about it.

use thiserror::Error;

use crate::lab::event::AdapterState;

/// What to do where macOS does not allow Bluetooth.
pub const ALLOW_ON_MACOS: &str = "allow Bluetooth for your terminal in System Settings, Privacy & Security, Bluetooth";

/// Why there is no scan, or no more.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BleError {
    /// The program was built without the feature `ble`.
    #[error("this build has no live radio")]
    NotBuilt,
    /// There is no D-Bus socket.
    #[error("the system bus is not there ({0})")]
    NoBus(String),
    /// The socket is there, but nobody listens, or the connection broke.
    #[error("the system bus does not answer ({0})")]
    BusDead(String),
    /// Nobody owns the name `org.bluez`.
    #[error("the Bluetooth service is not running ({0})")]
    NoService(String),
    /// The service or the bus took too long.
    #[error("the Bluetooth service did not answer within {0} s")]
    Timeout(u64),
    /// The service knows no adapter.
    #[error("{}", if *.in_kernel { "the Bluetooth service does not use the kernel's adapter" } else { "no Bluetooth adapter" })]
    NoAdapter {
        /// The kernel has one all the same.
        in_kernel: bool,
    },
    /// There are adapters, but not the one asked for.
    #[error("no Bluetooth adapter {wanted:?}; there is {present}")]
    NoSuchAdapter {
        /// The name asked for.
        wanted: String,
        /// Those there are.
        present: String,
    },
    /// The adapter went away in the middle.
    #[error("the Bluetooth adapter was unplugged")]
    AdapterGone,
    /// The adapter is switched off.
    #[error("the Bluetooth adapter {0} is switched off")]
    PoweredOff(String),
    /// The adapter is blocked by rfkill.
    #[error("the Bluetooth adapter is blocked by {}", if *.hard { "its hardware switch" } else { "rfkill" })]
    Blocked {
        /// By a switch of the hardware, which no program can undo.
        hard: bool,
    },
    /// The adapter is being switched, or does not do what it is told: `BlueZ` calls that "in progress" too.
    #[error("the Bluetooth adapter is busy or does not answer ({0})")]
    Busy(String),
    /// The policy of the bus, or macOS, refuses.
    #[error("not allowed to use Bluetooth ({0})")]
    NotAllowed(String),
    /// The adapter stopped scanning by itself, or by another program's doing.
    #[error("the scan stopped")]
    ScanStopped,
    /// Nothing was heard for unusually long, although everything says that the scan runs.
    #[error("nothing was heard for {0} s")]
    Stalled(u64),
    /// Anything else, by its D-Bus name and message.
    #[error("Bluetooth failed: {name}: {message}")]
    Other {
        /// The error's name.
        name: String,
        /// The error's text.
        message: String,
    },
}

impl BleError {
    /// The meaning of a D-Bus error in a call to `BlueZ`. The names were observed with `BlueZ` 5.66 and dbus 1.14.
    #[must_use]
    pub fn from_dbus(name: &str, message: &str) -> Self {
        let message = clean(message);
        // The bus, or systemd for it, could not start the service.
        if name.starts_with("org.freedesktop.DBus.Error.Spawn.") || name.starts_with("org.freedesktop.systemd1.") {
            return Self::NoService(message);
        }
        match name.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or(name) {
            "FileNotFound" => Self::NoBus(message),
            "NoServer" | "Disconnected" | "IOError" | "Timeout" | "NoReply" => Self::BusDead(message),
            // "TimedOut" is what the bus says when the service that it started does not come up.
            "ServiceUnknown" | "NameHasNoOwner" | "TimedOut" => Self::NoService(message),
            "AccessDenied" | "AuthFailed" | "org.bluez.Error.NotAuthorized" | "org.bluez.Error.NotPermitted" => {
                Self::NotAllowed(message)
            }
            "UnknownObject" | "UnknownMethod" | "org.bluez.Error.DoesNotExist" => Self::AdapterGone,
            "org.bluez.Error.NotReady" => Self::PoweredOff(String::new()),
            "org.bluez.Error.Busy" | "org.bluez.Error.InProgress" => {
                Self::Busy(if message.is_empty() { clean(name) } else { message })
            }
            _ => Self::Other {
                name: clean(name),
                message,
            },
        }
    }

    /// What state of the adapter it stands for.
    #[must_use]
    pub const fn state(&self) -> AdapterState {
        match self {
            Self::NotBuilt | Self::NoAdapter { .. } | Self::NoSuchAdapter { .. } | Self::AdapterGone => {
                AdapterState::Gone
            }
            Self::PoweredOff(_) => AdapterState::Off,
            Self::Blocked { .. } => AdapterState::Blocked,
            Self::NotAllowed(_) => AdapterState::NotPermitted,
            Self::NoBus(_)
            | Self::BusDead(_)
            | Self::NoService(_)
            | Self::Timeout(_)
            | Self::Busy(_)
            | Self::ScanStopped
            | Self::Stalled(_)
            | Self::Other { .. } => AdapterState::ServiceDown,
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NotBuilt => "build with `--features ble`",
            Self::NoBus(_) => "start dbus; in a container, mount /run/dbus/system_bus_socket",
            Self::BusDead(_) => "restart dbus, then bluetooth",
            Self::NoService(_) => "install bluez and run `systemctl enable --now bluetooth`",
            Self::Timeout(_) => "restart it: `systemctl restart bluetooth`",
            Self::NoAdapter { in_kernel: false } => {
                "plug one in, or load its driver (`modprobe btusb`); `ls /sys/class/bluetooth` shows what the kernel has"
            }
            Self::NoAdapter { in_kernel: true } => {
                "`systemctl restart bluetooth`; if `bluetoothctl list` is still empty, `dmesg` may tell of missing firmware"
            }
            Self::NoSuchAdapter { .. } => "name one of these with --adapter",
            Self::AdapterGone => "plug it in again",
            Self::PoweredOff(_) => "switch it on with `bluetoothctl power on`, or let --power-on do it",
            Self::Blocked { hard: false } => "run `rfkill unblock bluetooth`",
            Self::Blocked { hard: true } => "use the switch or key of the machine that turns radios off",
            Self::Busy(_) => {
                "wait some seconds; if it stays so, `systemctl restart bluetooth`, or plug the adapter in anew"
            }
            Self::NotAllowed(_) => {
                if cfg!(target_os = "macos") {
                    ALLOW_ON_MACOS
                } else {
                    "join the group bluetooth, or allow org.bluez in the policy of the system bus"
                }
            }
            Self::ScanStopped | Self::Stalled(_) => "nothing: it is started anew",
            Self::Other { .. } => "see `journalctl -u bluetooth`",
        }
    }
}

/// Foreign text without control characters and of a sensible length: it goes to terminals and captures.
fn clean(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut letters = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut kept: String = letters.by_ref().take(LONGEST).collect();
    if letters.next().is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_were_observed_or_reported_mean_what_they_meant() {
        let dbus = |name: &str| format!("org.freedesktop.DBus.Error.{name}");
        for (name, message, state, remedy) in [
            (
                dbus("FileNotFound"),
                "Failed to connect to socket /run/dbus/system_bus_socket: No such file or directory",
                AdapterState::ServiceDown,
                "mount /run/dbus",
            ),
            (
                dbus("NoServer"),
                "Failed to connect to socket: Connection refused",
                AdapterState::ServiceDown,
                "restart dbus",
            ),
            (
                dbus("ServiceUnknown"),
                "The name org.bluez was not provided by any .service files",
                AdapterState::ServiceDown,
                "systemctl enable --now bluetooth",
            ),
            (
                dbus("AccessDenied"),
                "Rejected send message, 3 matched rules",
                AdapterState::NotPermitted,
                "bluetooth",
            ),
            (
                dbus("UnknownObject"),
                "Method \"StopDiscovery\" doesn't exist",
                AdapterState::Gone,
                "plug",
            ),
            (
                dbus("Timeout"),
                "Timeout waiting for reply",
                AdapterState::ServiceDown,
                "restart dbus",
            ),
            (
                "org.bluez.Error.NotReady".to_owned(),
                "Resource Not Ready",
                AdapterState::Off,
                "--power-on",
            ),
            (
                dbus("TimedOut"),
                "Failed to activate service 'org.bluez': timed out (service_start_timeout=25000ms)",
                AdapterState::ServiceDown,
                "systemctl enable --now bluetooth",
            ),
            (
                dbus("Spawn.ChildExited"),
                "Process org.bluez exited with status 1",
                AdapterState::ServiceDown,
                "systemctl enable --now bluetooth",
            ),
            (
                "org.freedesktop.systemd1.NoSuchUnit".to_owned(),
                "Unit dbus-org.bluez.service not found.",
                AdapterState::ServiceDown,
                "systemctl enable --now bluetooth",
            ),
            (
                "org.bluez.Error.InProgress".to_owned(),
                "Operation already in progress",
                AdapterState::ServiceDown,
                "wait some seconds",
            ),
            (
                "org.bluez.Error.Busy".to_owned(),
                "",
                AdapterState::ServiceDown,
                "wait some seconds",
            ),
            (
                "org.bluez.Error.Failed".to_owned(),
                "Failed",
                AdapterState::ServiceDown,
                "journalctl",
            ),
        ] {
            let error = BleError::from_dbus(&name, message);
            assert_eq!(error.state(), state, "{name}");
            assert!(error.remedy().contains(remedy), "{name}: {}", error.remedy());
            assert!(!error.to_string().contains("()"), "{error}");
        }
    }

    #[test]
    fn every_error_names_a_remedy_and_reads_as_a_message() {
        let errors = [
            BleError::NotBuilt,
            BleError::NoBus(String::new()),
            BleError::BusDead(String::new()),
            BleError::NoService(String::new()),
            BleError::NotAllowed(String::new()),
            BleError::Busy(String::new()),
            BleError::NoAdapter { in_kernel: false },
            BleError::NoAdapter { in_kernel: true },
            BleError::NoSuchAdapter {
                wanted: "hci7".into(),
                present: "hci0".into(),
            },
            BleError::AdapterGone,
            BleError::PoweredOff("hci0".into()),
            BleError::Blocked { hard: true },
            BleError::Blocked { hard: false },
            BleError::Timeout(3),
            BleError::ScanStopped,
            BleError::Stalled(30),
        ];
        for error in &errors {
            let text = error.to_string();
            assert!(
                !text.ends_with('.') && !text.is_empty() && !error.remedy().is_empty(),
                "{text}"
            );
        }
        let mut texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), errors.len(), "no two read the same");
        // What was heard for a while and then not mends itself, whichever way.
        let mut remedies: Vec<_> = errors.iter().map(BleError::remedy).collect();
        remedies.sort_unstable();
        remedies.dedup();
        assert_eq!(
            remedies.len(),
            errors.len() - 1,
            "no two errors of the start have the same remedy"
        );
    }

    #[test]
    fn foreign_text_is_tamed() {
        let error = BleError::from_dbus("evil\u{1b}[2J", &"x\n".repeat(500));
        let text = error.to_string();
        assert!(!text.chars().any(char::is_control) && text.len() < 500, "{text}");
        assert!(text.ends_with('…'), "a cut is seen: {text}");
        assert_eq!(clean("short"), "short");
    }
}
