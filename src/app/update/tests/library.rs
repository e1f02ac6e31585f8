//! The tab of the library.

use super::*;
use crate::app::captures::{Known, Line};
use crate::app::form::Question;
use crate::format::open::Kind;

fn entry(name: &str, state: State) -> Entry {
    Entry {
        path: format!("/captures/{name}").into(),
        name: name.to_owned(),
        kind: Some(Kind::NativeCsv { zstd: false }),
        bytes: 1_000,
        modified: Some(at(0)),
        meta: None,
        state,
    }
}

fn listing(names: &[&str]) -> Msg {
    let entries = names.iter().map(|name| entry(name, State::Complete)).collect();
    Msg::Listing(
        "/captures".into(),
        Box::new(Ok(Listing {
            folder: "/captures".into(),
            entries,
            folders: vec!["old".into()],
            left_out: 0,
        })),
    )
}

/// The library of a folder with a folder and captures in it, shown.
fn library(names: &[&str]) -> Model {
    let mut model = model(playback());
    model.library.folder = "/captures".into();
    let effects = press_all(&mut model, "6");
    assert_eq!(effects, [Effect::Scan("/captures".into())]);
    update(&mut model, listing(names));
    model
}

fn selected(model: &Model) -> String {
    match model.library.selected() {
        Some(Line::Outside) => "..".to_owned(),
        Some(Line::Folder(name)) => name.to_string_lossy().into_owned(),
        Some(Line::Capture(entry)) => entry.name.clone(),
        None => String::new(),
    }
}

#[test]
fn folders_are_gone_into_and_out_of() {
    let mut model = library(&["a.csv"]);
    assert_eq!(selected(&model), "a.csv", "captures come first to mind");
    press_all(&mut model, "k");
    assert_eq!(selected(&model), "old");
    let enter = |model: &mut Model| update(model, Msg::Key(Key::plain(Code::Enter)));
    assert_eq!(enter(&mut model), [Effect::Scan("/captures/old".into())]);
    assert_eq!(
        update(&mut model, Msg::Key(Key::plain(Code::Backspace))),
        [Effect::Scan("/captures".into())]
    );
}

#[test]
fn the_selected_capture_is_read_through_once_and_played() {
    let mut model = library(&["a.csv", "b.csv"]);
    let effects = update(&mut model, Msg::Frame);
    let path = || "/captures/a.csv".into();
    assert_eq!(effects, [Effect::Outline(path(), Some(at(0)))]);
    assert_eq!(update(&mut model, Msg::Frame), [], "not twice");
    update(&mut model, Msg::OutlineDropped(path(), Some(at(0))));
    assert_eq!(
        update(&mut model, Msg::Frame).len(),
        1,
        "it was dropped for another one"
    );
    update(&mut model, Msg::Outline(path(), Some(at(0)), Err("no".to_owned())));
    let known = model.library.known(model.library.capture().unwrap());
    assert!(matches!(known, Some(Known::Unreadable(_))));
    let effects = update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    assert_eq!(effects, [Effect::Open(path())]);
}

#[test]
fn the_selection_stays_with_its_capture_when_the_folder_changes() {
    let mut model = library(&["a.csv", "b.csv", "c.csv"]);
    press_all(&mut model, "j");
    assert_eq!(selected(&model), "b.csv");
    update(&mut model, listing(&["new.csv", "a.csv", "b.csv", "c.csv"]));
    assert_eq!(selected(&model), "b.csv");
    press_all(&mut model, "/c");
    assert_eq!(
        (selected(&model), model.library.lines().count()),
        ("new.csv".to_owned(), 4)
    );
    press_all(&mut model, "sv b");
    assert_eq!(
        (selected(&model), model.library.lines().count()),
        ("b.csv".to_owned(), 1)
    );
}

#[test]
fn a_capture_is_deleted_only_after_yes_and_never_while_it_is_recorded() {
    let mut model = library(&["a.csv"]);
    press_all(&mut model, "d");
    assert!(matches!(model.popup, Some(Popup::Question(Question::Delete { .. }))));
    assert_eq!(press_all(&mut model, "x n"), []);
    assert!(model.popup.is_none());
    assert_eq!(press_all(&mut model, "dy"), [Effect::Delete("/captures/a.csv".into())]);
    model.recording = Some(Recording {
        path: "/captures/a.csv".into(),
        ..recording(1)
    });
    press_all(&mut model, "d");
    assert!(model.popup.is_none() && model.notice.is_some());
    model.recording = None;
    update(
        &mut model,
        Msg::Listing(
            "/captures".into(),
            Box::new(Ok(Listing {
                entries: vec![entry("a.csv", State::Recording)],
                ..Listing::default()
            })),
        ),
    );
    press_all(&mut model, "Gd");
    assert!(model.popup.is_none(), "another program records it: {:?}", model.popup);
}

#[test]
fn a_capture_is_converted_to_the_format_of_the_ending() {
    let mut model = library(&["a.csv"]);
    press_all(&mut model, "c");
    let enter = |model: &mut Model| update(model, Msg::Key(Key::plain(Code::Enter)));
    press_all(&mut model, "pcapng");
    assert_eq!(
        enter(&mut model),
        [Effect::Convert(
            "/captures/a.csv".into(),
            "/captures/a.pcapng".into(),
            false
        )]
    );
    press_all(&mut model, "c");
    update(&mut model, Msg::Key(Key::ctrl('u')));
    press_all(&mut model, "/tmp/x");
    assert_eq!(enter(&mut model), [], "no ending");
    press_all(&mut model, ".jsonl");
    update(&mut model, Msg::Key(Key::plain(Code::Tab)));
    press_all(&mut model, "yes");
    assert_eq!(
        enter(&mut model),
        [Effect::Convert("/captures/a.csv".into(), "/tmp/x.jsonl".into(), true)]
    );
}

#[test]
fn what_comes_late_of_a_folder_that_was_left_is_not_shown() {
    let mut model = library(&["a.csv"]);
    let before = model.library.listing.clone();
    update(
        &mut model,
        Msg::Listing("/elsewhere".into(), Box::new(Ok(Listing::default()))),
    );
    update(
        &mut model,
        Msg::Listing("/elsewhere".into(), Box::new(Err("no".to_owned()))),
    );
    assert_eq!((&model.library.listing, &model.library.error), (&before, &None));
}

#[test]
fn whether_to_pseudonymise_is_y_or_n_and_nothing_else() {
    for (typed, expected) in [("YES", Some(true)), ("no", Some(false)), ("true", None)] {
        let mut model = library(&["a.csv"]);
        press_all(&mut model, "c");
        press_all(&mut model, "jsonl");
        update(&mut model, Msg::Key(Key::plain(Code::Down)));
        press_all(&mut model, typed);
        let effects = update(&mut model, Msg::Key(Key::plain(Code::Enter)));
        let is_private = effects.iter().find_map(|effect| match effect {
            Effect::Convert(_, _, is_private) => Some(*is_private),
            _ => None,
        });
        assert_eq!(is_private, expected, "{typed}: {effects:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_told_and_left() {
    let mut model = library(&["a.csv"]);
    update(
        &mut model,
        Msg::Listing("/captures".into(), Box::new(Err("/captures: no".to_owned()))),
    );
    update(&mut model, Msg::Frame);
    assert_eq!(model.library.error.as_deref(), Some("/captures: no"));
    press_all(&mut model, "d");
    assert!(model.notice.as_ref().unwrap().contains("select a capture"));
    let effects = press_all(&mut model, ":folder /elsewhere");
    assert_eq!(effects, []);
    let effects = update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    assert_eq!(effects, [Effect::Scan("/elsewhere".into())]);
}

#[test]
fn captures_in_view_are_read_through_when_the_selected_one_is_known() {
    let mut model = library(&["a.csv", "b.csv", "c.csv"]);
    let read = |name: &str| Effect::Outline(format!("/captures/{name}").into(), Some(at(0)));
    let done = |model: &mut Model, name: &str| {
        let outline = Outline {
            marks: vec![crate::library::OutlineMark {
                at: at(0),
                to: None,
                text: "1 m".to_owned(),
            }],
            ..Outline::default()
        };
        let path = format!("/captures/{name}").into();
        update(model, Msg::Outline(path, Some(at(0)), Ok(Box::new(outline))));
    };
    assert_eq!(update(&mut model, Msg::Frame), [read("a.csv")]);
    assert_eq!(update(&mut model, Msg::Frame), [], "one at a time");
    done(&mut model, "a.csv");
    assert_eq!(update(&mut model, Msg::Frame), [read("b.csv")]);
    // The one that is selected meanwhile goes before what is being read.
    press_all(&mut model, "jj");
    let path = "/captures/b.csv".into();
    update(&mut model, Msg::OutlineDropped(path, Some(at(0))));
    done(&mut model, "c.csv");
    assert_eq!(update(&mut model, Msg::Frame), [read("b.csv")]);
    done(&mut model, "b.csv");
    assert_eq!(update(&mut model, Msg::Frame), [], "all are known");
    let marks = |entry| match model.library.known(entry) {
        Some(Known::Read(outline)) => outline.marks.len(),
        _ => 0,
    };
    let entries = &model.library.listing.as_ref().unwrap().entries;
    assert_eq!(entries.iter().map(marks).sum::<usize>(), 3);
}

#[test]
fn the_outlines_of_a_large_folder_are_bounded_and_those_in_view_stay() {
    let names: Vec<String> = (0..400).map(|n| format!("{n:03}.csv")).collect();
    let mut model = library(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for name in &names {
        let path = format!("/captures/{name}").into();
        update(&mut model, Msg::Outline(path, Some(at(0)), Ok(Box::default())));
    }
    let entries = &model.library.listing.as_ref().unwrap().entries;
    let known = |entry: &&Entry| model.library.known(entry).is_some();
    assert_eq!(entries.iter().filter(known).count(), 256);
    assert!(entries.iter().take(10).all(|entry| known(&entry)));
}

#[test]
fn what_could_not_be_converted_can_be_put_right() {
    let mut model = library(&["a.csv"]);
    let refused = |model: &mut Model| {
        let (from, to) = ("/captures/a.csv".into(), "/captures/a.foo".into());
        update(model, Msg::NotConverted(from, to, true, "no such format".to_owned()));
    };
    refused(&mut model);
    let Some(Popup::Form(form)) = &model.popup else {
        panic!("{:?}", model.popup)
    };
    assert_eq!(form.text("to"), "/captures/a.foo");
    assert_eq!(
        (form.text("pseudonymise"), form.error.as_deref()),
        ("yes", Some("no such format"))
    );
    // What is being typed by then is not covered.
    update(&mut model, Msg::Key(Key::plain(Code::Esc)));
    press_all(&mut model, ":seek");
    refused(&mut model);
    assert!(model.popup.is_none() && model.notice.as_deref() == Some("no such format"));
    // The ending is still missing.
    update(&mut model, Msg::Key(Key::plain(Code::Esc)));
    press_all(&mut model, "c");
    assert_eq!(update(&mut model, Msg::Key(Key::plain(Code::Enter))), []);
    assert!(matches!(&model.popup, Some(Popup::Form(form)) if form.error.is_some()));
}

#[test]
fn what_is_typed_is_relative_to_the_folder_that_is_shown() {
    for (typed, expected) in [
        ("walk", "/captures/walk"),
        ("../walk", "/walk"),
        ("../../../walk", "/walk"),
        ("sub/./x/../walk", "/captures/sub/walk"),
        ("/tmp/walk", "/tmp/walk"),
        ("~/walk", "/home/me/walk"),
        ("\"my walk\"", "/captures/my walk"),
    ] {
        let mut model = library(&["a.csv"]);
        model.home = Some("/home/me".into());
        press_all(&mut model, "r");
        update(&mut model, Msg::Key(Key::ctrl('u')));
        press_all(&mut model, typed);
        let effects = update(&mut model, Msg::Key(Key::plain(Code::Enter)));
        assert_eq!(effects, [Effect::Record(expected.into(), String::new())], "{typed}");
    }
}

#[test]
fn a_folder_s_name_is_none_of_a_recording() {
    for typed in [".", "..", "sub/", "~", "/"] {
        let mut model = library(&["a.csv"]);
        press_all(&mut model, &format!(":record {typed}"));
        assert_eq!(update(&mut model, Msg::Key(Key::plain(Code::Enter))), [], "{typed}");
        assert!(model.notice.as_ref().unwrap().contains("name of a folder"), "{typed}");
    }
    let mut model = library(&["a.csv"]);
    press_all(&mut model, "c");
    update(&mut model, Msg::Key(Key::ctrl('u')));
    press_all(&mut model, "x.events.csv");
    assert_eq!(update(&mut model, Msg::Key(Key::plain(Code::Enter))), []);
    assert!(matches!(&model.popup, Some(Popup::Form(form)) if form.error.is_some()));
}
