//! Scenarios that cannot be simulated, and what is said about them.

use proptest::prelude::*;

use super::*;
use crate::sim::BUILTIN;

const GOOD: &str = "title = 't'\nseed = 5\nstart = '2020-06-01T12:00:00Z'\nduration = '2h'\n\
                    [[station]]\nname = 's'\n[[phone]]\nname = 'p'\nos = 'android'\nmodel = 'Pixel 4'\n";

fn message(from: &str, to: &str) -> String {
    let text = GOOD.replacen(from, to, 1);
    assert_ne!(text, GOOD);
    Scenario::parse(&text).unwrap_err().to_string()
}

#[test]
fn errors_name_the_place_the_value_and_the_remedy() {
    Scenario::parse(GOOD).unwrap();
    for (from, to, expected) in [
        ("seed = 5", "seed = 'five'", "line 2, column 8"),
        ("seed = 5", "sede = 5", "unknown field `sede`"),
        ("os = 'android'", "os = 'symbian'", "unknown variant `symbian`"),
        ("'2h'", "'2 hours'", "write it like"),
        ("'2h'", "'40d'", "line 1: duration is 3456000 s, it must be"),
        ("'2h'", "'0s'", "duration is 0 s"),
        (
            "name = 's'",
            "name = 's'\nposition = [nan, 0]",
            "line 6: position is NaN",
        ),
        (
            "name = 's'",
            "name = 's'\nnoise_db = -1",
            "line 6: noise_db is -1, it must be 0 to 40",
        ),
        (
            "name = 'p'",
            "name = \"p\\u001b\"",
            "line 8: phone name \"p\\u{1b}\" is not",
        ),
        ("model = 'Pixel 4'", "model = 'Nokia 3310'", "give tx_power_dbm"),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\nlos = 0.1",
            "unknown field `los`",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\nloss = inf",
            "line 8: loss is inf",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\ninterval_ms = 0",
            "line 8: interval_ms is 0",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\nfault = [{ kind = 'address-burst', at = 0, over = 1, count = 99999999999 }]",
            "fault.count: 99999999999 is more than the 10000000",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\nwalk = [{ at = 9, to = [0, 0] }, { at = 3, to = [0, 0] }]",
            "walk.at is 3 s, it must be 9 s",
        ),
        (
            "[[phone]]",
            "[[phone]]\nname = 'p'\nos = 'ios'\nmodel = 'iPhone 7'\n[[phone]]",
            "given twice",
        ),
        (
            "[[phone]]",
            "[[crowd]]\nname = 'c'\ncount = 18446744073709551615\narrivals_per_minute = 1\nstay = [60, 60]\narea = [0, 0, 1, 1]\n[[phone]]",
            "line 8: count: 18446744073709551615 is more than",
        ),
        (
            "[[phone]]",
            "[[crowd]]\nname = 'c'\ncount = 1000000\narrivals_per_minute = 1e6\nstay = ['1h', '1h']\narea = [0, 0, 1, 1]\n[[phone]]",
            "arrivals_per_minute times stay is 60000000",
        ),
        ("[[station]]\nname = 's'\n", "", "missing field `station`"),
        (
            "2020-06-01T12:00:00Z",
            "1969-06-01T12:00:00Z",
            "is not between 1970-01-02",
        ),
    ] {
        let message = message(from, to);
        assert!(message.contains(expected), "{to:?} gave:\n{message}");
    }
    let huge = " ".repeat(Scenario::MAX_TEXT + 1);
    assert!(Scenario::parse(&huge).unwrap_err().to_string().contains("at most"));
}

#[test]
fn errors_of_what_the_audit_looks_for_name_the_place_too() {
    for (from, to, expected) in [
        (
            "name = 's'",
            "name = 's'\nbonded = ['q']",
            "line 6: bonded: there is no phone \"q\"",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\npause_at_rotation = ['2m', '1m']",
            "line 8: pause_at_rotation is 60 s, it must be 120 s",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\ncompanion = [{ sends = 'handoff', interval_ms = 1 }]",
            "line 8: interval_ms is 1, it must be 20",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\ncompanion = [{ sends = 'airtag' }]",
            "unknown variant `airtag`",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\nfault = [{ kind = 'few-addresses', count = 0 }]",
            "line 8: fault.count: a phone needs at least one address",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\nfault = [{ kind = 'odd-metadata', major = 4 }]",
            "fault.major (two bits): 4 is more than the 3",
        ),
        (
            "model = 'Pixel 4'",
            "model = 'Pixel 4'\nfault = [{ kind = 'fixed-at-rotation', lasts = '2m' }]",
            "fault.lasts is 120 s",
        ),
        (
            "os = 'android'\nmodel = 'Pixel 4'",
            "os = 'ios'\nmodel = 'iPhone 7'\nfault = [{ kind = 'scan-response', name = 'x' }]",
            "cannot be asked for more",
        ),
        (
            "[[phone]]",
            "[[relay]]\nname = 'r'\nhears = 'q'\n[[phone]]",
            "line 8: hears: there is no phone \"q\"",
        ),
        (
            "[[phone]]",
            "[[relay]]\nname = 'p'\nhears = 'p'\n[[phone]]",
            "given twice",
        ),
    ] {
        let message = message(from, to);
        assert!(message.contains(expected), "{to:?} gave:\n{message}");
    }
    let bonded = GOOD.replacen("name = 's'", "name = 's'\nbonded = ['p']", 1).replacen(
        "os = 'android'\nmodel = 'Pixel 4'",
        "os = 'ios'\nmodel = 'iPhone 7'",
        1,
    );
    let message = Scenario::parse(&bonded).unwrap_err().to_string();
    assert!(message.contains("has no resolvable addresses"), "{message}");
}

proptest! {
    #[test]
    fn any_text_gives_a_scenario_or_a_message(text in "[ -~\\n]{0,300}") {
        let _ = Scenario::parse(&text);
    }

    /// Scenarios with a piece replaced by something else: never a panic, and what is accepted can be set up.
    #[test]
    fn damaged_scenarios_give_a_scenario_or_a_message(
        which in 0..BUILTIN.len(), at: prop::sample::Index, len in 0usize..12,
        piece in prop_oneof!["[ -~]{0,8}", "-?[0-9]{1,25}", Just("nan".to_owned()), Just("1e308".to_owned()), Just("-inf".to_owned())],
    ) {
        let text = BUILTIN[which].1;
        let at = text.floor_char_boundary(at.index(text.len()));
        let end = text.ceil_char_boundary((at + len).min(text.len()));
        let damaged = [&text[..at], &piece, &text[end..]].concat();
        if let Ok(scenario) = Scenario::parse(&damaged)
            && scenario.crowds.iter().all(|crowd| crowd.present < 1000)
        {
            let mut simulation = crate::sim::Simulation::new(&scenario);
            let mut events = Vec::new();
            let _ = crate::format::EventReader::read(&mut simulation, &mut events);
        }
    }
}
