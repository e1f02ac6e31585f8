//! What the native capture promises; the strategies serve the tests of other formats too.

mod disks;
mod late;
mod laws;
mod reading;
mod strategies;
mod writing;

use proptest::prelude::*;

use self::disks::Memory;
pub(crate) use self::strategies::{advert, stream};
use super::*;
use crate::format::EventReader;
use crate::lab::event::CaptureEvent;

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

fn sample() -> Vec<CaptureEvent> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut events = Vec::new();
    while adverts(&events).len() < 6 {
        events = proptest::strategy::ValueTree::current(&stream().new_tree(&mut runner).unwrap());
    }
    events
}
