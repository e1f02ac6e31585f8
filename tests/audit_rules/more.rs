//! The second half of the scenarios: hand-overs, copies, neighbours, metadata, randomness.

use vicino::lab::audit::RuleId::*;
use vicino::lab::audit::verdict::Verdict;

use super::{Case, breaks, keeps};

pub(super) fn hand_overs() -> Vec<Case> {
    use Verdict::Warn;
    const RESTING: &str = scene!(
        "75s",
        always,
        android!("a", "first_rotation = '5m'"),
        rests!("b", "[1, 9]"),
        rests!("c", "[9, 1]"),
        rests!("d", "[9, 9]"),
        rests!("e", "[5, 2]"),
        rests!("f", "[2, 5]"),
        "[[station]]\nname = 't'\nposition = [10, 0]\n[[station]]\nname = 'u'\nposition = [0, 10]\n",
        "[radio]\nshadowing_db = 1\nfading_db = 1\n"
    );
    const WALKING: &str = scene!(
        "75s",
        always,
        walks!("a", "[1, 0]", "[1, 9]"),
        walks!("b", "[1, 9]", "[9, 9]"),
        walks!("c", "[9, 9]", "[9, 1]"),
        walks!("d", "[9, 1]", "[5, 2]"),
        walks!("e", "[5, 2]", "[2, 5]"),
        walks!("f", "[2, 5]", "[1, 0]"),
        "[[station]]\nname = 't'\nposition = [10, 0]\n[[station]]\nname = 'u'\nposition = [0, 10]\n"
    );
    const FADING: &str = concat!(
        scene!(
            "75s",
            always,
            rests!("a", "[5, 5]"),
            rests!("b", "[5, 5]"),
            rests!("c", "[5, 5]"),
            rests!("d", "[5, 5]"),
            rests!("e", "[5, 5]"),
            rests!("f", "[5, 5]"),
            "[[station]]\nname = 't'\nposition = [10, 0]\nsensitivity_dbm = -127\n[[station]]\nname = 'u'\nposition = [0, 10]\nsensitivity_dbm = -127\n"
        ),
        "[radio]\nshadowing_db = 12\nshadowing_time = '10s'\nfading_db = 6\n"
    );
    vec![
        breaks(
            B9,
            "three phones that go on at once",
            Warn,
            &[],
            scene!(
                "100s",
                always,
                android!("p", "first_rotation = '40s'"),
                android!("q", "first_rotation = '50s'"),
                iphone!("r", "first_rotation = '60s'")
            ),
        ),
        keeps(
            B9,
            "pauses at rotations",
            scene!(
                "2m",
                always,
                android!("p", "first_rotation = '35s'", "pause_at_rotation = ['20s', '60s']"),
                android!("q", "first_rotation = '40s'", "pause_at_rotation = ['20s', '60s']"),
                iphone!("r", "first_rotation = '45s'", "pause_at_rotation = ['20s', '60s']"),
                iphone!("t", "first_rotation = '5m'")
            ),
        ),
        breaks(B10, "resting phones in a quiet room", Warn, &[], RESTING),
        keeps(B10, "walking phones", WALKING),
        keeps(B10, "phones at one place, with levels that fade", FADING),
    ]
}

pub(super) fn copies() -> Vec<Case> {
    use Verdict::Fail;
    const PLACES: &[(&str, &str)] = &[("s", "hall"), ("t", "yard")];
    vec![
        breaks(B11, "a relay", Fail, &[B1],
            scene!("100s", dense, android!("p", "first_rotation = '5m'"), "[[relay]]\nname = 'x'\nhears = 'p'\nposition = [8, 0]\n")),
        breaks(B11, "a relay that copies the address", Fail, &[],
            scene!("100s", dense, android!("p", "first_rotation = '5m'"), "[[relay]]\nname = 'x'\nhears = 'p'\nposition = [5001, 0]\nsame_address = true\n",
                "[[station]]\nname = 't'\nposition = [5000, 0]\n", dense!())).at(PLACES),
        breaks(B11, "a replay", Fail, &[B1],
            scene!("32m", sparse, android!("p", "until = '4m'"), iphone!("q"),
                "[[relay]]\nname = 'x'\nhears = 'p'\nafter = '26m'\nposition = [2, 0]\n")),
        breaks(B11, "a replay under the same address", Fail, &[],
            scene!("32m", sparse, android!("p", "until = '4m'"), iphone!("q"),
                "[[relay]]\nname = 'x'\nhears = 'p'\nafter = '26m'\nposition = [2, 0]\nsame_address = true\n")),
        breaks(B11, "a replay within a quarter of an hour after the end", Fail, &[B1, B9],
            scene!("48m", always, android!("p", "first_rotation = '14m'"),
                "[[relay]]\nname = 'x'\nhears = 'p'\nafter = '30m'\nposition = [2, 0]\n")),
        keeps(B11, "honest phones heard at two places, one that walks from one to the other, one that comes back",
            scene!("12m", dense, "sensitivity_dbm = -85\n[[station]]\nname = 't'\nposition = [400, 0]\nsensitivity_dbm = -85\n", dense!(),
                walks!("p", "[1, 0]", "[399, 0]", "4m"), android!("q"), android!("r"),
                "[[phone]]\nname = 'u'\nos = 'android'\nmodel = 'Pixel 4'\nwalk = [{ at = '1m', to = [1, 0] }, { at = '3m', to = [0, 300] }, { at = '8m', to = [0, 300] }, { at = '10m', to = [1, 0] }]\n")).at(PLACES),
    ]
}

pub(super) fn neighbours() -> Vec<Case> {
    use Verdict::Warn;
    vec![
        breaks(
            B13,
            "a counter that goes on",
            Warn,
            &[],
            scene!(
                "21m",
                dense,
                iphone!("p"),
                companion!("handoff", "own-times", "carries_over = true")
            ),
        ),
        keeps(
            B13,
            "counters that start anew",
            scene!(
                "21m",
                dense,
                iphone!("p"),
                companion!("handoff", "own-times"),
                iphone!("q"),
                companion!("handoff", "with-rpi")
            ),
        ),
        breaks(
            B14,
            "a tag that outlives its address",
            Warn,
            &[],
            scene!(
                "21m",
                dense,
                iphone!("p"),
                companion!("nearby-info", "own-times", "carries_over = true")
            ),
        ),
        breaks(
            B14,
            "an address that changes with the RPI",
            Warn,
            &[B3, B9],
            scene!(
                "9m",
                always,
                iphone!("p", "first_rotation = '10s'", "interval_ms = 290"),
                companion!("nearby-info", "with-rpi"),
                fault!("early-rotation")
            ),
        ),
        keeps(
            B14,
            "an address that changes at its own times",
            scene!(
                "9m",
                always,
                iphone!("p", "first_rotation = '10s'", "interval_ms = 290"),
                companion!("nearby-info", "own-times"),
                fault!("early-rotation")
            ),
        )
        .though(&[B3, B9]),
        keeps(
            B14,
            "tags that change with their addresses",
            scene!(
                "21m",
                dense,
                iphone!("p"),
                companion!("nearby-info", "own-times"),
                iphone!("q"),
                companion!("nearby-info", "with-rpi")
            ),
        ),
        breaks(B18, "a phone", Warn, &[B4, B5], scene!("10s", always, android!("p"))).by_the_letter(),
        keeps(
            B18,
            "nothing but headphones",
            scene!("10s", always, "[[bystander]]\nname = 'h'\nkind = 'headphones'\n"),
        )
        .by_the_letter(),
    ]
}

pub(super) fn metadata() -> Vec<Case> {
    use Verdict::{Fail, Warn};
    vec![
        breaks(
            B12,
            "metadata that change",
            Fail,
            &[],
            scene!(
                "70s",
                dense,
                android!("p", "first_rotation = '70s'"),
                fault!("changing-aem")
            ),
        ),
        keeps(B12, "honest phones", scene!("12m", sparse, android!("p"), iphone!("q"))),
        breaks(
            B16,
            "a rare power",
            Warn,
            &[],
            scene!("20s", always, android!("p", "tx_power_dbm = -37")),
        ),
        keeps(
            B16,
            "a power of many models",
            scene!(
                "20s",
                always,
                android!("p", "tx_power_dbm = -24"),
                iphone!("q", "tx_power_dbm = -24")
            ),
        ),
        breaks(
            B17,
            "reserved bits",
            Warn,
            &[],
            scene!("20s", always, android!("p"), fault!("odd-metadata", "reserved = 1")),
        ),
        breaks(
            B17,
            "another version",
            Fail,
            &[],
            scene!("20s", always, iphone!("p"), fault!("odd-metadata", "major = 2")),
        ),
        keeps(B17, "both systems", scene!("20s", always, android!("p"), iphone!("q"))),
    ]
}

pub(super) fn randomness() -> Vec<Case> {
    use Verdict::Fail;
    vec![
        breaks(
            B19,
            "few addresses that come again",
            Fail,
            &[B1],
            scene!("190m", sparse, android!("p"), fault!("few-addresses", "count = 8")),
        ),
        breaks(
            B19,
            "a shared beginning",
            Fail,
            &[],
            scene!("65m", sparse, iphone!("p"), fault!("shared-prefix")),
        ),
        keeps(B19, "honest phones", scene!("65m", sparse, iphone!("p"), android!("q"))),
        breaks(
            B20,
            "a key of zeros",
            Fail,
            &[],
            scene!("20s", always, android!("p"), fault!("weak-rpi", "how = 'zero-key'")),
        ),
        breaks(
            B20,
            "text",
            Fail,
            &[],
            scene!("20s", always, iphone!("p"), fault!("weak-rpi", "how = 'text'")),
        ),
        breaks(
            B20,
            "equal halves",
            Fail,
            &[],
            scene!("20s", always, android!("p"), fault!("weak-rpi", "how = 'equal-halves'")),
        ),
        breaks(
            B20,
            "a shared half",
            Fail,
            &[],
            scene!(
                "20s",
                always,
                android!("p", "first_rotation = '10s'"),
                fault!("weak-rpi", "how = 'shared-half'")
            ),
        ),
        keeps(
            B20,
            "honest phones",
            scene!("30m", sparse, android!("p"), iphone!("q"), iphone!("r")),
        ),
        keeps(B20, "a fixed value at the rotations of three phones", fixed_values!()),
    ]
}
