//! Google's calibration lists in their own format: comma-separated, of June 2020 or later.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::file::{self, MOST, TableError, averages_of};
use super::profiles::{Entry, Measured, Profile, ProfileTable};
use crate::lab::attenuation::Confidence;

/// Header row of the later lists, and of what is written.
const COLUMNS: [&str; 6] = [
    "oem",
    "device",
    "model",
    "rssi_correction",
    "tx",
    "calibration_confidence",
];

/// Which list it is.
enum Layout {
    /// June 2020: without devices, with whether the model was measured.
    June,
    /// Later: with devices and a confidence of 0 to 3.
    Later,
}

/// Reads a list; `edition` is the date in the file's name (`en-calibration-2020-12-14.csv`), or a name.
///
/// # Errors
/// [`TableError`], with the line.
pub fn parse(text: &str, edition: &str) -> Result<ProfileTable, TableError> {
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .map_err(|error| line(error.position().map_or(1, csv::Position::line), "cannot be read"))?;
    let layout = layout(header).ok_or(TableError::Columns)?;
    let mut entries = Vec::new();
    for record in reader.into_records() {
        let record = record.map_err(|error| line(error.position().map_or(0, csv::Position::line), "cannot be read"))?;
        if entries.len() == MOST {
            return Err(TableError::Count);
        }
        let number = record.position().map_or(0, csv::Position::line);
        entries.push(entry(&record, &layout).map_err(|what| line(number, what))?);
    }
    if entries.is_empty() {
        return Err(TableError::Count);
    }
    let mut table = ProfileTable::new(edition.to_owned(), averages_of(&entries), entries);
    "Google's calibration list".clone_into(&mut table.source);
    Ok(table)
}

fn line(line: u64, what: &str) -> TableError {
    TableError::Line {
        line,
        what: what.to_owned(),
    }
}

fn layout(header: &StringRecord) -> Option<Layout> {
    let names: Vec<&str> = header.iter().collect();
    let begins = |place: usize, with: &str| names.get(place).is_some_and(|name| name.starts_with(with));
    if names == COLUMNS {
        Some(Layout::Later)
    } else if names.len() == 5
        && begins(0, "oem")
        && begins(1, "model")
        && begins(2, "rssi correction")
        && begins(3, "tx")
    {
        Some(Layout::June)
    } else {
        None
    }
}

fn entry(record: &StringRecord, layout: &Layout) -> Result<Entry, &'static str> {
    let cell = |place: usize| record.get(place).unwrap_or_default();
    let (expected, device, model, figures) = match layout {
        Layout::June => (5, "", cell(1), [cell(2), cell(3)]),
        Layout::Later => (6, cell(1), cell(2), [cell(3), cell(4)]),
    };
    if record.len() != expected {
        return Err("another number of fields than the header row has");
    }
    if model.is_empty() && device.is_empty() {
        return Err("it has no model");
    }
    let figure = |text: &str| text.parse().ok().and_then(file::whole);
    let confidence = match (layout, cell(expected - 1)) {
        // What was not measured has the figures of its maker.
        (Layout::June, "no") | (Layout::Later, "1") => Confidence::Low,
        (Layout::June, "yes") | (Layout::Later, "3") => Confidence::High,
        (Layout::Later, "0") => Confidence::Lowest,
        (Layout::Later, "2") => Confidence::Medium,
        (Layout::June, _) => return Err("whether it was measured is yes or no"),
        (Layout::Later, _) => return Err("the confidence is 0 to 3"),
    };
    let profile = Profile {
        rssi_correction_db: figure(figures[0]).ok_or("the correction is -60 to 60 dB")?,
        tx_power_dbm: figure(figures[1]).ok_or("the TX power is -60 to 60 dBm")?,
    };
    // What is no whole number would be lost.
    let fraction = |text: &str| {
        let value: f64 = text.parse().ok().filter(|value: &f64| value.fract() != 0.0)?;
        Some(Measured {
            value,
            low: value,
            high: value,
        })
    };
    Ok(Entry {
        correction: fraction(figures[0]),
        tx_power: fraction(figures[1]),
        oem: cell(0).to_owned(),
        device: device.to_owned(),
        ..Entry::new(model, profile, confidence)
    })
}

/// Writes a table as a list of the later format, in whole decibels.
///
/// # Errors
/// [`TableError`] when it cannot be written, which does not happen in memory.
pub fn to_csv(table: &ProfileTable) -> Result<String, TableError> {
    let fault = |error: csv::Error| TableError::Toml(error.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).map_err(fault)?;
    for entry in table.entries() {
        let cells = [
            entry.oem.clone(),
            entry.device.clone(),
            entry.model.clone(),
            entry.profile.rssi_correction_db.to_string(),
            entry.profile.tx_power_dbm.to_string(),
            (entry.confidence as u8).to_string(),
        ];
        writer.write_record(cells).map_err(fault)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| TableError::Toml(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JUNE: &str = "oem,model,rssi correction (android rssi + rssi correction = iphone rssi),tx (as iphone would report),\
                        has direct measurement\nGoogle,Pixel 4,5,-28,yes\nSharp,\"2T-C40AE1T\"\"\",-4,-26,no\n";

    #[test]
    fn both_layouts_are_read_and_quotes_in_names_kept() {
        let table = parse(JUNE, "2020-06-13").unwrap();
        let figures: Vec<_> = table
            .entries()
            .iter()
            .map(|entry| (entry.model.as_str(), entry.profile.rssi_correction_db, entry.confidence))
            .collect();
        assert_eq!(
            figures,
            [("Pixel 4", 5, Confidence::High), ("2T-C40AE1T\"", -4, Confidence::Low)]
        );
        let later = "oem,device,model,rssi_correction,tx,calibration_confidence\nasus,A,B,9,-25,3\nasus,C,B,4,-28,2\n";
        let table = parse(later, "x").unwrap();
        assert_eq!(table.own("asus/A/B").unwrap().1, Confidence::High);
        assert_eq!(to_csv(&table).unwrap(), later);
    }

    #[test]
    fn what_is_no_list_is_told_with_its_line() {
        let fault = |text: &str| parse(text, "x").unwrap_err().to_string();
        assert!(fault("a,b\n1,2\n").starts_with("no list of profiles"));
        assert_eq!(
            fault(&JUNE.replace("-28,yes", "-28,maybe")),
            "line 2: whether it was measured is yes or no"
        );
        assert_eq!(
            fault(&JUNE.replace(",-26", ",26 dB")),
            "line 3: the TX power is -60 to 60 dBm"
        );
        assert_eq!(
            fault(&format!("{JUNE}Google,Pixel 5\n")),
            "line 4: another number of fields than the header row has"
        );
        assert!(fault(JUNE.lines().next().unwrap()).contains("no profile"));
    }
}
