//! What must hold for any native capture and any scenario.

use vicino::app::filter::Filter;
use vicino::format::native::{EVENTS_HEADER, HEADER, Meta, Reader, encode_event, write_row};
use vicino::format::{EventReader, FormatError};
use vicino::lab::event::{CaptureEvent, EventKind};
use vicino::sim::Simulation;
use vicino::sim::scenario::{Scenario, Span};

/// Header rows to read under: this program's, a short one in another order, and the fuzzer's own.
const HEADERS: [&str; 3] = [HEADER, "data,rssi_dbm,time_us,station,address", ""];

fn read(rows: &[u8], events: Option<&[u8]>, meta: Option<&str>) -> Result<(Vec<CaptureEvent>, u64), FormatError> {
    let mut reader = Reader::from_bytes(rows, events, meta)?;
    let mut all = Vec::new();
    while reader.read(&mut all).expect("bytes in memory can be read") {}
    Ok((all, reader.damage().count))
}

/// The events as a capture: rows and events file.
fn write(events: &[CaptureEvent]) -> (Vec<u8>, Vec<u8>) {
    let mut names = std::collections::BTreeMap::new();
    let mut rows = format!("{HEADER}\n").into_bytes();
    let mut others = format!("{EVENTS_HEADER}\n").into_bytes();
    let mut n_rows = 0;
    for event in events {
        match event {
            CaptureEvent::Advert(advert) => {
                let name = names.get(&advert.station).map_or("", String::as_str);
                write_row(&mut rows, advert, name);
                n_rows += 1;
            }
            CaptureEvent::Other(other) => {
                if let EventKind::Station(info) = &other.kind {
                    names.insert(other.station, info.name.clone());
                }
                let name = names.get(&other.station).map_or("", String::as_str);
                encode_event(&mut others, other, name, Some(n_rows));
            }
        }
    }
    (rows, others)
}

/// What was read is written without damage, and reads as the same.
fn again(events: &[CaptureEvent]) {
    let (rows, others) = write(events);
    let (second, damage) = read(&rows, Some(&others), None).expect("this program's own header row");
    assert_eq!(damage, 0, "{}", String::from_utf8_lossy(&rows));
    let adverts = |events: &[CaptureEvent]| -> Vec<_> {
        let adverts = events.iter().filter(|event| matches!(event, CaptureEvent::Advert(_)));
        adverts.cloned().collect()
    };
    assert_eq!(adverts(events), adverts(&second));
    assert_eq!(events.len(), second.len(), "{events:?}\n{second:?}");
}

/// Rows of a native capture; the first byte chooses the header row.
pub fn native_rows(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let header = HEADERS[usize::from(*first) % HEADERS.len()];
    let newline: &[u8] = if header.is_empty() { b"" } else { b"\n" };
    let file = [header.as_bytes(), newline, rest].concat();
    if let Ok((events, _)) = read(&file, None, None) {
        again(&events);
    }
}

/// Events file and metadata of a native capture, parted by a NUL, beside three rows.
pub fn native_side(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let events = parts.next().unwrap_or_default();
    let meta = parts.next().and_then(|text| std::str::from_utf8(text).ok());
    let events = match events.split_first() {
        Some((b'!', rest)) => rest.to_vec(),
        _ => [EVENTS_HEADER.as_bytes(), b"\n", events].concat(),
    };
    let rows = "time_us,station,data\n1000000,a,020106\n2000000,b,\n3000000,,0201\n";
    let (read, _) = read(rows.as_bytes(), Some(&events), meta).expect("the rows are whole");
    let adverts = read.iter().filter(|event| matches!(event, CaptureEvent::Advert(_)));
    assert_eq!(adverts.count(), 3);
    again(&read);
    if let Some(Ok(meta)) = meta.map(Meta::parse) {
        let text = meta.to_text();
        let second = Meta::parse(&text).expect("its own metadata");
        assert_eq!(text, second.to_text());
    }
}

/// A scenario: what is accepted runs, for a moment, twice the same.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(mut scenario) = Scenario::parse(text) else {
        return;
    };
    if scenario.duration > Span::from_secs(2) {
        scenario
            .set_duration(Span::from_secs(2))
            .expect("two seconds are a duration");
    }
    let run = || {
        let mut simulation = Simulation::new(&scenario).with_truth();
        let mut events = Vec::new();
        for _ in 0..16 {
            if !simulation.read(&mut events).expect("nothing is read") {
                break;
            }
        }
        (events, simulation.take_truth().len())
    };
    assert_eq!(run(), run());
}

/// A filter: what is accepted prints as something that reads back as the same; what is not says where it is wrong.
pub fn filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Filter::parse(text) {
        Ok(filter) => {
            let printed = filter.to_string();
            let again = Filter::parse(&printed).expect("what was printed reads back");
            assert_eq!(again.to_string(), printed);
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.brief().is_empty()),
    }
}
