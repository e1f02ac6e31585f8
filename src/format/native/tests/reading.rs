//! Files that were cut, made by hand, or hold what they should not.

use super::*;
use crate::lab::address::AddressKind;
use crate::lab::advert::ReportForm;
use crate::lab::event::EventKind;
use crate::lab::time::UnixMicros;
use crate::lab::units::Dbm;

#[test]
fn a_file_cut_anywhere_opens_and_gives_its_first_rows() {
    let events = sample();
    let (rows, other) = write_all(&events);
    for length in 0..=rows.len() {
        let mut reader = Reader::from_bytes(&rows[..length], Some(&other), None).unwrap();
        let back = read_all(&mut reader);
        let whole = memchr::memchr_iter(b'\n', &rows[..length]).count();
        assert_eq!(
            adverts(&back),
            adverts(&events)[..whole.saturating_sub(1)],
            "cut at {length}"
        );
        let torn = length == 0 || rows[length - 1] != b'\n';
        assert_eq!(
            reader.damage().count,
            u64::from(torn),
            "cut at {length}: {:?}",
            reader.damage()
        );
    }
    for length in 0..other.len() {
        let mut reader = Reader::from_bytes(&rows, Some(&other[..length]), None).unwrap();
        let back = read_all(&mut reader);
        assert_eq!(adverts(&back).len(), adverts(&events).len());
    }
}

#[test]
fn hand_written_files_of_other_columns_are_read() {
    let rows = "\u{feff}note,data,time_us,rssi_dbm\r\n\"a, b\",0201,5,-60\r\n,,6,\r\n";
    let mut reader = Reader::from_bytes(rows.as_bytes(), None, None).unwrap();
    let back = read_all(&mut reader);
    assert_eq!(reader.damage().count, 0);
    let [
        CaptureEvent::Other(station),
        CaptureEvent::Advert(first),
        CaptureEvent::Advert(second),
    ] = &back[..]
    else {
        panic!("{back:?}");
    };
    assert!(matches!(&station.kind, EventKind::Station(info) if info.name == "station"));
    assert_eq!(
        (first.at, first.rssi, &*first.data),
        (UnixMicros(5), Some(Dbm(-60)), &[2u8, 1][..])
    );
    assert_eq!(
        (second.rssi, second.data.len(), second.details.form),
        (None, 0, ReportForm::Legacy)
    );
}

#[test]
fn level_127_is_none_by_both_ways_of_reading() {
    // The second row has a quoted field, which the fast way does not take.
    let header = "time_us,station,address,address_kind,pdu,rssi_dbm,tx_power_dbm,channel,raw,data,form";
    let row = "5,s,5e:1b:09:c4:77:01,random-resolvable,ADV_NONCONN_IND,127,127,,true,0201";
    let rows = format!("{header}\n{row},\n{},\n", row.replace(",s,", ",\"s\","));
    let mut reader = Reader::from_bytes(rows.as_bytes(), None, None).unwrap();
    let back = read_all(&mut reader);
    let level = |event: &CaptureEvent| match event {
        CaptureEvent::Advert(advert) => Some((advert.rssi, advert.tx_power)),
        CaptureEvent::Other(_) => None,
    };
    let levels: Vec<_> = back.iter().filter_map(level).collect();
    assert_eq!((levels, reader.damage().count), (vec![(None, None); 2], 0));
}

#[test]
fn a_bad_value_is_told_with_line_offset_and_column() {
    let rows = "time_us,rssi_dbm,data\n1,-60,02\n2,loud,02\n3,-60,0\n4,-61,02\n";
    let mut reader = Reader::from_bytes(rows.as_bytes(), None, None).unwrap();
    assert_eq!(adverts(&read_all(&mut reader)).len(), 2);
    let damage = reader.damage();
    assert_eq!(
        (damage.count, damage.first[0].offset, damage.first[0].record),
        (2, 31, 3)
    );
    assert_eq!(
        damage.first[0].what,
        "line 3: column \"rssi_dbm\": \"loud\" is not a whole number of dBm from -128 to 127"
    );
    assert!(damage.first[1].what.contains("column \"data\": \"0\""));
}

#[test]
fn late_marks_go_to_their_time_and_recorded_events_to_their_row() {
    let rows = "time_us,data\n10,\n20,\n15,\n30,\n";
    let events = "kind,time_us,row,note\nmark,25,,late\nmark,99,2,recorded\nmark,5,,early\nmark,31,,after\n";
    let mut reader = Reader::from_bytes(rows.as_bytes(), Some(events.as_bytes()), None).unwrap();
    let order: Vec<String> = read_all(&mut reader)
        .iter()
        .filter_map(|event| match event {
            CaptureEvent::Advert(advert) => Some(advert.at.0.to_string()),
            CaptureEvent::Other(event) => match &event.kind {
                EventKind::Mark(mark) => Some(mark.note.clone()),
                _ => None,
            },
        })
        .collect();
    assert_eq!(order, ["early", "10", "20", "recorded", "15", "late", "30", "after"]);
}

#[test]
fn recognises_captures_and_not_other_tables() {
    assert!(recognise(HEADER.as_bytes()));
    assert!(recognise(b"\xef\xbb\xbf\"time_us\",\"data\"\r\n1,"));
    assert!(!recognise(b"packet,time_us,address,rpi,aem\n"));
    assert!(!recognise(b"btsnoop\0\0\0\0\x01"));
}

#[test]
fn a_row_that_tells_no_address_tells_no_kind_of_one_either() {
    let rows = "time_us,address,address_kind,data\n5,,random-static,0201\n6,,anonymous,0201\n7,c0:01:02:03:04:05,random-static,0201\n";
    let mut reader = Reader::from_bytes(rows.as_bytes(), None, None).unwrap();
    let back = read_all(&mut reader);
    let kind = |event: &CaptureEvent| match event {
        CaptureEvent::Advert(advert) => Some(advert.address.kind),
        CaptureEvent::Other(_) => None,
    };
    let kinds: Vec<AddressKind> = back.iter().filter_map(kind).collect();
    assert_eq!(
        kinds,
        [AddressKind::Unknown, AddressKind::Anonymous, AddressKind::RandomStatic]
    );
    // The same under the header that is written here.
    let canonical = format!("{HEADER}\n5,s,,random-static,ADV_IND,-60,,,true,0201,,,,,,,,,,,\n");
    let mut reader = Reader::from_bytes(canonical.as_bytes(), None, None).unwrap();
    let back = read_all(&mut reader);
    let kinds: Vec<AddressKind> = back.iter().filter_map(kind).collect();
    assert_eq!((kinds, reader.damage().count), (vec![AddressKind::Unknown], 0));
}
