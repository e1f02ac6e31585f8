//! Marks that are added beside the recorder or after it.

use std::io::Write as _;

use super::*;
use crate::lab::advert::{Advertisement, StationId};
use crate::lab::event::{Event, EventKind, Mark};
use crate::lab::time::UnixMicros;

fn mark(at: i64, note: &str) -> Event {
    let at = UnixMicros(at);
    Event {
        at,
        station: StationId(0),
        kind: EventKind::Mark(Mark {
            from: at,
            note: note.into(),
            ..Mark::default()
        }),
    }
}

/// A capture of two rows at 10 and 20, the recorder still there.
fn recorder(paths: &Paths) -> Writer {
    let mut writer = Writer::create(paths, Meta::default()).unwrap();
    for at in [10, 20] {
        let advert = Advertisement {
            at: UnixMicros(at),
            ..Advertisement::default()
        };
        writer.write(&CaptureEvent::Advert(advert)).unwrap();
    }
    writer
}

/// Counts of marks and of all events, and the span.
fn known(paths: &Paths) -> (u64, u64, Option<i64>, Option<i64>) {
    let meta = Meta::read(&paths.meta).unwrap();
    (
        meta.counts.marks,
        meta.counts.events,
        meta.span.first_us,
        meta.span.last_us,
    )
}

#[test]
fn a_mark_can_be_appended_to_any_events_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.events.csv");
    append_event(&path, &mark(7, "one"), "s").unwrap();
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"mark,17,tor")
        .unwrap();
    append_event(&path, &mark(7, "two"), "s").unwrap();
    let mut reader = Reader::from_bytes(b"time_us,data\n", Some(&std::fs::read(&path).unwrap()), None).unwrap();
    let marks = read_all(&mut reader)
        .iter()
        .filter(|event| matches!(event, CaptureEvent::Other(event) if matches!(event.kind, EventKind::Mark(_))))
        .count();
    assert_eq!((marks, reader.damage().count), (2, 1));
    std::fs::write(&path, "note,kind,time_us\n").unwrap();
    let refused = append_event(&path, &mark(7, "x"), "s").unwrap_err().to_string();
    assert!(refused.contains("no column \"station\""), "{refused}");
}

#[test]
fn marks_are_counted_whenever_they_come_and_do_not_widen_the_span() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::of(&folder.path().join("walk"));
    let mut writer = recorder(&paths);
    let typed = CaptureEvent::Other(Box::new(mark(5, "typed before the first row")));
    writer.write(&typed).unwrap();
    writer.interim().unwrap();
    append_event(&paths.events, &mark(99, "beside the recorder"), "station-0").unwrap();
    recount_marks(&paths).unwrap();
    assert_eq!(known(&paths), (1, 1, Some(10), Some(20)), "left to the recorder");
    writer.finish().unwrap();
    assert_eq!(known(&paths), (2, 2, Some(10), Some(20)));
    append_event(&paths.events, &mark(-99, "afterwards"), "station-0").unwrap();
    recount_marks(&paths).unwrap();
    assert_eq!(known(&paths), (3, 3, Some(10), Some(20)));
    assert_eq!(check(&paths.rows, true), [""; 0]);
}

#[test]
fn counting_marks_changes_nothing_else_in_the_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::of(&folder.path().join("walk"));
    recorder(&paths).finish().unwrap();
    let written = std::fs::read_to_string(&paths.meta).unwrap();
    let by_hand = format!("# mine\nroom = \"kitchen\"\n{written}\n[mine]\nmarks = 0\n");
    std::fs::write(&paths.meta, &by_hand).unwrap();
    append_event(&paths.events, &mark(15, "afterwards"), "station-0").unwrap();
    recount_marks(&paths).unwrap();
    let expected = by_hand
        .replacen("events = 0", "events = 1", 1)
        .replacen("marks = 0", "marks = 1", 1);
    assert_eq!(std::fs::read_to_string(&paths.meta).unwrap(), expected);
    // A count that stands where it is not looked for is left, and told.
    let other = "complete = true\ncounts = { marks = 7 }\n";
    std::fs::write(&paths.meta, other).unwrap();
    assert!(recount_marks(&paths).is_err());
    assert_eq!(std::fs::read_to_string(&paths.meta).unwrap(), other);
    std::fs::remove_file(&paths.meta).unwrap();
    recount_marks(&paths).unwrap();
    assert!(!paths.meta.exists());
}
