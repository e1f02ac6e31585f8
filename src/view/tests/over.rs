//! What lies over the tabs: help, columns, forms, questions, the command line; and the screen in ASCII.

use super::*;
use crate::app::keymap::Keymap;
use crate::app::look::Letters;

fn keys(model: &mut Model, keys: &str) {
    for typed in keys.chars() {
        update(model, Msg::Key(Key::char(typed)));
        update(model, Msg::Frame);
    }
}

#[test]
fn the_help_lists_every_key() {
    for tab in Tab::ALL {
        let mut model = on_tab(normal((200, 60)), tab);
        keys(&mut model, "?");
        let shown = screen(&model);
        for binding in Keymap::default().bindings() {
            let is_here = [tab.context(), Context::Tabs].contains(&binding.context);
            if is_here && binding.action != Some(Action::PreviousTab) {
                assert!(shown.contains(&binding.key.to_string()), "{tab:?} {binding:?}\n{shown}");
            }
        }
    }
}

#[test]
fn the_help_begins_with_the_tab_and_goes_on_below() {
    let mut model = normal((200, 50));
    keys(&mut model, "?");
    insta::assert_snapshot!("help_200x50", screen(&model));
    update(&mut model, Msg::Resize(80, 24));
    insta::assert_snapshot!("help_80x24", screen(&model));
    let shown = screen(&model);
    assert!(
        shown.contains("↓ more") && shown.contains("ROT identifiers changed under one address"),
        "{shown}"
    );
    assert!(!shown.contains("quit\n"), "{shown}");
    for _ in 0..5 {
        update(&mut model, Msg::Key(Key::plain(Code::PageDown)));
    }
    let shown = screen(&model);
    assert!(!shown.contains("↓ more") && shown.contains("q Ctrl-c"), "{shown}");
    keys(&mut model, "?");
    assert!(!screen(&model).contains("╭"));
}

#[test]
fn own_keys_stand_in_help_and_footer() {
    let mut model = normal((120, 50));
    model
        .keymap
        .bind(Context::Tabs, Key::char('Q'), Some(Action::Quit))
        .unwrap();
    assert!(screen(&model).contains("Q quit"));
    keys(&mut model, "?");
    assert!(screen(&model).contains("Q q Ctrl-c"), "{}", screen(&model));
}

#[test]
fn the_filter_shows_while_typed() {
    let mut model = normal((100, 45));
    keys(&mut model, "/gaen ios");
    insta::assert_snapshot!("filter_100x45", screen(&model));
}

#[test]
fn forms_and_questions_look_as_they_were_approved() {
    for size in [(80, 24), (40, 10)] {
        let (width, height) = size;
        let mut mark = tabs::with_library(normal(size));
        keys(&mut mark, "m2,5");
        update(&mut mark, Msg::Key(Key::plain(Code::Enter)));
        insta::assert_snapshot!(format!("mark_{width}x{height}"), screen(&mark));
        let mut columns = normal(size);
        keys(&mut columns, "cj j");
        insta::assert_snapshot!(format!("columns_{width}x{height}"), screen(&columns));
        let mut delete = on_tab(tabs::with_library(normal(size)), Tab::Captures);
        keys(&mut delete, "d");
        insta::assert_snapshot!(format!("delete_{width}x{height}"), screen(&delete));
        let mut convert = on_tab(tabs::with_library(normal(size)), Tab::Captures);
        keys(&mut convert, "c");
        insta::assert_snapshot!(format!("convert_{width}x{height}"), screen(&convert));
        let mut record = normal(size);
        keys(&mut record, "r");
        insta::assert_snapshot!(format!("record_{width}x{height}"), screen(&record));
    }
}

#[test]
fn the_command_line_shows_usage_words_and_why_it_is_none() {
    let mut model = normal((80, 24));
    let footer = |model: &Model| screen(model).lines().last().unwrap_or_default().to_owned();
    keys(&mut model, ":");
    assert_eq!(footer(&model), " :▏  a command; Tab shows those there are");
    keys(&mut model, "seek ");
    assert!(
        footer(&model).starts_with(" :seek ▏  seek TIME: play from"),
        "{}",
        footer(&model)
    );
    keys(&mut model, "noon");
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    let above = |model: &Model| screen(model).lines().nth_back(1).unwrap_or_default().to_owned();
    assert!(
        above(&model).contains("\"noon\" is no time: write 09:54:01")
            && above(&model).ends_with("2020-07-30T09:54:01Z"),
        "{}",
        above(&model)
    );
    update(&mut model, Msg::Key(Key::ctrl('u')));
    keys(&mut model, "tab ");
    update(&mut model, Msg::Key(Key::plain(Code::Tab)));
    assert_eq!(
        footer(&model),
        " :tab Live▏  Live  Device  Calibrate  Exposure  Audit  Captures  Log"
    );
}

#[test]
fn a_recording_shows_in_the_header_and_a_notice_beside_it() {
    let mut model = tabs::with_hostile_library(hostile((120, 24)));
    update(&mut model, Msg::Notice(Some("marked\u{1b}[2J".to_owned())));
    let header = screen(&model).lines().next().unwrap_or_default().to_owned();
    assert!(header.contains("● rec ") && header.contains("marked�[2J"), "{header}");
}

#[test]
fn a_notice_too_long_for_the_header_stands_below_until_the_next_key() {
    let footer = |model: &Model| screen(model).lines().last().unwrap_or_default().to_owned();
    let mut model = normal((80, 24));
    let keys_shown = footer(&model);
    let notice = "/tmp/bench/nowhere.csv: cannot be opened: no such file or directory";
    update(&mut model, Msg::Notice(Some(notice.to_owned())));
    assert_eq!(footer(&model).trim(), notice);
    let header = screen(&model).lines().next().unwrap_or_default().to_owned();
    assert!(!header.contains("nowhere"), "{header}");
    // Of a longer one the reason stays.
    let long = format!("/home/{}{notice}", "folder/".repeat(20));
    update(&mut model, Msg::Notice(Some(long)));
    let shown = footer(&model);
    assert!(
        shown.starts_with(" …") && shown.trim_end().ends_with("no such file or directory"),
        "{shown}"
    );
    keys(&mut model, "j");
    assert_eq!(footer(&model), keys_shown);
    // Where there is room, nothing moves.
    let mut model = normal((200, 50));
    let keys_shown = footer(&model);
    update(&mut model, Msg::Notice(Some(notice.to_owned())));
    assert_eq!(footer(&model), keys_shown);
    assert!(screen(&model).lines().next().is_some_and(|line| line.contains(notice)));
}

#[test]
fn in_ascii_no_other_letter_is_left_on_any_tab() {
    for mut model in [
        tabs::with_library(normal((200, 50))),
        tabs::with_hostile_library(hostile((80, 24))),
    ] {
        model.look.letters = Letters::Ascii;
        for tab in Tab::ALL {
            model = on_tab(model, tab);
            let shown = screen(&model);
            assert!(shown.is_ascii(), "{shown}");
        }
        keys(&mut model, "?");
        assert!(screen(&model).is_ascii());
    }
    let mut model = tabs::with_library(normal((120, 40)));
    model.look.letters = Letters::Ascii;
    insta::assert_snapshot!("ascii_120x40", screen(&on_tab(model, Tab::Device)));
}

#[test]
fn followed_and_subtracted_devices_are_told() {
    let mut model = normal((160, 30));
    keys(&mut model, "jo");
    update(&mut model, Msg::Frame);
    let shown = screen(&model);
    assert!(shown.contains("▸◆") && shown.contains("◆ "), "{shown}");
    keys(&mut model, "x");
    let shown = screen(&model);
    assert!(shown.contains("1 shown · 5 subtracted"), "{shown}");
}

#[test]
fn a_long_notice_gives_the_keys_their_line_back_after_some_seconds() {
    let footer = |model: &Model| screen(model).lines().last().unwrap_or_default().to_owned();
    let mut model = normal((80, 24));
    let keys_shown = footer(&model);
    update(&mut model, Msg::Notice(Some("x".repeat(90))));
    update(&mut model, Msg::Tick(None));
    assert!(footer(&model).contains("xxx"));
    (0..60).for_each(|_| drop(update(&mut model, Msg::Tick(None))));
    assert_eq!(footer(&model), keys_shown);
    update(&mut model, Msg::Notice(Some("y".repeat(90))));
    assert!(footer(&model).contains("yyy"), "a new one stands again");
}

/// A bench whose receiver is in no list, at the end of its steps.
fn bench_without_a_model() -> Model {
    let mut model = Model::new(SourceInfo::default(), Options::default(), (80, 24));
    let station = StationInfo {
        name: "hci0".to_owned(),
        ..StationInfo::default()
    };
    let station = CaptureEvent::other(at(0), StationId(0), EventKind::Station(station));
    update(&mut model, Msg::Events(vec![station]));
    model
        .calibrate
        .begin(crate::app::calibrate::plan("1 2 dwell=5 reports=10").unwrap());
    update(&mut model, Msg::Show(Tab::Calibrate));
    model
}

fn pass(model: &mut Model, seconds: std::ops::Range<i64>, level: i8) {
    let phone = address(1, AddressKind::RandomNonresolvable);
    for quarter in seconds.start * 4..seconds.end * 4 {
        let event = heard(quarter * 250, phone, Some(level), &gaen(1, false));
        update(model, Msg::Events(vec![event]));
        update(model, Msg::Tick(Some(at(quarter * 250))));
        update(model, Msg::Frame);
    }
}

#[test]
fn a_bench_whose_receiver_is_in_no_list_is_told_so_first_and_its_end_is_no_dead_end() {
    let enter = |model: &mut Model| drop(update(model, Msg::Key(Key::plain(Code::Enter))));
    let has = |model: &Model, text: &str| {
        let whole = screen(model).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(whole.contains(text), "{text}: {}", screen(model));
    };
    let mut model = bench_without_a_model();
    pass(&mut model, 0..3, -60);
    has(&model, "heard by hci0 (model not known)");
    has(
        &model,
        "hci0 is no known receiver: :plan receiver=MODEL tells its model, receiver=hci0:5 its correction",
    );
    has(&model, "three orientations: :plan 1 0.5 2 4 front back side");
    enter(&mut model);
    has(
        &model,
        "! nothing fixes the scale yet: :plan receiver=MODEL, receiver=NAME:DB or tx=DBM",
    );
    // Too strong: one line, and not that nothing is heard.
    enter(&mut model);
    pass(&mut model, 3..5, -10);
    has(
        &model,
        "8 reports, all of -20 dBm or more: too strong, move the phone away",
    );
    assert!(!screen(&model).contains("nothing heard yet"));
    update(&mut model, Msg::Key(Key::char('x')));
    enter(&mut model);
    pass(&mut model, 5..7, -60);
    pass(&mut model, 7..9, -80);
    has(
        &model,
        "! levels spread by more than 6 dB: something moves, or a reflection comes and goes; repeat it",
    );
    update(&mut model, Msg::Key(Key::char('x')));
    for (from, level) in [(10, -70), (20, -60)] {
        enter(&mut model);
        pass(&mut model, from..from + 8, level);
        if level == -60 {
            has(&model, "the level is 16 dB stronger than the steps before predict");
        }
        enter(&mut model);
    }
    has(
        &model,
        "DONE 2 of 2 steps accepted no profile yet: hci0 is no known receiver: :plan receiver=MODEL",
    );
    has(&model, "path-loss exponent");
    has(&model, "TX power of");
    insta::assert_snapshot!("calibrate_without_a_model_80x24", screen(&model));
    keys(&mut model, ":plan receiver=hci0:8");
    enter(&mut model);
    has(&model, "⏎ writes the profile");
    has(
        &model,
        "again: vicino calibrate fit CAPTURE --reference \"hci0=8/\" --a1 42 --edition",
    );
    has(
        &model,
        "then: vicino calibrate show own, vicino calibrate export own OUT.csv",
    );
    has(&model, "+42.0, as in a chamber (:plan a1=40.2)");
    has(&model, "fewer than three orientations were measured");
    insta::assert_snapshot!("calibrate_done_80x24", screen(&model));
    keys(&mut model, ":plan receiver=Pixel 4");
    enter(&mut model);
    has(
        &model,
        "correction of Pixel 4 +5.0, taken as known (edition 2020-06-13)",
    );
}

#[test]
fn why_the_bundled_capture_is_played_is_seen_on_terminals_of_any_width() {
    for size in [(80, 24), (100, 30), (200, 50)] {
        let mut model = normal(size);
        model.source.reason = Some("no Bluetooth service".to_owned());
        let shown = screen(&model);
        let told = shown
            .lines()
            .take(2)
            .filter(|line| line.contains("no Bluetooth service"));
        assert_eq!(told.count(), 1, "{size:?}: {shown}");
    }
}
