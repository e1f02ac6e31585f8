//! Memory of a session after a day with a million identifiers: `cargo bench --bench memory`.
//!
//! Twenty-four simulated hours, about 10,400 phones in range at any time, each identifier heard for a quarter of an
//! hour; then the last twenty minutes again at four adverts a second and phone, so that every history is full.

use peak_alloc::PeakAlloc;
use vicino::lab::address::Address;
use vicino::lab::advert::{Advertisement, Payload, PduType};
use vicino::lab::event::CaptureEvent;
use vicino::lab::session::{Options, Session};
use vicino::lab::time::UnixMicros;
use vicino::lab::units::Dbm;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const DAY_US: u64 = 86_400_000_000;
const PER_RPI: u64 = 12;
const RPIS: u64 = 1_000_000;
/// Phones in range: a quarter of an hour's worth of identifiers.
const PHONES: u64 = RPIS / 96;

/// A number that looks random, always the same for the same input (splitmix64).
fn scramble(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn report(at_us: u64, phone: u64, generation: u64) -> CaptureEvent {
    let (low, high) = (scramble(phone << 32 | generation), scramble(generation << 40 | phone));
    let mut data = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
    data.extend(low.to_le_bytes());
    data.extend(high.to_le_bytes());
    data.extend([1, 2, 3, 4]);
    let mut address = [0; 6];
    address.copy_from_slice(&high.to_le_bytes()[..6]);
    address[5] = address[5] & 0x3f | 0x40;
    CaptureEvent::Advert(Advertisement {
        at: UnixMicros(at_us.cast_signed()),
        address: Address::from_hci(1, address),
        pdu: PduType::AdvScanInd,
        rssi: Some(Dbm(-60 - i8::try_from(at_us % 30).unwrap_or_default())),
        data: Payload::new(&data),
        ..Advertisement::default()
    })
}

fn mib(bytes: usize) -> String {
    format!("{}.{:02} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 100) >> 20)
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let before = ALLOCATED.current_usage();
    let mut session = Session::new(Options::default());
    let n_events = RPIS * PER_RPI;
    for n in 0..n_events {
        let phone = n % PHONES;
        session.ingest(&report(
            n * (DAY_US / n_events),
            phone,
            (n / PHONES + phone % PER_RPI) / PER_RPI,
        ));
    }
    let sparse = ALLOCATED.current_usage() - before;
    for n in 0..20 * 60 * 4 * PHONES {
        let at = DAY_US + n * 250_000 / PHONES;
        session.ingest(&report(at, n % PHONES, u64::MAX >> 33));
    }
    let dense = ALLOCATED.current_usage() - before;
    let n_rpis = session.ledger().rpis().count();
    session.ingest(&report(2 * DAY_US, 0, 0));
    let retired = ALLOCATED.current_usage() - before;
    println!("identifiers                       {n_rpis}");
    println!("after the day                     {}", mib(sparse));
    println!("after 20 minutes at 4 adverts/s   {}", mib(dense));
    println!(
        "all tracks retired                {}  = {} bytes per identifier",
        mib(retired),
        retired / n_rpis
    );
    println!(
        "beyond the identifiers            {} (day), {} (dense)",
        mib(sparse - retired),
        mib(dense - retired)
    );
}
