//! The bodies of the fuzz targets: what must hold for any bytes.

mod keys;
mod lab;
mod text;

use std::io::{Cursor, Read};

pub use keys::key_export;
pub use lab::{assembler, payload};
pub use text::{filter, native_rows, native_side, scenario};

use vicino::format::FormatError;
use vicino::format::hci::{self, command::CommandDecoder};
use vicino::format::ll::AdvertisingPdu;
use vicino::format::open::{Capture, OpenOptions, capture_of_reader, open_reader};
use vicino::format::packet::LinkFrame;
use vicino::inspect::{Inspection, hex};
use vicino::lab::ad::{self, AdEnd};
use vicino::lab::advert::StationId;
use vicino::lab::event::CaptureEvent;
use vicino::lab::gaen;
use vicino::lab::session::Session;
use vicino::lab::time::{Micros, UnixMicros};

/// Gives a byte at a time.
struct Drip(Cursor<Vec<u8>>);

impl Read for Drip {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = out.len().min(1);
        self.0.read(&mut out[..n])
    }
}

fn events(reader: Box<dyn Read + Send>) -> Option<(Vec<CaptureEvent>, u64)> {
    let mut events = open_reader(reader, "fuzz", &OpenOptions::default()).ok()?;
    let mut all = Vec::new();
    while events.read(&mut all).expect("bytes in memory can be read") {}
    Some((all, events.damage().count))
}

fn report(session: &Session) -> String {
    serde_json::to_string(&session.report()).expect("a report is plain data")
}

/// A whole capture: read, inspected, fed to a session, and read again in pieces to the same events.
pub fn capture(magic: &[u8], bytes: &[u8]) {
    let file = [magic, bytes].concat();
    let whole = events(Box::new(Cursor::new(file.clone())));
    if file.len() < 10_000 {
        assert_eq!(whole, events(Box::new(Drip(Cursor::new(file.clone())))));
    }
    let options = OpenOptions::default();
    if let Some((events, _)) = &whole {
        let mut fed = Session::default();
        let mut reader =
            open_reader(Box::new(Cursor::new(file.clone())), "fuzz", &options).expect("it was opened before");
        let mut intake = fed.intake();
        while reader.feed(&mut intake).expect("bytes in memory can be read") {}
        drop(intake);
        let mut read = Session::default();
        events.iter().for_each(|event| read.ingest(event));
        assert_eq!(report(&fed), report(&read));
    }
    if let Ok(Capture::Packets(mut packets)) = capture_of_reader(Box::new(Cursor::new(file)), &options) {
        let inspection = Inspection::of_packets(packets.as_mut(), Micros(0), |_| Ok::<(), FormatError>(()));
        let _ = inspection.expect("bytes in memory can be read").counts();
    }
}

/// An HCI event and a command.
pub fn hci_packet(bytes: &[u8]) {
    let mut batch = Vec::new();
    let _ = hci::reports(bytes, UnixMicros(0), StationId(0), &mut batch);
    assert!(batch.len() <= bytes.len() / 10);
    CommandDecoder::default().decode(bytes, &mut |_| {});
    let _ = hex::explain(bytes).to_text();
}

/// A link-layer frame; the first byte chooses the PHY.
pub fn link_frame(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let link = LinkFrame {
        coded: first & 1 == 1,
        ..LinkFrame::default()
    };
    let frame = [&access_address(), rest].concat();
    if let Some(pdu) = AdvertisingPdu::parse(&frame, link) {
        assert!(pdu.data().len() <= pdu.payload.len() && pdu.payload.len() <= pdu.tail.len());
        let advert = pdu.advertisement(UnixMicros(0), StationId(0), link);
        assert!(advert.is_none_or(|advert| *advert.data == *pdu.data()));
        let _ = (pdu.advertiser(), pdu.advertiser_place());
    }
}

const fn access_address() -> [u8; 4] {
    vicino::format::ll::ADVERTISING_ACCESS_ADDRESS.to_le_bytes()
}

/// An AD payload: walked within its bounds, and built again from its structures.
pub fn ad_payload(bytes: &[u8]) {
    let mut again = Vec::new();
    for structure in ad::structures(bytes) {
        ad::push(&mut again, structure.ty, structure.data);
    }
    assert!(bytes.starts_with(&again));
    if ad::end(bytes) == AdEnd::Clean {
        assert_eq!(again, bytes);
    }
    let _ = (gaen::decode(bytes), gaen::flags(bytes));
}
