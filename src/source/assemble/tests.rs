//! Event sequences as the stacks give them, one event a line: `SECONDS EVENT DEVICE [FIELD=VALUE …]`.

use proptest::prelude::*;

use super::*;
use crate::lab::advert::Hex;
use crate::lab::gaen;

const FD6F: &str = "1122334455667788990011223344556601020304";

fn uuid16(text: &str) -> u128 {
    BASE_UUID | (u128::from(u16::from_str_radix(text, 16).unwrap()) << 96)
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Device `aN` has the resolvable address `60:00:00:00:00:0N`.
fn id_of(name: &str) -> DeviceId {
    DeviceId(0x6000_0000_0000 + u128::from_str_radix(&name[1..], 16).unwrap())
}

fn parse(line: &str) -> (UnixMicros, HostEvent) {
    let mut words = line.split_whitespace();
    let (whole, millis) = words.next().unwrap().split_once('.').unwrap();
    let at = UnixMicros(whole.parse::<i64>().unwrap() * 1_000_000 + millis.parse::<i64>().unwrap() * 1_000);
    let (event, id) = (words.next().unwrap(), id_of(words.next().unwrap()));
    let mut properties = Properties {
        address: Some(Address {
            bytes: first_bytes(id.0 << 80),
            kind: AddressKind::RandomResolvable,
        }),
        ..Properties::default()
    };
    let mut rssi = 0;
    for word in words {
        let (field, value) = word.split_once('=').unwrap();
        match field {
            "rssi" => {
                rssi = value.parse().unwrap();
                properties.rssi = Some(rssi);
            }
            "tx" => properties.tx_power = Some(value.parse().unwrap()),
            "name" => properties.name = Some(value.to_owned()),
            "uuids" => properties.services = value.split(',').map(uuid16).collect(),
            "sd" => {
                let (uuid, data) = value.split_once(':').unwrap();
                properties.service_data.insert(uuid16(uuid), bytes(data));
            }
            "md" => {
                let (company, data) = value.split_once(':').unwrap();
                let company = u16::from_str_radix(company, 16).unwrap();
                properties.manufacturer_data.insert(company, bytes(data));
            }
            other => panic!("field {other}"),
        }
    }
    let event = match event {
        "remembered" => HostEvent::Remembered(id, properties),
        "discovered" => HostEvent::Discovered(id, properties),
        "described" => HostEvent::Described(id, properties),
        "rssi" => HostEvent::Rssi(id, rssi),
        "sd" => HostEvent::ServiceData(id, properties.service_data),
        "md" => HostEvent::ManufacturerData(id, properties.manufacturer_data),
        "uuids" => HostEvent::Services(id, properties.services),
        other => panic!("event {other}"),
    };
    (at, event)
}

/// `MILLISECONDS LAST-BYTE-OF-ADDRESS RSSI QUALITY PAYLOAD` of each advertisement.
fn run(rules: Rules, script: &str) -> Vec<String> {
    let mut assembler = Assembler::new(rules, StationId(0));
    let mut out = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (at, event) = parse(&line.replace("$EN", FD6F));
        assembler.feed(at, event, &mut out);
    }
    assembler.finish(&mut out);
    out.iter().map(show).collect()
}

fn show(advert: &Advertisement) -> String {
    assert_eq!(advert.details.form, ReportForm::Host);
    format!(
        "{} {:x} {} {} {}",
        advert.at.0 / 1000,
        advert.address.bytes[5],
        advert.rssi.map_or_else(|| "-".to_owned(), |level| level.0.to_string()),
        advert.rssi_quality.word(),
        Hex(&advert.data)
    )
}

/// The payload of an exposure notification as the host's fields give it back.
fn en(rssi: &str) -> String {
    format!("{rssi} 03036ffd17166ffd{FD6F}")
}

#[test]
fn bluez_first_report_comes_from_the_properties_and_later_ones_from_rssi_and_data() {
    let got = run(
        Rules::Bluez,
        "0.000 discovered a1 rssi=-60 uuids=fd6f sd=fd6f:$EN
         0.001 uuids a1 uuids=fd6f
         0.100 rssi a1 rssi=-61
         0.104 sd a1 sd=fd6f:$EN
         0.200 rssi a1 rssi=-61
         0.290 sd a1 sd=fd6f:$EN",
    );
    assert_eq!(
        got,
        [
            format!("0 1 {}", en("-60 latest")),
            format!("100 1 {}", en("-61 paired")),
            format!("200 1 {}", en("-61 paired"))
        ]
    );
}

#[test]
fn a_rotated_address_is_followed_from_its_first_report() {
    let got = run(
        Rules::Bluez,
        "0.000 discovered a1 rssi=-60 uuids=fd6f sd=fd6f:$EN
         0.250 rssi a1 rssi=-62
         0.251 sd a1 sd=fd6f:$EN
         0.500 discovered a2 rssi=-59 uuids=fd6f sd=fd6f:$EN
         0.750 rssi a2 rssi=-58
         0.751 sd a2 sd=fd6f:$EN",
    );
    assert_eq!(
        got,
        [
            format!("0 1 {}", en("-60 latest")),
            format!("250 1 {}", en("-62 paired")),
            format!("500 2 {}", en("-59 latest")),
            format!("750 2 {}", en("-58 paired")),
        ]
    );
}

#[test]
fn remembered_devices_are_not_heard_until_an_rssi_comes() {
    let got = run(
        Rules::Bluez,
        "0.000 remembered a1 rssi=-50 uuids=fd6f sd=fd6f:$EN
         0.010 discovered a1 rssi=-50 uuids=fd6f sd=fd6f:$EN
         0.011 uuids a1 uuids=fd6f
         0.020 sd a1 sd=fd6f:$EN
         0.500 rssi a1 rssi=-70
         0.501 sd a1 sd=fd6f:$EN",
    );
    assert_eq!(got, [format!("500 1 {}", en("-70 paired"))]);
}

#[test]
fn a_remembered_device_that_is_announced_anew_was_heard() {
    let got = run(
        Rules::Bluez,
        "0.000 remembered a1 uuids=fd6f sd=fd6f:$EN
         0.010 discovered a1 uuids=fd6f sd=fd6f:$EN
         9.000 discovered a1 rssi=-71 uuids=fd6f sd=fd6f:$EN",
    );
    assert_eq!(got, [format!("9000 1 {}", en("-71 latest"))]);
}

#[test]
fn values_that_stand_for_nothing_make_no_report() {
    // 0 and 127 come when a scan stops; a discovery without RSSI is a device that was not heard.
    let got = run(
        Rules::Bluez,
        "0.000 discovered a1 uuids=fd6f sd=fd6f:$EN
         0.100 rssi a1 rssi=0
         0.200 rssi a1 rssi=127
         0.300 rssi a1 rssi=-300
         0.400 sd a1 sd=fd6f:$EN",
    );
    assert_eq!(got, Vec::<String>::new());
}

#[test]
fn fields_of_one_signal_make_one_report_and_neighbours_are_not_mixed_up() {
    let got = run(
        Rules::Bluez,
        "0.000 described a1
         0.000 described a2
         1.000 rssi a1 rssi=-40
         1.002 md a1 md=004c:1005
         1.004 sd a1 sd=fe2c:aabb
         1.006 uuids a1 uuids=fe2c
         1.007 rssi a2 rssi=-90
         1.008 sd a1 sd=fe2c:cc",
    );
    assert_eq!(
        got,
        [
            "1000 1 -40 paired 03032cfe05162cfeaabb05ff4c001005",
            "1007 2 -90 paired ",
            "1008 1 -40 latest 03032cfe04162cfecc"
        ]
    );
}

#[test]
fn an_rssi_without_data_is_a_report_of_its_own() {
    let got = run(
        Rules::Bluez,
        "0.000 described a1 name=Cuffie tx=-7
         0.100 rssi a1 rssi=-40
         0.400 rssi a1 rssi=-41
         1.600 sd a1 sd=fe2c:cc",
    );
    let tail = "0709437566666965020af9";
    assert_eq!(
        got,
        [
            format!("100 1 -40 paired {tail}"),
            format!("400 1 -41 paired {tail}"),
            format!("1600 1 -41 latest 04162cfecc{tail}")
        ]
    );
}

#[test]
fn core_bluetooth_merges_the_events_of_one_callback_and_marks_the_rssi_as_latest() {
    let got = run(
        Rules::CoreBluetooth,
        "0.000 discovered a1
         0.000 rssi a1 rssi=-50
         0.000 md a1 md=004c:1005
         0.001 rssi a2 rssi=-80
         0.001 sd a2 sd=fd6f:$EN
         0.002 rssi a1 rssi=-50
         0.002 sd a1 sd=fe2c:aa
         0.003 rssi a2 rssi=-80
         0.003 uuids a2 uuids=fd6f
         0.060 rssi a2 rssi=-81
         0.060 sd a2 sd=fd6f:$EN",
    );
    // The handle's first 48 bits stand in for the address.
    assert_eq!(
        got,
        [
            "0 0 -50 latest 04162cfeaa05ff4c001005".to_owned(),
            format!("1 0 {}", en("-80 latest")),
            format!("60 0 {}", en("-81 latest")),
        ]
    );
}

#[test]
fn core_bluetooth_gives_opaque_handles_instead_of_addresses() {
    let mut out = Vec::new();
    let mut assembler = Assembler::new(Rules::CoreBluetooth, StationId(0));
    let id = DeviceId(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
    assembler.feed(UnixMicros(0), HostEvent::Rssi(id, -50), &mut out);
    assembler.feed(
        UnixMicros(0),
        HostEvent::ServiceData(id, BTreeMap::from([(uuid16("fd6f"), bytes(FD6F))])),
        &mut out,
    );
    assert_eq!(assembler.deadline(), Some(UnixMicros(5_000)));
    assembler.flush(UnixMicros(5_001), &mut out);
    assert_eq!(
        out[0].address,
        Address {
            bytes: [1, 2, 3, 4, 5, 6],
            kind: AddressKind::Opaque
        }
    );
    assert!(gaen::decode(&out[0].data).is_some());
}

#[test]
fn rssi_in_steps_of_eight_is_noticed_and_a_small_change_takes_it_back() {
    let mut assembler = Assembler::new(Rules::Bluez, StationId(0));
    let mut out = Vec::new();
    let mut at = 0;
    let mut hear = |assembler: &mut Assembler, rssi, out: &mut Vec<Advertisement>| {
        at += 1_000_000;
        assembler.feed(UnixMicros(at), HostEvent::Rssi(id_of("a1"), rssi), out);
    };
    for idx in 0..=STEPS_SEEN {
        assert!(!assembler.is_quantised(), "after {idx}");
        hear(&mut assembler, if idx % 2 == 0 { -50 } else { -58 }, &mut out);
    }
    assert!(assembler.is_quantised());
    hear(&mut assembler, -70, &mut out);
    hear(&mut assembler, -71, &mut out);
    assert!(!assembler.is_quantised());
    assembler.finish(&mut out);
    let qualities: Vec<_> = out.iter().map(|advert| advert.rssi_quality).collect();
    let n_steps = usize::try_from(STEPS_SEEN).unwrap();
    assert!(
        qualities[..n_steps]
            .iter()
            .all(|quality| *quality == RssiQuality::Paired)
    );
    assert_eq!(
        qualities[n_steps..],
        [RssiQuality::Quantised, RssiQuality::Quantised, RssiQuality::Paired]
    );
}

#[test]
fn unchanged_rssi_is_no_sign_of_steps() {
    let mut assembler = Assembler::new(Rules::Bluez, StationId(0));
    let mut out = Vec::new();
    for idx in 0..100 {
        let event = HostEvent::Rssi(id_of("a1"), -60);
        assembler.feed(UnixMicros(idx * 250_000), event, &mut out);
    }
    assert!(!assembler.is_quantised());
}

#[test]
fn a_hundred_thousand_addresses_in_a_minute_take_bounded_room() {
    let mut assembler = Assembler::new(Rules::Bluez, StationId(0));
    let mut out = Vec::new();
    for idx in 0..100_000_u32 {
        let at = UnixMicros(i64::from(idx) * 600);
        let properties = Properties {
            rssi: Some(-60),
            ..Properties::default()
        };
        let event = HostEvent::Discovered(DeviceId(idx.into()), properties);
        assembler.feed(at, event, &mut out);
        assert!(assembler.n_devices() <= MAX_DEVICES && assembler.by_age.len() == assembler.n_devices());
    }
    assert_eq!(out.len(), 100_000);
    assembler.feed(UnixMicros(600_000_000), HostEvent::Rssi(id_of("a1"), -60), &mut out);
    assert_eq!(assembler.n_devices(), 1);
}

#[test]
fn a_clock_set_back_by_hours_holds_nothing_back() {
    let mut assembler = Assembler::new(Rules::Bluez, StationId(0));
    let mut out = Vec::new();
    assembler.feed(UnixMicros(7_200_000_000), HostEvent::Rssi(id_of("a1"), -60), &mut out);
    assembler.flush(UnixMicros(0), &mut out);
    assert_eq!(out.len(), 1);
}

#[test]
fn payload_orders_its_structures_and_never_exceeds_an_advertisement() {
    let mut assembler = Assembler::new(Rules::Bluez, StationId(0));
    let mut out = Vec::new();
    let properties = Properties {
        rssi: Some(-60),
        tx_power: Some(4),
        name: Some("x".repeat(400)),
        services: vec![
            uuid16("180f"),
            0xdead << 96 | 1,
            uuid16("fd6f"),
            0x0001_fd6f << 96 | BASE_UUID,
        ],
        service_data: (0..40).map(|idx| (uuid16("fd00") + (idx << 96), vec![0; 80])).collect(),
        ..Properties::default()
    };
    assembler.feed(UnixMicros(0), HostEvent::Discovered(id_of("a1"), properties), &mut out);
    let data = &out[0].data;
    assert!(data.len() <= MAX_PAYLOAD);
    assert_eq!(ad::end(data), ad::AdEnd::Clean);
    let types: Vec<_> = ad::structures(data).map(|structure| structure.ty).collect();
    assert_eq!(
        types[..4],
        [
            ty::UUID16_COMPLETE,
            ty::UUID32_COMPLETE,
            ty::UUID128_COMPLETE,
            ty::SERVICE_DATA_16
        ]
    );
    assert_eq!(ad::structures(data).next().unwrap().data, [0x0f, 0x18, 0x6f, 0xfd]);
}

#[test]
fn a_report_keeps_the_level_with_which_it_began_when_the_service_forgets_it() {
    let id = DeviceId(0);
    let mut assembler = Assembler::new(Rules::Bluez, StationId(0));
    let mut out = Vec::new();
    let heard = Properties {
        rssi: Some(-61),
        ..Properties::default()
    };
    assembler.feed(UnixMicros(0), HostEvent::Discovered(id, heard), &mut out);
    let data = BTreeMap::from([(uuid16("fd6f"), vec![7; 20])]);
    assembler.feed(UnixMicros(1), HostEvent::ServiceData(id, data), &mut out);
    assembler.feed(
        UnixMicros(2),
        HostEvent::Remembered(id, Properties::default()),
        &mut out,
    );
    assembler.finish(&mut out);
    assert!(
        !out.is_empty() && out.iter().all(|advert| advert.rssi == Some(Dbm(-61))),
        "{out:?}"
    );
}

fn any_event() -> impl Strategy<Value = HostEvent> {
    let id = (0_u128..4).prop_map(DeviceId);
    let data = prop::collection::vec(any::<u8>(), 0..40);
    let properties = (
        any::<Option<i16>>(),
        any::<Option<i16>>(),
        any::<Option<String>>(),
        data.clone(),
    )
        .prop_map(|(rssi, tx_power, name, data)| Properties {
            rssi,
            tx_power,
            name,
            service_data: BTreeMap::from([(uuid16("fd6f"), data)]),
            ..Properties::default()
        });
    prop_oneof![
        (id.clone(), properties.clone()).prop_map(|(id, properties)| HostEvent::Remembered(id, properties)),
        (id.clone(), properties.clone()).prop_map(|(id, properties)| HostEvent::Described(id, properties)),
        (id.clone(), properties).prop_map(|(id, properties)| HostEvent::Discovered(id, properties)),
        (id.clone(), any::<i16>()).prop_map(|(id, rssi)| HostEvent::Rssi(id, rssi)),
        (id.clone(), any::<u128>(), data.clone())
            .prop_map(|(id, uuid, data)| HostEvent::ServiceData(id, BTreeMap::from([(uuid, data)]))),
        (id.clone(), any::<u16>(), data)
            .prop_map(|(id, company, data)| HostEvent::ManufacturerData(id, BTreeMap::from([(company, data)]))),
        (id, prop::collection::vec(any::<u128>(), 0..200)).prop_map(|(id, uuids)| HostEvent::Services(id, uuids)),
    ]
}

proptest! {
    #[test]
    fn any_sequence_gives_at_most_one_report_an_event_in_order_of_time(
        events in prop::collection::vec((0_i64..400_000, any_event()), 0..60),
        core_bluetooth in any::<bool>(),
    ) {
        let rules = if core_bluetooth { Rules::CoreBluetooth } else { Rules::Bluez };
        let mut assembler = Assembler::new(rules, StationId(3));
        let (mut out, mut at) = (Vec::new(), 0);
        let n_events = events.len();
        for (step, event) in events {
            at += step;
            assembler.feed(UnixMicros(at), event, &mut out);
            prop_assert!(assembler.deadline().is_none_or(|deadline| UnixMicros(at) <= deadline));
        }
        assembler.finish(&mut out);
        prop_assert!(out.len() <= n_events);
        prop_assert!(out.is_sorted_by_key(|advert| advert.at));
        prop_assert!(out.iter().all(|advert| advert.data.len() <= MAX_PAYLOAD && advert.rssi.is_some()));
        prop_assert!(assembler.deadline().is_none() && assembler.n_devices() <= 4);
    }
}
