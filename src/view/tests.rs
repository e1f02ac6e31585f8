mod distance;
mod over;
mod tabs;

use super::*;
use crate::app::action::Action;
use crate::app::key::{Code, Key};
use crate::app::keymap::Context;
use crate::app::model::SourceInfo;
use crate::app::{Msg, Tab, update};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Advertisement, PduType, RssiQuality, StationId};
use crate::lab::event::{AdapterState, CaptureEvent, EventKind, Mark, StationInfo};
use crate::lab::session::Options;
use crate::lab::time::{Micros, UnixMicros};
use crate::lab::units::Dbm;
use crate::source::pacing::{Pacer, Speed, Status};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn at(millis: i64) -> UnixMicros {
    UnixMicros(1_596_102_600_000_000).plus(Micros::from_millis(millis))
}

fn gaen(rpi: u8, ios: bool) -> Vec<u8> {
    let mut data = if ios { vec![0x02, 0x01, 0x1a] } else { Vec::new() };
    data.extend([0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd]);
    data.extend((0..16).map(|n| rpi.wrapping_mul(37).wrapping_add(n * 11)));
    data.extend([0xa1, 0x0c, 0x77, rpi]);
    data
}

fn named(name: &str) -> Vec<u8> {
    let mut data = vec![u8::try_from(name.len() + 1).unwrap(), 0x09];
    data.extend(name.as_bytes());
    data
}

fn address(n: u8, kind: AddressKind) -> Address {
    let top = match kind {
        AddressKind::RandomResolvable => 0x5e,
        AddressKind::RandomStatic => 0xd0,
        _ => 0x2c,
    };
    Address {
        bytes: [top, 0x1b, 0x09, n.wrapping_mul(17), 0x77, n],
        kind,
    }
}

fn heard(millis: i64, address: Address, level: Option<i8>, data: &[u8]) -> CaptureEvent {
    CaptureEvent::Advert(Advertisement {
        at: at(millis),
        address,
        pdu: PduType::AdvNonconnInd,
        rssi: level.map(Dbm),
        data: data.into(),
        ..Advertisement::default()
    })
}

fn playback(name: &str) -> SourceInfo {
    let mut status = Status::new(Pacer::new(Speed::NORMAL, None));
    status.pacer.jump(at(60_000), std::time::Duration::ZERO);
    SourceInfo {
        name: name.to_owned(),
        playback: Some(status),
        ..SourceInfo::default()
    }
}

fn model(source: SourceInfo, size: (u16, u16), events: Vec<CaptureEvent>, now: i64) -> Model {
    let mut model = Model::new(source, Options::default(), size);
    let mut events = events;
    events.sort_by_key(CaptureEvent::at);
    for event in events {
        let at = event.at();
        update(&mut model, Msg::Events(vec![event]));
        update(&mut model, Msg::Tick(Some(at)));
    }
    update(&mut model, Msg::Tick(Some(at(now))));
    update(&mut model, Msg::Frame);
    model
}

/// A minute of four phones, one of which keeps its address over two identifiers, an iBeacon and headphones.
fn normal(size: (u16, u16)) -> Model {
    let android = address(1, AddressKind::RandomResolvable);
    let ios = address(2, AddressKind::RandomNonresolvable);
    let broken = address(3, AddressKind::RandomStatic);
    let beacon = address(4, AddressKind::Public);
    let ibeacon = [&[0x1a, 0xff, 0x4c, 0x00, 0x02, 0x15][..], &[7; 16], &[0, 1, 0, 2, 0xc5]].concat();
    let mark = Mark {
        device: android.to_string(),
        model: "Pixel 4".to_owned(),
        ..Mark::default()
    };
    let station = StationInfo {
        name: "bench".to_owned(),
        model: "Pixel 4".to_owned(),
        edition: "2020-12-14".to_owned(),
    };
    let mut events = vec![
        CaptureEvent::other(at(0), StationId(0), EventKind::Station(station)),
        CaptureEvent::other(at(0), StationId(0), EventKind::Mark(mark)),
    ];
    for n in 0..220i64 {
        let wave = i8::try_from((n / 4) % 24 - 12).unwrap().abs();
        events.push(heard(n * 270, android, Some(-70 + wave), &gaen(1, false)));
        events.push(heard(n * 270 + 90, ios, Some(-56 - wave / 3), &gaen(2, true)));
    }
    for n in 0..55i64 {
        events.push(heard(
            n * 1_000,
            broken,
            Some(-83),
            &gaen(if n < 30 { 3 } else { 4 }, false),
        ));
        events.push(heard(n * 1_000 + 5, beacon, None, &ibeacon));
    }
    events.push(heard(
        12_000,
        address(5, AddressKind::RandomStatic),
        Some(-91),
        &named("Büro 手机"),
    ));
    model(playback("demo.csv"), size, events, 60_000)
}

fn hostile(size: (u16, u16)) -> Model {
    let names = [
        "\u{1b}[2J\u{1b}]0;owned\u{7}",
        "\u{202e}gpj.exe",
        "a\r\nb\tc",
        "手机手机手机手机",
        "e\u{301}\u{200d}x",
        "\u{9b}31m",
    ];
    let mut events: Vec<_> = (0..)
        .zip(names)
        .map(|(n, name)| {
            heard(
                i64::from(n),
                address(n, AddressKind::RandomStatic),
                Some(75),
                &named(name),
            )
        })
        .collect();
    events.push(heard(
        -9_000_000_000,
        address(9, AddressKind::Anonymous),
        Some(-128),
        &[0xff; 60],
    ));
    let mut quantised = Advertisement {
        at: at(9),
        address: address(10, AddressKind::Opaque),
        rssi: Some(Dbm(-60)),
        rssi_quality: RssiQuality::Quantised,
        ..Advertisement::default()
    };
    quantised.data = gaen(9, false)[..20].into();
    events.push(CaptureEvent::Advert(quantised));
    events.push(CaptureEvent::other(
        at(9),
        StationId(0),
        EventKind::Adapter(AdapterState::Blocked),
    ));
    model(playback("\u{1b}[31mnasty\u{202e}.csv"), size, events, 1_000)
}

fn empty(size: (u16, u16)) -> Model {
    let source = SourceInfo {
        name: "hci0".to_owned(),
        how: "BlueZ over D-Bus".to_owned(),
        ..SourceInfo::default()
    };
    model(source, size, Vec::new(), 0)
}

fn screen(model: &Model) -> String {
    let mut terminal = Terminal::new(TestBackend::new(model.size.0, model.size.1)).unwrap();
    terminal.draw(|frame| draw(model, &Theme::dark(), frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..model.size.1 {
        let mut skip = 0;
        let mut line = String::new();
        for x in 0..model.size.0 {
            if skip == 0 {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                skip = text::width(symbol).max(1);
            }
            skip -= 1;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn on_tab(mut model: Model, tab: Tab) -> Model {
    update(&mut model, Msg::Key(Key::char('1')));
    while model.tab != tab {
        update(&mut model, Msg::Key(Key::plain(Code::Tab)));
    }
    update(&mut model, Msg::Frame);
    model
}

#[test]
fn the_device_shows_the_field_under_the_cursor_and_the_log_scrolls() {
    let mut model = on_tab(normal((120, 40)), Tab::Device);
    (0..6).for_each(|_| drop(update(&mut model, Msg::Key(Key::char('j')))));
    assert!(
        screen(&model).contains("rolling proximity identifier"),
        "{}",
        screen(&model)
    );
    (0..20).for_each(|_| drop(update(&mut model, Msg::Key(Key::char('j')))));
    assert!(screen(&model).contains("AEM") || screen(&model).contains("associated encrypted metadata"));
    update(&mut model, Msg::Key(Key::char('n')));
    update(&mut model, Msg::Key(Key::char('n')));
    let mut model = on_tab(model, Tab::Log);
    assert!(
        screen(&model).contains("kept over a change of identifier"),
        "{}",
        screen(&model)
    );
    update(&mut model, Msg::Key(Key::char('v')));
    update(&mut model, Msg::Key(Key::char('v')));
    assert!(screen(&model).contains("· errors"), "{}", screen(&model));
    update(&mut model, Msg::Key(Key::char('v')));
    assert!(screen(&model).contains("new identifier"), "{}", screen(&model));
    update(&mut model, Msg::Key(Key::plain(Code::Home)));
    // Where all fits on a page there is nothing to go back to.
    assert!(!screen(&model).contains("newer below"), "{}", screen(&model));
    update(&mut model, Msg::Resize(120, 10));
    update(&mut model, Msg::Key(Key::plain(Code::Home)));
    let text = screen(&model);
    let oldest = model.log.shown().last().unwrap();
    let line = text.lines().find(|line| line.contains(&oldest.text));
    assert!(line.is_some() && text.matches("new identifier").count() >= 3, "{text}");
    assert!(screen(&model).contains("newer below"), "{}", screen(&model));
}

#[test]
fn identifiers_take_the_place_of_the_facts_where_both_have_no_room() {
    let mut model = on_tab(normal((80, 24)), Tab::Device);
    assert!(screen(&model).contains("attenuation") && !screen(&model).contains("ELSEWHERE"));
    update(&mut model, Msg::Key(Key::char('i')));
    assert!(!screen(&model).contains("attenuation") && screen(&model).contains("ELSEWHERE"));
    update(&mut model, Msg::Resize(200, 50));
    assert!(screen(&model).contains("attenuation") && screen(&model).contains("ELSEWHERE"));
}

#[test]
fn nothing_identifying_is_shown_when_it_is_hidden() {
    let mut model = normal((200, 50));
    model.live.selected = model.live.order.first().copied();
    let whole: Vec<String> = model
        .session
        .tracks()
        .iter()
        .flat_map(|track| {
            let rpi = track.rpi.map(|rpi| rpi.to_string()[..8].to_owned());
            [
                Some(track.key.address.to_string()),
                rpi,
                track.name.as_deref().map(str::to_owned),
            ]
        })
        .flatten()
        .collect();
    assert!(whole.iter().any(|text| screen(&model).contains(text)));
    for step in 1..=2 {
        update(&mut model, Msg::Key(Key::char('p')));
        for tab in Tab::ALL {
            model = on_tab(model, tab);
            let shown = screen(&model);
            for text in &whole {
                assert!(!shown.contains(text), "step {step}, {tab:?}: {text}\n{shown}");
            }
        }
    }
    insta::assert_snapshot!("privacy_200x50", screen(&on_tab(model, Tab::Live)));
}

#[test]
fn a_filter_that_is_none_yet_says_why_and_nothing_else_moves() {
    let status = |model: &Model| screen(model).lines().nth(1).unwrap_or_default().to_owned();
    let mut model = normal((100, 24));
    let mut type_all = |keys: &str| {
        for typed in keys.chars() {
            update(&mut model, Msg::Key(Key::char(typed)));
        }
        update(&mut model, Msg::Frame);
        status(&model)
    };
    let valid = type_all("/kind:gaen rssi");
    assert!(valid.ends_with("/kind:gaen rssi▏"), "{valid}");
    let wrong = type_all(">");
    assert!(
        wrong.ends_with("no number; write rssi>-70  /kind:gaen rssi>▏"),
        "{wrong}"
    );
    assert!(wrong.starts_with(" replay demo.csv ×1 · 2020"), "{wrong}");
    let valid = type_all("-60");
    assert!(
        valid.contains("1 shown") && valid.ends_with(" /kind:gaen rssi>-60▏"),
        "{valid}"
    );
    // The end of a long one stays in sight, and so does what is wrong with it.
    let long = type_all(&" or name:手机".repeat(12));
    assert!(long.ends_with("or name:手机▏") && long.contains("/…"), "{long}");
    let wrong = type_all(" kindd:x");
    assert!(wrong.contains("no key kindd:; did you mean kind:?  /…"), "{wrong}");
    update(&mut model, Msg::Resize(40, 24));
    assert!(status(&model).contains("…  /…"), "{}", status(&model));
}

#[test]
fn every_size_draws() {
    let models = [
        tabs::with_library(normal((80, 24))),
        tabs::with_hostile_library(hostile((80, 24))),
        empty((80, 24)),
    ];
    let small = (1..=60).flat_map(|width| (1..=30).map(move |height| (width, height)));
    let large = [(61, 200), (73, 16), (133, 33), (500, 10), (1_000, 300)];
    for size in small.chain(large) {
        for model in &models {
            let mut model = model.clone();
            update(&mut model, Msg::Resize(size.0, size.1));
            for tab in Tab::ALL {
                model = on_tab(model, tab);
                screen(&model);
            }
            for opened in ['?', 'c', 'm', 'r', ':'] {
                model = on_tab(model, Tab::Live);
                update(&mut model, Msg::Key(Key::char(opened)));
                screen(&model);
                update(&mut model, Msg::Key(Key::plain(Code::Esc)));
            }
        }
    }
}

#[test]
fn a_terminal_of_another_size_than_the_model_knows_is_no_trouble() {
    let model = normal((200, 50));
    let mut terminal = Terminal::new(TestBackend::new(30, 3)).unwrap();
    terminal.draw(|frame| draw(&model, &Theme::plain(), frame)).unwrap();
}

#[test]
fn no_hostile_text_reaches_a_cell() {
    for size in [(80, 24), (200, 50)] {
        let model = || tabs::with_hostile_library(hostile(size));
        let shown: String = Tab::ALL.map(|tab| screen(&on_tab(model(), tab))).concat();
        let is_bad = |found: &char| (found.is_control() && *found != '\n') || ('\u{202a}'..='\u{202e}').contains(found);
        assert_eq!(shown.chars().find(is_bad), None);
    }
}

#[test]
fn without_colour_nothing_is_coloured() {
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    terminal
        .draw(|frame| draw(&normal((120, 40)), &Theme::plain(), frame))
        .unwrap();
    for cell in terminal.backend().buffer().content() {
        assert_eq!(
            (cell.fg, cell.bg),
            (ratatui::style::Color::Reset, ratatui::style::Color::Reset)
        );
    }
}
