use super::*;

use crate::app::key::{Code, Key};
use crate::app::model::SourceInfo;
use crate::app::{Msg, update};
use crate::lab::address::{Address, AddressKind};
use crate::lab::advert::Advertisement;
use crate::lab::advert::PduType;
use crate::lab::audit::RuleId;
use crate::lab::gaen::Rpi;
use crate::lab::session::Options;
use crate::lab::units::Dbm;

fn heard(seconds: i64, address: u8, rpi: u8) -> CaptureEvent {
    let data = [
        &[0x03, 0x03, 0x6f, 0xfd, 0x17, 0x16, 0x6f, 0xfd][..],
        &Rpi([rpi; 16]).0[1..],
        &[7],
        &[1, 2, 3, 4],
    ]
    .concat();
    CaptureEvent::Advert(Advertisement {
        at: UnixMicros(1_600_000_000_000_000 + seconds * 1_000_000),
        address: Address {
            bytes: [0x41, 2, 3, 4, 5, address],
            kind: AddressKind::RandomResolvable,
        },
        pdu: PduType::AdvScanInd,
        rssi: Some(Dbm(-60)),
        data: data.as_slice().into(),
        ..Advertisement::default()
    })
}

/// An address kept over two identifiers.
fn events() -> Vec<CaptureEvent> {
    (0..20).map(|n| heard(n, 1, if n < 10 { 1 } else { 2 })).collect()
}

fn model() -> Model {
    let mut model = Model::new(SourceInfo::default(), Options::default(), (100, 40));
    update(&mut model, Msg::Show(Tab::Audit));
    update(&mut model, Msg::Frame);
    model
}

fn settle(model: &mut Model) {
    let now = model.session.now();
    update(model, Msg::Tick(Some(now)));
    update(model, Msg::Frame);
}

fn verdict(model: &Model, rule: RuleId) -> Verdict {
    let judged = model.audit.judged.iter().find(|judged| judged.rule == rule);
    judged.unwrap().verdict
}

#[test]
fn rules_turn_as_evidence_arrives_and_going_back_takes_nothing_away() {
    let mut model = model();
    assert_eq!(verdict(&model, RuleId::B1), Verdict::NotObservable);
    update(&mut model, Msg::Events(events()[..10].to_vec()));
    settle(&mut model);
    assert_eq!(verdict(&model, RuleId::B1), Verdict::Pass);
    update(&mut model, Msg::Events(events()[10..].to_vec()));
    settle(&mut model);
    assert_eq!(verdict(&model, RuleId::B1), Verdict::Fail);
    // Back to the beginning, and over the same once more.
    update(&mut model, Msg::Reset);
    update(&mut model, Msg::Events(events()[..5].to_vec()));
    settle(&mut model);
    assert_eq!(
        (verdict(&model, RuleId::B1), model.audit.evidence.gaen),
        (Verdict::Fail, 20)
    );
    update(&mut model, Msg::Events(events()[5..].to_vec()));
    update(&mut model, Msg::Events(vec![heard(30, 1, 2)]));
    settle(&mut model);
    assert_eq!(model.audit.evidence.gaen, 21);
    // Another source begins anew.
    update(&mut model, Msg::Source(Box::default()));
    settle(&mut model);
    assert_eq!(verdict(&model, RuleId::B1), Verdict::NotObservable);
}

#[test]
fn packets_are_walked_through_and_the_sender_of_one_is_shown() {
    let mut model = model();
    update(&mut model, Msg::Events(events()));
    settle(&mut model);
    assert_eq!(model.audit.selected_packet().unwrap().2, 0);
    update(&mut model, Msg::Key(Key::char('n')));
    assert_eq!(model.audit.selected_packet().unwrap().2, 1);
    for _ in 0..50 {
        update(&mut model, Msg::Key(Key::char('n')));
    }
    let (finding, _, at) = model.audit.selected_packet().unwrap();
    assert_eq!(at + 1, finding.packets.len());
    // A live source: the sender is still heard.
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    update(&mut model, Msg::Frame);
    assert_eq!(model.tab, Tab::Device);
    assert_eq!(model.selected().unwrap().key.address.bytes[5], 1);
}

#[test]
fn a_filter_that_hides_the_sender_of_a_packet_is_cleared_and_that_is_said() {
    let mut model = model();
    update(&mut model, Msg::Events(events()));
    settle(&mut model);
    model.live.filter = "rssi>-20".parse().unwrap();
    model.live.needs_order = true;
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    update(&mut model, Msg::Frame);
    assert_eq!(model.selected().unwrap().key.address.bytes[5], 1);
    assert!(model.live.filter.is_empty());
    assert!(model.notice.as_ref().unwrap().starts_with("the filter is cleared"));
    // One that shows it stays.
    let mut model = super::tests::model();
    update(&mut model, Msg::Events(events()));
    settle(&mut model);
    model.live.filter = "rssi>-70".parse().unwrap();
    model.live.needs_order = true;
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    update(&mut model, Msg::Frame);
    assert_eq!(
        (model.live.filter.is_empty(), model.selected().is_some()),
        (false, true)
    );
}

#[test]
fn packets_of_a_packet_capture_have_the_numbers_of_its_records() {
    let mut model = model();
    update(&mut model, Msg::Events(events()));
    settle(&mut model);
    let sight = |model: &Model| model.audit.selected_packet().unwrap().0.packets[0];
    let number = sight(&model).number;
    assert_eq!(model.packet_number(&sight(&model)), Some(number), "live");
    model.source.playback = Some(crate::source::pacing::Status::new(crate::source::pacing::Pacer::new(
        crate::source::pacing::Speed::NORMAL,
        None,
    )));
    assert_eq!(model.packet_number(&sight(&model)), None, "not read through yet");
    let outline = crate::library::Outline {
        first: Some(UnixMicros(0)),
        last: Some(UnixMicros(1)),
        numbers: Some((0..20).map(|n| 1_000 + n).collect()),
        ..crate::library::Outline::default()
    };
    update(&mut model, Msg::Timeline(Box::new(outline)));
    assert_eq!(model.packet_number(&sight(&model)), Some(1_000 + number - 1));
}

#[test]
fn the_profile_decides_about_resolvable_addresses() {
    let mut model = model();
    update(&mut model, Msg::Events(events()));
    settle(&mut model);
    assert_eq!(verdict(&model, RuleId::B4), Verdict::Warn);
    update(&mut model, Msg::Key(Key::char('v')));
    update(&mut model, Msg::Frame);
    assert_eq!(verdict(&model, RuleId::B4), Verdict::Pass);
}

#[test]
fn identifiers_in_sentences_are_hidden_as_elsewhere() {
    let text = "5e:1b:09:c4:77:01 was kept over 2 RPIs (8be6cd371c5c891604bfbe49df845096), at 09:54:08 for 6 min";
    assert_eq!(masked(text, Privacy::Open), text);
    assert_eq!(
        masked(text, Privacy::Short),
        "5e… was kept over 2 RPIs (8b…), at 09:54:08 for 6 min"
    );
    assert_eq!(
        masked(text, Privacy::Hidden),
        "•• was kept over 2 RPIs (••), at 09:54:08 for 6 min"
    );
}
