use hex_literal::hex;
use proptest::prelude::*;

use super::*;

/// The innermost fields as `(bytes, name, value)`.
fn shown(payload: &[u8]) -> Vec<(String, String, String)> {
    let fields = explain(payload);
    leaves(&fields)
        .map(|field| {
            let bytes = Hex(&payload[field.range.clone()]).to_string();
            (bytes, field.name.to_string(), field.value.clone())
        })
        .collect()
}

/// The value of the only innermost field of this name.
fn value(payload: &[u8], name: &str) -> String {
    let all: Vec<_> = shown(payload)
        .into_iter()
        .filter(|(_, found, _)| found == name)
        .collect();
    assert_eq!(all.len(), 1, "{name}: {all:?} in {:?}", shown(payload));
    all[0].2.clone()
}

fn names(payload: &[u8]) -> Vec<String> {
    shown(payload).into_iter().map(|(_, name, _)| name).collect()
}

fn tiles(payload: &[u8]) -> bool {
    let fields = explain(payload);
    let mut at = 0;
    leaves(&fields).all(|leaf| {
        let follows = leaf.range.start == at && leaf.range.end > at;
        at = leaf.range.end;
        follows
    }) && at == payload.len()
}

#[test]
fn an_ios_frame_byte_by_byte() {
    let payload = hex!("02011a03036ffd17166ffde932e8b0688dfaec0062b7d6d35eefb5eeaa91ac");
    let expected = [
        ("02", "length", "2 bytes follow"),
        ("01", "type", "0x01 flags"),
        (
            "1a",
            "flags",
            "0x1a: LE general discoverable, LE and BR/EDR controller, LE and BR/EDR host",
        ),
        ("03", "length", "3 bytes follow"),
        ("03", "type", "0x03 16-bit service list"),
        ("6ffd", "service UUID", "0xFD6F exposure notification"),
        ("17", "length", "23 bytes follow"),
        ("16", "type", "0x16 service data"),
        ("6ffd", "service UUID", "0xFD6F exposure notification"),
        (
            "e932e8b0688dfaec0062b7d6d35eefb5",
            "RPI",
            "e932e8b0688dfaec0062b7d6d35eefb5",
        ),
        ("eeaa91ac", "AEM", "eeaa91ac"),
    ];
    let expected = expected.map(|(bytes, name, value)| (bytes.to_owned(), name.to_owned(), value.to_owned()));
    assert_eq!(shown(&payload), expected);
    let structures: Vec<_> = explain(&payload)
        .into_iter()
        .filter(|field| field.level == 0)
        .map(|field| (field.range, field.name.into_owned(), field.value))
        .collect();
    assert_eq!(
        structures[1],
        (3..7, "16-bit service list".to_owned(), "0xFD6F".to_owned())
    );
    assert_eq!(
        structures[2],
        (
            7..31,
            "service data".to_owned(),
            "0xFD6F exposure notification".to_owned()
        )
    );
}

/// The innermost fields after length, type and identifiers are these names and values.
fn assert_parts(payload: &[u8], expected: &[(&str, &str)]) {
    let all = shown(payload);
    let found: Vec<_> = all
        .iter()
        .filter(|(_, name, _)| !matches!(&**name, "length" | "type" | "service UUID" | "company" | "flags"))
        .map(|(_, name, value)| (&**name, &**value))
        .collect();
    assert_eq!(found, expected, "{payload:02x?}");
}

/// The parse vectors of `beacon/tests.rs` that are or resemble exposure notifications.
#[test]
fn frames_and_what_resembles_them_are_explained_to_their_last_part() {
    let rpi = "8be6cd371c5c891604bfbe49df845096";
    let frame = [("RPI", rpi), ("AEM", "72033874")];
    assert_parts(
        &hex!("03036ffd17166ffd2cfb0de02b33d20c5c27611238e2d10742b56ee5"),
        &[("RPI", "2cfb0de02b33d20c5c27611238e2d107"), ("AEM", "42b56ee5")],
    );
    assert_parts(
        &hex!("03036ffd17166ffd1133ec93293c715a8c4afd7bf562f6bc1eba8c91"),
        &[("RPI", "1133ec93293c715a8c4afd7bf562f6bc"), ("AEM", "1eba8c91")],
    );
    assert_parts(
        &hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
        &frame,
    );
    assert_parts(
        &hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
        &frame,
    );
    assert_parts(
        &hex!("02010603036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
        &frame,
    );
    assert_parts(
        &hex!("17166ffd8be6cd371c5c891604bfbe49df8450967203387403036ffd"),
        &frame,
    );
    assert_parts(&hex!("17166ffd8be6cd371c5c891604bfbe49df84509672033874"), &frame);
    assert_parts(
        &hex!("03036ffd13166ffd8be6cd371c5c891604bfbe49df845096"),
        &[("RPI", rpi)],
    );
    assert_parts(
        &hex!("03036ffd12166ffd8be6cd371c5c891604bfbe49df8450"),
        &[("broken RPI", "8be6cd371c5c891604bfbe49df8450")],
    );
    assert_parts(
        &hex!("03036ffd18166ffd8be6cd371c5c891604bfbe49df8450967203387400"),
        &[("RPI", rpi), ("broken AEM", "7203387400")],
    );
    assert_parts(
        &hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874020961"),
        &[frame[0], frame[1], ("name", "\"a\"")],
    );
    assert_parts(
        &hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874020af1"),
        &[frame[0], frame[1], ("TX power", "-15 dBm")],
    );
    assert_parts(
        &hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df845096"),
        &[("overrun", "length 23, but 19 bytes left")],
    );
}

/// The other parse vectors of `beacon/tests.rs`.
#[test]
fn neighbours_are_explained_to_their_last_part() {
    assert_parts(
        &hex!("030368fd131668fdce0a533565e9179847ef88fe20f7b5ca"),
        &[("EphID", "ce0a533565e9179847ef88fe20f7b5ca")],
    );
    assert_parts(
        &hex!("030364fd131664fd00000000000000000000000000000001"),
        &[
            ("ECC", "00"),
            ("EBID", "0000000000000000"),
            ("time", "0000"),
            ("MAC", "0000000001"),
        ],
    );
    assert_parts(
        &hex!("02011a1aff4c000215e2c56db5dffb48d2b060d0f5a71096e000010002c5"),
        &[
            ("message type", "0x02"),
            ("message length", "21"),
            ("proximity UUID", "e2c56db5-dffb-48d2-b060-d0f5a71096e0"),
            ("major", "1"),
            ("minor", "2"),
            ("power at 1 m", "-59 dBm"),
        ],
    );
    assert_parts(
        &hex!("02011a020a0c0aff4c0010053b1c839096"),
        &[
            ("TX power", "12 dBm"),
            ("message type", "0x10"),
            ("message length", "5"),
            (
                "status and activity",
                "0x3b: used a moment ago, primary device, hotspot",
            ),
            ("data flags", "1c"),
            ("authentication tag", "839096"),
        ],
    );
    assert_parts(
        &hex!("1eff4c0012190057364dc7fb77866c40c91076603cb37c1f59f923ab3a0300"),
        &[
            ("message type", "0x12"),
            ("message length", "25"),
            ("status", "0x00: owner not near lately, battery full"),
            (
                "public key, bytes 6 to 27",
                "57364dc7fb77866c40c91076603cb37c1f59f923ab3a",
            ),
            ("public key, top bits", "11"),
            ("hint", "00"),
        ],
    );
    assert_parts(
        &hex!("0201060303aafe1716aafe00ed00112233445566778899aabbccddeeff0000"),
        &[
            ("frame", "0x00 UID"),
            ("power at 0 m", "-19 dBm"),
            ("namespace", "00112233445566778899"),
            ("instance", "aabbccddeeff"),
            ("reserved", "0000"),
        ],
    );
    assert_parts(
        &hex!("0303aafe0d16aafe30ed0011223344556677"),
        &[
            ("frame", "0x30 EID"),
            ("power at 0 m", "-19 dBm"),
            ("EID", "0011223344556677"),
        ],
    );
    assert_parts(&hex!("03022cfe06162cfe00b727"), &[("model", "00b727")]);
}

#[test]
fn frames_of_beacons_and_companies() {
    let url = hex!("0916aafe10ee03676f07");
    assert!(tiles(&url));
    assert_eq!(
        (value(&url, "scheme"), value(&url, "address")),
        ("https://".to_owned(), "\"go.com\"".to_owned())
    );
    let telemetry = hex!("1116aafe20000bb817800000000100 00025b");
    assert_eq!(value(&telemetry, "battery"), "3000 mV");
    assert_eq!(value(&telemetry, "temperature"), "23.5 °C");
    assert_eq!(value(&telemetry, "advertisements"), "1");
    assert_eq!(value(&telemetry, "uptime"), "60.3 s");
    let airplay = hex!("0bff4c00090603 41 c0a80117");
    assert_eq!(value(&airplay, "network address"), "192.168.1.23");
    let homekit = hex!("12ff4c00062d01aabbccddeeff05000a000202");
    assert_eq!(value(&homekit, "message length"), "13 (sub-type 1)");
    assert_eq!(value(&homekit, "state number"), "10");
    let pods = hex!("1eff4c000719010f2023998f010004674f7942859b2fda4788c8f8f1b3ea51");
    assert!(tiles(&pods));
    assert_eq!(value(&pods, "model"), "0x0f20 AirPods 2");
    assert_eq!(value(&pods, "battery"), "right 90 %, left 90 %");
    assert_eq!(value(&pods, "case battery"), "unknown, charging bits 000");
    assert_eq!(value(&pods, "lid counter"), "1");
    let action = hex!("16ff4c000f11 80 08 390087 f9575b 3455e6 395504 09fc87");
    assert_eq!(value(&action, "phone number hash"), "395504");
    let swift_pair = hex!("0aff0600030080501b5b6e");
    assert_eq!(value(&swift_pair, "name"), "\"P\u{fffd}[n\"");
    let windows = hex!("0cff060001292002 11223344 55");
    assert_eq!(value(&windows, "device type"), "Windows desktop, version 1");
    let herald = hex!("11079bfd5bd672451e80d3424647af328142");
    assert_eq!(
        value(&herald, "service UUID"),
        "428132af-4746-42d3-801e-4572d65bfd9b Herald"
    );
    let watch = hex!("0319c000");
    assert_eq!(value(&watch, "appearance"), "0x00c0 watch");
}

#[test]
fn several_apple_messages_and_one_cut_short() {
    let payload = hex!("15ff4c00 0a0100 0c0e 00 495a 30 f28a1927bd62fd895b");
    assert!(tiles(&payload));
    assert_eq!(
        names(&payload)[2..],
        ["company", "message type", "message length", "value", "unread"]
    );
    let whole = hex!("1aff4c00 0c0e 00 495a 30 f28a1927bd62fd895b5a 10051b1c839096");
    assert_eq!(value(&whole, "counter"), "23113");
    let levels: Vec<_> = explain(&whole).iter().map(|field| field.level).collect();
    assert_eq!(levels, [0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2]);
}

#[test]
fn padding_garbage_and_overrun_are_called_so() {
    assert_eq!(names(&hex!("02011a0000")), ["length", "type", "flags", "padding"]);
    assert_eq!(names(&hex!("02011a000201")), ["length", "type", "flags", "garbage"]);
    assert_eq!(names(&hex!("02011aff")), ["length", "type", "flags", "overrun"]);
    assert_eq!(names(&hex!("01ee")), ["length", "type"]);
    assert_eq!(names(&hex!("0403 6ffd 6f")), ["length", "type", "service UUID", "data"]);
    assert_eq!(names(&[]), [""; 0]);
}

#[test]
fn names_from_the_air_are_neutralised() {
    let payload = hex!("0b09 1b5b324a e280ae 61 ff 62");
    assert_eq!(value(&payload, "name"), "\"\u{fffd}[2J\u{fffd}a\u{fffd}b\"");
}

/// Any bytes, and structures of every type with any data behind identifiers that are looked into.
fn payloads() -> impl Strategy<Value = Vec<u8>> {
    let known: &[&[u8]] = &[
        &[],
        &[0x6f, 0xfd],
        &[0x64, 0xfd],
        &[0xaa, 0xfe],
        &[0x2c, 0xfe],
        &[0x4c, 0x00],
        &[0x06, 0x00],
        &[0xff, 0x03],
    ];
    let ty = prop_oneof![any::<u8>(), Just(ty::SERVICE_DATA_16), Just(ty::MANUFACTURER)];
    let body = (
        prop::sample::select(known),
        0u8..0x32,
        prop::collection::vec(any::<u8>(), 0..32),
    );
    let structures = prop::collection::vec((ty, body), 0..4).prop_map(|all| {
        let mut payload = Vec::new();
        for (ty, (identifier, kind, rest)) in all {
            let length = u8::try_from(rest.len()).unwrap();
            let message = [identifier, &[kind, length], &rest].concat();
            let plain = [identifier, &[kind], &rest].concat();
            ad::push(
                &mut payload,
                ty,
                if identifier == [0x4c, 0x00] { &message } else { &plain },
            );
        }
        payload
    });
    prop_oneof![prop::collection::vec(any::<u8>(), 0..300), structures]
}

proptest! {
    #[test]
    fn any_bytes_are_tiled_by_safe_fields(payload in payloads()) {
        prop_assert!(tiles(&payload), "{:#?}", explain(&payload));
        for field in explain(&payload) {
            prop_assert!(!field.name.is_empty());
            prop_assert!(field.range.end <= payload.len());
            prop_assert_eq!(&*printable(&field.value), &*field.value);
            prop_assert!(!field.name.chars().any(char::is_control));
        }
    }

    #[test]
    fn parts_lie_within_their_whole(payload in payloads()) {
        let fields = explain(&payload);
        let mut wholes: Vec<Range<usize>> = Vec::new();
        for field in fields {
            wholes.truncate(usize::from(field.level));
            prop_assert_eq!(wholes.len(), usize::from(field.level));
            if let Some(whole) = wholes.last() {
                prop_assert!(whole.start <= field.range.start && field.range.end <= whole.end);
            }
            wholes.push(field.range);
        }
    }
}
