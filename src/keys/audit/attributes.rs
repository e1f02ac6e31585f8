//! What attributes of keys give away: which keys are one person's, which key is like no other.

use std::collections::{BTreeMap, BTreeSet};

use super::{MOST_TOLD, numbered};
use crate::keys::DiagnosisKey;
use crate::lab::audit::check::{Check, Checked};
use crate::lab::audit::verdict::counted;
use crate::lab::audit::{Figure, Verdict};
use crate::lab::crypto::ROLLING_PERIOD;

/// Risk level, report type, variant.
type Attributes = (Option<u8>, Option<u8>, Option<u8>);

fn attributes(key: &DiagnosisKey) -> Attributes {
    (
        key.transmission_risk_level,
        key.report_type.map(|report_type| report_type as u8),
        key.variant,
    )
}

/// Runs of keys that follow each other day by day with equal attributes, where nobody else has such a day.
pub(super) fn chains(all: &[DiagnosisKey]) -> Vec<Vec<usize>> {
    let places = grouped(all, |key| (attributes(key), key.rolling_start.0));
    let alone = |attributes: Attributes, start: u32| match places.get(&(attributes, start)).map(Vec::as_slice) {
        Some([number]) => Some(*number),
        _ => None,
    };
    let mut chains = Vec::new();
    for (attributes, start) in places.keys() {
        let is_first = start
            .checked_sub(ROLLING_PERIOD)
            .is_none_or(|before| alone(*attributes, before).is_none());
        if !is_first {
            continue;
        }
        let days = (0..).map_while(|day: u32| {
            let start = start.checked_add(day.checked_mul(ROLLING_PERIOD)?)?;
            alone(*attributes, start)
        });
        let chain: Vec<usize> = days.collect();
        if !chain.is_empty() {
            chains.push(chain);
        }
    }
    chains.sort_by_key(|chain| std::cmp::Reverse(chain.len()));
    chains
}

/// What the sheet looks at: days since onset, report type, risk level.
type Told = (Option<i8>, Option<u8>, Option<u8>);

/// Judged by what is told of a person's illness; what else makes a key unlike all others is counted beside it.
pub(super) fn of_attributes(check: &'static Check, all: &[DiagnosisKey]) -> Checked {
    if all.is_empty() {
        return Checked::new(check, Verdict::NotObservable, "no key in the file");
    }
    let told = |key: &DiagnosisKey| -> Told {
        let (risk, report_type, _) = attributes(key);
        (key.days_since_onset, report_type, risk)
    };
    // Where in the day it begins: midnight for all but phones that began or ended then.
    let offset = |key: &DiagnosisKey| key.rolling_start.0 % ROLLING_PERIOD;
    let combinations = grouped(all, told);
    let finer = grouped(all, |key| (told(key), key.period(), offset(key), key.variant));
    let (alone, alone_finer) = (alone(&combinations), alone(&finer));
    let figures = [
        Figure::count("combinations", combinations.len()),
        Figure::count("of one key alone", alone.len()),
        Figure::count("combinations with period, start and variant", finer.len()),
        Figure::count("of one key alone with period, start and variant", alone_finer.len()),
    ];
    let seen = format!(
        "{}, {} of one key alone; with rolling period, start within the day and variant {}, {} of one key alone",
        counted(combinations.len(), "combination", "combinations"),
        alone.len(),
        finer.len(),
        alone_finer.len()
    );
    let verdict = if alone.is_empty() { Verdict::Pass } else { Verdict::Warn };
    let found = (!alone.is_empty()).then(|| numbered(&alone));
    Checked::new(check, verdict, seen).with(figures).found(found)
}

/// Keys, by their place in the file, by what they have in common.
pub(super) fn grouped<K: Ord>(all: &[DiagnosisKey], by: impl Fn(&DiagnosisKey) -> K) -> BTreeMap<K, Vec<usize>> {
    let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (number, key) in all.iter().enumerate() {
        groups.entry(by(key)).or_default().push(number);
    }
    groups
}

/// Keys that have nobody beside them in their group, in the order of the file.
pub(super) fn alone<K>(groups: &BTreeMap<K, Vec<usize>>) -> Vec<usize> {
    let single = groups.values().filter_map(|numbers| match numbers.as_slice() {
        [number] => Some(*number),
        _ => None,
    });
    let mut alone: Vec<usize> = single.collect();
    alone.sort_unstable();
    alone
}

pub(super) fn of_onset(check: &'static Check, all: &[DiagnosisKey]) -> Checked {
    let mut groups: BTreeMap<(i64, Attributes), Vec<usize>> = BTreeMap::new();
    for (number, key) in all.iter().enumerate() {
        let Some(days) = key.days_since_onset else { continue };
        let onset = i64::from(key.rolling_start.0 / ROLLING_PERIOD) - i64::from(days);
        groups.entry((onset, attributes(key))).or_default().push(number);
    }
    if groups.is_empty() {
        return Checked::new(check, Verdict::Pass, "no key tells days since onset");
    }
    let one_person = |numbers: &[usize]| {
        let starts: BTreeSet<u32> = numbers.iter().map(|number| all[*number].rolling_start.0).collect();
        numbers.len() >= 3 && starts.len() == numbers.len()
    };
    let linked: Vec<&Vec<usize>> = groups.values().filter(|numbers| one_person(numbers)).collect();
    let figures = [
        Figure::count("dates of onset", groups.len()),
        Figure::count("groups of one person", linked.len()),
    ];
    if linked.is_empty() {
        return Checked::new(check, Verdict::Pass, "every date of onset is that of several people").with(figures);
    }
    let found: Vec<String> = linked
        .iter()
        .take(MOST_TOLD)
        .map(|numbers| {
            format!(
                "{} have one date of onset and begin on different days",
                numbered(numbers)
            )
        })
        .collect();
    Checked::new(
        check,
        Verdict::Warn,
        format!(
            "{} the days of one person",
            counted(linked.len(), "date of onset joins", "dates of onset join")
        ),
    )
    .with(figures)
    .found(found)
}
