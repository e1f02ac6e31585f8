//! What is typed of a plan: where to put the phone, how long, and what is known beforehand.

use crate::lab::calibration::editions;
use crate::lab::calibration::measure::{Plan, Receiver, Told};
use crate::lab::spelling::propose;
use crate::lab::time::Micros;

/// Most characters of a plan's word.
const MOST_WORD: usize = 40;
/// What can be told, in order.
const KEYS: [&str; 7] = ["dwell", "reports", "model", "phone", "receiver", "tx", "a1"];

/// A plan with what it says of phone and receiver.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// The steps.
    pub plan: Plan,
    /// Whether distances or orientations were told, and not only the usual ones are meant.
    pub has_steps: bool,
    /// Whether `dwell=` or `reports=` were.
    pub has_times: bool,
    /// Its model.
    pub model: Option<String>,
    /// Which is taken without a question: a device's name, how an identifier or an address begins, or the strongest.
    pub phone: Option<String>,
    /// What is known of the figures.
    pub told: Told,
}

impl Planned {
    /// These steps, and nothing else.
    #[must_use]
    pub fn of(plan: Plan) -> Self {
        Self {
            plan,
            has_steps: true,
            ..Self::default()
        }
    }

    /// Whether it only adds to what is being measured.
    #[must_use]
    pub fn is_amendment(&self) -> bool {
        let tells = self.has_times || self.model.is_some() || self.told != Told::default();
        tells && !self.has_steps && self.phone.is_none()
    }
}

/// Reads a plan: numbers are distances in metres, other words orientations; `dwell=SECONDS`, `reports=N`, `model=NAME`,
/// `phone=NAME` (or an address, or `strongest`), `receiver=MODEL` (or `NAME:CORRECTION_dB`), `tx=DBM`, `a1=DB`.
///
/// # Errors
/// Which word is none, and what can be told.
pub fn plan(text: &str) -> Result<Planned, String> {
    let (mut distances, mut orientations) = (Vec::new(), Vec::new());
    let mut planned = Planned::default();
    let (mut dwell, mut wanted) = (None, None);
    for word in joined(text)? {
        if let Some((key, value)) = word.split_once('=') {
            match key {
                "dwell" => {
                    let seconds = number::<i64>(value.trim_end_matches('s'), 1, 3_600);
                    dwell = Some(Micros::from_secs(seconds.ok_or("dwell: 1 to 3600 seconds")?));
                }
                "reports" => wanted = Some(number(value, 1, 100_000).ok_or("reports: 1 to 100000")?),
                "model" => planned.model = name(value),
                "phone" => planned.phone = name(value),
                "receiver" => planned.told.receiver = Some(Receiver::parse(&name(value).unwrap_or_default())?),
                "tx" => {
                    let power = number(value.trim_end_matches("dBm"), -100.0, 40.0);
                    planned.told.tx_dbm = Some(power.ok_or("tx: the phone's TX power, -100 to 40 dBm")?);
                }
                "a1" => {
                    let known = number(value.trim_end_matches("dB"), 0.0, 100.0);
                    planned.told.attenuation_db = Some(known.ok_or("a1: the attenuation at 1 m, 0 to 100 dB")?);
                }
                _ => return Err(unknown(key)),
            }
        } else if let Ok(metres) = word.trim_end_matches('m').parse::<f64>() {
            if !(0.05..=1_000.0).contains(&metres) {
                return Err(format!("{word}: a distance is 0.05 to 1000 m"));
            }
            distances.push(metres);
        } else {
            orientations.push(word.chars().take(MOST_WORD).collect::<String>());
        }
    }
    planned.has_steps = !(distances.is_empty() && orientations.is_empty());
    planned.has_times = dwell.is_some() || wanted.is_some();
    let usual = Plan::default();
    if distances.is_empty() {
        distances = usual.steps.iter().map(|step| step.distance_m).collect();
        distances.dedup();
    }
    if orientations.is_empty() {
        orientations.push(String::new());
    }
    planned.plan = Plan::new(&distances, &orientations);
    planned.plan.dwell = dwell.unwrap_or(planned.plan.dwell);
    planned.plan.wanted = wanted.unwrap_or(planned.plan.wanted);
    Ok(planned)
}

fn name(value: &str) -> Option<String> {
    Some(value.chars().take(MOST_WORD).collect::<String>()).filter(|name| !name.is_empty())
}

fn number<T: std::str::FromStr + PartialOrd>(text: &str, least: T, most: T) -> Option<T> {
    text.trim().parse().ok().filter(|of: &T| (least..=most).contains(of))
}

/// A word with a key that is none.
fn unknown(key: &str) -> String {
    let meant = propose(key, KEYS, |known| format!("{known}="));
    let meant = if meant.is_empty() { meant } else { format!("; {meant}") };
    let keys: Vec<String> = KEYS.iter().map(|key| format!("{key}=")).collect();
    let key: String = key.chars().take(MOST_WORD).collect();
    format!("no key {key}= in a plan{meant} There are {}", keys.join(" "))
}

/// A word, and whether a part of it stood in quotes.
type Word = (String, bool);

/// Words of a line; what stands in quotes is one.
fn words(text: &str) -> Vec<Word> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), Word::default(), false);
    for letter in text.chars() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                word.1 = true;
            }
            ' ' | ',' if !is_quoted => words.push(std::mem::take(&mut word)),
            other => word.0.push(other),
        }
    }
    words.push(word);
    words.retain(|(word, _)| !word.is_empty());
    words
}

/// Most words of a model's name that are put together.
const MOST_JOINED: usize = 5;

/// Words of a line with the names of models in one piece: what follows `receiver=Pixel` may be the rest of the name, and must not
/// be taken as a distance.
fn joined(text: &str) -> Result<Vec<String>, String> {
    let words = words(text);
    let is_known = |name: &str| editions::editions().any(|table| table.knows(name));
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some((word, was_quoted)) = words.get(at) {
        at += 1;
        let name = word.strip_prefix("receiver=").or_else(|| word.strip_prefix("model="));
        let Some(name) = name.filter(|name| !was_quoted && !name.is_empty()) else {
            found.push(word.clone());
            continue;
        };
        let rest = words[at..]
            .iter()
            .take(MOST_JOINED)
            .take_while(|(word, was_quoted)| !was_quoted && !word.contains('='));
        let rest: Vec<&str> = rest.map(|(word, _)| word.as_str()).collect();
        let with = |n: usize| [&[name], &rest[..n]].concat().join(" ");
        if let Some(n) = (1..=rest.len()).rev().find(|n| is_known(&with(*n))) {
            found.push(format!("{word} {}", rest[..n].join(" ")));
            at += n;
        } else if let Some(next) = rest.first()
            && !is_known(name)
            // A name with a figure ends there.
            && !name.contains(':')
        {
            let word: String = word.chars().take(MOST_WORD).collect();
            let next: String = next.chars().take(MOST_WORD).collect();
            return Err(format!(
                "{word} {next}: a name of several words stands in quotes (receiver=\"Pixel 4\"); distances and orientations go before it"
            ));
        } else {
            found.push(word.clone());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_read_and_what_is_none_is_told() {
        let Planned { plan, model, phone, .. } =
            super::plan("0.5 1,2m front \"on edge\" dwell=30 reports=50 model=\"Pixel 4\" phone=dut").unwrap();
        assert_eq!(
            (plan.steps.len(), plan.wanted, plan.dwell),
            (6, 50, Micros::from_secs(30))
        );
        assert_eq!(
            (plan.steps[1].orientation.as_str(), model.as_deref()),
            ("on edge", Some("Pixel 4"))
        );
        assert_eq!(phone.as_deref(), Some("dut"));
        assert_eq!(super::plan("").unwrap().plan.steps.len(), 4, "the usual distances");
        for wrong in [
            "0",
            "2000",
            "dwell=0",
            "reports=x",
            "-1",
            "tx=loud",
            "a1=-3",
            "receiver=",
            "receiver=hci0:x",
        ] {
            assert!(super::plan(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_model_of_several_words_is_one_name_and_its_number_no_distance() {
        let receiver = |text: &str| plan(text).unwrap().told.receiver.unwrap().name;
        assert_eq!(receiver("receiver=Pixel 4"), "Pixel 4");
        assert!(plan("receiver=Pixel 4").unwrap().is_amendment());
        let with_steps = plan("receiver=Pixel 4 1 2 model=SM-A515F").unwrap();
        assert_eq!(
            (with_steps.plan.steps.len(), with_steps.model.as_deref()),
            (2, Some("SM-A515F"))
        );
        assert_eq!(plan("model=SM-A515F 1 2").unwrap().plan.steps.len(), 2);
        assert_eq!(plan("receiver=hci0:5 1 2").unwrap().plan.steps.len(), 2);
        let told = plan("receiver=Pixl 4").unwrap_err();
        assert!(
            told.starts_with("receiver=Pixl 4: ") && told.contains("quotes"),
            "{told}"
        );
        let quoted = plan("1 receiver=\"Pixl 4\" 2").unwrap();
        assert_eq!(
            (quoted.plan.steps.len(), quoted.told.receiver.unwrap().name.as_str()),
            (2, "Pixl 4")
        );
    }

    #[test]
    fn a_slip_in_a_key_is_no_orientation() {
        let told = plan("1 reciever=hci0:5 front").unwrap_err();
        assert!(
            told.contains("did you mean receiver=?") && told.ends_with("receiver= tx= a1="),
            "{told}"
        );
        assert!(plan("colour=red").unwrap_err().starts_with("no key colour= in a plan"));
        assert_eq!(
            plan("1 frong").unwrap().plan.steps[0].orientation,
            "frong",
            "free words"
        );
    }

    #[test]
    fn what_is_known_beforehand_is_told_with_or_without_steps() {
        let told = plan("receiver=hci0:5 tx=-24 a1=40.2").unwrap();
        assert!(told.is_amendment());
        let receiver = told.told.receiver.unwrap();
        assert_eq!((receiver.name.as_str(), receiver.correction_db), ("hci0", Some(5.0)));
        assert_eq!((told.told.tx_dbm, told.told.attenuation_db), (Some(-24.0), Some(40.2)));
        for anew in ["", "1 receiver=hci0:5", "phone=dut tx=-24"] {
            assert!(!plan(anew).unwrap().is_amendment(), "{anew}");
        }
    }
}
