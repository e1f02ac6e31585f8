//! Lab keys: of phones of one's own, so that their broadcasts are known and their metadata can be read.

use std::collections::BTreeMap;

use thiserror::Error;

use super::crypto::{BroadcastKeys, Metadata, ROLLING_PERIOD, Tek};
use super::gaen::{Aem, Rpi};
use super::secret_rows::{Row, SecretRows};
use super::time::Enin;

/// Most keys of a ring: their identifiers are kept ready.
const MOST_KEYS: usize = 10_000;
const UNREADABLE: &str = "cannot be read";
/// Columns of a key file.
const COLUMNS: [&str; 5] = ["device", "model", "tek", "rolling_start", "rolling_period"];

/// Keys with the identifiers that follow from them. Secrets are wiped when it is dropped, and never printed.
#[derive(Debug, Default)]
pub struct Keyring {
    keys: Vec<LabKey>,
    identifiers: BTreeMap<Rpi, (usize, Enin)>,
}

#[derive(Debug)]
struct LabKey {
    device: String,
    model: String,
    derived: BroadcastKeys,
}

/// Whose a broadcast is, and what its metadata say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    /// The engineer's name of the device, not neutralised.
    pub device: &'a str,
    /// Its model, not neutralised; empty where it is not told.
    pub model: &'a str,
    /// The interval in which the identifier is used.
    pub enin: Enin,
    /// The metadata, where the frame had any.
    pub metadata: Option<Metadata>,
}

/// Why a key file cannot be used; says nothing of the keys themselves.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyringError {
    /// It is no CSV file with the columns of one.
    #[error("no key file: needs the columns {}", COLUMNS.join(","))]
    Columns,
    /// A line is none of a key.
    #[error("line {line}: {what}")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There are too many.
    #[error("more than {MOST_KEYS} keys")]
    TooMany,
}

impl Keyring {
    /// The keys of a CSV file with the columns `device,model,tek,rolling_start,rolling_period`: `tek` as 32 hexadecimal
    /// digits, `rolling_start` as number of an interval of ten minutes since 1970, `rolling_period` in such intervals (1
    /// to 144).
    ///
    /// # Errors
    /// [`KeyringError`], with the line.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut rows = SecretRows::new(text);
        let Row::At(_) = rows.next() else {
            return Err(KeyringError::Columns);
        };
        let mut places = [0; COLUMNS.len()];
        for (idx, name) in places.iter_mut().zip(COLUMNS) {
            *idx = rows.place(name).ok_or(KeyringError::Columns)?;
        }
        let mut ring = Self::default();
        loop {
            let line = match rows.next() {
                Row::At(line) => line,
                Row::End => return Ok(ring),
                Row::Unreadable(line) => return Err(KeyringError::Line { line, what: UNREADABLE }),
            };
            let fault = |what| KeyringError::Line { line, what };
            if ring.keys.len() >= MOST_KEYS {
                return Err(KeyringError::TooMany);
            }
            let [device, model, tek, start, period] = places.map(|place| rows.cell(place));
            let tek = Tek::from_hex(tek).ok_or_else(|| fault("tek: 32 hexadecimal digits are needed"))?;
            let start = start
                .parse()
                .map_err(|_| fault("rolling_start: a number of an interval is needed"))?;
            let period: u32 = period
                .parse()
                .map_err(|_| fault("rolling_period: a number is needed"))?;
            if !(1..=ROLLING_PERIOD).contains(&period) {
                return Err(fault("rolling_period: 1 to 144 intervals"));
            }
            ring.add(device, model, &tek, Enin(start), period);
        }
    }

    /// Takes in the keys of another file.
    pub fn extend(&mut self, other: Self) {
        let before = self.keys.len();
        let moved = other
            .identifiers
            .into_iter()
            .map(|(rpi, (place, enin))| (rpi, (before + place, enin)));
        self.identifiers.extend(moved);
        self.keys.extend(other.keys);
    }

    fn add(&mut self, device: &str, model: &str, tek: &Tek, start: Enin, period: u32) {
        let derived = BroadcastKeys::derive(tek);
        for enin in (0..period).filter_map(|n| start.0.checked_add(n)).map(Enin) {
            self.identifiers.insert(derived.rpi(enin), (self.keys.len(), enin));
        }
        self.keys.push(LabKey {
            device: device.to_owned(),
            model: model.to_owned(),
            derived,
        });
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whose an identifier is; `aem` is opened with the key.
    #[must_use]
    pub fn find(&self, rpi: Rpi, aem: Option<Aem>) -> Option<Known<'_>> {
        let (idx, enin) = *self.identifiers.get(&rpi)?;
        let key = self.keys.get(idx)?;
        Some(Known {
            device: &key.device,
            model: &key.model,
            enin,
            metadata: aem.map(|aem| key.derived.open(rpi, aem)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::units::Dbm;
    use hex_literal::hex;

    const HEADER: &str = "device,model,tek,rolling_start,rolling_period\n";

    #[test]
    fn a_broadcast_of_a_known_key_is_named_and_its_metadata_are_read() {
        // The published set of specification v1.2: key, first interval and identifier.
        let text = format!("{HEADER}bench,Pixel 4,75c734c6dd1a782de7a965da5eb93125,2642976,144\n");
        let ring = Keyring::parse(&text).unwrap();
        assert_eq!((ring.len(), ring.identifiers.len()), (1, 144));
        let rpi = Rpi(hex!("8be6cd371c5c891604bfbe49df845096"));
        let known = ring.find(rpi, Some(Aem(hex!("72033874")))).unwrap();
        assert_eq!(
            (known.device, known.model, known.enin),
            ("bench", "Pixel 4", Enin(2_642_976))
        );
        assert_eq!(known.metadata.unwrap().tx_power(), Dbm(8));
        assert_eq!(ring.find(Rpi([0; 16]), None), None);
    }

    #[test]
    fn a_line_that_is_no_key_is_told_without_the_key() {
        for (line, expected) in [
            ("a,b,75c7,1,144", "line 2: tek"),
            ("a,b,75c734c6dd1a782de7a965da5eb9312z,1,144", "line 2: tek"),
            ("a,b,+5c734c6dd1a782de7a965da5eb93125,1,144", "line 2: tek"),
            ("a,b,75c734c6dd1a782de7a965da5eb93125,-1,144", "line 2: rolling_start"),
            ("a,b,75c734c6dd1a782de7a965da5eb93125,1,145", "line 2: rolling_period"),
            ("a", "line 2: tek"),
        ] {
            let error = Keyring::parse(&format!("{HEADER}{line}\n")).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{line}: {error}");
            assert!(!error.contains("75c7"), "{error}");
        }
        assert_eq!(Keyring::parse("a,b\n1,2\n").unwrap_err(), KeyringError::Columns);
        assert!(Keyring::parse(HEADER).unwrap().is_empty());
        assert!(Keyring::parse("").is_err());
    }

    #[test]
    fn keys_are_not_printed() {
        let text = format!("{HEADER}bench,,75c734c6dd1a782de7a965da5eb93125,1,1\n");
        let printed = format!("{:?}", Keyring::parse(&text).unwrap());
        assert!(
            printed.contains("bench") && printed.contains("BroadcastKeys(…)"),
            "{printed}"
        );
        assert!(!printed.contains("75c7") && !printed.contains("117, 199"), "{printed}");
    }
}
