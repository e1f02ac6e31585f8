use super::*;
use crate::app::key::Code;
use crate::app::model::SourceInfo;
use crate::app::{Key, Msg, Tab, update};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Advertisement, StationId};
use crate::lab::event::{CaptureEvent, EventKind, StationInfo};
use crate::lab::session::Options;
use crate::lab::time::UnixMicros;

fn at(millis: i64) -> UnixMicros {
    UnixMicros(1_591_088_400_000_000).plus(Micros::from_millis(millis))
}

fn advert(millis: i64, phone: u8, rssi: i8) -> CaptureEvent {
    let data = [&[0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd][..], &[phone; 20]].concat();
    CaptureEvent::Advert(Advertisement {
        at: at(millis),
        address: Address {
            bytes: [phone; 6],
            kind: AddressKind::RandomNonresolvable,
        },
        rssi: Some(Dbm(rssi)),
        data: data.as_slice().into(),
        ..Advertisement::default()
    })
}

/// Lets a second pass in which two phones are heard five times each.
fn second(model: &mut Model, number: i64, level: i8) {
    for n in 0..5 {
        let millis = number * 1_000 + n * 200;
        update(
            model,
            Msg::Events(vec![advert(millis, 1, level), advert(millis, 2, level - 20)]),
        );
        update(model, Msg::Tick(Some(at(millis))));
        update(model, Msg::Frame);
    }
}

#[test]
fn following_the_keys_alone_leads_to_a_profile() {
    let mut model = Model::new(SourceInfo::default(), Options::default(), (80, 24));
    let station = StationInfo {
        name: "bench".to_owned(),
        model: "Pixel 4".to_owned(),
        edition: "2020-12-14".to_owned(),
    };
    update(
        &mut model,
        Msg::Events(vec![CaptureEvent::other(
            at(0),
            StationId(0),
            EventKind::Station(station),
        )]),
    );
    model
        .calibrate
        .begin(super::plan("1 2 dwell=10 reports=40 model=SM-A515F").unwrap());
    update(&mut model, Msg::Show(Tab::Calibrate));
    let enter = |model: &mut Model| update(model, Msg::Key(Key::plain(Code::Enter)));
    enter(&mut model);
    assert!(model.notice.as_deref().is_some_and(|text| text.contains("no phone")));
    (1..4).for_each(|n| second(&mut model, n, -60));
    assert_eq!(model.calibrate.candidates.len(), 2);
    enter(&mut model);
    assert_eq!(
        model.calibrate.measure.phone.as_ref().unwrap().name,
        "01010101",
        "the strongest"
    );
    let mut now = 4;
    for level in [-78, -84] {
        assert_eq!(model.calibrate.measure.stage, Stage::Placing);
        enter(&mut model);
        for _ in 0..12 {
            second(&mut model, now, level);
            now += 1;
        }
        assert!(
            matches!(model.calibrate.measure.stage, Stage::Judging(..)),
            "{:?}",
            model.calibrate.measure.stage
        );
        let effects = enter(&mut model);
        assert!(matches!(&effects[..], [Effect::Mark(_)]), "{effects:?}");
    }
    let effects = enter(&mut model);
    let [Effect::Profile(name, text)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(name, "own");
    assert!(
        text.contains("model = \"SM-A515F\"") && text.contains("tx_power_interval_dbm"),
        "{text}"
    );
    update(&mut model, Msg::Key(Key::char('a')));
    assert_eq!(model.calibrate.measure.stage, Stage::Choosing);
}

#[test]
fn the_phone_that_is_named_is_taken_once_it_is_heard() {
    let with = |words: &str| {
        let mut model = Model::new(SourceInfo::default(), Options::default(), (80, 24));
        model.calibrate.begin(super::plan(words).unwrap());
        update(&mut model, Msg::Show(Tab::Calibrate));
        (1..4).for_each(|n| second(&mut model, n, -60));
        let early = model.calibrate.measure.phone.as_ref().map(|phone| phone.name.clone());
        (4..8).for_each(|n| second(&mut model, n, -60));
        (early, model.calibrate.measure.phone.map(|phone| phone.name))
    };
    assert_eq!(with("phone=0202"), (Some("02020202".into()), Some("02020202".into())));
    assert_eq!(
        with("phone=strongest"),
        (None, Some("01010101".into())),
        "not at the first report"
    );
    assert_eq!(with("phone=nobody"), (None, None));
}

/// A screen on which one step was measured at a receiver of this model, and accepted.
fn measured(station: &str, words: &str) -> Model {
    let mut model = Model::new(SourceInfo::default(), Options::default(), (80, 24));
    let station = StationInfo {
        name: "hci0".to_owned(),
        model: station.to_owned(),
        ..StationInfo::default()
    };
    let station = CaptureEvent::other(at(0), StationId(0), EventKind::Station(station));
    update(&mut model, Msg::Events(vec![station]));
    drop(model.plan_calibration(super::plan(words).unwrap()));
    update(&mut model, Msg::Show(Tab::Calibrate));
    (1..4).for_each(|n| second(&mut model, n, -60));
    press(&mut model, Code::Enter);
    press(&mut model, Code::Enter);
    (4..16).for_each(|n| second(&mut model, n, -78));
    press(&mut model, Code::Enter);
    model
}

fn press(model: &mut Model, code: Code) -> Vec<Effect> {
    update(model, Msg::Key(Key::plain(code)))
}

fn command(model: &mut Model, line: &str) {
    update(model, Msg::Key(Key::char(':')));
    update(model, Msg::Paste(line.to_owned()));
    press(model, Code::Enter);
}

#[test]
fn going_elsewhere_in_the_same_capture_keeps_what_was_measured() {
    let mut model = measured("Pixel 4", "1 2 4 dwell=10 reports=40 model=SM-A515F");
    assert_eq!(model.calibrate.measure.n_accepted(), 1);
    press(&mut model, Code::Enter);
    assert!(matches!(model.calibrate.measure.stage, Stage::Measuring(_)));
    update(&mut model, Msg::Reset);
    let measure = &model.calibrate.measure;
    assert_eq!(
        (measure.stage, measure.at, measure.n_accepted()),
        (Stage::Placing, 1, 1)
    );
    assert!(measure.phone.is_some() && model.calibrate.finding.is_some());
    assert!(
        model.notice.as_deref().is_some_and(|text| text.contains("step 2")),
        "{:?}",
        model.notice
    );
    update(&mut model, Msg::Source(Box::default()));
    assert_eq!(
        model.calibrate.measure.stage,
        Stage::Choosing,
        "another source is another bench"
    );
}

#[test]
fn a_receiver_that_is_told_late_fixes_the_scale_of_what_was_measured() {
    let mut model = measured("", "1 dwell=10 reports=40 model=DUT");
    assert_eq!(model.calibrate.measure.stage, Stage::Done);
    assert!(press(&mut model, Code::Enter).is_empty());
    let said = model.notice.clone().unwrap();
    assert!(said.contains(":plan receiver=MODEL"), "{said}");
    command(&mut model, "plan receiver=hci0:8");
    assert_eq!(model.calibrate.measure.n_accepted(), 1, "the step stays");
    press(&mut model, Code::Enter);
    // One step is little: it is asked.
    assert!(matches!(
        model.popup,
        Some(Popup::Question(Question::WeakProfile { .. }))
    ));
    let effects = update(&mut model, Msg::Key(Key::char('y')));
    let [Effect::Profile(_, text)] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert!(text.contains("model = \"DUT\""), "{text}");
    command(&mut model, "plan receiver=\"Pixel 4\"");
    assert_eq!(
        model.session.station(StationId(0)).model,
        "Pixel 4",
        "so recordings have it too"
    );
}

#[test]
fn models_of_no_list_are_doubted_and_taken() {
    let model = measured("Pixel 4", "1 dwell=10 reports=40 model=Pixl");
    let log: Vec<&str> = model.log.shown().map(|entry| entry.text.as_str()).collect();
    assert!(log.iter().any(|text| text.contains("no model \"Pixl\"")), "{log:?}");
    assert_eq!(model.calibrate.measure.phone.as_ref().unwrap().model, "Pixl");
}

#[test]
fn a_plan_of_other_distances_keeps_what_it_has_too_and_asks_before_it_drops_the_rest() {
    let mut model = measured("Pixel 4", "1 2 dwell=10 reports=40 model=SM-A515F");
    command(&mut model, "plan 1 4");
    let measure = &model.calibrate.measure;
    assert!(model.popup.is_none());
    assert_eq!((measure.n_accepted(), measure.at, measure.plan.wanted), (1, 1, 40));
    assert!(measure.phone.is_some() && model.calibrate.finding.is_some());
    command(&mut model, "plan 2 4");
    assert!(matches!(
        model.popup,
        Some(Popup::Question(Question::DropSteps { lost: 1, .. }))
    ));
    update(&mut model, Msg::Key(Key::char('n')));
    assert_eq!(model.calibrate.measure.n_accepted(), 1);
    command(&mut model, "plan receiver=Foo 4");
    assert_eq!(model.calibrate.measure.n_accepted(), 1, "refused: {:?}", model.notice);
    command(&mut model, "plan receiver=Pixel 4");
    assert_eq!(model.calibrate.measure.n_accepted(), 1);
    if model.editing.is_some() {
        update(&mut model, Msg::Key(Key::plain(Code::Esc)));
    }
    command(&mut model, "plan 2 4");
    let effects = update(&mut model, Msg::Key(Key::char('y')));
    assert!(
        matches!(&effects[..], [Effect::Mark(_)]),
        "its mark is taken back: {effects:?}"
    );
    assert_eq!(model.calibrate.measure.n_accepted(), 0);
}

#[test]
fn a_profile_is_not_named_after_an_identifier() {
    let mut model = measured("Pixel 4", "1 dwell=10 reports=40");
    assert!(update(&mut model, Msg::Key(Key::char('w'))).is_empty());
    assert!(model.popup.is_none());
    assert!(
        model
            .notice
            .as_deref()
            .is_some_and(|text| text.contains(":plan model=NAME")),
        "{:?}",
        model.notice
    );
    let effects = model.plan_calibration(super::plan("model=SM-A515F").unwrap());
    let [Effect::Mark(event)] = &effects[..] else {
        panic!("{effects:?}")
    };
    let EventKind::Mark(mark) = &event.kind else {
        panic!("{event:?}")
    };
    assert_eq!((&*mark.model, mark.distance), ("SM-A515F", None), "for `calibrate fit`");
    assert!(mark.is_step_of(&model.calibrate.measure.session()));
    assert!(
        model
            .plan_calibration(super::plan("receiver=Pixel 4").unwrap())
            .is_empty()
    );
}

#[test]
fn quitting_asks_while_accepted_steps_are_in_no_profile() {
    let mut model = measured("Pixel 4", "1 dwell=10 reports=40 model=SM-A515F");
    assert!(update(&mut model, Msg::Key(Key::char('q'))).is_empty());
    assert!(matches!(
        model.popup,
        Some(Popup::Question(Question::QuitCalibration { accepted: 1 }))
    ));
    update(&mut model, Msg::Key(Key::char('n')));
    update(&mut model, Msg::Key(Key::char('w')));
    let effects = update(&mut model, Msg::Key(Key::char('y')));
    assert!(matches!(&effects[..], [Effect::Profile(..)]), "{effects:?}");
    assert!(matches!(
        update(&mut model, Msg::Key(Key::char('q')))[..],
        [Effect::Quit]
    ));
}
