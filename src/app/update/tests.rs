mod commands;
mod library;

use super::*;
use crate::app::columns::{Column, Columns};
use crate::app::keymap::{Context, Keymap};
use crate::app::model::{Popup, Recording, SourceInfo};
use crate::app::{Mouse, Tab, prompt};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::Advertisement;
use crate::lab::event::CaptureEvent;
use crate::lab::session::Options;
use crate::lab::time::Micros;
use crate::lab::units::Dbm;
use crate::library::{Entry, Listing, Outline, State};
use crate::source::pacing::{Command, Pacer, Speed, Status};
use proptest::prelude::*;

fn at(millis: i64) -> UnixMicros {
    UnixMicros(1_600_000_000_000_000).plus(Micros::from_millis(millis))
}

fn heard(device: u8, millis: i64, level: i8, name: &str) -> CaptureEvent {
    let mut data = vec![u8::try_from(name.len() + 1).unwrap(), 0x09];
    data.extend(name.as_bytes());
    CaptureEvent::Advert(Advertisement {
        at: at(millis),
        address: Address {
            bytes: [0xc0, 0, 0, 0, 0, device],
            kind: AddressKind::RandomStatic,
        },
        rssi: Some(Dbm(level)),
        data: data.as_slice().into(),
        ..Advertisement::default()
    })
}

fn playback() -> SourceInfo {
    SourceInfo {
        name: "demo".to_owned(),
        playback: Some(Status::new(Pacer::new(Speed::NORMAL, None))),
        ..SourceInfo::default()
    }
}

fn model(source: SourceInfo) -> Model {
    let mut model = Model::new(source, Options::default(), (80, 24));
    let events = (0..30u8).map(|n| heard(n, i64::from(n) * 10, -40 - n.cast_signed(), &format!("phone {n}")));
    update(&mut model, Msg::Events(events.collect()));
    update(&mut model, Msg::Frame);
    model
}

fn press_all(model: &mut Model, keys: &str) -> Vec<Effect> {
    keys.chars()
        .flat_map(|typed| update(model, Msg::Key(Key::char(typed))))
        .collect()
}

fn device(model: &Model) -> u8 {
    model.live.selected.unwrap().address.bytes[5]
}

#[test]
fn the_selection_stays_with_its_device_when_rows_move() {
    let mut model = model(playback());
    press_all(&mut model, "jjj");
    assert_eq!((device(&model), model.selected_idx()), (3, Some(3)));
    // By level, the weakest first.
    press_all(&mut model, "ssS");
    update(&mut model, Msg::Frame);
    assert_eq!((device(&model), model.selected_idx()), (3, Some(26)));
    assert!((model.live.top..model.live.top + model.page()).contains(&26));
}

#[test]
fn equal_devices_keep_the_order_in_which_they_were_heard() {
    let mut model = model(playback());
    let before = model.live.order.clone();
    update(
        &mut model,
        Msg::Events(vec![heard(29, 5_000, -30, "phone 29"), heard(0, 5_001, -90, "phone 0")]),
    );
    update(&mut model, Msg::Tick(Some(at(6_000))));
    update(&mut model, Msg::Frame);
    assert_eq!(model.live.order, before);
}

#[test]
fn sorting_goes_through_all_columns_and_strongest_comes_first() {
    let mut model = model(playback());
    while model.live.sort != Column::Rssi {
        press_all(&mut model, "s");
    }
    update(&mut model, Msg::Frame);
    assert_eq!(model.live.order[0].address.bytes[5], 0);
    press_all(&mut model, "S");
    update(&mut model, Msg::Frame);
    assert_eq!(model.live.order[0].address.bytes[5], 29);
}

#[test]
fn sorting_goes_to_the_next_column_that_is_shown() {
    let visited = |columns: u16| {
        let mut model = model(playback());
        update(&mut model, Msg::Resize(columns, 24));
        let mut next = || {
            press_all(&mut model, "s");
            model.live.sort
        };
        (0..Column::ALL.len()).map(|_| next()).collect::<Vec<_>>()
    };
    assert_eq!(
        visited(45)[..4],
        [Column::Rssi, Column::Attenuation, Column::Age, Column::Kind]
    );
    assert!(!visited(80).contains(&Column::Address) && visited(80).contains(&Column::Name));
    assert_eq!(visited(120)[0], Column::Address);
    let sortable = Column::ALL.into_iter().filter(|column| column.is_sortable());
    let by_default = sortable.filter(|column| *column != Column::Heard);
    assert!(by_default.into_iter().all(|column| visited(140).contains(&column)));
}

#[test]
fn a_frozen_view_stands_still_while_the_session_goes_on() {
    let mut model = model(playback());
    press_all(&mut model, "f");
    let now = model.now();
    update(
        &mut model,
        Msg::Events(vec![heard(0, 9_000, -33, "phone 0"), heard(77, 9_000, -33, "new")]),
    );
    update(&mut model, Msg::Tick(Some(at(9_500))));
    update(&mut model, Msg::Frame);
    assert_eq!(
        (model.live.order.len(), model.now(), model.tracks().len()),
        (30, now, 30)
    );
    assert_eq!(model.session.tracks().len(), 31);
    press_all(&mut model, "f");
    update(&mut model, Msg::Frame);
    assert_eq!((model.live.order.len(), model.now()), (31, at(9_500)));
}

#[test]
fn the_filter_follows_typing_takes_all_words_and_is_dropped_by_escape() {
    let mut model = model(playback());
    press_all(&mut model, "/PHONE 2");
    update(&mut model, Msg::Frame);
    assert_eq!(
        model.live.order.len(),
        11 + 2,
        "2, 12, 20..=29, and 02 and 12 in addresses"
    );
    update(&mut model, Msg::Key(Key::plain(Code::Backspace)));
    press_all(&mut model, "c0:00:00:00:00:1d");
    update(&mut model, Msg::Frame);
    assert_eq!(model.live.order.len(), 1);
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    assert_eq!((model.context(), device(&model)), (Context::Live, 29));
    update(&mut model, Msg::Key(Key::plain(Code::Esc)));
    update(&mut model, Msg::Frame);
    assert_eq!(model.live.order.len(), 30);
}

#[test]
fn a_filter_that_is_edited_again_goes_on_from_its_words_and_escape_leaves_it_as_it_was() {
    let mut model = model(playback());
    let typed = |model: &Model| model.editing.as_ref().map(|prompt| prompt.text().to_owned());
    press_all(&mut model, "/phone 2");
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    press_all(&mut model, "/");
    assert_eq!(typed(&model).as_deref(), Some("phone 2"));
    update(&mut model, Msg::Key(Key::ctrl('u')));
    assert_eq!(typed(&model).as_deref(), Some(""));
    press_all(&mut model, "ios");
    assert_eq!(model.live.filter.text(), "ios", "the table follows");
    update(&mut model, Msg::Key(Key::plain(Code::Esc)));
    assert_eq!((typed(&model), model.live.filter.text()), (None, "phone 2"));
    update(&mut model, Msg::Key(Key::plain(Code::Esc)));
    assert!(model.live.filter.is_empty(), "on the table, Escape drops the filter");
}

#[test]
fn what_is_no_filter_yet_leaves_the_last_one_and_cannot_be_kept() {
    let mut model = model(playback());
    let shown = |model: &mut Model, keys: &str| {
        press_all(model, keys);
        update(model, Msg::Frame);
        model.live.order.len()
    };
    assert_eq!(shown(&mut model, "/rssi>-45"), 5);
    assert_eq!(shown(&mut model, " or "), 5);
    let error = model.editing.as_ref().and_then(|prompt| prompt.error.clone());
    assert_eq!(error.unwrap().to_string(), "nothing after or at character 13");
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    assert_eq!(model.context(), Context::Filter, "there is nothing to keep");
    assert_eq!(shown(&mut model, "addr::1d"), 6);
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    assert_eq!(
        (model.context(), model.live.filter.text()),
        (Context::Live, "rssi>-45 or addr::1d")
    );
    press_all(&mut model, "/ (");
    update(&mut model, Msg::Key(Key::plain(Code::Esc)));
    assert_eq!(model.live.filter.text(), "rssi>-45 or addr::1d");
}

#[test]
fn ages_in_a_filter_follow_the_clock_of_the_data() {
    let mut model = model(playback());
    press_all(&mut model, "/age<5s");
    update(&mut model, Msg::Frame);
    assert_eq!(model.live.order.len(), 30);
    update(&mut model, Msg::Tick(Some(at(5_100))));
    update(&mut model, Msg::Frame);
    assert_eq!(model.live.order.len(), 19, "those heard 110 ms and later");
}

#[test]
fn keys_of_the_playback_reach_it_and_are_nothing_to_the_air() {
    let keys = " .+-0L";
    let mut replayed = model(playback());
    assert_eq!(
        press_all(&mut replayed, keys),
        [
            Effect::Playback(Command::TogglePause),
            Effect::Playback(Command::Step),
            Effect::Playback(Command::SetSpeed(Speed::Tenths(20))),
            Effect::Playback(Command::SetSpeed(Speed::Tenths(5))),
            Effect::Playback(Command::SeekToOffset(Micros(0))),
            Effect::Playback(Command::ToggleLoop),
        ]
    );
    let mut live = model(SourceInfo::default());
    assert_eq!(press_all(&mut live, keys), []);
    assert!(live.live.frozen.is_some(), "space holds the view of a live source");
}

#[test]
fn a_paused_screen_with_no_news_has_nothing_to_draw() {
    let mut model = model(playback());
    let now = model.session.now();
    update(&mut model, Msg::Tick(Some(now)));
    update(&mut model, Msg::Frame);
    update(&mut model, Msg::Tick(Some(now)));
    assert!(!model.is_dirty());
    update(&mut model, Msg::Tick(Some(now.plus(Micros(1)))));
    assert!(model.is_dirty());
}

#[test]
fn a_reset_forgets_the_session_and_finds_the_selected_device_again() {
    let mut model = model(playback());
    press_all(&mut model, "jj");
    update(&mut model, Msg::Reset);
    assert_eq!(model.session.tracks().len(), 0);
    update(
        &mut model,
        Msg::Events(vec![heard(9, 0, -50, "a"), heard(2, 1, -50, "b")]),
    );
    update(&mut model, Msg::Frame);
    assert_eq!(device(&model), 2);
}

#[test]
fn control_c_quits_whatever_is_open() {
    for opened in ["", "?", "/", "f", " ", ":", "m", "r", "c", "3", "4", "5", "6", "7/"] {
        let mut model = model(playback());
        press_all(&mut model, opened);
        assert_eq!(
            update(&mut model, Msg::Key(Key::ctrl('c'))),
            [Effect::Quit],
            "{opened:?}"
        );
    }
}

fn any_mouse() -> impl Strategy<Value = Mouse> {
    prop_oneof![
        Just(Mouse::WheelUp),
        Just(Mouse::WheelDown),
        (any::<u16>(), any::<u16>()).prop_map(|(column, row)| Mouse::Press(column, row)),
        (0u16..90, 0u16..30).prop_map(|(column, row)| Mouse::Press(column, row)),
        (any::<u16>(), any::<u16>()).prop_map(|(column, row)| Mouse::Drag(column, row)),
        (0u16..90, 0u16..30).prop_map(|(column, row)| Mouse::Drag(column, row)),
        Just(Mouse::Release),
    ]
}

#[test]
fn a_press_selects_opens_and_shows_tabs_and_the_wheel_goes_on() {
    let mut model = Model::new(SourceInfo::default(), Options::default(), (80, 24));
    let events = (0..20u8).map(|n| heard(n, i64::from(n), -60, "x")).collect();
    update(&mut model, Msg::Events(events));
    update(&mut model, Msg::Tick(Some(at(1_000))));
    update(&mut model, Msg::Frame);
    let press = |model: &mut Model, column, row| drop(update(model, Msg::Mouse(Mouse::Press(column, row))));
    // Two status lines and the heading stand above the first device.
    press(&mut model, 5, 3 + 4);
    assert_eq!((model.selected_idx(), model.tab), (Some(4), Tab::Live));
    update(&mut model, Msg::Mouse(Mouse::WheelDown));
    assert_eq!(model.selected_idx(), Some(7));
    press(&mut model, 5, 3 + 7);
    assert_eq!(model.tab, Tab::Device);
    press(&mut model, Tab::placed(80, Tab::Device)[6].1.start, 0);
    assert_eq!(model.tab, Tab::Log);
    press(&mut model, 11, 0);
    update(&mut model, Msg::Key(Key::char('?')));
    press(&mut model, 5, 5);
    assert_eq!(
        (model.tab, model.popup.is_none(), model.selected_idx()),
        (Tab::Live, true, Some(7))
    );
    press(&mut model, 5, 23);
    press(&mut model, 79, 0);
    assert_eq!((model.tab, model.selected_idx()), (Tab::Live, Some(7)));
}

/// A folder of captures, some being recorded, some of no known kind.
fn any_listing() -> impl Strategy<Value = Msg> {
    let entry = (
        "\\PC{0,12}",
        any::<bool>(),
        any::<u64>(),
        prop::option::of(any::<i64>()),
    );
    let entries = prop::collection::vec(entry, 0..30);
    (entries, prop::collection::vec("\\PC{0,9}", 0..4), any::<u64>()).prop_map(|(entries, folders, left_out)| {
        let entries = entries.into_iter().map(|(name, is_known, bytes, at)| Entry {
            path: name.as_str().into(),
            name,
            kind: is_known.then_some(crate::format::open::Kind::Btsnoop),
            bytes,
            modified: at.map(UnixMicros),
            meta: None,
            state: if is_known { State::Foreign } else { State::Recording },
        });
        Msg::Listing(
            std::path::PathBuf::new(),
            Box::new(Ok(Listing {
                folder: "/captures".into(),
                entries: entries.collect(),
                folders: folders.into_iter().map(Into::into).collect(),
                left_out,
            })),
        )
    })
}

fn any_outline() -> impl Strategy<Value = Box<Outline>> {
    let times = prop::collection::vec(any::<i64>(), 0..9);
    (prop::option::of(any::<i64>()), prop::option::of(any::<i64>()), times).prop_map(|(first, last, times)| {
        let mut outline = Outline {
            first: first.map(UnixMicros),
            last: last.map(UnixMicros),
            ..Outline::default()
        };
        for at in times {
            outline.density.add(UnixMicros(at));
        }
        Box::new(outline)
    })
}

fn recording(bytes: u64) -> Recording {
    Recording {
        path: "/captures/walk.csv".into(),
        elapsed: Micros(1),
        adverts: bytes,
        rate: 1.0,
        bytes,
        space_left: None,
    }
}

fn any_msg() -> impl Strategy<Value = Msg> {
    let keys: Vec<_> = Keymap::default().bindings().collect();
    let bound = proptest::sample::select(keys).prop_map(|binding| Msg::Key(binding.key));
    let status = (any::<bool>(), any::<i64>(), prop::option::of(".*")).prop_map(|(ended, now, failure)| {
        let mut status = Status::new(Pacer::new(Speed::Max, None));
        (status.ended, status.failure) = (ended, failure);
        Msg::Playback(Box::new(status), Some(UnixMicros(now)))
    });
    let events = prop::collection::vec((any::<u8>(), any::<i64>(), any::<i8>(), "\\PC{0,9}"), 0..20).prop_map(|all| {
        Msg::Events(
            all.iter()
                .map(|(device, time, level, name)| heard(*device, time % 1_000_000_000, *level, name))
                .collect(),
        )
    });
    prop_oneof![
        8 => bound,
        3 => any::<char>().prop_map(|typed| Msg::Key(Key::char(typed))),
        4 => events,
        2 => Just(Msg::Frame),
        2 => prop::option::of(any::<i64>().prop_map(UnixMicros)).prop_map(Msg::Tick),
        1 => status,
        1 => any::<(u16, u16)>().prop_map(|(width, height)| Msg::Resize(width, height)),
        1 => (0u16..60, 0u16..40).prop_map(|(width, height)| Msg::Resize(width, height)),
        1 => Just(Msg::Reset),
        1 => any_mouse().prop_map(Msg::Mouse),
        1 => ".{0,300}".prop_map(Msg::Paste),
        1 => prop::option::of(".*").prop_map(Msg::Trouble),
        1 => prop::option::of(".*").prop_map(Msg::Notice),
        1 => ".*".prop_map(Msg::Failure),
        1 => any::<u64>().prop_map(|bytes| Msg::Recording(Some(recording(bytes)))),
        1 => Just(Msg::Recording(None)),
        1 => any_listing(),
        1 => ".*".prop_map(|error| Msg::Listing(std::path::PathBuf::new(), Box::new(Err(error)))),
        1 => any_outline().prop_map(Msg::Timeline),
        1 => any_outline().prop_map(|outline| Msg::Outline("x".into(), None, Ok(outline))),
        1 => Just(Msg::OutlineDropped("x".into(), None)),
        1 => Just(Msg::Source(Box::new(playback()))),
    ]
}

proptest! {
    #[test]
    fn any_messages_in_any_order_keep_the_model_sound(msgs in prop::collection::vec(any_msg(), 0..60)) {
        let mut model = Model::new(SourceInfo::default(), Options::default(), (80, 24));
        for msg in msgs {
            update(&mut model, msg);
            update(&mut model, Msg::Frame);
            prop_assert!(!model.is_dirty());
            let (n, page) = (model.live.order.len(), model.page());
            if let Some(idx) = model.selected_idx() {
                prop_assert!(idx < n && model.selected().is_some());
                prop_assert!(page == 0 || (model.live.top..model.live.top + page).contains(&idx));
            } else {
                prop_assert_eq!(n, 0);
            }
            prop_assert!(model.live.filter.text().chars().count() <= prompt::MOST_CHARS);
            let lines = model.library.lines().count();
            prop_assert!(model.library.at < lines.max(1));
            let visible = model.library.top..model.library.top + model.library_page().max(1);
            prop_assert!(model.tab != Tab::Captures || visible.contains(&model.library.at));
            if let Some(Popup::Form(form)) = &model.popup {
                prop_assert!(form.at < form.fields.len());
            }
            if let Some(parts) = model.heights() {
                let divider = u16::from(parts.panel > 0);
                prop_assert_eq!(parts.top + 2 + parts.table + divider + parts.panel + parts.transport, model.size.1);
            }
        }
    }
}

#[test]
fn a_time_past_the_end_is_told_until_playback_goes_elsewhere() {
    let mut model = Model::new(SourceInfo::default(), Options::default(), (80, 24));
    let mut status = Status::new(Pacer::new(Speed::NORMAL, None));
    for (past_end, expected) in [(true, Some("that time is past the end of the capture")), (false, None)] {
        status.past_end = past_end;
        update(&mut model, Msg::Playback(Box::new(status.clone()), None));
        assert_eq!((model.notice.as_deref(), model.is_dirty()), (expected, true));
    }
}
