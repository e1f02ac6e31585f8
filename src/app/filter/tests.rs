use super::parser::{Expr, parse};
use super::*;
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Advertisement, PduType};
use crate::lab::event::CaptureEvent;
use crate::lab::time::Micros;
use crate::lab::units::Dbm;
use hex_literal::hex;
use proptest::prelude::*;

const START: UnixMicros = UnixMicros(1_600_000_000_000_000);

fn advert(kind: AddressKind, last: u8, millis: i64, level: Option<i8>, data: &[u8]) -> Advertisement {
    Advertisement {
        at: START.plus(Micros::from_millis(millis)),
        address: Address {
            bytes: [0x5e, 0x1b, 0x09, 0xf1, 0x77, last],
            kind,
        },
        pdu: PduType::AdvScanInd,
        rssi: level.map(Dbm),
        data: data.into(),
        ..Advertisement::default()
    }
}

fn gaen(rpi: u8) -> Vec<u8> {
    let mut data = hex!("03036ffd17166ffd").to_vec();
    data.extend([rpi; 16]);
    data.extend([9; 4]);
    data
}

/// A phone that changed its identifier and kept its address; headphones of Apple that answer with a name and a service;
/// a phone without a level; time 10 s.
fn session() -> Session {
    let phone = |millis, rpi| advert(AddressKind::RandomResolvable, 1, millis, Some(-63), &gaen(rpi));
    let ibeacon = [&hex!("1aff4c000215")[..], &[7; 16], &hex!("00010002c5")].concat();
    let beacon = advert(AddressKind::Public, 2, 4_000, Some(-80), &ibeacon);
    let name = "Kopfhörer (links)";
    let mut response = vec![u8::try_from(name.len() + 1).unwrap(), 0x09];
    response.extend(name.as_bytes());
    response.extend(hex!("1106 9bfd5bd672451e80d3424647af328142 03020f18"));
    let mut response = advert(AddressKind::Public, 2, 4_010, None, &response);
    response.pdu = PduType::ScanRsp;
    let mut silent = advert(AddressKind::RandomStatic, 3, 9_990, None, &gaen(0xcc));
    silent.pdu = PduType::AdvNonconnInd;
    let mut session = Session::default();
    let adverts = [
        phone(0, 0xaa),
        phone(500, 0xaa),
        phone(1_000, 0xbb),
        beacon,
        response,
        silent,
    ];
    session.ingest_all(&adverts.map(CaptureEvent::Advert));
    session.advance(START.plus(Micros::from_secs(10)));
    session
}

/// The last bytes of the addresses of what a filter lets through.
fn shown(session: &Session, filter: &str) -> Vec<u8> {
    let filter = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let tracks = session.tracks().iter();
    let mut found: Vec<u8> = tracks
        .filter(|track| filter.matches(session, track, session.now()))
        .map(|track| track.key.address.bytes[5])
        .collect();
    found.sort_unstable();
    found
}

#[test]
fn every_term_finds_what_it_says() {
    let session = session();
    let cases: [(&str, &[u8]); 67] = [
        ("", &[1, 2, 3]),
        ("kind:gaen", &[1, 3]),
        ("KIND:Gaen-And", &[1, 3]),
        ("kind:ibeacon", &[2]),
        ("kind:beacon", &[2]),
        ("kind:apple", &[]),
        ("addr:5e1b", &[1, 2, 3]),
        ("address:09:f1:77:02", &[2]),
        ("addr:F17703", &[3]),
        ("addr::02", &[2]),
        ("addr:e1b0", &[]),
        ("addrkind:R", &[1]),
        ("addrkind:s", &[3]),
        ("addrkind:random", &[1, 3]),
        ("addrkind:public", &[2]),
        ("addrkind:resolvable", &[1]),
        ("rpi:bbb", &[1]),
        ("rpi:aa", &[]),
        ("company:0x004C", &[2]),
        ("company:76", &[2]),
        ("company:apple", &[2]),
        ("company:app", &[2]),
        ("company:Samsung", &[]),
        ("service:fd6f", &[1, 3]),
        ("service:0xFD6F", &[1, 3]),
        ("service:180f", &[2]),
        ("service:428132af-4746-42d3-801e-4572d65bfd9b", &[2]),
        ("service:428132af474642d3801e4572d65bfd9b", &[2]),
        ("service:0000fd6f-0000-1000-8000-00805f9b34fb", &[1, 3]),
        ("service:feaa", &[]),
        ("name:kopfHÖRER", &[2]),
        ("name:\"r (l\"", &[2]),
        ("is:named", &[2]),
        ("is:rotating", &[1]),
        ("is:outofstep", &[1]),
        ("pdu:adv_scan_ind", &[1, 2]),
        ("pdu:ADV", &[1, 2, 3]),
        ("pdu:nonconn", &[3]),
        ("rssi>-70", &[1]),
        ("rssi > -70", &[1]),
        ("rssi<=-80", &[2]),
        ("rssi<-80", &[]),
        ("rssi=-63", &[1]),
        ("rssi!=-63", &[2]),
        ("not rssi>-70", &[2, 3]),
        ("rssi:-80..-60", &[1, 2]),
        ("rssi:-70..", &[1]),
        ("rssi:-80", &[2]),
        ("age<1s", &[3]),
        ("age>5990ms", &[1]),
        ("age<0.1m", &[2, 3]),
        ("age:5..9s", &[1, 2]),
        ("rate>=0.3", &[1]),
        ("rate>0.1", &[1, 2]),
        ("rate=0", &[3]),
        ("heard>2", &[1]),
        ("heard:1", &[2, 3]),
        ("rot>0", &[1]),
        ("rot=0", &[3]),
        ("rot<9", &[1, 3]),
        ("gaen", &[1, 3]),
        ("IBEACON", &[2]),
        ("77:01", &[1]),
        ("bbbbbbbbbb", &[1]),
        ("static", &[3]),
        ("\"r (links\"", &[2]),
        ("nothing", &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(shown(&session, filter), expected, "{filter}");
    }
}

#[test]
fn not_binds_tighter_than_and_which_binds_tighter_than_or() {
    let session = session();
    let cases: [(&str, &[u8]); 10] = [
        ("77:01 or 77:02 77:03", &[1]),
        ("77:03 77:02 OR 77:01", &[1]),
        ("(77:01 or 77:02) and public", &[2]),
        ("(77:01 or 77:02)public", &[2]),
        ("not 77:01 77:02", &[2]),
        ("not (77:01 or 77:02)", &[3]),
        ("-77:01 -(77:02)", &[3]),
        ("!77:01 AND !77:02", &[3]),
        ("not not -!77:01", &[1]),
        ("- - 77:01", &[1]),
    ];
    for (filter, expected) in cases {
        assert_eq!(shown(&session, filter), expected, "{filter}");
    }
}

#[test]
fn errors_say_what_is_wrong_where_and_what_was_probably_meant() {
    let cases = [
        ("kindd:gaen", "no key kindd: at character 1; did you mean kind:?"),
        ("a adr:5e", "no key adr: at character 3; did you mean addr:?"),
        ("rsssi>-70", "no key rsssi> at character 1; did you mean rssi>?"),
        ("foo:bar", "no key foo: at character 1"),
        (":bar", "no key : at character 1"),
        ("kind:gane", "no kind:gane at character 6; did you mean kind:gaen?"),
        ("addrkind:q", "no addrkind:q at character 10"),
        (
            "is:new",
            "no is:new at character 4; there are doubtful, outofstep, rotating and named",
        ),
        ("kind>3", "kind is not compared at character 1; write kind:"),
        ("name:", "nothing after name: at character 6"),
        ("rssi: -70", "nothing after rssi: at character 6; write rssi>-70"),
        ("rssi>", "no number at character 6; write rssi>-70"),
        ("rssi>-7o", "-7o is no number at character 6; write rssi>-70"),
        ("age<3w", "3w is no time at character 5; write age<30s"),
        ("rssi=>3", "=> compares nothing at character 5"),
        (">3", "nothing to compare before > at character 1; write rssi>-70"),
        (
            "addr:xy",
            "xy is no part of an address at character 6; write addr:5e:1b",
        ),
        ("rpi:g", "g begins no RPI at character 5; write rpi:7e3c"),
        ("service:fd6", "fd6 is no UUID at character 9; write service:fd6f"),
        ("company:0x", "no company number at character 9; write 0x004c, or 76"),
        ("company:00e0", "no known company 00e0 at character 9; write 0x00e0"),
        (
            "company:aple",
            "no known company aple at character 9; did you mean company:apple?",
        ),
        ("company:65536", "no company number at character 9; write 0x004c, or 76"),
        ("a or", "nothing after or at character 5"),
        ("and a", "nothing before and at character 1"),
        ("a and or b", "nothing after and at character 7"),
        ("not", "nothing after not at character 4"),
        ("()", "nothing after ( at character 2"),
        ("(a or (b)", "this ( is not closed at character 1"),
        ("a) b", "this ) closes nothing at character 2"),
        ("name:\"ab", "the quote is not closed at character 6"),
        ("a \"\"", "nothing between the quotes at character 3"),
    ];
    for (filter, expected) in cases {
        let error = Filter::parse(filter).expect_err(filter);
        assert_eq!(error.to_string(), expected, "{filter}");
        assert!(expected.contains(&format!("at character {}", error.at())));
    }
}

#[test]
fn depth_and_length_are_bounded() {
    for (open, close) in [("(", ")"), ("-", ""), ("not ", "")] {
        let nested = |n: usize| format!("{}a{}", open.repeat(n), close.repeat(n));
        assert!(Filter::parse(&nested(32)).is_ok(), "{open}");
        let error = Filter::parse(&nested(33)).unwrap_err();
        assert_eq!(error.brief(), "more than 32 levels deep", "{open}");
    }
    assert!(
        Filter::parse(&"(a)".repeat(1_000)).is_ok(),
        "one after the other is not deep"
    );
    assert!(Filter::parse(&"ü".repeat(4_000)).is_ok());
    assert_eq!(
        Filter::parse(&"ü".repeat(4_001)).unwrap_err().to_string(),
        "too long at character 4001"
    );
}

/// A term as it can be typed, of every sort.
fn term() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "gaen", "77:01", "c0:", "and-or", "a-b", "\"or\"", "\"a b\"", "\"-x\"", "\"a:b\"", "\"!=\"", "Σας",
    ]);
    let field = prop::sample::select(vec![
        "kind:ibea",
        "KIND:tracker",
        "addrkind:R",
        "addrkind:random",
        "pdu:nonconn",
        "is:named",
        "addr:5e1",
        "addr:5e:1",
        "addr:1:09:f",
        "addr:c:",
        "address::5E:1B",
        "rpi:00a",
        "company:76",
        "company:0x4c",
        "company:\"herald (un\"",
        "service:FD6F",
        "service:0000fd6f",
        "service:12345678",
        "service:428132af-4746-42d3-801e-4572d65bfd9b",
    ]);
    let number = (
        prop::sample::select(vec!["rssi", "age", "rate", "heard", "Rot"]),
        prop::sample::select(vec!["<", "<=", "=", "==", "!=", ">=", ">", ":"]),
        0..100_000_u32,
        0..1_000_000_u32,
    );
    let number = number.prop_map(|(key, op, whole, fraction)| format!("{key}{op}{whole}.{fraction:06}"));
    let span = ("[<>]", 0..100_u32, 0..100_u32, "[dhms]").prop_map(|(op, a, b, unit)| format!("age{op}{a}h{b}{unit}"));
    let range = (-100..0_i32, 0..50_i32).prop_map(|(a, b)| format!("rssi:{a}..{b}"));
    let name = ".{1,12}".prop_map(|text| format!("name:\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    let any_word = ".{1,12}".prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
    let fixed = prop_oneof![word, field].prop_map(str::to_owned);
    prop_oneof![3 => fixed, 1 => number, 1 => span, 1 => range, 1 => name, 1 => any_word]
}

/// What a filter should say, without any of the filter's code.
#[derive(Clone, Debug)]
enum Naive {
    Is(bool),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl Naive {
    fn value(&self) -> bool {
        match self {
            Self::Is(value) => *value,
            Self::Not(a) => !a.value(),
            Self::And(a, b) => a.value() && b.value(),
            Self::Or(a, b) => a.value() || b.value(),
        }
    }

    fn binding(&self) -> u8 {
        match self {
            Self::Or(..) => 0,
            Self::And(..) => 1,
            Self::Not(_) | Self::Is(_) => 2,
        }
    }

    /// With the brackets that are needed and no more; the ways to write the same take turns.
    fn write(&self, least: u8, turn: &mut usize, out: &mut String) {
        *turn += 1;
        let mine = *turn;
        if self.binding() < least {
            out.push('(');
            self.write(0, turn, out);
            return out.push(')');
        }
        match self {
            Self::Is(true) => out.push_str(["heard>0", "gaen", "is:rotating"][mine % 3]),
            Self::Is(false) => out.push_str(["heard<0", "nothing", "kind:tile"][mine % 3]),
            Self::Not(a) => {
                out.push_str(["not ", "-", "!", "NOT "][mine % 4]);
                a.write(2, turn, out);
            }
            Self::And(a, b) => {
                a.write(1, turn, out);
                out.push_str([" ", " and ", " And "][mine % 3]);
                b.write(1, turn, out);
            }
            Self::Or(a, b) => {
                a.write(0, turn, out);
                out.push_str([" or ", " OR "][mine % 2]);
                b.write(0, turn, out);
            }
        }
    }
}

fn naive() -> impl Strategy<Value = Naive> {
    any::<bool>().prop_map(Naive::Is).prop_recursive(6, 40, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|a| Naive::Not(Box::new(a))),
            pair.clone().prop_map(|(a, b)| Naive::And(Box::new(a), Box::new(b))),
            pair.prop_map(|(a, b)| Naive::Or(Box::new(a), Box::new(b))),
        ]
    })
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = term().prop_map(|text| parse(&text).unwrap().unwrap_or_else(|| panic!("{text}")));
    leaf.prop_recursive(5, 30, 4, |inner| {
        let some = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            inner.prop_map(Expr::not),
            some.clone().prop_map(Expr::all),
            some.prop_map(Expr::any),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_to_the_same(expr in expr()) {
        let text = expr.to_string();
        prop_assert_eq!(parse(&text), Ok(Some(expr)), "{}", text);
    }

    #[test]
    fn joined_terms_say_what_they_should(naive in naive()) {
        let session = session();
        let track = &session.tracks()[0];
        let (mut turn, mut text) = (0, String::new());
        naive.write(0, &mut turn, &mut text);
        let filter = Filter::parse(&text).unwrap();
        prop_assert_eq!(filter.matches(&session, track, session.now()), naive.value(), "{}", text);
    }

    #[test]
    fn any_text_is_survived(text in ".{0,200}") {
        survive(&text);
    }

    #[test]
    fn any_text_that_looks_like_a_filter_is_survived(
        parts in prop::collection::vec(prop_oneof![term(), "[-!()\":<>=. \\\\a0é]{0,3}", "(and|or|not|\\.\\.|rssi|kind:)"], 0..20),
        between in "[ ]?",
    ) {
        survive(&parts.join(&between));
    }
}

/// Parses; what parses is applied, printed and read again, what does not has an error within the text.
fn survive(text: &str) {
    match Filter::parse(text) {
        Ok(filter) => {
            let session = session();
            for track in session.tracks() {
                let _ = filter.matches(&session, track, session.now());
            }
            let again = parse(&filter.to_string());
            assert_eq!(again, Ok(filter.expr), "{text}");
        }
        Err(error) => {
            assert!((1..=text.chars().count() + 1).contains(&error.at()), "{text}");
            assert!(!error.brief().is_empty());
        }
    }
}

#[test]
fn names_are_those_that_are_shown() {
    let keys =
        "device,model,tek,rolling_start,rolling_period\ncareless,,75c734c6dd1a782de7a965da5eb93125,2642976,144\n";
    let keys = crate::lab::keyring::Keyring::parse(keys).unwrap();
    let mut data = hex!("03036ffd17166ffd").to_vec();
    data.extend(hex!("8be6cd371c5c891604bfbe49df845096 72033874"));
    let mut session = Session::default().with_keys(std::sync::Arc::new(keys));
    session.ingest_all(&[
        CaptureEvent::Advert(advert(AddressKind::RandomResolvable, 1, 0, Some(-60), &data)),
        CaptureEvent::Advert(advert(AddressKind::RandomResolvable, 2, 0, Some(-60), &gaen(7))),
        CaptureEvent::Advert(advert(AddressKind::Public, 3, 0, Some(-60), &gaen(8))),
    ]);
    for (filter, expected) in [
        ("careless", &[1][..]),
        ("name:CARE", &[1]),
        ("is:named", &[1]),
        ("-is:named", &[2, 3]),
        // Its key is of another month than the data; the other's address is public.
        ("is:doubtful", &[1, 3]),
        ("is:outofstep", &[]),
    ] {
        assert_eq!(shown(&session, filter), expected, "{filter}");
    }
}
