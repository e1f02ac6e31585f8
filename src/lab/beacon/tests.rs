use std::collections::BTreeSet;

use hex_literal::hex;
use proptest::prelude::*;

use super::*;

/// Whole payloads: parse vectors of both layouts and their relatives, three of them packets quoted in
/// citruz/beacontools issue 48 and DP-3T/dp3t-sdk-android issue 134; the Find My key is that of furiousMAC's description.
const VECTORS: &[(&[u8], Family)] = &[
    // citruz/beacontools issue 48: an Android phone and an iPhone.
    (
        &hex!("03036ffd17166ffd2cfb0de02b33d20c5c27611238e2d10742b56ee5"),
        Family::GaenAndroid,
    ),
    (
        &hex!("02011a03036ffd17166ffde932e8b0688dfaec0062b7d6d35eefb5eeaa91ac"),
        Family::GaenIos,
    ),
    // DP-3T/dp3t-sdk-android issue 134.
    (
        &hex!("03036ffd17166ffd1133ec93293c715a8c4afd7bf562f6bc1eba8c91"),
        Family::GaenAndroid,
    ),
    // en-with-flags, en-no-flags, en-flags-06, en-sd-first, en-no-uuid-list, en-short-16, en-short-15, en-long-21,
    // en-plus-name, en-plus-txpower, truncated.
    (
        &hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
        Family::GaenIos,
    ),
    (
        &hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
        Family::GaenAndroid,
    ),
    (
        &hex!("02010603036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
        Family::GaenOther,
    ),
    (
        &hex!("17166ffd8be6cd371c5c891604bfbe49df8450967203387403036ffd"),
        Family::GaenOther,
    ),
    (
        &hex!("17166ffd8be6cd371c5c891604bfbe49df84509672033874"),
        Family::GaenOther,
    ),
    (
        &hex!("03036ffd13166ffd8be6cd371c5c891604bfbe49df845096"),
        Family::GaenAndroid,
    ),
    (
        &hex!("03036ffd12166ffd8be6cd371c5c891604bfbe49df8450"),
        Family::GaenBroken,
    ),
    (
        &hex!("03036ffd18166ffd8be6cd371c5c891604bfbe49df8450967203387400"),
        Family::GaenAndroid,
    ),
    (
        &hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874020961"),
        Family::GaenAndroid,
    ),
    (
        &hex!("03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874020af1"),
        Family::GaenAndroid,
    ),
    (
        &hex!("02011a03036ffd17166ffd8be6cd371c5c891604bfbe49df845096"),
        Family::GaenBroken,
    ),
    // dp3t-pre, robert, ibeacon, apple-nearby, apple-findmy, eddystone-uid, eddystone-eid, fast-pair.
    (&hex!("030368fd131668fdce0a533565e9179847ef88fe20f7b5ca"), Family::Dp3t),
    (
        &hex!("030364fd131664fd00000000000000000000000000000001"),
        Family::Robert,
    ),
    (
        &hex!("02011a1aff4c000215e2c56db5dffb48d2b060d0f5a71096e000010002c5"),
        Family::IBeacon,
    ),
    (&hex!("02011a020a0c0aff4c0010053b1c839096"), Family::AppleNearbyInfo),
    (
        &hex!("1eff4c0012190057364dc7fb77866c40c91076603cb37c1f59f923ab3a0300"),
        Family::FindMy,
    ),
    (
        &hex!("0201060303aafe1716aafe00ed00112233445566778899aabbccddeeff0000"),
        Family::EddystoneUid,
    ),
    (&hex!("0303aafe0d16aafe30ed0011223344556677"), Family::EddystoneEid),
    (&hex!("03022cfe06162cfe00b727"), Family::FastPair),
];

/// Single structures and the family that they alone show.
const ASSEMBLED: &[(u8, &[u8], Family)] = &[
    // Contact tracing: 128-bit services (little-endian), companies, a listed service.
    (
        ty::UUID128_COMPLETE,
        &hex!("f918c24c09fef0806a4f9515fcb32ab8"),
        Family::BlueTrace,
    ),
    (
        ty::UUID128_INCOMPLETE,
        &hex!("d3f44376562fe89fc94b0e49d333e017"),
        Family::BlueTrace,
    ),
    (ty::MANUFACTURER, &hex!("ff03 613966"), Family::BlueTrace),
    (ty::UUID16_COMPLETE, &hex!("19c0"), Family::Tcn),
    (
        ty::UUID128_COMPLETE,
        &hex!("a89cf529ac6e7ea96f41db52398f90bc"),
        Family::Tcn,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("0000000000000000ddddeeeeffffffff"),
        Family::C19x,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("9bfd5bd672451e80d3424647af328142"),
        Family::Herald,
    ),
    (ty::MANUFACTURER, &hex!("faff face"), Family::Herald),
    (
        ty::UUID128_COMPLETE,
        &hex!("219bded686bb2e8ec84a94fa3c98f5c1"),
        Family::Sonar,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("1c2ce4f42ae7e8a7ea4838ce0ffa2278"),
        Family::Covid19Radar,
    ),
    (
        ty::SERVICE_DATA_128,
        &hex!("00004455664416a7d4419be200840e55 01"),
        Family::Covid19Radar,
    ),
    (ty::UUID16_COMPLETE, &hex!("6ffd"), Family::GaenBroken),
    // Apple.
    (
        ty::MANUFACTURER,
        &hex!("4c00 0316 010203 1a0b 20010db8000000000000000000000001 c5"),
        Family::AppleAirPrint,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0512 000000000000000001 6e2e f7ad 09b2 2080 00"),
        Family::AppleAirDrop,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 060d 01 aabbccddeeff 0500 0a00 02 02"),
        Family::AppleHomeKit,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 062d 01 aabbccddeeff 0500 0a00 02 02"),
        Family::AppleHomeKit,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0719 01 0e20 55 99 8f 39 00 00 9672711ae6a965737c80d805039773d1"),
        Family::AppleProximityPairing,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0807 1234 10 20 0002 5a"),
        Family::AppleHeySiri,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0906 03 41 c0a80117"),
        Family::AppleAirPlayTarget,
    ),
    (ty::MANUFACTURER, &hex!("4c00 0a01 00"), Family::AppleAirPlaySource),
    (ty::MANUFACTURER, &hex!("4c00 0b03 0a20 3f"), Family::AppleMagicSwitch),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0c0e 00 495a 30 f28a1927bd62fd895b5a 1005 1b1c839096"),
        Family::AppleHandoff,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0d04 01020304"),
        Family::AppleTetheringTarget,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0e06 01 00 57 0007 05"),
        Family::AppleTetheringSource,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0f11 80 08 390087 f9575b 3455e6 395504 09fc87"),
        Family::AppleNearbyAction,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 01 00000000000000000000008000000000"),
        Family::AppleBackground,
    ),
    (ty::MANUFACTURER, &hex!("4c00 1602 0102"), Family::AppleOther),
    // Beacons, trackers, companies.
    (ty::SERVICE_DATA_16, &hex!("aafe 10 ee 03 676f07"), Family::EddystoneUrl),
    (
        ty::SERVICE_DATA_16,
        &hex!("aafe 20 00 0bb8 1780 00000001 0000025b"),
        Family::EddystoneTlm,
    ),
    (ty::UUID16_COMPLETE, &hex!("aafe"), Family::EddystoneOther),
    (ty::SERVICE_DATA_16, &hex!("edfe 0200"), Family::Tile),
    (ty::UUID16_COMPLETE, &hex!("ecfe"), Family::Tile),
    (ty::UUID16_INCOMPLETE, &hex!("84fd"), Family::Tile),
    (ty::SERVICE_DATA_16, &hex!("5afd 1300"), Family::SmartTag),
    (ty::SERVICE_DATA_16, &hex!("f3fe 4a"), Family::GoogleNearby),
    (ty::SERVICE_DATA_16, &hex!("95fe 50205b"), Family::Xiaomi),
    (ty::UUID16_COMPLETE, &hex!("61fe"), Family::Logitech),
    (ty::MANUFACTURER, &hex!("0600 03 00 80 50656e"), Family::SwiftPair),
    (
        ty::MANUFACTURER,
        &hex!("0600 01 09 20 02 11223344 55"),
        Family::MicrosoftCdp,
    ),
    (ty::MANUFACTURER, &hex!("0600 0900"), Family::Microsoft),
    (ty::MANUFACTURER, &hex!("7500 4204"), Family::Samsung),
    (ty::MANUFACTURER, &hex!("2d01 0400"), Family::Sony),
    (ty::MANUFACTURER, &hex!("8700 0102"), Family::Garmin),
    (ty::MANUFACTURER, &hex!("e000 0102"), Family::Google),
    (ty::UUID16_COMPLETE, &hex!("26fe"), Family::Google),
    (ty::NAME_COMPLETE, &hex!("616263"), Family::Named),
    (ty::NAME_SHORT, &hex!("61"), Family::Named),
    (ty::FLAGS, &hex!("1a"), Family::Unknown),
];

/// Single structures that look like a family and are not of it.
const NEAR_MISSES: &[(u8, &[u8], Family)] = &[
    // The service next to each known one.
    (ty::UUID16_COMPLETE, &hex!("6efd"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("67fd"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("65fd"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("18c0"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("abfe"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("2dfe"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("f4fe"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("eefe"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("ebfe"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("85fd"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("5bfd"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("94fe"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("60fe"), Family::Unknown),
    (ty::UUID16_COMPLETE, &hex!("27fe"), Family::Unknown),
    (
        ty::SERVICE_DATA_16,
        &hex!("67fdce0a533565e9179847ef88fe20f7b5ca"),
        Family::Unknown,
    ),
    // The identifier byte-swapped, solicited instead of offered, or in another type of structure.
    (ty::UUID16_COMPLETE, &hex!("fd6f"), Family::Unknown),
    (0x14, &hex!("6ffd"), Family::Unknown),
    (
        ty::MANUFACTURER,
        &hex!("6ffd8be6cd371c5c891604bfbe49df84509672033874"),
        Family::Unknown,
    ),
    (
        ty::SERVICE_DATA_32,
        &hex!("6ffd00008be6cd371c5c891604bfbe49df84509672033874"),
        Family::Unknown,
    ),
    // One bit of each 128-bit service wrong; most significant byte first.
    (
        ty::UUID128_COMPLETE,
        &hex!("f818c24c09fef0806a4f9515fcb32ab8"),
        Family::Unknown,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("d2f44376562fe89fc94b0e49d333e017"),
        Family::Unknown,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("a99cf529ac6e7ea96f41db52398f90bc"),
        Family::Unknown,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("0100000000000000ddddeeeeffffffff"),
        Family::Unknown,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("9afd5bd672451e80d3424647af328142"),
        Family::Unknown,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("209bded686bb2e8ec84a94fa3c98f5c1"),
        Family::Unknown,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("1d2ce4f42ae7e8a7ea4838ce0ffa2278"),
        Family::Unknown,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("01004455664416a7d4419be200840e55"),
        Family::Unknown,
    ),
    (
        ty::UUID128_COMPLETE,
        &hex!("b82ab3fc15954f6a80f0fe094cc218f9"),
        Family::Unknown,
    ),
    // Withings' own devices are not BlueTrace.
    (ty::MANUFACTURER, &hex!("ff03 001122334455"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("ff03 000102"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("ff03 61396667"), Family::Unknown),
    // An iBeacon one byte short or long; messages that run past the end; the background area one byte short; unlisted.
    (
        ty::MANUFACTURER,
        &hex!("4c00 0214 e2c56db5dffb48d2b060d0f5a71096e000010002"),
        Family::AppleOther,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0216 e2c56db5dffb48d2b060d0f5a71096e000010002c500"),
        Family::AppleOther,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0316 000000000000000000000000000000000000000000"),
        Family::AppleOther,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0512 0000000000000000000000000000000000"),
        Family::AppleOther,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 060d 000000000000000000000000"),
        Family::AppleOther,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0719 000000000000000000000000000000000000000000000000"),
        Family::AppleOther,
    ),
    (ty::MANUFACTURER, &hex!("4c00 0807 000000000000"), Family::AppleOther),
    (ty::MANUFACTURER, &hex!("4c00 0906 0000000000"), Family::AppleOther),
    (ty::MANUFACTURER, &hex!("4c00 0a01"), Family::AppleOther),
    (ty::MANUFACTURER, &hex!("4c00 0b03 0000"), Family::AppleOther),
    (
        ty::MANUFACTURER,
        &hex!("4c00 0c0e 00000000000000000000000000"),
        Family::AppleOther,
    ),
    (ty::MANUFACTURER, &hex!("4c00 0d04 000000"), Family::AppleOther),
    (ty::MANUFACTURER, &hex!("4c00 0e06 0000000000"), Family::AppleOther),
    (ty::MANUFACTURER, &hex!("4c00 0f05 00000000"), Family::AppleOther),
    (ty::MANUFACTURER, &hex!("4c00 1005 00000000"), Family::AppleOther),
    (
        ty::MANUFACTURER,
        &hex!("4c00 1219 000000000000000000000000000000000000000000000000"),
        Family::AppleOther,
    ),
    (
        ty::MANUFACTURER,
        &hex!("4c00 01 000000000000000000000080000000"),
        Family::AppleOther,
    ),
    (ty::MANUFACTURER, &hex!("4c00 1100"), Family::AppleOther),
    (ty::MANUFACTURER, &hex!("4c00"), Family::AppleOther),
    // Not Apple, although the rest would be an iBeacon.
    (
        ty::MANUFACTURER,
        &hex!("4d00 0215 e2c56db5dffb48d2b060d0f5a71096e000010002c5"),
        Family::Unknown,
    ),
    // Eddystone and Microsoft of no known type.
    (ty::SERVICE_DATA_16, &hex!("aafe 40"), Family::EddystoneOther),
    (ty::SERVICE_DATA_16, &hex!("aafe 01"), Family::EddystoneOther),
    (ty::SERVICE_DATA_16, &hex!("aafe 31"), Family::EddystoneOther),
    (ty::SERVICE_DATA_16, &hex!("aafe"), Family::EddystoneOther),
    (ty::MANUFACTURER, &hex!("0600 02 00 80 50656e"), Family::Microsoft),
    (ty::MANUFACTURER, &hex!("0600"), Family::Microsoft),
    // Too short for an identifier; a name without characters; the company next to each known one.
    (ty::SERVICE_DATA_16, &hex!("aa"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("4c"), Family::Unknown),
    (
        ty::UUID128_COMPLETE,
        &hex!("9bfd5bd672451e80d3424647af3281"),
        Family::Unknown,
    ),
    (ty::NAME_COMPLETE, &hex!(""), Family::Unknown),
    (ty::MANUFACTURER, &hex!("0700 0102"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("4b00 0102"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("7600 0102"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("8800 0102"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("e100 0102"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("2e01 0102"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("fbff 0102"), Family::Unknown),
    (ty::MANUFACTURER, &hex!("fe03 0102"), Family::Unknown),
];

fn payload(structures: &[(u8, &[u8])]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (ty, data) in structures {
        ad::push(&mut payload, *ty, data);
    }
    payload
}

#[test]
fn every_family_has_a_sample_and_is_recognised() {
    let mut shown = BTreeSet::new();
    for (payload, family) in VECTORS {
        assert_eq!(classify(payload), *family, "{payload:02x?}");
        shown.insert(*family);
    }
    for (ty, data, family) in ASSEMBLED {
        assert_eq!(classify(&payload(&[(*ty, data)])), *family, "{ty:02x} {data:02x?}");
        shown.insert(*family);
    }
    assert!(shown.iter().eq(Family::ALL), "{shown:?}");
}

#[test]
fn what_only_looks_like_a_family_is_not_of_it() {
    for (ty, data, family) in NEAR_MISSES {
        assert_eq!(classify(&payload(&[(*ty, data)])), *family, "{ty:02x} {data:02x?}");
    }
}

#[test]
fn of_several_signs_the_first_in_the_order_of_families_wins() {
    let of = |structures: &[(u8, &[u8])], family| {
        assert_eq!(classify(&payload(structures)), family, "{structures:02x?}");
    };
    let name = (ty::NAME_COMPLETE, &b"Urban Pods"[..]);
    let nearby: (u8, &[u8]) = (ty::MANUFACTURER, &hex!("4c00 1005 3b1c839096"));
    let frame: (u8, &[u8]) = (
        ty::SERVICE_DATA_16,
        &hex!("6ffd 8be6cd371c5c891604bfbe49df845096 72033874"),
    );
    of(&[name, nearby, frame], Family::GaenOther);
    of(&[name, nearby], Family::AppleNearbyInfo);
    of(&[nearby, (ty::UUID16_COMPLETE, &hex!("64fd"))], Family::Robert);
    of(
        &[(ty::MANUFACTURER, &hex!("4c00 1001 01 0a01 00"))],
        Family::AppleAirPlaySource,
    );
    of(
        &[
            (ty::MANUFACTURER, &hex!("e000 0102")),
            (ty::UUID16_COMPLETE, &hex!("2cfe")),
        ],
        Family::FastPair,
    );
    of(&[(ty::UUID16_COMPLETE, &hex!("0f18 edfe 64fd"))], Family::Robert);
    of(
        &[
            (ty::UUID16_COMPLETE, &hex!("aafe")),
            (ty::SERVICE_DATA_16, &hex!("aafe 10 ee 03 61")),
        ],
        Family::EddystoneUrl,
    );
}

#[test]
fn words_are_unique_and_give_family_and_group_back() {
    let words: BTreeSet<_> = Family::ALL.iter().map(|family| family.word()).collect();
    assert_eq!(words.len(), Family::ALL.len());
    for family in Family::ALL {
        assert_eq!(family.word().parse(), Ok(*family));
        assert!(!family.describe().is_empty());
        assert_eq!(
            family.is_gaen(),
            family.group() == Group::Gaen && *family != Family::GaenBroken
        );
    }
    for group in Group::ALL {
        assert_eq!(group.word().parse(), Ok(group));
        assert!(Family::ALL.iter().any(|family| family.group() == group), "{group}");
    }
    assert!("gaen".parse::<Family>().is_err());
}

/// Any bytes, and bytes that begin as known payloads do.
fn payloads() -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = prop::collection::vec(any::<u8>(), 0..300);
    let changed = (
        prop::sample::select(VECTORS),
        any::<prop::sample::Index>(),
        any::<u8>(),
        0usize..40,
    )
        .prop_map(|((payload, _), at, byte, cut)| {
            let mut payload = payload.to_vec();
            let at = at.index(payload.len());
            payload[at] = byte;
            payload.truncate(payload.len().saturating_sub(cut / 4));
            payload
        });
    prop_oneof![any_bytes, changed]
}

proptest! {
    #[test]
    fn any_bytes_have_a_family_that_agrees_with_the_frame(payload in payloads()) {
        let family = classify(&payload);
        prop_assert_eq!(family.is_gaen(), gaen::decode(&payload).is_some());
    }
}
