//! Whether an export of diagnosis keys protects the people whose keys it holds.
//!
//! Once published, a key links all identifiers of a day; what else a file tells can link the days of one person. The
//! thresholds are those of servers in the field.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding as _};

use super::{DiagnosisKey, ExportFile, Oddity};
use crate::lab::audit::check::{Check, Checked};
use crate::lab::audit::verdict::counted;
use crate::lab::audit::{Figure, Verdict};
use crate::lab::crypto::ROLLING_PERIOD;

/// Identifiers of a key are accepted by receivers for so many intervals after its end.
const TOLERANCE: u32 = 12;
/// Keys that are told of by number.
const MOST_TOLD: usize = 8;
/// People among whom one should be hidden.
const CROWD: usize = 10;
/// Smallest file of Germany's server, and of the reference server.
const LEAST: usize = 140;
const PADDED: usize = 1000;

/// All checks, in order.
pub static CHECKS: [Check; 7] = [
    Check {
        code: "K1",
        title: "keys are in the order of their bytes",
        tests: "Whether keys are sorted by their bytes, or by their text in base64 (as Immuni does). Other orders warn.",
        source: "Exposure Key export file format: sort so that the order of upload does not show",
        means: "Keys that stand together came together: they are days of one person.",
        remedy: "Sort the keys by their bytes before writing.",
    },
    Check {
        code: "K2",
        title: "the file holds many keys",
        tests: "Fewer than 140 keys fail, fewer than 1000 warn.",
        source: "corona-warn-app/cwa-server (held back below 140); google/exposure-notifications-server (padded to 1000)",
        means: "In a small file it is easy to tell whose days belong together, and to guess who it is.",
        remedy: "Hold keys back until there are enough, or add generated ones with attributes of real ones.",
    },
    Check {
        code: "K3",
        title: "a person is hidden among others",
        tests: "The most keys that begin in one interval: so many people at least are in the file. Fewer than 10 fail.",
        source: "privacy-attacks sheet, section 4 (anonymity set)",
        means: "With few people in a file, consecutive days with the same attributes are one person's: two weeks become linkable.",
        remedy: "Publish larger files, or pad them.",
    },
    Check {
        code: "K4",
        title: "no key is published while it can be misused",
        tests: "A key that receivers still accept (until two hours after its end) when the file's window closes fails; one of the \
                same day warns.",
        source: "Iovino, Vaudenay and Vuagnoux, ePrint 2020/1393; en-server holds keys until they have expired",
        means: "Who has the file can broadcast the key's identifiers and cause false alerts in the person's name.",
        remedy: "Hold keys back until two hours after their last interval.",
    },
    Check {
        code: "K5",
        title: "the signature holds",
        tests: "Every signature against the public keys that were given. One that does not verify fails; without keys it is not \
                observable.",
        source: "Exposure Key export file format and verification",
        means: "Without a valid signature anybody could publish keys, and alerts with them.",
        remedy: "Sign with the registered key; check with `vicino keys verify`.",
    },
    Check {
        code: "K6",
        title: "attributes do not single a key out",
        tests: "Combinations of risk level, report type, rolling period and variant that only one key has. Any warns.",
        source: "privacy-attacks sheet, section 4",
        means: "A combination that is rare marks the person's other keys with the same.",
        remedy: "Publish only attributes that many share; round risk levels.",
    },
    Check {
        code: "K7",
        title: "days since onset do not link a person's days",
        tests: "Keys with the same date of onset and the same attributes, of which no two begin together: they may be one person's. \
                Any such group of three or more warns.",
        source: "privacy-attacks sheet, section 4",
        means: "The date of onset is the same on all keys of a person: it joins them, and tells when they fell ill.",
        remedy: "Leave days since onset out, or pad every date of onset.",
    },
];

/// Whether signatures were checked, and how that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// No public key was given.
    Unchecked,
    /// All that must verify do.
    Trusted,
    /// At least one does not.
    Untrusted,
}

/// Checks an export.
#[must_use]
pub fn check(file: &ExportFile, signed: Signed) -> Vec<Checked> {
    let [order, size, crowd, early, signature, attributes, onset] = &CHECKS;
    let all = &file.export.keys;
    vec![
        of_order(order, all),
        of_size(size, all.len()),
        of_crowd(crowd, all),
        of_early(early, file),
        of_signature(signature, file, signed),
        of_attributes(attributes, all),
        of_onset(onset, all),
    ]
}

/// Keys by their numbers from 1, the first ones.
fn numbered(numbers: &[usize]) -> String {
    let told: Vec<String> = numbers
        .iter()
        .take(MOST_TOLD)
        .map(|number| format!("#{}", number + 1))
        .collect();
    let more = if numbers.len() > MOST_TOLD { ", …" } else { "" };
    format!("{}{more}", told.join(", "))
}

fn of_order(check: &'static Check, all: &[DiagnosisKey]) -> Checked {
    if all.len() < 2 {
        return Checked::new(check, Verdict::NotObservable, "fewer than two keys have no order");
    }
    let text = |key: &DiagnosisKey| zeroize::Zeroizing::new(Base64::encode_string(key.tek.expose()));
    let out_of_order: Vec<usize> = (1..all.len())
        .filter(|number| all[number - 1].tek.expose() > all[*number].tek.expose())
        .collect();
    if out_of_order.is_empty() {
        return Checked::new(check, Verdict::Pass, "sorted by bytes");
    }
    if all.windows(2).all(|two| *text(&two[0]) <= *text(&two[1])) {
        return Checked::new(check, Verdict::Pass, "sorted by base64 text");
    }
    let seen = format!(
        "{} of {} keys come before their predecessor",
        out_of_order.len(),
        all.len()
    );
    Checked::new(check, Verdict::Warn, seen)
        .with([Figure::count("out of order", out_of_order.len())])
        .found([format!("keys {}", numbered(&out_of_order))])
}

fn of_size(check: &'static Check, n: usize) -> Checked {
    let verdict = match n {
        0 => return Checked::new(check, Verdict::NotObservable, "no key in the file"),
        n if n < LEAST => Verdict::Fail,
        n if n < PADDED => Verdict::Warn,
        _ => Verdict::Pass,
    };
    Checked::new(check, verdict, counted(n, "key", "keys")).with([Figure::count("keys", n)])
}

fn of_crowd(check: &'static Check, all: &[DiagnosisKey]) -> Checked {
    let mut starts: BTreeMap<u32, usize> = BTreeMap::new();
    for key in all {
        *starts.entry(key.rolling_start.0).or_default() += 1;
    }
    let Some((start, people)) = starts.iter().map(|(start, n)| (*start, *n)).max_by_key(|(_, n)| *n) else {
        return Checked::new(check, Verdict::NotObservable, "no key in the file");
    };
    let chains = chains(all);
    let longest = chains.iter().map(Vec::len).max().unwrap_or(0);
    let verdict = if people < CROWD { Verdict::Fail } else { Verdict::Pass };
    let seen = format!(
        "at least {} ({} in interval {start}); the longest run of days with equal attributes has {longest}",
        counted(people, "person", "people"),
        counted(people, "key begins", "keys begin"),
    );
    Checked::new(check, verdict, seen)
        .with([
            Figure::count("people at least", people),
            Figure::count("longest run of days", longest),
        ])
        .found(
            chains
                .iter()
                .filter(|chain| verdict == Verdict::Fail && chain.len() > 1)
                .take(MOST_TOLD)
                .map(|chain| {
                    format!(
                        "keys {} follow each other day by day with equal attributes",
                        numbered(chain)
                    )
                }),
        )
}

type Attributes = (Option<u8>, Option<u8>, Option<u8>);

fn attributes(key: &DiagnosisKey) -> Attributes {
    (
        key.transmission_risk_level,
        key.report_type.map(|report_type| report_type as u8),
        key.variant,
    )
}

/// Runs of keys that follow each other day by day with equal attributes, where nobody else has such a day.
fn chains(all: &[DiagnosisKey]) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<(Attributes, u32), Vec<usize>> = BTreeMap::new();
    for (number, key) in all.iter().enumerate() {
        places
            .entry((attributes(key), key.rolling_start.0))
            .or_default()
            .push(number);
    }
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

fn of_early(check: &'static Check, file: &ExportFile) -> Checked {
    let export = &file.export;
    if export.end == 0 {
        return Checked::new(
            check,
            Verdict::NotObservable,
            "the file does not tell when its window closes",
        );
    }
    let published = u32::try_from(export.end / 600).unwrap_or(u32::MAX);
    let accepted = |key: &DiagnosisKey| key.end().0.saturating_add(TOLERANCE) > published;
    let of_day = |key: &DiagnosisKey| key.end().0.saturating_add(ROLLING_PERIOD) > published;
    let numbers = |is_meant: &dyn Fn(&DiagnosisKey) -> bool| -> Vec<usize> {
        (0..)
            .zip(&export.keys)
            .filter(|(_, key)| is_meant(key))
            .map(|(number, _)| number)
            .collect()
    };
    let early = numbers(&accepted);
    let recent = numbers(&|key| of_day(key) && !accepted(key));
    let figures = [
        Figure::count("still accepted", early.len()),
        Figure::count("of the last day", recent.len()),
    ];
    if !early.is_empty() {
        return Checked::new(
            check,
            Verdict::Fail,
            format!("{} keys are still accepted when the window closes", early.len()),
        )
        .with(figures)
        .found([format!("keys {}", numbered(&early))]);
    }
    if !recent.is_empty() {
        return Checked::new(
            check,
            Verdict::Warn,
            format!("{} keys ended less than a day before", recent.len()),
        )
        .with(figures)
        .found([format!("keys {}", numbered(&recent))]);
    }
    Checked::new(check, Verdict::Pass, "all keys ended a day before or longer ago").with(figures)
}

fn of_signature(check: &'static Check, file: &ExportFile, signed: Signed) -> Checked {
    if file.signatures.is_empty() {
        let seen = if file.is_zip {
            "no signature"
        } else {
            "a bare export.bin has no signature"
        };
        let verdict = if file.is_zip {
            Verdict::Fail
        } else {
            Verdict::NotObservable
        };
        return Checked::new(check, verdict, seen);
    }
    let (verdict, seen) = match signed {
        Signed::Unchecked => (
            Verdict::NotObservable,
            "no public key was given (--public-key, --configuration)",
        ),
        Signed::Trusted => (Verdict::Pass, "verifies"),
        Signed::Untrusted => (Verdict::Fail, "does not verify with the keys that were given"),
    };
    let odd = file.oddities.count(Oddity::SignatureBatch) + file.oddities.count(Oddity::SignatureInfo);
    let found = (odd > 0).then(|| "export.bin and export.sig tell different things of the signature".to_owned());
    Checked::new(check, verdict, seen)
        .with([Figure::count("signatures", file.signatures.len())])
        .found(found)
}

fn of_attributes(check: &'static Check, all: &[DiagnosisKey]) -> Checked {
    if all.is_empty() {
        return Checked::new(check, Verdict::NotObservable, "no key in the file");
    }
    let mut tuples: BTreeMap<(Attributes, u32, u32), Vec<usize>> = BTreeMap::new();
    for (number, key) in all.iter().enumerate() {
        // Where in the day it begins: midnight for all but phones that began or ended then.
        let offset = key.rolling_start.0 % ROLLING_PERIOD;
        tuples
            .entry((attributes(key), key.period(), offset))
            .or_default()
            .push(number);
    }
    let alone: Vec<usize> = tuples
        .values()
        .filter(|numbers| numbers.len() == 1)
        .flatten()
        .copied()
        .collect();
    let figures = [
        Figure::count("combinations", tuples.len()),
        Figure::count("of one key alone", alone.len()),
    ];
    let seen = format!("{} combinations, {} of one key alone", tuples.len(), alone.len());
    let verdict = if alone.is_empty() { Verdict::Pass } else { Verdict::Warn };
    let found = (!alone.is_empty()).then(|| format!("keys {}", numbered(&alone)));
    Checked::new(check, verdict, seen).with(figures).found(found)
}

fn of_onset(check: &'static Check, all: &[DiagnosisKey]) -> Checked {
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
                "keys {} have one date of onset and begin on different days",
                numbered(numbers)
            )
        })
        .collect();
    Checked::new(
        check,
        Verdict::Warn,
        format!("{} dates of onset join the days of one person", linked.len()),
    )
    .with(figures)
    .found(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Export, Limits, ReportType};
    use crate::lab::crypto::Tek;
    use crate::lab::time::Enin;

    const DAY: u32 = 2_660_112;

    fn key(byte: u8, day: u32) -> DiagnosisKey {
        DiagnosisKey::new(Tek::new([byte; 16]), Enin(DAY + day * ROLLING_PERIOD))
    }

    fn verdicts(keys: Vec<DiagnosisKey>, end_day: u32) -> Vec<Verdict> {
        let export = Export {
            start: u64::from(DAY) * 600,
            end: u64::from(DAY + end_day * ROLLING_PERIOD) * 600,
            region: "222".into(),
            keys: keys.clone(),
            ..Export::default()
        };
        let mut file = ExportFile::read(&super::super::encode(&export), Limits::default()).unwrap();
        // The writer sorts.
        file.export.keys = keys;
        check(&file, Signed::Unchecked)
            .iter()
            .map(|checked| checked.verdict)
            .collect()
    }

    #[test]
    fn three_days_of_one_person_are_found_as_in_the_real_file_of_three_keys() {
        use Verdict::{Fail, NotObservable, Pass};
        let three = vec![key(1, 0), key(2, 1), key(3, 2)];
        assert_eq!(verdicts(three, 5), [Pass, Fail, Fail, Pass, NotObservable, Pass, Pass]);
    }

    #[test]
    fn a_large_mixed_file_passes() {
        let mut keys: Vec<DiagnosisKey> = (0..1200u32)
            .map(|n| {
                let mut tek = [0; 16];
                tek[..4].copy_from_slice(&n.to_be_bytes());
                DiagnosisKey::new(Tek::new(tek), Enin(DAY + n % 10 * ROLLING_PERIOD))
            })
            .collect();
        let sorted = verdicts(keys.clone(), 14);
        assert!(
            !sorted.contains(&Verdict::Fail) && !sorted.contains(&Verdict::Warn),
            "{sorted:?}"
        );
        keys.reverse();
        assert_eq!(verdicts(keys, 14)[0], Verdict::Warn);
    }

    #[test]
    fn a_key_that_is_still_accepted_fails_and_one_of_yesterday_warns() {
        let early = |end_day| verdicts(vec![key(1, 0), key(2, 4)], end_day)[3];
        assert_eq!(
            (early(5), early(6), early(7)),
            (Verdict::Fail, Verdict::Pass, Verdict::Pass)
        );
        let at = |intervals: u32| {
            let export = Export {
                end: u64::from(DAY + ROLLING_PERIOD + intervals) * 600,
                region: "222".into(),
                keys: vec![key(1, 0)],
                ..Export::default()
            };
            let file = ExportFile::read(&super::super::encode(&export), Limits::default()).unwrap();
            check(&file, Signed::Unchecked)[3].verdict
        };
        assert_eq!(
            (at(11), at(12), at(143), at(144)),
            (Verdict::Fail, Verdict::Warn, Verdict::Warn, Verdict::Pass)
        );
    }

    #[test]
    fn attributes_and_onset_join_a_person_s_days() {
        let with = |byte: u8, day: u32, onset: i8| DiagnosisKey {
            days_since_onset: Some(onset),
            report_type: Some(ReportType::ConfirmedTest),
            ..key(byte, day)
        };
        // Onset on day 2 for all three.
        let joined = verdicts(vec![with(1, 1, -1), with(2, 2, 0), with(3, 3, 1)], 9);
        assert_eq!((joined[5], joined[6]), (Verdict::Pass, Verdict::Warn));
        let mut odd = key(3, 2);
        odd.transmission_risk_level = Some(7);
        assert_eq!(verdicts(vec![key(1, 0), key(2, 1), odd], 9)[5], Verdict::Warn);
    }
}
