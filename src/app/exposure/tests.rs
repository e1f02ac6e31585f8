use super::*;

use crate::app::key::{Code, Key};
use crate::app::model::SourceInfo;
use crate::app::{Effect, Heard, Msg, Tab, update};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::{Advertisement, PduType};
use crate::lab::crypto::{BroadcastKeys, Metadata, Tek};
use crate::lab::event::CaptureEvent;
use crate::lab::gaen::{Aem, Rpi};
use crate::lab::matching::Candidate;
use crate::lab::session::Options;
use crate::lab::time::{Enin, Micros};
use crate::lab::units::Dbm;

const DAY: Enin = Enin(2_660_112);

fn heard(minutes: i64, rpi: Rpi, aem: Aem, level: i8) -> CaptureEvent {
    let data = [&[0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd], &rpi.0[..], &aem.0].concat();
    CaptureEvent::Advert(Advertisement {
        at: DAY.start().plus(Micros::from_secs(60 * minutes)),
        address: Address {
            bytes: [0x3e, 0, 0, 0, 0, rpi.0[0]],
            kind: AddressKind::RandomNonresolvable,
        },
        pdu: PduType::AdvNonconnInd,
        rssi: Some(Dbm(level)),
        data: data.as_slice().into(),
        ..Advertisement::default()
    })
}

/// Twenty minutes beside the phone of a key, and five minutes far from somebody else.
fn model() -> Model {
    let mut model = Model::new(SourceInfo::default(), Options::default(), (100, 40));
    let keys = BroadcastKeys::derive(&Tek::new([7; 16]));
    let mut events = Vec::new();
    for scan in 0..6 {
        let rpi = keys.rpi(Enin(DAY.0 + u32::try_from(scan * 4 / 10).unwrap()));
        events.push(heard(scan * 4, rpi, keys.seal(rpi, Metadata::v1_0(Dbm(-20))), -60));
    }
    events.push(heard(30, Rpi([9; 16]), Aem([0; 4]), -95));
    events.push(heard(35, Rpi([8; 16]), Aem([0; 4]), -95));
    update(&mut model, Msg::Events(events));
    update(&mut model, Msg::Show(Tab::Exposure));
    settle(&mut model);
    model
}

fn settle(model: &mut Model) {
    let now = model.session.now();
    update(model, Msg::Tick(Some(now)));
    update(model, Msg::Frame);
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let effects = keys
        .chars()
        .flat_map(|key| update(model, Msg::Key(Key::char(key))))
        .collect();
    update(model, Msg::Frame);
    effects
}

fn candidate() -> Candidate {
    Candidate {
        tek: Tek::new([7; 16]),
        start: DAY,
        period: 144,
    }
}

fn published(model: &mut Model, report_type: u8) {
    let key = Heard {
        label: "222.zip #3".to_owned(),
        report_type,
        days_since_onset: None,
        key: candidate(),
        intervals: vec![DAY, Enin(DAY.0 + 1), Enin(DAY.0 + 2)],
    };
    update(model, Msg::Published(vec![key]));
    settle(model);
}

#[test]
fn windows_are_listed_newest_first_and_everyone_counts_while_no_key_is_known() {
    let model = model();
    let rows = &model.exposure.rows;
    assert_eq!(
        rows.len(),
        4,
        "three identifiers of the key, one of nobody; the last one is not certain yet"
    );
    assert!(rows.is_sorted_by(|a, b| a.key.from >= b.key.from));
    assert_eq!((model.exposure.n_senders, model.exposure.decisions.len()), (4, 2));
    assert!(
        !model.exposure.decisions[0].does_notify(),
        "{:?}",
        model.exposure.decisions
    );
}

#[test]
fn a_published_key_joins_its_identifiers_and_decides() {
    let mut model = model();
    published(&mut model, 1);
    let exposure = &model.exposure;
    assert_eq!((exposure.published.len(), exposure.n_senders), (1, 1));
    let row = exposure
        .rows
        .iter()
        .find(|row| row.key.who == Who::Published(0))
        .unwrap();
    assert_eq!(row.window.0.len(), 6);
    // Immuni scores it as one exposure of more than a quarter of an hour, SwissCovid adds up its minutes.
    let told: Vec<bool> = exposure.decisions.iter().map(Decision::does_notify).collect();
    assert_eq!(told, [true, true], "{:?}", exposure.decisions);
    assert!(
        model
            .log
            .shown()
            .any(|entry| entry.text.contains("published key was heard: 222.zip #3"))
    );
    assert_eq!(model.notice.as_deref(), Some("1 published key heard"));
    // It is found once more with another interval: nothing new is told.
    model.notice = None;
    published(&mut model, 1);
    assert_eq!((model.exposure.published.len(), model.notice.clone()), (1, None));
}

#[test]
fn a_revoked_key_is_shown_and_does_not_count() {
    let mut model = model();
    published(&mut model, 5);
    let exposure = &model.exposure;
    let row = exposure
        .rows
        .iter()
        .find(|row| row.key.who == Who::Published(0))
        .unwrap();
    assert_eq!(row.hidden, Some("revoked"));
    assert!(
        exposure
            .decisions
            .iter()
            .all(|decision| !decision.does_notify() && decision.reason.contains("revoked"))
    );
}

#[test]
fn what_if_moves_thresholds_until_it_notifies_and_back() {
    let mut model = model();
    published(&mut model, 1);
    let reason = |model: &Model| model.exposure.decisions[1].reason.clone();
    let before = reason(&model);
    press(&mut model, &"[".repeat(30));
    assert_eq!(model.exposure.shift_db, -30);
    assert!(
        !model.exposure.decisions[1].does_notify() && reason(&model).contains("below 25 dB"),
        "{}",
        reason(&model)
    );
    press(&mut model, &"[".repeat(50));
    assert_eq!(model.exposure.shift_db, -40, "there is an end");
    press(&mut model, "]w");
    assert_eq!((model.exposure.shift_db, reason(&model)), (0, before));
}

#[test]
fn rules_are_chosen_by_key_and_by_name() {
    let mut model = model();
    let names = |model: &Model| model.exposure.shown().map(|rule| rule.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&model), AT_FIRST);
    press(&mut model, "b");
    assert_eq!((names(&model).len(), model.exposure.decisions.len()), (1, 1));
    press(&mut model, "bcC");
    assert!(names(&model)[0] != AT_FIRST[0] && names(&model)[1] != AT_FIRST[1]);
    let enter = |model: &mut Model| update(model, Msg::Key(Key::plain(Code::Enter)));
    press(&mut model, ":rule cwa-2 enx-sample");
    enter(&mut model);
    assert_eq!(names(&model), ["cwa-2", "enx-sample"]);
    press(&mut model, ":rule nonsense");
    enter(&mut model);
    assert!(model.notice.as_ref().unwrap().contains("no rule"));
    let mut own = rule::built_in()[0].clone();
    own.name = "mine".to_owned();
    update(&mut model, Msg::Rules(Ok(vec![own])));
    assert_eq!(names(&model)[0], "mine");
    update(&mut model, Msg::Rules(Err("line 3: no".to_owned())));
    assert_eq!(model.notice.as_deref(), Some("line 3: no"));
}

#[test]
fn one_sender_alone_can_be_decided_upon() {
    let mut model = model();
    press(&mut model, "a");
    assert_eq!((model.exposure.scope, model.exposure.n_senders), (Scope::Selected, 1));
    let before = model.exposure.decisions.clone();
    press(&mut model, "G");
    assert_eq!(model.exposure.selected_idx(), Some(3));
    assert_ne!(model.exposure.decisions, before, "the selected one is another");
    press(&mut model, "gk");
    assert_eq!(model.exposure.selected_idx(), Some(0));
    press(&mut model, "jjjjjjj");
    assert_eq!(model.exposure.selected_idx(), Some(3));
}

#[test]
fn a_playback_that_begins_anew_keeps_what_is_chosen_and_what_was_found() {
    let mut model = model();
    published(&mut model, 1);
    press(&mut model, "[[");
    update(&mut model, Msg::Reset);
    settle(&mut model);
    assert!(model.exposure.rows.is_empty() && model.exposure.shift_db == -2);
    assert_eq!(model.exposure.published.len(), 1);
    update(&mut model, Msg::Source(Box::default()));
    assert!(model.exposure.published.is_empty(), "another source, other identifiers");
}

#[test]
fn commands_ask_for_files_and_the_decisions_are_copied() {
    let mut model = model();
    model.library.folder = "/captures".into();
    let mut ask = |line: &str| {
        press(&mut model, line);
        update(&mut model, Msg::Key(Key::plain(Code::Enter)))
    };
    assert_eq!(ask(":keys exports"), [Effect::Keys("/captures/exports".into())]);
    assert_eq!(ask(":rules /tmp/own.toml"), [Effect::Rules("/tmp/own.toml".into())]);
    let copied = press(&mut model, "y");
    let [Effect::Copy(text)] = &copied[..] else {
        panic!("{copied:?}")
    };
    assert!(
        text.lines().count() == 2 && text.contains("does not notify: "),
        "{text}"
    );
}

#[test]
fn a_phone_of_the_lab_that_reports_keeps_its_name_and_counts() {
    let text = format!(
        "device,model,tek,rolling_start,rolling_period\nbench,,{},{},144\n",
        "07".repeat(16),
        DAY.0
    );
    let keys = crate::lab::keyring::Keyring::parse(&text).unwrap();
    let source = SourceInfo {
        keys: Some(Arc::new(keys)),
        ..SourceInfo::default()
    };
    let mut model = super::tests::model();
    let events: Vec<CaptureEvent> = {
        let keys = BroadcastKeys::derive(&Tek::new([7; 16]));
        let rpi = keys.rpi(DAY);
        let near = (0..4).map(|scan| heard(scan * 4, rpi, keys.seal(rpi, Metadata::v1_0(Dbm(-20))), -60));
        near.chain([
            heard(20, Rpi([9; 16]), Aem([0; 4]), -95),
            heard(30, Rpi([8; 16]), Aem([0; 4]), -95),
        ])
        .collect()
    };
    update(&mut model, Msg::Source(Box::new(source)));
    update(&mut model, Msg::Events(events));
    settle(&mut model);
    let lab = Who::Lab("bench".into());
    assert_eq!(
        (model.exposure.n_senders, model.exposure.encounters.key_of(&lab)),
        (2, None)
    );
    published(&mut model, 1);
    assert_eq!(
        (model.exposure.n_senders, model.exposure.encounters.key_of(&lab)),
        (1, Some(0))
    );
    assert!(model.exposure.rows.iter().any(|row| row.key.who == lab));
}

#[test]
fn keys_decide_at_once_although_the_playback_stands_still() {
    let mut model = model();
    let key = |report_type| Heard {
        label: format!("{report_type}.zip #1"),
        report_type,
        days_since_onset: None,
        key: candidate(),
        intervals: vec![DAY, Enin(DAY.0 + 1), Enin(DAY.0 + 2)],
    };
    // No tick comes in between.
    update(&mut model, Msg::Published(vec![key(3)]));
    update(&mut model, Msg::Frame);
    assert!(
        model.exposure.decisions[1].does_notify(),
        "{:?}",
        model.exposure.decisions
    );
    update(&mut model, Msg::Published(vec![key(5)]));
    update(&mut model, Msg::Frame);
    assert!(
        !model.exposure.decisions[1].does_notify(),
        "{:?}",
        model.exposure.decisions
    );
    assert_eq!(model.exposure.published.len(), 1, "it is the same key");
}
