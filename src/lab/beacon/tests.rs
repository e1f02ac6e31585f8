use std::collections::BTreeSet;

use hex_literal::hex;
use proptest::prelude::*;

use super::*;

/// Payloads and their families. Those of exposure notification, DP-3T, ROBERT, iBeacon, Nearby Info, Find My,
/// Eddystone UID and EID and Fast Pair are parse vectors; three come from packets quoted in citruz/beacontools
/// issue 48 and DP-3T/dp3t-sdk-android issue 134, the Find My key from furiousMAC's description. The others are
/// assembled from the descriptions named in the modules.
const SAMPLES: &[(&[u8], Family)] = &[
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
    // Contact tracing by 128-bit service, company or service data.
    (&hex!("0201021107f918c24c09fef0806a5f9515fcb32ab8"), Family::BlueTrace),
    (&hex!("1106d3f44356f7672f8ee99b4e3d0e49d3e033"), Family::Unknown),
    (&hex!("1107d3f44356672f8fe99b4e0e49d333e017"), Family::Unknown),
    (&hex!("1107d3f44376562fe89fc94b0e49d333e017"), Family::Unknown),
    (&hex!("06ffff03613966"), Family::BlueTrace),
    (&hex!("030319c0"), Family::Tcn),
    (&hex!("1107a89cf529ac6e7ea96f41db52398f90bc"), Family::Tcn),
    (&hex!("11070000000000000000ddddeeeeffffffff"), Family::C19x),
    (&hex!("11079bfd5bd672451e80d3424647af328142"), Family::Herald),
    (&hex!("05fffafface0"), Family::Herald),
    (&hex!("1107219bded686bb2e8ec84a94fa3c98f5c1"), Family::Sonar),
    (&hex!("11071c2ce4f42ae7e8a7ea4838ce0ffa2278"), Family::Covid19Radar),
    (&hex!("1121000044556644 16a7d4419be2 00840e55"), Family::Covid19Radar),
    // Apple.
    (
        &hex!("1bff4c000316 01 02 03 1a0b 20010db8000000000000000000000001 c5"),
        Family::AppleAirPrint,
    ),
    (
        &hex!("17ff4c000512 000000000000000001 6e2e f7ad 09b2 2080 00"),
        Family::AppleAirDrop,
    ),
    (
        &hex!("12ff4c000 60d 01 aabbccddeeff 0500 0a00 02 02"),
        Family::AppleHomeKit,
    ),
    (
        &hex!("12ff4c000 62d 01 aabbccddeeff 0500 0a00 02 02"),
        Family::AppleHomeKit,
    ),
    (
        &hex!("1eff4c000719 01 0e20 55 99 8f 39 00 00 9672711ae6a965737c80d805039773d1"),
        Family::AppleProximityPairing,
    ),
    (&hex!("0cff4c000807 1234 10 20 0002 5a"), Family::AppleHeySiri),
    (&hex!("0bff4c000906 03 41 c0a80117"), Family::AppleAirPlayTarget),
    (&hex!("06ff4c000a0100"), Family::AppleAirPlaySource),
    (&hex!("08ff4c000b03 0a20 3f"), Family::AppleMagicSwitch),
    (
        &hex!("1aff4c000c0e 00 495a 30 f28a1927bd62fd895b5a 10051b1c839096"),
        Family::AppleHandoff,
    ),
    (&hex!("09ff4c000d04 01020304"), Family::AppleTetheringTarget),
    (&hex!("0bff4c000e06 01 00 57 0007 05"), Family::AppleTetheringSource),
    (
        &hex!("16ff4c000f11 80 08 390087 f9575b 3455e6 395504 09fc87"),
        Family::AppleNearbyAction,
    ),
    (
        &hex!("14ff4c0001 00000000000000000000008000000000"),
        Family::AppleBackground,
    ),
    (&hex!("07ff4c0016020102"), Family::AppleOther),
    // Beacons, trackers, companies.
    (&hex!("0303aafe0a16aafe10ee03676f6f07"), Family::EddystoneUrl),
    (
        &hex!("0303aafe1116aafe20000bb8170000000100000002 58"),
        Family::EddystoneTlm,
    ),
    (&hex!("0303aafe"), Family::EddystoneOther),
    (&hex!("0303edfe0516edfe0200"), Family::Tile),
    (&hex!("0303ecfe"), Family::Tile),
    (&hex!("031684fd"), Family::Tile),
    (&hex!("05165afd1300"), Family::SmartTag),
    (&hex!("0416f3fe4a"), Family::GoogleNearby),
    (&hex!("071695fe50205b"), Family::Unknown),
    (&hex!("061695fe50205b"), Family::Xiaomi),
    (&hex!("030361fe"), Family::Logitech),
    (&hex!("0aff0600030080 5065 6e"), Family::Unknown),
    (&hex!("09ff0600030080 50656e"), Family::SwiftPair),
    (&hex!("0cff060001092002 11223344 55"), Family::MicrosoftCdp),
    (&hex!("05ff06000900"), Family::Microsoft),
    (&hex!("05ff75004204"), Family::Samsung),
    (&hex!("05ff2d010400"), Family::Sony),
    (&hex!("05ff87000102"), Family::Garmin),
    (&hex!("05ffe0000102"), Family::Google),
    (&hex!("030326fe"), Family::Google),
    (&hex!("0409616263"), Family::Named),
    (&hex!("02011a"), Family::Unknown),
];

/// Payloads that look like a family and are not of it.
const NEAR_MISSES: &[(&[u8], Family)] = &[
    // The service next to each known one.
    (&hex!("03036efd"), Family::Unknown),
    (
        &hex!("030367fd131667fdce0a533565e9179847ef88fe20f7b5ca"),
        Family::Unknown,
    ),
    (&hex!("030365fd"), Family::Unknown),
    (&hex!("030318c0"), Family::Unknown),
    (&hex!("0303abfe"), Family::Unknown),
    (&hex!("03032dfe"), Family::Unknown),
    (&hex!("0303f4fe"), Family::Unknown),
    (&hex!("0303eefe"), Family::Unknown),
    (&hex!("03035bfd"), Family::Unknown),
    (&hex!("030394fe"), Family::Unknown),
    (&hex!("030360fe"), Family::Unknown),
    (&hex!("030327fe"), Family::Unknown),
    // The identifier byte-swapped, solicited instead of offered, or in another type of structure.
    (&hex!("0303fd6f"), Family::Unknown),
    (&hex!("03146ffd"), Family::Unknown),
    (
        &hex!("17ff6ffd8be6cd371c5c891604bfbe49df84509672033874"),
        Family::Unknown,
    ),
    // One bit of each 128-bit service wrong, or most significant byte first.
    (&hex!("1107f818c24c09fef0806a5f9515fcb32ab8"), Family::Unknown),
    (&hex!("1107b82ab3fc15954f6a80f0fe094cc218f9"), Family::Unknown),
    (&hex!("1107a99cf529ac6e7ea96f41db52398f90bc"), Family::Unknown),
    (&hex!("11070100000000000000ddddeeeeffffffff"), Family::Unknown),
    (&hex!("11079afd5bd672451e80d3424647af328142"), Family::Unknown),
    (&hex!("1107209bded686bb2e8ec84a94fa3c98f5c1"), Family::Unknown),
    (&hex!("11071d2ce4f42ae7e8a7ea4838ce0ffa2278"), Family::Unknown),
    // Withings' own devices are not BlueTrace.
    (&hex!("09ffff03001122334455"), Family::Unknown),
    (&hex!("06ffff03000102"), Family::Unknown),
    // An iBeacon one byte short; messages that run past the end; the background area one byte short; other types.
    (
        &hex!("19ff4c000214e2c56db5dffb48d2b060d0f5a71096e000010002"),
        Family::AppleOther,
    ),
    (&hex!("09ff4c0010063b1c8390"), Family::AppleOther),
    (&hex!("06ff4c00121900"), Family::AppleOther),
    (&hex!("13ff4c0001 000000000000000000000080000000"), Family::AppleOther),
    (&hex!("05ff4c001100"), Family::AppleOther),
    (&hex!("03ff4c00"), Family::AppleOther),
    // Not Apple, although the rest would be an iBeacon.
    (
        &hex!("1aff4d000215e2c56db5dffb48d2b060d0f5a71096e000010002c5"),
        Family::Unknown,
    ),
    // Eddystone frames of no known type.
    (&hex!("0416aafe40"), Family::EddystoneOther),
    // Structures too short for their identifier, a name without characters.
    (&hex!("0216aa"), Family::Unknown),
    (&hex!("02ff4c"), Family::Unknown),
    (&hex!("0109"), Family::Unknown),
    (&hex!("05ff07000102"), Family::Unknown),
    (&hex!("05ff76000102"), Family::Unknown),
    (&hex!("05ff88000102"), Family::Unknown),
    (&hex!("05ffe1000102"), Family::Unknown),
    (&hex!("05ff2e010102"), Family::Unknown),
    (&hex!("05fffbff0102"), Family::Unknown),
];

#[test]
fn every_family_has_a_sample_and_is_recognised() {
    for (payload, family) in SAMPLES {
        assert_eq!(classify(payload), *family, "{payload:02x?}");
    }
    let shown: BTreeSet<Family> = SAMPLES.iter().map(|(_, family)| *family).collect();
    assert!(shown.iter().eq(Family::ALL), "{shown:?}");
}

#[test]
fn what_only_looks_like_a_family_is_not_of_it() {
    for (payload, family) in NEAR_MISSES {
        assert_eq!(classify(payload), *family, "{payload:02x?}");
    }
}

#[test]
fn of_several_signs_the_first_in_the_order_of_families_wins() {
    let of = |payload: &[u8], family| assert_eq!(classify(payload), family, "{payload:02x?}");
    // Exposure notification over a name and over Apple's messages; Nearby Info yields to any other message.
    of(
        &hex!("07ff4c001002010217166ffd8be6cd371c5c891604bfbe49df84509672033874"),
        Family::GaenOther,
    );
    of(&hex!("0aff4c001001 01 0a0100"), Family::AppleAirPlaySource);
    of(&hex!("0a09 6265616e20506f64730aff4c0010053b1c839096"), Family::Named);
    of(&hex!("0409616263 0aff4c0010053b1c839096"), Family::AppleNearbyInfo);
    of(&hex!("05ffe0000102 0303 2cfe"), Family::FastPair);
    of(&hex!("07030f18edfe64fd"), Family::Robert);
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
        prop::sample::select(SAMPLES),
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
