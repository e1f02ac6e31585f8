//! Distances on the tabs of the live view and of the device.

use super::*;
use crate::lab::distance::live::EVERY;
use crate::lab::units::Metres;

/// Eleven minutes of a phone that comes and goes and is marked, one that stays, and a beacon.
fn walk(size: (u16, u16), until: i64) -> Model {
    let walker = address(1, AddressKind::RandomResolvable);
    let station = StationInfo {
        name: "bench".to_owned(),
        model: "Pixel 4".to_owned(),
        ..StationInfo::default()
    };
    let mark = Mark {
        device: walker.to_string(),
        model: "Pixel 4".to_owned(),
        distance: Some(Metres(1.0)),
        from: at(0),
        to: Some(at(600_000)),
        ..Mark::default()
    };
    let mut events = vec![
        CaptureEvent::other(at(0), StationId(0), EventKind::Station(station)),
        CaptureEvent::other(at(0), StationId(0), EventKind::Mark(mark)),
    ];
    for n in 0..1_300i64 {
        let away = i8::try_from((n / 20 % 40 - 20).abs()).unwrap();
        let fading = i8::try_from(n * 7 % 11).unwrap();
        events.push(heard(n * 500, walker, Some(-60 - away - fading), &gaen(1, false)));
        if n < 1_000 {
            let ios = address(2, AddressKind::RandomNonresolvable);
            events.push(heard(n * 500 + 90, ios, Some(-75 - fading / 2), &gaen(2, true)));
        }
    }
    events.push(heard(
        640_000,
        address(4, AddressKind::Public),
        Some(-70),
        &named("speaker"),
    ));
    events.retain(|event| event.at() <= at(until));
    model(playback("walk.csv"), size, events, until)
}

#[test]
fn distances_look_as_they_were_approved() {
    for size in [(80, 24), (120, 40), (200, 50)] {
        let (width, height) = size;
        let true_one = walk(size, 590_000);
        insta::assert_snapshot!(format!("live_{width}x{height}"), screen(&true_one));
        insta::assert_snapshot!(
            format!("device_{width}x{height}"),
            screen(&on_tab(walk(size, 650_000), Tab::Device))
        );
    }
}

#[test]
fn true_distances_go_before_estimates_and_both_are_sorted_by() {
    let mut model = walk((120, 40), 590_000);
    let cells = |model: &Model| -> Vec<String> {
        let shown = screen(model);
        let lines = shown.lines().filter(|line| line.contains("  gaen-"));
        let cell = |line: &str| {
            line.split_whitespace()
                .find(|word| ["m", "m=", "m?"].contains(word))
                .map(str::to_owned)
        };
        lines.filter_map(cell).collect()
    };
    assert_eq!(cells(&model), ["m=", "m?"], "{}", screen(&model));
    for typed in ":sort distance".chars() {
        update(&mut model, Msg::Key(Key::char(typed)));
    }
    update(&mut model, Msg::Key(Key::plain(Code::Enter)));
    update(&mut model, Msg::Frame);
    assert_eq!(cells(&model), ["m=", "m?"], "{}", screen(&model));
    update(&mut model, Msg::Key(Key::char('S')));
    update(&mut model, Msg::Frame);
    assert_eq!(cells(&model), ["m?", "m="], "{}", screen(&model));
}

#[test]
fn estimates_begin_anew_after_a_rewind_and_stay_while_the_view_is_held() {
    let mut model = walk((120, 40), 300_000);
    let track = model.selected().unwrap();
    let (station, rpi) = (track.key.station, track.rpi.unwrap());
    let found = |model: &Model| model.distances.get(station, rpi).copied();
    let before = found(&model).unwrap();
    update(&mut model, Msg::Key(Key::char('f')));
    let walker = address(1, AddressKind::RandomResolvable);
    let later: Vec<_> = (0..20)
        .map(|n| heard(300_500 + n * 500, walker, Some(-50), &gaen(1, false)))
        .collect();
    update(&mut model, Msg::Events(later));
    update(&mut model, Msg::Tick(Some(at(310_000))));
    update(&mut model, Msg::Frame);
    assert_eq!(found(&model), Some(before));
    update(&mut model, Msg::Key(Key::char('f')));
    update(&mut model, Msg::Frame);
    let after = found(&model).unwrap();
    assert!(after.at.since(before.at) >= EVERY && after.estimate.distance_m < before.estimate.distance_m);
    update(&mut model, Msg::Reset);
    assert_eq!(found(&model), None);
    update(
        &mut model,
        Msg::Events(vec![heard(0, walker, Some(-90), &gaen(1, false))]),
    );
    update(&mut model, Msg::Tick(Some(at(100))));
    update(&mut model, Msg::Frame);
    let anew = found(&model).unwrap();
    assert_eq!(anew.n_levels, 1);
    assert!(anew.estimate.distance_m > after.estimate.distance_m);
}
