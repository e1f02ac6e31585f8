//! What really was: who broadcast what from where, and the keys of it.

use std::io::{self, Write};

use crate::lab::address::Address;
use crate::lab::advert::Hex;
use crate::lab::crypto::{ROLLING_PERIOD, Tek};
use crate::lab::gaen::Rpi;
use crate::lab::time::{Enin, UnixMicros};
use crate::lab::units::{Db, Metres};

/// A piece of truth.
#[derive(Clone, Debug)]
pub enum Truth {
    /// Where a broadcaster was and what it broadcast.
    Sighting(Sighting),
    /// A phone began to use a key.
    Key(Key),
}

/// Where a broadcaster was and what it broadcast, as seen from one station.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// When, by the true clock.
    pub at: UnixMicros,
    /// The station's name.
    pub station: String,
    /// The broadcaster's name in the scenario.
    pub device: String,
    /// Its model.
    pub model: String,
    /// Its identifier, of phones.
    pub rpi: Option<(Rpi, Enin)>,
    /// Its address.
    pub address: Address,
    /// Distance between the two.
    pub distance: Metres,
    /// Loss through body and pocket.
    pub obstruction: Db,
}

/// A key that a phone uses. It is the key of a simulated phone and no secret.
#[derive(Clone, Debug)]
pub struct Key {
    /// The phone's name in the scenario.
    pub device: String,
    /// Its model.
    pub model: String,
    /// The key.
    pub tek: Tek,
    /// Its first interval.
    pub rolling_start: Enin,
}

/// Header row of the truth file, in the order of [`Sighting`].
const SIGHTINGS: &str = "time_us,station,device,model,rpi,enin,address,address_kind,distance_m,obstruction_db";
/// Header row of the key file.
const KEYS: &str = "device,model,tek,rolling_start,rolling_period";

/// Writes truth as two CSV files: sightings and keys.
pub struct TruthWriter<W> {
    sightings: W,
    keys: W,
}

impl<W: Write> TruthWriter<W> {
    /// Writes the header rows.
    ///
    /// # Errors
    /// Those of the writers.
    pub fn new(mut sightings: W, mut keys: W) -> io::Result<Self> {
        writeln!(sightings, "{SIGHTINGS}")?;
        writeln!(keys, "{KEYS}")?;
        Ok(Self { sightings, keys })
    }

    /// Writes one row. Distances are given to the millimetre, losses to 0.1 dB.
    ///
    /// # Errors
    /// Those of the writers.
    pub fn write(&mut self, truth: &Truth) -> io::Result<()> {
        match truth {
            Truth::Sighting(row) => {
                let (rpi, enin) = row
                    .rpi
                    .map(|(rpi, Enin(enin))| (rpi.to_string(), enin.to_string()))
                    .unwrap_or_default();
                writeln!(
                    self.sightings,
                    "{},{},{},{},{rpi},{enin},{},{},{:.3},{:.1}",
                    row.at.0,
                    quoted(&row.station),
                    quoted(&row.device),
                    quoted(&row.model),
                    row.address,
                    row.address.kind,
                    row.distance.0,
                    row.obstruction.0,
                )
            }
            Truth::Key(key) => writeln!(
                self.keys,
                "{},{},{},{},{ROLLING_PERIOD}",
                quoted(&key.device),
                quoted(&key.model),
                Hex(key.tek.expose()),
                key.rolling_start.0,
            ),
        }
    }

    /// The writers, flushed.
    ///
    /// # Errors
    /// Those of flushing.
    pub fn finish(mut self) -> io::Result<(W, W)> {
        self.sightings.flush()?;
        self.keys.flush()?;
        Ok((self.sightings, self.keys))
    }
}

/// A CSV field: control characters as U+FFFD, quoted where it has to be.
fn quoted(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .collect();
    if clean.contains([',', '"']) {
        format!("\"{}\"", clean.replace('"', "\"\""))
    } else {
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_rows_whatever_the_model_is_called() {
        let key = Key {
            device: "a".into(),
            model: "Pi\"x\n,el\u{1b}[2J".into(),
            tek: Tek::new([0xab; 16]),
            rolling_start: Enin(144),
        };
        let mut writer = TruthWriter::new(Vec::new(), Vec::new()).unwrap();
        writer.write(&Truth::Key(key)).unwrap();
        let (_, keys) = writer.finish().unwrap();
        let row = format!("a,\"Pi\"\"x\u{fffd},el\u{fffd}[2J\",{},144,144\n", "ab".repeat(16));
        assert_eq!(String::from_utf8(keys).unwrap(), format!("{KEYS}\n{row}"));
    }
}
