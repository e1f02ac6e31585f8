//! Every tab at every size that matters.

use super::*;
use crate::app::model::Recording;
use crate::format::native::{Counts, Meta, SourceNote, Span};
use crate::format::open::Kind;
use crate::library::{Density, Entry, Listing, Outline, OutlineMark, Rotation, State};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

/// A thousand phones, beacons and headphones.
fn crowded(size: (u16, u16)) -> Model {
    let kinds = [
        AddressKind::RandomResolvable,
        AddressKind::RandomNonresolvable,
        AddressKind::RandomStatic,
        AddressKind::Public,
    ];
    let mut events = Vec::new();
    for n in 0..1_000u16 {
        let [high, low] = n.to_be_bytes();
        let kind = kinds[usize::from(n % 4)];
        let address = Address {
            bytes: [0x5e, 0x1b, high, low, low.wrapping_mul(31), 7],
            kind,
        };
        let level = Some(-40 - i8::try_from(n % 60).unwrap());
        let data = match n % 4 {
            0 | 1 => gaen(low, n % 4 == 1),
            2 => named(&format!("band {n}")),
            _ => [
                &[0x1a, 0xff, 0x4c, 0x00, 0x02, 0x15][..],
                &[low; 16],
                &[0, 1, 0, 2, 0xc5],
            ]
            .concat(),
        };
        for report in 0..3 {
            let millis = i64::from(n % 250) + i64::from(report) * 20_000;
            events.push(heard(millis, address, level, &data));
        }
    }
    model(playback("crowd.csv"), size, events, 60_000)
}

fn outline() -> Outline {
    let mut density = Density::default();
    for n in 0..400 {
        density.add(at(n * n / 2));
    }
    Outline {
        first: Some(at(0)),
        last: Some(at(80_000)),
        adverts: 400,
        gaen: 300,
        addresses: 6,
        identifiers: 4,
        out_of_step: 1,
        marks: vec![
            OutlineMark {
                at: at(10_000),
                to: None,
                text: "1 m".to_owned(),
            },
            OutlineMark {
                at: at(70_000),
                to: None,
                text: "2 m".to_owned(),
            },
        ],
        rotations: vec![Rotation {
            at: at(30_000),
            is_out_of_step: true,
        }],
        density,
        ..Outline::default()
    }
}

fn entry(name: &str, kind: Option<Kind>, bytes: u64, state: State) -> Entry {
    Entry {
        path: format!("/captures/{name}").into(),
        name: name.to_owned(),
        kind,
        bytes,
        modified: Some(at(0)),
        meta: None,
        state,
    }
}

fn listing() -> Listing {
    let native = Some(Kind::NativeCsv { zstd: false });
    let mut monday = entry("monday.csv", native, 3_104_221, State::Complete);
    monday.meta = Some(Box::new(Meta {
        title: "bench, 1 m".to_owned(),
        source: SourceNote {
            kind: "live".to_owned(),
            description: "BlueZ over D-Bus".to_owned(),
            ..SourceNote::default()
        },
        span: Span {
            first_us: Some(at(0).0),
            last_us: Some(at(761_000).0),
            ..Span::default()
        },
        counts: Counts {
            adverts: 12_041,
            ..Counts::default()
        },
        ..Meta::default()
    }));
    Listing {
        folder: "/captures".into(),
        entries: vec![
            monday,
            entry(
                "walk.csv.zst",
                Some(Kind::NativeCsv { zstd: true }),
                904,
                State::Interrupted,
            ),
            entry("btsnoop_hci.log", Some(Kind::Btsnoop), 5_300_000_000, State::Foreign),
            entry("broken.pcapng", None, 17, State::Foreign),
        ],
        folders: vec!["2019".into(), "old".into()],
        left_out: 0,
    }
}

/// With captures in the folder, the first of them selected and recorded to, the time line known.
pub(super) fn with_library(mut model: Model) -> Model {
    model.library.folder = "/captures".into();
    update(&mut model, Msg::Listing("/captures".into(), Box::new(Ok(listing()))));
    update(&mut model, Msg::Timeline(Box::new(outline())));
    update(
        &mut model,
        Msg::Outline("/captures/monday.csv".into(), Some(at(0)), Ok(Box::new(outline()))),
    );
    model.library.at = 3;
    model
}

pub(super) fn with_hostile_library(mut model: Model) -> Model {
    let names = ["\u{1b}[2J.csv", "\u{202e}vsc.exe", "a\nb.log", &"手机".repeat(60)];
    let entries = names
        .iter()
        .map(|name| entry(name, Some(Kind::Btsnoop), u64::MAX, State::Foreign));
    let mut outline = outline();
    outline.failure = Some("\u{1b}]0;owned\u{7} at byte 7".to_owned());
    outline.first = Some(UnixMicros(i64::MIN));
    let listing = Listing {
        folder: "/\u{1b}[31mcaptures\u{202e}".into(),
        entries: entries.collect(),
        folders: vec!["\u{9b}31m".into()],
        left_out: u64::MAX,
    };
    model.library.folder.clone_from(&listing.folder);
    update(&mut model, Msg::Listing(listing.folder.clone(), Box::new(Ok(listing))));
    update(&mut model, Msg::Timeline(Box::new(outline.clone())));
    let path = format!("{}/{}", "/captures", names[0]).into();
    update(&mut model, Msg::Outline(path, Some(at(0)), Ok(Box::new(outline))));
    model.library.at = 2;
    model.recording = Some(Recording {
        path: format!("/captures/{}", names[1]).into(),
        elapsed: Micros(i64::MAX),
        adverts: u64::MAX,
        rate: f64::MAX,
        bytes: u64::MAX,
        space_left: Some(0),
    });
    model
}

#[test]
fn every_tab_looks_as_it_was_approved() {
    for size in SIZES {
        let (width, height) = size;
        for tab in Tab::ALL {
            let name = tab.title().to_lowercase();
            let on = |model| screen(&on_tab(model, tab));
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), on(with_library(normal(size))));
            insta::assert_snapshot!(
                format!("{name}_hostile_{width}x{height}"),
                on(with_hostile_library(hostile(size)))
            );
            insta::assert_snapshot!(format!("{name}_empty_{width}x{height}"), on(empty(size)));
            insta::assert_snapshot!(format!("{name}_crowded_{width}x{height}"), on(crowded(size)));
        }
    }
}

#[test]
fn breakpoints_fall_where_they_should() {
    // RPI 50, rate 60, rotations 66, bytes 72, name 75, address 95, sparkline 110, distance 120.
    let widths = [39, 40, 41, 49, 50, 51, 59, 60, 61, 65, 66, 67, 71, 72, 73, 74, 75, 76];
    for width in widths.into_iter().chain([94, 95, 96, 109, 110, 111, 119, 120, 121]) {
        let model = with_library(normal((width, 18)));
        insta::assert_snapshot!(format!("breakpoint_{width}x18"), screen(&model));
    }
    // The smallest 10, the time line 14, the panel 16.
    for height in [9, 10, 11, 13, 14, 15, 16, 17] {
        let model = with_library(normal((80, height)));
        insta::assert_snapshot!(format!("breakpoint_80x{height}"), screen(&model));
    }
}

#[test]
fn breakpoints_of_the_device_fall_where_they_should() {
    let draw = |size| screen(&on_tab(with_library(normal(size)), Tab::Device));
    // The payload beside the chart 72, its rows of 16 bytes 140, identifiers beside the facts 118.
    for width in [71, 72, 73, 117, 118, 119, 139, 140, 141] {
        insta::assert_snapshot!(format!("device_breakpoint_{width}x24"), draw((width, 24)));
    }
    for height in [10, 13, 14, 15, 20, 21, 22, 28, 29, 30] {
        insta::assert_snapshot!(format!("device_breakpoint_80x{height}"), draw((80, height)));
    }
}

#[test]
fn breakpoints_of_the_library_and_the_log_fall_where_they_should() {
    // Begin 63, adverts 75, length 86, kind 99.
    for width in [45, 62, 63, 64, 74, 75, 76, 85, 86, 87, 98, 99, 100] {
        let model = on_tab(with_library(normal((width, 24))), Tab::Captures);
        insta::assert_snapshot!(format!("captures_breakpoint_{width}x24"), screen(&model));
    }
    // Details from 14 rows of the tab on, which are 18 of the terminal.
    for height in [10, 17, 18, 19] {
        let model = on_tab(with_library(normal((80, height))), Tab::Captures);
        insta::assert_snapshot!(format!("captures_breakpoint_80x{height}"), screen(&model));
    }
    for size in [(40, 10), (41, 11), (60, 14)] {
        let model = on_tab(with_library(normal(size)), Tab::Log);
        insta::assert_snapshot!(format!("log_breakpoint_{}x{}", size.0, size.1), screen(&model));
    }
}

#[test]
fn breakpoints_of_the_exposure_fall_where_they_should() {
    let draw = |size| screen(&on_tab(with_library(normal(size)), Tab::Exposure));
    // Time 57, scans 64, least attenuation 72.
    for width in [40, 56, 57, 58, 63, 64, 65, 71, 72, 73] {
        insta::assert_snapshot!(format!("exposure_breakpoint_{width}x24"), draw((width, 24)));
    }
    // Scans of the selected window from 14 rows of the tab on, reasons in lines of their own from 18 on.
    for height in [10, 13, 14, 17, 18, 19, 21, 22, 23] {
        insta::assert_snapshot!(format!("exposure_breakpoint_80x{height}"), draw((80, height)));
    }
}

#[test]
fn a_rule_that_does_not_tell_when_it_notifies_says_so() {
    let mut model = on_tab(with_library(normal((110, 24))), Tab::Exposure);
    for key in ":rule lfph-wider-net-1 swisscovid".chars() {
        update(&mut model, Msg::Key(Key::char(key)));
    }
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    update(&mut model, Msg::Frame);
    let shown = screen(&model);
    let line = |letter: &str| shown.lines().find(|line| line.contains(letter)).unwrap_or_default();
    let unknown = line("A lfph-wider-net-1");
    assert!(unknown.contains("not published  unknown"), "{shown}");
    assert!(line("B swisscovid").contains("no notice  none"), "{shown}");
}

#[test]
fn the_last_lines_of_a_long_folder_can_be_reached() {
    let mut model = on_tab(normal((80, 24)), Tab::Captures);
    let entries = (0..500).map(|n| entry(&format!("c{n:03}.csv"), Some(Kind::Btsnoop), 1, State::Foreign));
    let listing = Listing {
        entries: entries.collect(),
        ..Listing::default()
    };
    update(&mut model, Msg::Listing(listing.folder.clone(), Box::new(Ok(listing))));
    update(&mut model, Msg::Key(Key::char('G')));
    update(&mut model, Msg::Frame);
    let shown = screen(&model);
    assert!(shown.contains("▸ c499.csv") && !shown.contains("c480.csv"), "{shown}");
    update(&mut model, Msg::Key(Key::char('g')));
    update(&mut model, Msg::Frame);
    assert!(screen(&model).contains("▸ c000.csv"));
}
