//! Any event, and streams of them.

use proptest::prelude::*;

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

/// 127 is no level.
fn level(dbm: i8) -> Option<Dbm> {
    (dbm != 127).then_some(Dbm(dbm))
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
                rssi: rssi.and_then(level),
                rssi_quality,
                tx_power: tx_power.and_then(level),
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
                    edition: wished.chars().rev().take(20).collect(),
                };
                stream.push(CaptureEvent::other(event.at(), station, EventKind::Station(info)));
            }
            stream.push(event);
        }
        stream
    })
}
