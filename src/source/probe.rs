//! Looks at the radio without using it: what the system and its Bluetooth service say of adapters, for a diagnosis.

use super::ble_error::BleError;
#[cfg(target_os = "linux")]
use super::sysfs;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// The service's answer; `None` where it must not be asked: macOS ends a program that has no permission yet.
    pub answer: Option<Result<Vec<Seen>, BleError>>,
    /// The kernel's adapters.
    pub present: Vec<Present>,
    /// The Bluetooth radios that rfkill knows.
    pub radios: Vec<Radio>,
}

/// An adapter, as the service sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name (`hci0`).
    pub name: String,
    /// It is on.
    pub powered: bool,
    /// It scans already, for whichever program.
    pub discovering: bool,
    /// The version of the service, where it tells.
    pub service_version: Option<(u8, u8)>,
}

/// An adapter, as the kernel sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Its name (`hci0`).
    pub name: String,
    /// Its model; empty where nothing tells.
    pub model: String,
}

/// A Bluetooth radio of rfkill.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Radio {
    /// Its name: of an adapter, or of the machine's own switch.
    pub name: String,
    /// Blocked by a program.
    pub soft: bool,
    /// Blocked by a switch.
    pub hard: bool,
}

/// Who blocks the radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// A program, through rfkill.
    Soft,
    /// A switch of the hardware.
    Hard,
}

/// Whether any radio is blocked. A switch outweighs a program, as nothing can be done about it from here.
#[must_use]
pub fn blocked(radios: &[Radio]) -> Option<Block> {
    if radios.iter().any(|radio| radio.hard) {
        Some(Block::Hard)
    } else {
        radios.iter().any(|radio| radio.soft).then_some(Block::Soft)
    }
}

/// Looks, for some seconds at most, whatever hangs.
#[must_use]
pub fn look() -> Findings {
    let answer = ask();
    #[cfg(target_os = "linux")]
    let (present, radios) = {
        let names = sysfs::adapters().into_iter();
        let present = names.map(|name| Present {
            model: sysfs::model(&name),
            name,
        });
        (present.collect(), sysfs::radios())
    };
    #[cfg(not(target_os = "linux"))]
    let (present, radios) = (Vec::new(), Vec::new());
    Findings {
        answer,
        present,
        radios,
    }
}

#[cfg(not(feature = "ble"))]
#[expect(clippy::unnecessary_wraps, reason = "macOS must not be asked")]
fn ask() -> Option<Result<Vec<Seen>, BleError>> {
    Some(Err(BleError::NotBuilt))
}

#[cfg(all(feature = "ble", not(target_os = "linux")))]
fn ask() -> Option<Result<Vec<Seen>, BleError>> {
    None
}

#[cfg(all(feature = "ble", target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "macOS must not be asked")]
fn ask() -> Option<Result<Vec<Seen>, BleError>> {
    Some(asking::ask())
}

#[cfg(all(feature = "ble", target_os = "linux"))]
mod asking {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use tokio::runtime;

    use super::Seen;
    use crate::source::ble;
    use crate::source::ble_error::BleError;

    /// How long the bus may take.
    const BUS_LIMIT: Duration = Duration::from_secs(3);
    /// How long the service may take; where the bus has to start it first, that is in it.
    const SERVICE_LIMIT: Duration = Duration::from_secs(5);

    /// How far it came.
    enum Word {
        Connected,
        Answered(Result<Vec<Seen>, BleError>),
    }

    /// Connecting blocks for as long as the bus pleases, so that it is done in a thread that may be left behind.
    pub(super) fn ask() -> Result<Vec<Seen>, BleError> {
        let (said, heard) = mpsc::channel();
        let spawned = thread::Builder::new().name("probe".to_owned()).spawn(move || {
            // Who no longer listens needs no answer.
            let answered = |answer| drop(said.send(Word::Answered(answer)));
            match runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    let connected = || drop(said.send(Word::Connected));
                    answered(runtime.block_on(ble::look(SERVICE_LIMIT, connected)));
                }
                Err(error) => answered(Err(failed(&error))),
            }
        });
        match spawned {
            Ok(_) => listen(&heard),
            Err(error) => Err(failed(&error)),
        }
    }

    fn listen(heard: &mpsc::Receiver<Word>) -> Result<Vec<Seen>, BleError> {
        let bus_is_dead = |_| BleError::BusDead(format!("no answer within {} s", BUS_LIMIT.as_secs()));
        match heard.recv_timeout(BUS_LIMIT).map_err(bus_is_dead)? {
            Word::Answered(answer) => return answer,
            Word::Connected => {}
        }
        // A moment more than it gives itself.
        match heard.recv_timeout(SERVICE_LIMIT + Duration::from_secs(1)) {
            Ok(Word::Answered(answer)) => answer,
            _ => Err(BleError::Timeout(SERVICE_LIMIT.as_secs())),
        }
    }

    fn failed(error: &std::io::Error) -> BleError {
        BleError::Other {
            name: "thread".to_owned(),
            message: error.to_string(),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_was_said_is_taken_and_silence_is_no_answer() {
            let (said, heard) = mpsc::channel();
            said.send(Word::Answered(Err(BleError::AdapterGone))).unwrap();
            assert_eq!(listen(&heard), Err(BleError::AdapterGone));
            said.send(Word::Connected).unwrap();
            said.send(Word::Answered(Ok(Vec::new()))).unwrap();
            assert_eq!(listen(&heard), Ok(Vec::new()));
            said.send(Word::Connected).unwrap();
            drop(said);
            assert_eq!(listen(&heard), Err(BleError::Timeout(5)));
            assert!(matches!(listen(&heard), Err(BleError::BusDead(_))));
        }
    }
}
