use super::*;
use crate::format::{DamageLog, FormatError};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Payload, ReportForm, StationId};
use crate::lab::event::EventKind;
use crate::lab::units::Metres;

/// Gives its events one by one, then what it ends with.
struct Held(std::vec::IntoIter<CaptureEvent>, Option<&'static str>, DamageLog);

impl EventReader for Held {
    fn read(&mut self, batch: &mut Vec<CaptureEvent>) -> Result<bool, FormatError> {
        match (self.0.next(), self.1) {
            (Some(event), _) => batch.push(event),
            (None, None) => return Ok(false),
            (None, Some(what)) => return Err(FormatError::Unrecognised(what.to_owned())),
        }
        Ok(true)
    }

    fn damage(&self) -> &DamageLog {
        &self.2
    }

    fn bytes_read(&self) -> u64 {
        0
    }
}

fn read(events: Vec<CaptureEvent>, end: Option<&'static str>) -> Outline {
    let mut reader = Held(events.into_iter(), end, DamageLog::default());
    outline(&mut reader, &AtomicBool::new(false))
}

fn second(n: i64) -> UnixMicros {
    UnixMicros(1_600_000_000_000_000 + n * 1_000_000)
}

fn advert(at: i64, sender: u8, rpi: u8) -> Advertisement {
    let mut data = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
    data.extend([rpi; 20]);
    Advertisement {
        at: second(at),
        address: Address {
            bytes: [sender; 6],
            kind: AddressKind::RandomNonresolvable,
        },
        data: Payload::new(&data),
        ..Advertisement::default()
    }
}

fn heard(at: i64, sender: u8, rpi: u8) -> CaptureEvent {
    CaptureEvent::Advert(advert(at, sender, rpi))
}

fn other(at: i64, kind: EventKind) -> CaptureEvent {
    CaptureEvent::other(second(at), StationId(0), kind)
}

fn mark(at: i64, note: &str) -> CaptureEvent {
    let mark = Mark {
        from: second(at),
        distance: Some(Metres(1.5)),
        note: note.to_owned(),
        ..Mark::default()
    };
    other(at, EventKind::Mark(mark))
}

#[test]
fn identifiers_that_come_while_their_address_keeps_are_out_of_step() {
    // Sender 1 changes its identifier alone, sender 2 becomes 3 with a new one, identifier 2 moves to address 4.
    let found = read(
        vec![
            heard(0, 1, 1),
            heard(1, 2, 9),
            heard(60, 1, 2),
            heard(70, 3, 8),
            heard(80, 4, 2),
            heard(90, 1, 1),
        ],
        None,
    );
    assert_eq!((found.identifiers, found.addresses, found.out_of_step), (4, 4, 1));
    let rotations: Vec<_> = found.rotations.iter().map(|it| (it.at, it.is_out_of_step)).collect();
    assert_eq!(
        rotations,
        [
            (second(0), false),
            (second(1), false),
            (second(60), true),
            (second(70), false)
        ]
    );
    assert_eq!((found.adverts, found.gaen), (6, 6));
    assert_eq!((found.first, found.last), (Some(second(0)), Some(second(90))));
}

#[test]
fn marks_are_safe_to_show_and_do_not_widen_the_span() {
    let gap = EventKind::Gap {
        from: second(10),
        to: second(15),
        reason: "unplugged".into(),
    };
    let long = "x".repeat(1_000);
    let events = vec![
        mark(500, "late \u{1b}[2J"),
        mark(-500, &long),
        heard(0, 1, 1),
        other(15, gap),
        heard(16, 1, 1),
    ];
    let found = read(events, None);
    assert_eq!((found.first, found.last), (Some(second(0)), Some(second(16))));
    assert_eq!(found.gaps, [(second(10), second(15))]);
    assert_eq!((found.marks[0].at, found.marks[0].text.len()), (second(-500), 200));
    assert_eq!(found.marks[1].text, "1.5 m, late \u{fffd}[2J");
}

#[test]
fn the_density_counts_what_the_session_counts() {
    let mut bad = advert(1, 1, 1);
    bad.details.bad_crc = true;
    let mut answer = advert(2, 1, 1);
    answer.pdu = crate::lab::advert::PduType::ScanRsp;
    let fragment = |at, status: u16| {
        let mut fragment = advert(at, 2, 2);
        fragment.details.form = ReportForm::Extended;
        fragment.details.event_type = status << 5;
        fragment
    };
    let adverts = [
        advert(0, 1, 1),
        bad,
        answer,
        fragment(3, 1),
        fragment(4, 0),
        fragment(5, 1),
        fragment(6, 2),
    ];
    let found = read(adverts.into_iter().map(CaptureEvent::Advert).collect(), None);
    assert_eq!((found.adverts, found.density.total()), (3, 3));
    assert_eq!(
        found.density.over(second(0), UnixMicros(second(7).0 - 1), 7),
        [1, 0, 0, 0, 1, 0, 1]
    );
}

#[test]
fn a_failure_half_way_is_told_and_what_came_before_counts() {
    let found = read(vec![heard(0, 1, 1)], Some("the disk is gone"));
    assert_eq!((found.failure.as_deref(), found.adverts), (Some("the disk is gone"), 1));
}

#[test]
fn it_stops_when_told() {
    let mut reader = Held(vec![heard(0, 1, 1)].into_iter(), None, DamageLog::default());
    let found = outline(&mut reader, &AtomicBool::new(true));
    assert_eq!(found, Outline::default());
}

#[test]
fn lists_are_bounded_and_what_is_left_out_is_counted() {
    let marks = (0..10_050).map(|n| mark(n, "x"));
    let identifiers = (0..10_100u32).map(|n| {
        let mut advert = advert(n.into(), 0, 0);
        advert.address.bytes[..4].copy_from_slice(&n.to_be_bytes());
        let mut data = advert.data.to_vec();
        data[8..12].copy_from_slice(&n.to_be_bytes());
        advert.data = Payload::new(&data);
        CaptureEvent::Advert(advert)
    });
    let found = read(marks.chain(identifiers).collect(), None);
    assert_eq!((found.marks.len(), found.rotations.len()), (10_000, 10_000));
    assert_eq!((found.identifiers, found.left_out), (10_100, 150));
}

#[test]
fn of_a_resolved_identity_nothing_is_out_of_step_and_the_log_says_so_once() {
    use crate::app::{Model, Msg, log::Level, model::SourceInfo, update};
    let events: Vec<CaptureEvent> = (0..4u8)
        .map(|n| {
            let mut advert = advert(n.into(), 1, n);
            advert.address.kind = AddressKind::PublicIdentity;
            CaptureEvent::Advert(advert)
        })
        .collect();
    let found = read(events.clone(), None);
    assert_eq!((found.identifiers, found.addresses, found.out_of_step), (4, 1, 0));
    assert!(found.rotations.iter().all(|rotation| !rotation.is_out_of_step));
    let mut model = Model::new(SourceInfo::default(), crate::lab::session::Options::default(), (80, 24));
    for event in events {
        update(&mut model, Msg::Events(vec![event]));
    }
    let said = |entry: &&crate::app::log::Entry| entry.text.contains("its rotation is not observable");
    let levels: Vec<Level> = model.log.shown().filter(said).map(|entry| entry.level).collect();
    assert_eq!(levels, [Level::Info]);
    assert!(model.log.shown().all(|entry| entry.level < Level::Warning));
}

#[cfg(feature = "zstd")]
#[test]
fn out_of_step_is_as_often_as_the_log_on_the_screen_warns_of_it() {
    use crate::app::{Model, Msg, log::Level, model::SourceInfo, update};
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    for name in [
        "rotation-faults.csv.zst",
        "demo.csv.zst",
        "hostile.csv.zst",
        "two-phones.csv",
    ] {
        let open = || crate::library::open(&folder.join(name)).unwrap().0;
        let found = outline(&mut *open(), &AtomicBool::new(false));
        let mut model = Model::new(SourceInfo::default(), crate::lab::session::Options::default(), (80, 24));
        let mut reader = open();
        let mut goes_on = true;
        while goes_on {
            let mut events = Vec::new();
            goes_on = reader.read(&mut events).unwrap();
            update(&mut model, Msg::Events(events));
        }
        let kept = |entry: &&crate::app::log::Entry| entry.level == Level::Warning && entry.text.contains("kept over");
        assert_eq!(found.out_of_step, model.log.shown().filter(kept).count(), "{name}");
        let flagged = found.rotations.iter().filter(|rotation| rotation.is_out_of_step);
        assert_eq!(found.out_of_step, flagged.count(), "{name}");
    }
}
