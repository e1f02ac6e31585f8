//! What is typed, filled in, marked, recorded, followed.

use super::*;
use crate::app::form::Question;
use crate::app::look::{Letters, ThemeName};
use crate::lab::event::Mark;
use crate::lab::units::Metres;
use crate::library::{OutlineMark, Rotation};

fn enter(model: &mut Model) -> Vec<Effect> {
    update(model, Msg::Key(Key::plain(Code::Enter)))
}

fn command(model: &mut Model, line: &str) -> Vec<Effect> {
    press_all(model, &format!(":{line}"));
    enter(model)
}

#[test]
fn a_command_is_carried_out_and_can_be_gone_back_to() {
    let mut model = model(playback());
    assert_eq!(command(&mut model, "sort rssi reverse"), []);
    update(&mut model, Msg::Frame);
    assert_eq!(
        (model.live.sort, device(&model), model.live.order[0].address.bytes[5]),
        (Column::Rssi, 0, 29)
    );
    command(&mut model, "columns rssi name");
    assert_eq!(model.live.columns, Columns::parse(["rssi", "name"]).unwrap());
    command(&mut model, "theme light");
    command(&mut model, "theme ascii");
    assert_eq!(
        (model.look.theme, model.look.letters),
        (ThemeName::Light, Letters::Ascii)
    );
    assert_eq!(
        command(&mut model, "speed 50"),
        [Effect::Playback(Command::SetSpeed(Speed::Tenths(500)))]
    );
    assert_eq!(command(&mut model, "quit"), [Effect::Quit]);
    press_all(&mut model, ":");
    update(&mut model, Msg::Key(Key::plain(Code::Up)));
    update(&mut model, Msg::Key(Key::plain(Code::Up)));
    assert_eq!(model.editing.as_ref().unwrap().text(), "speed 50");
    update(&mut model, Msg::Key(Key::plain(Code::Down)));
    update(&mut model, Msg::Key(Key::plain(Code::Down)));
    assert_eq!(model.editing.as_ref().unwrap().text(), "");
}

#[test]
fn what_is_no_command_stays_in_the_line_with_the_reason() {
    let mut model = model(playback());
    assert_eq!(command(&mut model, "dance"), []);
    let prompt = model.editing.as_ref().unwrap();
    assert!(prompt.refusal.as_ref().unwrap().contains("no command"));
    update(&mut model, Msg::Key(Key::plain(Code::Backspace)));
    assert_eq!(model.editing.as_ref().unwrap().refusal, None);
    update(&mut model, Msg::Key(Key::plain(Code::Esc)));
    assert_eq!(model.context(), Context::Live);
    let mut live = super::model(SourceInfo::default());
    assert_eq!(command(&mut live, "seek 09:00:00"), []);
    assert!(live.notice.as_ref().unwrap().contains("capture that is played"));
}

#[test]
fn tab_completes_a_command_and_its_words() {
    let mut model = model(playback());
    press_all(&mut model, ":so");
    update(&mut model, Msg::Key(Key::plain(Code::Tab)));
    assert_eq!(model.editing.as_ref().unwrap().text(), "sort");
    press_all(&mut model, " r");
    for expected in ["rpi", "rssi", "rate", "rotations", "reverse", "rpi"] {
        update(&mut model, Msg::Key(Key::plain(Code::Tab)));
        assert_eq!(model.editing.as_ref().unwrap().text(), format!("sort {expected}"));
    }
    update(&mut model, Msg::Key(Key::plain(Code::BackTab)));
    assert_eq!(model.editing.as_ref().unwrap().text(), "sort reverse");
}

#[test]
fn a_mark_is_filled_in_and_holds_from_the_moment_the_form_was_opened() {
    let mut model = model(playback());
    press_all(&mut model, "jm");
    let pressed = model.now();
    update(&mut model, Msg::Tick(Some(pressed.plus(Micros::from_secs(5)))));
    assert_eq!(enter(&mut model), [], "it says nothing yet");
    press_all(&mut model, "1.5");
    let effects = enter(&mut model);
    let [Effect::Mark(event)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let EventKind::Mark(mark) = &event.kind else { panic!() };
    assert_eq!(
        (event.at, mark.from, mark.distance),
        (pressed, pressed, Some(Metres(1.5)))
    );
    assert_eq!(mark.device, "c0:00:00:00:00:01");
    // As the runtime answers when it is written.
    update(&mut model, Msg::Events(vec![CaptureEvent::Other(event.clone())]));
    let track = model.selected().unwrap();
    assert_eq!(
        model.session.distance_of(track.key, track.rpi, model.now()),
        Some(Metres(1.5))
    );
    assert!(model.popup.is_none());
    let effects = command(&mut model, "mark 2 orientation=portrait");
    assert!(matches!(effects.as_slice(), [Effect::Mark(_)]), "{effects:?}");
}

#[test]
fn a_recording_is_begun_with_a_name_and_leaving_asks_first() {
    let mut model = model(playback());
    press_all(&mut model, "r");
    update(&mut model, Msg::Key(Key::ctrl('u')));
    assert_eq!(enter(&mut model), [], "it needs a name");
    press_all(&mut model, "walk");
    assert_eq!(enter(&mut model), [Effect::Record("walk".into(), String::new())]);
    update(&mut model, Msg::Recording(Some(recording(7))));
    assert_eq!(press_all(&mut model, "q"), []);
    assert!(matches!(model.popup, Some(Popup::Question(Question::QuitRecording))));
    assert_eq!(press_all(&mut model, "n"), []);
    assert_eq!(
        command(&mut model, "open x.csv"),
        [],
        "a recording is not torn from its source"
    );
    assert_eq!(press_all(&mut model, "r"), [Effect::EndRecording]);
    assert_eq!(press_all(&mut model, "qy"), [Effect::Quit]);
}

#[test]
fn subtracting_hides_what_is_known_and_shows_what_comes() {
    let mut model = model(playback());
    press_all(&mut model, "x");
    update(
        &mut model,
        Msg::Events(vec![heard(77, 400, -50, "new"), heard(3, 410, -50, "old")]),
    );
    update(&mut model, Msg::Tick(Some(at(500))));
    update(&mut model, Msg::Frame);
    let shown: Vec<u8> = model.live.order.iter().map(|key| key.address.bytes[5]).collect();
    assert_eq!(shown, [77]);
    press_all(&mut model, "x");
    update(&mut model, Msg::Frame);
    assert_eq!(model.live.order.len(), 31);
}

#[test]
fn columns_are_chosen_in_a_list() {
    let mut model = model(playback());
    press_all(&mut model, "cj J");
    // The second column was hidden, so it stands behind those that are shown, and cannot be moved.
    let listed = model.live.columns.listed();
    assert_eq!(listed[0], (Column::Age, true));
    assert!(listed.contains(&(Column::Kind, false)));
    press_all(&mut model, "0c");
    assert!(model.live.columns.is_default() && model.popup.is_none());
}

#[test]
fn the_divider_moves_by_key_and_mouse_as_far_as_it_goes() {
    let mut model = model(playback());
    let panel = |model: &Model| model.heights().unwrap().panel;
    let before = panel(&model);
    press_all(&mut model, ">>");
    assert_eq!(panel(&model), before + 2);
    press_all(&mut model, "<<<<<<<<<<<<<<<<<<<<>");
    assert_eq!(panel(&model), 3, "one step back from where it is gone");
    let heights = model.heights().unwrap();
    let divider = heights.top + 1 + heights.table;
    update(&mut model, Msg::Mouse(Mouse::Press(10, divider)));
    update(&mut model, Msg::Mouse(Mouse::Drag(10, divider - 5)));
    update(&mut model, Msg::Mouse(Mouse::Release));
    update(&mut model, Msg::Mouse(Mouse::Drag(10, 3)));
    assert_eq!(panel(&model), 3 + 5);
}

fn timeline() -> Box<Outline> {
    let mark = |second: i64| OutlineMark {
        at: at(second * 1_000),
        to: None,
        text: "1 m".to_owned(),
    };
    Box::new(Outline {
        first: Some(at(0)),
        last: Some(at(100_000)),
        marks: vec![mark(20), mark(60)],
        rotations: vec![Rotation {
            at: at(40_000),
            is_out_of_step: true,
        }],
        ..Outline::default()
    })
}

#[test]
fn playback_goes_to_marks_to_new_identifiers_and_where_the_line_is_pressed() {
    let mut model = model(playback());
    assert_eq!(press_all(&mut model, "}"), [], "the capture is not read through yet");
    update(&mut model, Msg::Timeline(timeline()));
    update(&mut model, Msg::Tick(Some(at(30_000))));
    let seek = |seconds: i64| Effect::Playback(Command::SeekTo(at(seconds * 1_000)));
    assert_eq!(press_all(&mut model, "}{"), [seek(60), seek(20)]);
    // Just behind the identifier, so that it is heard.
    let behind = Effect::Playback(Command::SeekTo(at(40_000).plus(Micros(1))));
    assert_eq!(press_all(&mut model, ")"), [behind]);
    assert_eq!(press_all(&mut model, "("), []);
    assert!(model.notice.as_ref().unwrap().contains("no new identifier"));
    let cells = crate::app::transport::line(80).unwrap();
    let effects = update(&mut model, Msg::Mouse(Mouse::Press(cells.start, 22)));
    assert_eq!(effects, [seek(0)]);
    assert_eq!(update(&mut model, Msg::Mouse(Mouse::Press(1, 22))), []);
    // A mark that is made now stands on the line, and only once.
    let mark = Mark {
        from: at(30_000),
        distance: Some(Metres(1.0)),
        ..Mark::default()
    };
    let event = CaptureEvent::other(at(30_000), crate::lab::advert::StationId(0), EventKind::Mark(mark));
    for _ in 0..2 {
        update(&mut model, Msg::Events(vec![event.clone()]));
    }
    let marks = &model.timeline.as_ref().unwrap().outline.marks;
    assert_eq!(
        marks.iter().map(|mark| mark.at).collect::<Vec<_>>(),
        [at(20_000), at(30_000), at(60_000)]
    );
}

#[test]
fn only_what_is_shown_is_copied() {
    let mut model = model(playback());
    assert_eq!(
        press_all(&mut model, "y"),
        [Effect::Copy("c0:00:00:00:00:00".to_owned())]
    );
    assert_eq!(press_all(&mut model, "py"), []);
    assert!(model.notice.as_ref().unwrap().starts_with("not copied"));
}

#[test]
fn damage_and_long_silences_are_told() {
    let mut model = model(playback());
    let mut outline = timeline();
    outline.damage.add(524_385, 7, || "cut short\u{1b}".to_owned());
    outline.damage.add(600_000, 9, || "no length".to_owned());
    outline.failure = None;
    update(&mut model, Msg::Timeline(outline));
    let notice = model.notice.clone().unwrap();
    assert_eq!(
        notice,
        "left out: 2 damaged records; record 7 at byte 524385: cut short\u{fffd}"
    );
    let warned: Vec<_> = model.log.shown().take(2).map(|entry| entry.text.as_str()).collect();
    assert_eq!(
        warned,
        [
            "left out, record 9 at byte 600000: no length",
            "left out, record 7 at byte 524385: cut short\u{fffd}"
        ]
    );
    // Two hours and a half are passed over, then half a minute.
    let mut pacer = Pacer::new(Speed::NORMAL, Some(std::time::Duration::from_secs(3)));
    let mut play = |model: &mut Model, second: i64| {
        pacer.due(at(second * 1_000), std::time::Duration::ZERO);
        update(model, Msg::Playback(Box::new(Status::new(pacer)), None));
    };
    play(&mut model, 0);
    play(&mut model, 9_003);
    assert_eq!(
        model.notice.as_deref(),
        Some("passed over 2 h 30 min without an advertisement")
    );
    model.notice = None;
    play(&mut model, 9_033);
    assert_eq!(model.notice, None);
}

#[test]
fn where_a_capture_is_not_what_its_metadata_say_is_told() {
    let mut model = model(playback());
    let source = SourceInfo {
        warnings: vec!["the file has 40 bytes, 59 by its metadata".to_owned()],
        ..playback()
    };
    update(&mut model, Msg::Source(Box::new(source)));
    assert!(model.notice.as_ref().unwrap().contains("59 by its metadata"));
    assert!(model.log.shown().any(|entry| entry.text.contains("59 by its metadata")));
}

#[test]
fn the_identifier_to_which_the_playback_was_sent_is_selected() {
    let mut model = model(playback());
    update(&mut model, Msg::Timeline(timeline()));
    press_all(&mut model, ")");
    let before = model.live.selected;
    let mut data = vec![0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd];
    data.extend([7; 20]);
    let CaptureEvent::Advert(mut advert) = heard(99, 40_000, -70, "x") else {
        unreachable!("an advertisement")
    };
    advert.data = data.as_slice().into();
    update(&mut model, Msg::Events(vec![CaptureEvent::Advert(advert)]));
    update(&mut model, Msg::Tick(Some(at(40_000))));
    update(&mut model, Msg::Frame);
    assert_eq!(model.live.selected, before, "it has not arrived yet");
    update(&mut model, Msg::Tick(Some(at(40_001))));
    update(&mut model, Msg::Frame);
    assert_eq!(device(&model), 99);
}

#[test]
fn a_mark_that_is_typed_is_of_the_selected_device_unless_it_names_another() {
    for (typed, expected) in [
        ("1.5", "c0:00:00:00:00:00"),
        ("1.5 device=all", ""),
        ("1.5 device=5e1b09c4", "5e1b09c4"),
    ] {
        let mut model = model(playback());
        press_all(&mut model, &format!(":mark {typed}"));
        let effects = update(&mut model, Msg::Key(Key::plain(Code::Enter)));
        let [Effect::Mark(event)] = &effects[..] else {
            panic!("{effects:?}")
        };
        let EventKind::Mark(mark) = &event.kind else {
            panic!("{event:?}")
        };
        assert_eq!(mark.device, expected, "{typed}");
    }
    let mut model = model(playback());
    press_all(&mut model, ":mark 1e9");
    assert_eq!(update(&mut model, Msg::Key(Key::plain(Code::Enter))), []);
    assert!(model.notice.as_ref().unwrap().contains("at most 10000 m"));
}

#[test]
fn what_the_program_said_stays_in_the_log_when_the_data_begin_anew() {
    let mut model = model(playback());
    let gap = EventKind::Dropped { n: 3 };
    let gap = CaptureEvent::other(at(400), crate::lab::advert::StationId(0), gap);
    update(&mut model, Msg::Events(vec![gap]));
    update(
        &mut model,
        Msg::Failure("recording stopped: the disk is full".to_owned()),
    );
    let others = model.log.len();
    assert!(others > 1);
    update(&mut model, Msg::Reset);
    let texts: Vec<_> = model.log.shown().map(|entry| entry.text.clone()).collect();
    assert_eq!(texts, ["recording stopped: the disk is full"]);
}
