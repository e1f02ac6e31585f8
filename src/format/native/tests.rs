//! Laws of the native capture, and the strategies that other formats' tests use too.

use std::io::{self, Write};

use proptest::prelude::*;

use super::*;
use crate::format::{EventReader, FormatError};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Advertisement, Payload, PduType, ReportDetails, ReportForm, RssiQuality, StationId};
use crate::lab::event::*;
use crate::lab::time::UnixMicros;
use crate::lab::units::{Dbm, Metres};

fn address() -> impl Strategy<Value = Address> {
    (any::<[u8; 6]>(), prop::sample::select(&AddressKind::ALL[..])).prop_map(|(bytes, kind)| Address { bytes, kind })
}

fn time() -> impl Strategy<Value = UnixMicros> {
    prop_oneof![8 => 1_600_000_000_000_000i64..1_600_000_010_000_000, 1 => any::<i64>()].prop_map(UnixMicros)
}

fn details() -> impl Strategy<Value = ReportDetails> {
    (
        prop::sample::select(&ReportForm::ALL[..]),
        any::<u16>(),
        any::<[u8; 3]>(),
        any::<Option<u8>>(),
        any::<u16>(),
        prop::option::of(address()),
        any::<bool>(),
    )
        .prop_map(
            |(
                form,
                event_type,
                [address_type, primary_phy, secondary_phy],
                set_id,
                periodic_interval,
                direct,
                bad_crc,
            )| {
                ReportDetails {
                    form,
                    event_type,
                    address_type,
                    primary_phy,
                    secondary_phy,
                    set_id,
                    periodic_interval,
                    direct,
                    bad_crc,
                }
            },
        )
}

pub(crate) fn advert() -> impl Strategy<Value = Advertisement> {
    (
        time(),
        0u16..4,
        address(),
        prop::sample::select(&PduType::ALL[..]),
        (any::<Option<i8>>(), any::<Option<i8>>(), any::<Option<u8>>()),
        prop::sample::select(&RssiQuality::ALL[..]),
        prop_oneof![3 => Just(ReportDetails::default()), 1 => details()],
        prop::collection::vec(any::<u8>(), 0..70),
    )
        .prop_map(
            |(at, station, address, pdu, (rssi, tx_power, channel), rssi_quality, details, data)| Advertisement {
                at,
                station: StationId(station),
                address,
                pdu,
                rssi: rssi.map(Dbm),
                rssi_quality,
                tx_power: tx_power.map(Dbm),
                channel,
                details,
                data: Payload::new(&data),
            },
        )
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z \",\\\\\n\u{1b}\u{202e}é=]{0,12}", any::<String>()]
}

fn mark() -> impl Strategy<Value = EventKind> {
    (
        time(),
        prop::option::of(time()),
        prop::array::uniform5(words()),
        prop::option::of(0.0f64..1e9),
    )
        .prop_map(|(from, to, [device, model, orientation, obstacle, note], distance)| {
            let distance = distance.map(Metres);
            EventKind::Mark(Mark {
                from,
                to,
                device,
                model,
                distance,
                orientation,
                obstacle,
                note,
            })
        })
}

fn kind() -> impl Strategy<Value = EventKind> {
    let own_data = (
        any::<u8>(),
        prop::sample::select(&OwnDataCommand::ALL[..]),
        prop::collection::vec(any::<u8>(), 0..40),
    );
    prop_oneof![
        mark(),
        (time(), time(), words()).prop_map(|(from, to, reason)| EventKind::Gap { from, to, reason }),
        any::<u64>().prop_map(|n| EventKind::Dropped { n }),
        prop::sample::select(&AdapterState::ALL[..]).prop_map(EventKind::Adapter),
        own_data.prop_map(|(set, command, data)| EventKind::OwnData {
            set,
            command,
            data: Payload::new(&data)
        }),
        (any::<Option<u8>>(), address()).prop_map(|(set, address)| EventKind::OwnAddress { set, address }),
        any::<(Option<u8>, bool)>().prop_map(|(set, on)| EventKind::OwnEnable { set, on }),
        any::<(bool, u16, u16)>().prop_map(|(active, interval, window)| EventKind::ScanParameters {
            active,
            interval,
            window
        }),
        any::<(bool, bool)>().prop_map(|(on, filter_duplicates)| EventKind::ScanEnable { on, filter_duplicates }),
        (address(), any::<[u8; 16]>(), any::<[u8; 16]>()).prop_map(|(peer, peer_irk, local_irk)| {
            EventKind::ResolvingAdd(Box::new(ResolvingEntry {
                peer,
                peer_irk: Irk(peer_irk),
                local_irk: Irk(local_irk),
            }))
        }),
        address().prop_map(|peer| EventKind::ResolvingRemove { peer }),
        Just(EventKind::ResolvingClear),
    ]
}

/// A stream as sources give it: each station is introduced before its first event.
pub(crate) fn stream() -> impl Strategy<Value = Vec<CaptureEvent>> {
    let event = prop_oneof![
        3 => advert().prop_map(CaptureEvent::Advert),
        1 => (time(), 0u16..4, kind()).prop_map(|(at, station, kind)| CaptureEvent::other(at, StationId(station), kind)),
    ];
    (prop::collection::vec(event, 0..40), prop::array::uniform4(words())).prop_map(|(events, names)| {
        let mut stream = Vec::new();
        let mut seen = Vec::new();
        for event in events {
            let station = event.station();
            if !seen.contains(&station) {
                seen.push(station);
                let wished = &names[usize::from(station.0)];
                let name: String = format!("{}{}", station.0, wished.chars().take(40).collect::<String>());
                let info = StationInfo {
                    name,
                    model: wished.clone(),
                };
                stream.push(CaptureEvent::other(event.at(), station, EventKind::Station(info)));
            }
            stream.push(event);
        }
        stream
    })
}

/// A disk in memory, full after so many bytes.
#[derive(Clone)]
struct Memory {
    bytes: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
    room: usize,
}

impl Memory {
    fn with_room(room: usize) -> Self {
        Self {
            bytes: std::sync::Arc::default(),
            room,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.bytes.lock().unwrap();
        let n = bytes.len().min(self.room - all.len());
        if n == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        all.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for Memory {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().truncate(usize::try_from(length).unwrap());
        Ok(())
    }

    fn length(&mut self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }
}

pub(crate) fn read_all(reader: &mut dyn EventReader) -> Vec<CaptureEvent> {
    let mut events = Vec::new();
    while reader.read(&mut events).unwrap() {}
    events
}

fn write_all(events: &[CaptureEvent]) -> (Vec<u8>, Vec<u8>) {
    let (rows, other) = (Memory::with_room(usize::MAX), Memory::with_room(usize::MAX));
    let mut writer = Writer::over(rows.clone(), other.clone(), Meta::default(), false).unwrap();
    for event in events {
        writer.write(event).unwrap();
    }
    let stored = writer.finish().unwrap();
    assert_eq!(stored.meta.bytes, rows.bytes().len() as u64);
    assert!(stored.meta.complete);
    (rows.bytes(), other.bytes())
}

fn adverts(events: &[CaptureEvent]) -> Vec<&CaptureEvent> {
    events
        .iter()
        .filter(|event| matches!(event, CaptureEvent::Advert(_)))
        .collect()
}

proptest! {
    #[test]
    fn any_stream_comes_back_event_for_event(events in stream()) {
        let (rows, other) = write_all(&events);
        let mut reader = Reader::from_bytes(&rows, Some(&other), None).unwrap();
        let back = read_all(&mut reader);
        prop_assert_eq!(&reader.damage().count, &0, "{:?}", reader.damage());
        prop_assert_eq!(back, events);
    }

    #[test]
    fn no_control_character_of_a_text_reaches_the_files(events in stream()) {
        let (rows, other) = write_all(&events);
        for text in [rows, other] {
            let text = String::from_utf8(text).unwrap();
            let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            prop_assert!(!text.chars().any(steers));
        }
    }

    #[test]
    fn the_fast_way_and_the_csv_crate_give_the_same(adverts in prop::collection::vec(advert(), 1..20), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3)) {
        let mut fast = row::RowParser::new(HEADER.as_bytes()).unwrap();
        // A blank after the first name keeps this one off the fast way.
        let mut slow = row::RowParser::new(HEADER.replacen("time_us", "time_us ", 1).as_bytes()).unwrap();
        for advert in adverts {
            let mut line = Vec::new();
            write_row(&mut line, &advert, ["a", "b,\"", "c", ""][usize::from(advert.station.0)]);
            line.pop();
            for (at, byte) in &flips {
                let at = at.index(line.len());
                line[at] = *byte;
            }
            prop_assert_eq!(fast.parse(&line), slow.parse(&line));
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(rows in prop::collection::vec(any::<u8>(), 0..400), other in prop::collection::vec(any::<u8>(), 0..200), meta in any::<String>()) {
        let rows = [HEADER.as_bytes(), b"\n", &rows].concat();
        let other = [EVENTS_HEADER.as_bytes(), b"\n", &other].concat();
        let mut reader = Reader::from_bytes(&rows, Some(&other), Some(&meta)).unwrap();
        read_all(&mut reader);
    }

    #[test]
    fn flipped_bits_cost_their_rows_only(events in stream(), at in any::<prop::sample::Index>(), bit in 0u8..7) {
        let (mut rows, other) = write_all(&events);
        let start = HEADER.len() + 1;
        prop_assume!(rows.len() > start);
        let at = start + at.index(rows.len() - start);
        rows[at] ^= 1 << bit;
        let mut reader = Reader::from_bytes(&rows, Some(&other), None).unwrap();
        let back = read_all(&mut reader);
        // A flip of or into a line end joins or splits rows: two at most.
        prop_assert!(adverts(&back).len() + 2 >= adverts(&events).len());
    }
}

fn sample() -> Vec<CaptureEvent> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut events = Vec::new();
    while adverts(&events).len() < 6 {
        events = proptest::strategy::ValueTree::current(&stream().new_tree(&mut runner).unwrap());
    }
    events
}

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
fn a_disk_that_is_full_after_any_byte_leaves_whole_rows() {
    let events = sample();
    let (whole, _) = write_all(&events);
    for room in HEADER.len() + 1..whole.len() {
        let (rows, other) = (Memory::with_room(room), Memory::with_room(usize::MAX));
        let mut writer = Writer::over(rows.clone(), other.clone(), Meta::default(), false).unwrap();
        let mut failure = None;
        for event in &events {
            if let Err(found) = writer.write(event).and_then(|()| writer.flush()) {
                failure = Some(found);
                break;
            }
        }
        assert!(
            matches!(&failure, Some(FormatError::Io { source, .. }) if source.kind() == io::ErrorKind::StorageFull)
        );
        assert!(writer.write(&events[0]).is_err(), "a dead writer takes no more");
        let stored = writer.finish().unwrap();
        assert!(!stored.meta.complete);
        let bytes = rows.bytes();
        assert_eq!(stored.meta.bytes, bytes.len() as u64);
        assert_eq!(bytes, whole[..bytes.len()]);
        assert_eq!(bytes.last(), Some(&b'\n'));
        let mut reader = Reader::from_bytes(&bytes, Some(&other.bytes()), None).unwrap();
        let back = read_all(&mut reader);
        assert_eq!(reader.damage().count, 0);
        assert_eq!(adverts(&back), adverts(&events)[..adverts(&back).len()]);
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

#[cfg(feature = "zstd")]
#[test]
fn a_compressed_capture_comes_back_and_a_cut_one_gives_what_is_left() {
    let events = sample();
    let (rows, other) = (Memory::with_room(usize::MAX), Memory::with_room(usize::MAX));
    let mut writer = Writer::over(rows.clone(), other.clone(), Meta::default(), true).unwrap();
    for event in &events {
        writer.write(event).unwrap();
        writer.flush().unwrap();
    }
    writer.finish().unwrap();
    let mut reader = Reader::from_bytes(&rows.bytes(), Some(&other.bytes()), None).unwrap();
    assert_eq!(read_all(&mut reader), events);
    assert_eq!(reader.bytes_read(), rows.bytes().len() as u64);
    let mut most = 0;
    for length in 4..rows.bytes().len() {
        let mut reader = Reader::from_bytes(&rows.bytes()[..length], Some(&other.bytes()), None).unwrap();
        let back = read_all(&mut reader);
        let found = adverts(&back).len();
        assert_eq!(adverts(&back), adverts(&events)[..found]);
        assert!(found >= most);
        most = found;
    }
    assert!(most >= adverts(&events).len() - 1);
}

#[test]
fn files_are_private_never_overwritten_and_the_next_name_is_free() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::free(&folder.path().join("walk"));
    let mut writer = Writer::create(
        &paths,
        Meta {
            title: "a walk".into(),
            ..Meta::default()
        },
    )
    .unwrap();
    for event in sample() {
        writer.write(&event).unwrap();
    }
    let stored = writer.finish().unwrap();
    assert_eq!(stored.meta_failure, None);
    for path in [&paths.rows, &paths.events, &paths.meta] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
    let meta = Meta::read(&paths.meta).unwrap();
    assert_eq!(meta, stored.meta);
    assert!(meta.complete && meta.title == "a walk");
    let refused = Writer::create(&paths, Meta::default()).err().unwrap().to_string();
    assert!(refused.contains("walk.csv is not overwritten"), "{refused}");
    assert!(Paths::free(&folder.path().join("walk")).rows.ends_with("walk-2.csv"));
    assert!(
        Paths::free(&folder.path().join("walk.csv"))
            .rows
            .ends_with("walk-2.csv")
    );
}

/// A file on a disk with room for so many bytes more.
struct Small(std::fs::File, usize);

impl io::Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(self.1);
        if n == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.1 -= n;
        self.0.write(&bytes[..n])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for Small {
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.0.cut(length)
    }

    fn length(&mut self) -> io::Result<u64> {
        self.0.length()
    }
}

#[test]
fn metadata_are_true_in_between_and_after_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::of(&folder.path().join("walk"));
    let create = |path: &std::path::Path| std::fs::File::create(path).unwrap();
    let (rows, other) = (Small(create(&paths.rows), 3000), Small(create(&paths.events), 3000));
    let mut writer = Writer::over(rows, other, Meta::default(), false).unwrap();
    writer.paths = Some(paths.clone());
    let advert = |at| {
        CaptureEvent::Advert(Advertisement {
            at: UnixMicros(at),
            ..Advertisement::default()
        })
    };
    (1..=10).for_each(|at| writer.write(&advert(at)).unwrap());
    writer.interim().unwrap();
    let meta = Meta::read(&paths.meta).unwrap();
    assert_eq!(
        (meta.counts.adverts, meta.span.last_us, meta.complete),
        (10, Some(10), false)
    );
    assert_eq!(
        (meta.stations.len(), meta.bytes),
        (1, paths.rows.metadata().unwrap().len())
    );

    (11..1000).for_each(|at| writer.write(&advert(at)).unwrap());
    assert!(writer.flush().is_err());
    let stored = writer.finish().unwrap();
    let meta = Meta::read(&paths.meta).unwrap();
    assert_eq!(stored.meta, meta);
    let there = read_all(&mut Reader::open(&paths.rows).unwrap());
    let rows = adverts(&there);
    assert!((11..999).contains(&rows.len()), "{}", rows.len());
    assert_eq!(meta.counts.adverts, rows.len() as u64);
    assert_eq!(
        (meta.span.first_us, meta.span.last_us),
        (Some(1), rows.last().map(|row| row.at().0))
    );
    assert_eq!(
        (meta.complete, meta.bytes),
        (false, paths.rows.metadata().unwrap().len())
    );
}

#[test]
fn a_mark_can_be_appended_to_any_events_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.events.csv");
    let mark = |note: &str| Event {
        at: UnixMicros(7),
        station: StationId(0),
        kind: EventKind::Mark(Mark {
            from: UnixMicros(7),
            note: note.into(),
            ..Mark::default()
        }),
    };
    append_event(&path, &mark("one"), "s").unwrap();
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"mark,17,tor")
        .unwrap();
    append_event(&path, &mark("two"), "s").unwrap();
    let mut reader = Reader::from_bytes(b"time_us,data\n", Some(&std::fs::read(&path).unwrap()), None).unwrap();
    let marks = read_all(&mut reader)
        .iter()
        .filter(|event| matches!(event, CaptureEvent::Other(event) if matches!(event.kind, EventKind::Mark(_))))
        .count();
    assert_eq!((marks, reader.damage().count), (2, 1));
    std::fs::write(&path, "note,kind,time_us\n").unwrap();
    let refused = append_event(&path, &mark("x"), "s").unwrap_err().to_string();
    assert!(refused.contains("no column \"station\""), "{refused}");
}

#[test]
fn recognises_captures_and_not_other_tables() {
    assert!(recognise(HEADER.as_bytes()));
    assert!(recognise(b"\xef\xbb\xbf\"time_us\",\"data\"\r\n1,"));
    assert!(!recognise(b"packet,time_us,address,rpi,aem\n"));
    assert!(!recognise(b"btsnoop\0\0\0\0\x01"));
}
