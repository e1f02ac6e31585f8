//! Scenarios by rule: what breaks it, what does not, and which other rules speak up in consequence.

use vicino::lab::audit::settings::Profile;
use vicino::lab::audit::verdict::Verdict;
use vicino::lab::audit::{RuleId, RuleId::*};

/// A scenario and what must be said of it.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) rule: RuleId,
    pub(crate) name: &'static str,
    /// What the rule must say.
    pub(crate) expected: Verdict,
    /// Rules that warn or fail because of the same defect.
    pub(crate) also: &'static [RuleId],
    pub(crate) profile: Profile,
    /// The scenario after title, seed and start.
    pub(crate) text: &'static str,
    /// Where stations stand: "station=place".
    pub(crate) places: &'static [(&'static str, &'static str)],
}

const fn case(
    rule: RuleId,
    name: &'static str,
    expected: Verdict,
    also: &'static [RuleId],
    text: &'static str,
) -> Case {
    Case {
        rule,
        name,
        expected,
        also,
        profile: Profile::Field,
        text,
        places: &[],
    }
}

const fn breaks(rule: RuleId, name: &'static str, as_: Verdict, also: &'static [RuleId], text: &'static str) -> Case {
    case(rule, name, as_, also, text)
}

const fn keeps(rule: RuleId, name: &'static str, text: &'static str) -> Case {
    case(rule, name, Verdict::Pass, &[], text)
}

impl Case {
    const fn by_the_letter(self) -> Self {
        Self {
            profile: Profile::Spec,
            ..self
        }
    }

    const fn at(self, places: &'static [(&'static str, &'static str)]) -> Self {
        Self { places, ..self }
    }

    const fn though(self, also: &'static [RuleId]) -> Self {
        Self { also, ..self }
    }
}

/// A duration, a station that listens as told, then phones.
macro_rules! scene {
    ($minutes:literal, $scan:ident, $($part:expr),+ $(,)?) => {
        concat!("duration = '", $minutes, "'\ntruth_every = '1d'\n[[station]]\nname = 's'\n", $scan!(), $($part),+)
    };
}

macro_rules! always {
    () => {
        ""
    };
}

/// As an active scanner.
macro_rules! asking {
    () => {
        "active = true\n"
    };
}

macro_rules! dense {
    () => {
        "scan = { kind = 'windows', window = '1500ms', every = ['10s', '12s'] }\n"
    };
}

macro_rules! sparse {
    () => {
        "scan = { kind = 'windows', window = '1500ms', every = ['40s', '60s'] }\n"
    };
}

macro_rules! android {
    ($name:literal $(, $more:literal)*) => {
        concat!("[[phone]]\nname = '", $name, "'\nos = 'android'\nmodel = 'Pixel 4'\nposition = [1, 0]\n", $($more, "\n",)*)
    };
}

macro_rules! iphone {
    ($name:literal $(, $more:literal)*) => {
        concat!("[[phone]]\nname = '", $name, "'\nos = 'ios'\nmodel = 'iPhone 11'\nposition = [0, 2]\n", $($more, "\n",)*)
    };
}

macro_rules! fault {
    ($kind:literal $(, $more:literal)*) => {
        concat!("[[phone.fault]]\nkind = '", $kind, "'\n", $($more, "\n",)*)
    };
}

macro_rules! companion {
    ($sends:literal, $address:literal $(, $more:literal)*) => {
        concat!("[[phone.companion]]\nsends = '", $sends, "'\naddress = '", $address, "'\n", $($more, "\n",)*)
    };
}

/// A resting phone that does not rotate.
macro_rules! rests {
    ($name:literal, $at:literal) => {
        concat!(
            "[[phone]]\nname = '",
            $name,
            "'\nos = 'android'\nmodel = 'Pixel 4'\nfirst_rotation = '5m'\nposition = ",
            $at,
            "\n"
        )
    };
}

/// A phone that walks and does not rotate meanwhile.
macro_rules! walks {
    ($name:literal, $from:literal, $to:literal) => {
        walks!($name, $from, $to, "75s")
    };
    ($name:literal, $from:literal, $to:literal, $until:literal) => {
        concat!(
            "[[phone]]\nname = '",
            $name,
            "'\nos = 'android'\nmodel = 'Pixel 4'\nfirst_rotation = '18m'\n",
            "walk = [{ at = 0, to = ",
            $from,
            " }, { at = '",
            $until,
            "', to = ",
            $to,
            " }]\n"
        )
    };
}

/// Three phones of both systems that send a fixed value at their rotations.
macro_rules! fixed_values {
    () => {
        scene!(
            "70s",
            always,
            android!("p", "first_rotation = '20s'"),
            fault!("fixed-at-rotation"),
            iphone!("q", "first_rotation = '30s'"),
            fault!("fixed-at-rotation"),
            android!("r", "first_rotation = '40s'"),
            fault!("fixed-at-rotation")
        )
    };
}

#[path = "more.rs"]
mod more;

pub(crate) fn all() -> Vec<Case> {
    [
        addresses().as_slice(),
        &lifetimes(),
        &packets(),
        &shapes(),
        &more::hand_overs(),
        &more::copies(),
        &more::neighbours(),
        &more::metadata(),
        &more::randomness(),
    ]
    .concat()
}

fn addresses() -> Vec<Case> {
    use Verdict::{Fail, Warn};
    vec![
        breaks(
            B1,
            "an RPI that changes alone",
            Fail,
            &[],
            scene!(
                "10m",
                sparse,
                android!("p", "first_rotation = '5m'"),
                fault!("rpi-without-address")
            ),
        ),
        breaks(
            B1,
            "metadata that stay under all RPIs",
            Fail,
            &[],
            scene!("35m", sparse, android!("p"), fault!("frozen-aem")),
        ),
        breaks(
            B1,
            "an address that changes alone",
            Warn,
            &[],
            scene!(
                "22m",
                sparse,
                android!("p", "first_rotation = '1m'"),
                fault!("address-without-rpi")
            ),
        ),
        keeps(
            B1,
            "honest phones",
            scene!(
                "12m",
                sparse,
                android!("p", "first_rotation = '5m'"),
                iphone!("q", "first_rotation = '6m'")
            ),
        ),
        keeps(B1, "a fixed value at the rotations of three phones", fixed_values!()),
        keeps(
            B1,
            "a fixed value at the rotation of one phone",
            scene!(
                "70s",
                always,
                android!("p", "first_rotation = '20s'"),
                fault!("fixed-at-rotation")
            ),
        ),
        keeps(
            B1,
            "a fixed value at all rotations of one phone",
            scene!("40m", always, android!("p"), fault!("fixed-at-rotation")),
        ),
        keeps(
            B1,
            "a bonded phone",
            scene!(
                "35m",
                sparse,
                "bonded = ['p']\n",
                android!("p"),
                android!("q"),
                "[[station]]\nname = 't'\nscan = { kind = 'windows', window = '1500ms', every = ['40s', '60s'] }\n"
            ),
        ),
    ]
}

fn lifetimes() -> Vec<Case> {
    use Verdict::{Fail, Warn};
    vec![
        breaks(
            B2,
            "no rotation",
            Fail,
            &[B3],
            scene!("33m", sparse, iphone!("p"), fault!("no-rotation")),
        ),
        breaks(
            B2,
            "an address kept over RPIs",
            Fail,
            &[B1],
            scene!("33m", sparse, android!("p"), fault!("rpi-without-address")),
        ),
        keeps(B2, "honest phones", scene!("50m", sparse, android!("p"), iphone!("q"))),
        keeps(
            B2,
            "a bonded phone",
            scene!(
                "40m",
                sparse,
                "bonded = ['p', 'q']\n",
                android!("p"),
                android!("q"),
                iphone!("r")
            ),
        ),
        breaks(
            B3,
            "late rotation",
            Warn,
            &[B2, B18],
            scene!(
                "62m",
                sparse,
                iphone!("p", "first_rotation = '1m'"),
                fault!("late-rotation")
            ),
        )
        .by_the_letter(),
        breaks(
            B3,
            "rotation in haste",
            Warn,
            &[],
            scene!("16m", dense, android!("p"), fault!("hasty-rotation")),
        ),
        keeps(B3, "honest phones", scene!("62m", sparse, iphone!("p"), iphone!("q")))
            .by_the_letter()
            .though(&[B18]),
        breaks(
            B4,
            "a public address",
            Fail,
            &[B2, B7],
            scene!(
                "1m",
                dense,
                android!("p", "first_rotation = '5m'"),
                fault!("public-address")
            ),
        ),
        breaks(
            B4,
            "a static address",
            Fail,
            &[B1, B2, B7],
            scene!(
                "3m",
                dense,
                android!("p", "first_rotation = '1m'"),
                fault!("static-address")
            ),
        ),
        breaks(
            B4,
            "a resolvable address, by the letter",
            Warn,
            &[B5, B18],
            scene!("1m", dense, android!("p")),
        )
        .by_the_letter(),
        keeps(B4, "an iPhone, by the letter", scene!("1m", dense, iphone!("p")))
            .by_the_letter()
            .though(&[B18]),
    ]
}

fn packets() -> Vec<Case> {
    use Verdict::Fail;
    vec![
        breaks(
            B5,
            "connectable",
            Fail,
            &[B7],
            scene!(
                "20s",
                always,
                android!("p", "first_rotation = '5m'"),
                fault!("connectable")
            ),
        ),
        breaks(
            B5,
            "an answer with a name",
            Fail,
            &[],
            scene!(
                "20s",
                asking,
                android!("p", "first_rotation = '5m'"),
                fault!("scan-response", "name = 'Tom'")
            ),
        ),
        keeps(
            B5,
            "honest phones that are asked",
            scene!("20s", asking, android!("p"), iphone!("q")),
        ),
        breaks(
            B6,
            "a name in the frame",
            Fail,
            &[B7],
            scene!(
                "20s",
                always,
                android!("p", "first_rotation = '5m'"),
                fault!("extra-name", "name = 'T'")
            ),
        ),
        breaks(
            B6,
            "an iBeacon under the same address",
            Fail,
            &[],
            scene!(
                "20s",
                always,
                android!("p", "first_rotation = '5m'"),
                companion!("ibeacon", "same")
            ),
        ),
        breaks(
            B6,
            "a name under the same address",
            Fail,
            &[],
            scene!(
                "20s",
                always,
                iphone!("p", "first_rotation = '5m'"),
                companion!("name", "same", "advertised_name = 'Tom'")
            ),
        ),
        keeps(
            B6,
            "an iBeacon under another address",
            scene!("2m", dense, android!("p"), companion!("ibeacon", "own-times")),
        ),
    ]
}

fn shapes() -> Vec<Case> {
    use Verdict::Warn;
    vec![
        breaks(
            B7,
            "strange Flags",
            Warn,
            &[],
            scene!("20s", always, iphone!("p"), fault!("wrong-flags", "value = 6")),
        ),
        breaks(
            B7,
            "a TX power in clear",
            Warn,
            &[B6],
            scene!("20s", always, android!("p"), fault!("extra-tx-power")),
        ),
        keeps(B7, "both systems", scene!("20s", always, android!("p"), iphone!("q"))),
        breaks(
            B8,
            "an interval beyond the usual",
            Warn,
            &[],
            scene!(
                "40s",
                always,
                android!("p", "interval_ms = 400", "first_rotation = '5m'")
            ),
        ),
        breaks(
            B8,
            "an interval of its own",
            Warn,
            &[],
            scene!(
                "40s",
                always,
                android!("p", "interval_ms = 285", "first_rotation = '5m'"),
                android!("q"),
                android!("r"),
                android!("t")
            ),
        ),
        keeps(
            B8,
            "clocks of real crystals",
            scene!(
                "40s",
                always,
                android!("p", "clock_ppm = 50"),
                android!("q", "clock_ppm = -50"),
                android!("r"),
                iphone!("t", "clock_ppm = 40")
            ),
        ),
    ]
}
