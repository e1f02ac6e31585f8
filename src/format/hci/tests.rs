use hex_literal::hex;
use proptest::prelude::*;

use super::*;
use crate::lab::address::AddressKind;
use crate::lab::advert::DataStatus;
use crate::lab::gaen;

const AT: UnixMicros = UnixMicros(7);
const STATION: StationId = StationId(3);

fn adverts(event: &[u8]) -> (Vec<Advertisement>, Result<(), CutShort>) {
    let mut batch = Vec::new();
    let outcome = reports(event, AT, STATION, &mut batch);
    let adverts = batch.into_iter().map(|event| match event {
        CaptureEvent::Advert(advert) => advert,
        CaptureEvent::Other(other) => panic!("{other:?}"),
    });
    (adverts.collect(), outcome)
}

/// An LE Meta event of the given subevent.
fn event(subevent: u8, reports: &[Vec<u8>]) -> Vec<u8> {
    let body = reports.concat();
    let len = u8::try_from(body.len() + 2).unwrap();
    let count = u8::try_from(reports.len()).unwrap();
    [&[LE_META, len, subevent, count][..], &body].concat()
}

fn extended_report(event_type: u16, address_type: u8, data: &[u8]) -> Vec<u8> {
    let mut report = event_type.to_le_bytes().to_vec();
    report.push(address_type);
    report.extend(hex!("0102030405c6 01 02 07 04 b0 1800 00 111213141516"));
    report.push(u8::try_from(data.len()).unwrap());
    report.extend(data);
    report
}

/// Real packets quoted in citruz/beacontools issue 48 and DP-3T/dp3t-sdk-android issue 134.
#[test]
fn real_reports_of_phones() {
    for (event, pdu, address, kind, rpi, rssi) in [
        (
            &hex!("3e2802010301bb7eb52b86791c03036ffd17166ffd2cfb0de02b33d20c5c27611238e2d10742b56ee5b8")[..],
            PduType::AdvNonconnInd,
            "79:86:2b:b5:7e:bb",
            AddressKind::RandomResolvable,
            hex!("2cfb0de02b33d20c5c27611238e2d107"),
            -72,
        ),
        (
            &hex!("3e2b0201030108e6ae330b3f1f02011a03036ffd17166ffde932e8b0688dfaec0062b7d6d35eefb5eeaa91acba"),
            PduType::AdvNonconnInd,
            "3f:0b:33:ae:e6:08",
            AddressKind::RandomNonresolvable,
            hex!("e932e8b0688dfaec0062b7d6d35eefb5"),
            -70,
        ),
        (
            &hex!("3e2802010201dacf5272da711c03036ffd17166ffd1133ec93293c715a8c4afd7bf562f6bc1eba8c91bd"),
            PduType::AdvScanInd,
            "71:da:72:52:cf:da",
            AddressKind::RandomResolvable,
            hex!("1133ec93293c715a8c4afd7bf562f6bc"),
            -67,
        ),
    ] {
        let (adverts, outcome) = adverts(event);
        let [advert] = &adverts[..] else {
            panic!("{adverts:?}");
        };
        assert_eq!(outcome, Ok(()));
        assert_eq!((advert.at, advert.station, advert.pdu), (AT, STATION, pdu));
        assert_eq!(
            (advert.address.to_string().as_str(), advert.address.kind),
            (address, kind)
        );
        assert_eq!(advert.rssi, Some(Dbm(rssi)));
        assert_eq!(gaen::decode(&advert.data).unwrap().rpi.0, rpi);
    }
}

#[test]
fn several_legacy_reports_in_one_event_each_with_its_own_data() {
    let one = hex!("00 00 060504030201 03 020106 c4").to_vec();
    let two = hex!("04 01 c60504030241 00 7f").to_vec();
    let three = hex!("f3 02 060504030201 01 00 15").to_vec();
    let (adverts, outcome) = adverts(&event(ADVERTISING_REPORT, &[one, two, three]));
    assert_eq!(outcome, Ok(()));
    let seen: Vec<_> = adverts
        .iter()
        .map(|advert| (advert.pdu, advert.address.kind, advert.rssi, &*advert.data))
        .collect();
    assert_eq!(
        seen,
        [
            (PduType::AdvInd, AddressKind::Public, Some(Dbm(-60)), &[2, 1, 6][..]),
            (PduType::ScanRsp, AddressKind::RandomResolvable, None, &[]),
            (PduType::AdvNonconnInd, AddressKind::PublicIdentity, Some(Dbm(21)), &[0]),
        ]
    );
    assert_eq!(adverts[2].details.event_type, 0xf3, "reserved bits are kept");
}

#[test]
fn extended_reports_keep_what_the_controller_says() {
    let fragment = extended_report(0x2020, 0x01, &[9; 229 - 50]);
    let directed = extended_report(0x0015, 0xff, &[]);
    let (adverts, outcome) = adverts(&event(EXTENDED_ADVERTISING_REPORT, &[fragment, directed]));
    assert_eq!(outcome, Ok(()));
    let [first, second] = &adverts[..] else {
        panic!("{adverts:?}");
    };
    assert_eq!(
        (first.pdu, first.data_status()),
        (PduType::AdvExtInd, DataStatus::MoreToCome)
    );
    assert_eq!((first.tx_power, first.rssi), (Some(Dbm(4)), Some(Dbm(-80))));
    let details = first.details;
    assert_eq!(
        (details.primary_phy, details.secondary_phy, details.set_id),
        (1, 2, Some(7))
    );
    assert_eq!((details.periodic_interval, details.direct), (0x18, None));
    assert_eq!(
        (second.pdu, second.address.kind),
        (PduType::AdvDirectInd, AddressKind::Anonymous)
    );
    let direct = Address::from_hci(0, hex!("111213141516"));
    assert_eq!(second.details.direct, Some(direct));
}

#[test]
fn pdu_types_of_extended_reports() {
    for (event_type, pdu) in [
        (0x0013, PduType::AdvInd),
        (0x0010, PduType::AdvNonconnInd),
        (0x0012, PduType::AdvScanInd),
        (0x001a, PduType::ScanRsp),
        (0x001b, PduType::ScanRsp),
        (0xff72, PduType::AdvScanInd),
        (0x0000, PduType::AdvExtInd),
        (0x0001, PduType::AdvExtInd),
        (0x0008, PduType::AuxScanRsp),
        (0x0011, PduType::Unknown),
    ] {
        assert_eq!(extended_pdu(event_type), pdu, "{event_type:#x}");
    }
}

#[test]
fn a_cut_event_gives_its_complete_reports_and_says_so() {
    let whole = event(
        ADVERTISING_REPORT,
        &[
            hex!("00 00 060504030201 00 c4").to_vec(),
            hex!("00 00 060504030201 00 c5").to_vec(),
        ],
    );
    for cut in 0..whole.len() {
        let (adverts, outcome) = adverts(&whole[..cut]);
        assert_eq!(adverts.len(), usize::from(cut >= 14), "{cut}");
        assert_eq!(outcome.is_err(), cut >= 3, "{cut}");
    }
    // No report at all is no sound event either.
    assert_eq!(adverts(&hex!("3e 02 02 00")).1, Err(CutShort));
    // The length byte counts, not what comes after.
    assert_eq!(
        adverts(&[&hex!("3e 0b 02 01 00 00 060504030201 00")[..], &[1, 2, 3]].concat()).1,
        Err(CutShort)
    );
}

#[test]
fn other_events_give_nothing() {
    for event in [&hex!("0e0401052000")[..], &hex!("3e 01 0a"), &hex!("3e"), &[]] {
        assert_eq!(adverts(event), (Vec::new(), Ok(())));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(subevent in prop::sample::select(vec![ADVERTISING_REPORT, EXTENDED_ADVERTISING_REPORT]), body in prop::collection::vec(any::<u8>(), 0..255)) {
        let len = u8::try_from(body.len()).unwrap();
        let (adverts, _) = adverts(&[&[LE_META, len, subevent][..], &body].concat());
        let held: usize = adverts.iter().map(|advert| advert.data.len() + 10).sum();
        prop_assert!(held <= body.len());
    }

    #[test]
    fn reports_come_out_as_they_went_in(parts in prop::collection::vec((any::<u16>(), 0u8..4, prop::collection::vec(any::<u8>(), 0..20)), 1..5)) {
        let reports: Vec<_> = parts.iter().map(|(event_type, address_type, data)| extended_report(*event_type, *address_type, data)).collect();
        let (adverts, outcome) = adverts(&event(EXTENDED_ADVERTISING_REPORT, &reports));
        prop_assert_eq!(outcome, Ok(()));
        let back: Vec<_> = adverts.iter().map(|advert| (advert.details.event_type, advert.details.address_type, advert.data.to_vec())).collect();
        prop_assert_eq!(back, parts);
    }
}
