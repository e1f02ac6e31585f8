//! Whether an export of diagnosis keys protects the people whose keys it holds.
//!
//! Once published, a key links all identifiers of a day; what else a file tells can link the days of one person. The
//! thresholds are those of servers in the field.

mod attributes;
mod padding;

use std::collections::BTreeMap;

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
pub static CHECKS: [Check; 8] = [
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
        tests: "A key that receivers still accept (until two hours after its end) when the file's window closes fails; one that \
                ended less than a day before warns.",
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
        tests: "Combinations of days since onset, report type and risk level that only one key has. Any warns. Counted beside \
                them, without judging: those that only one key has when rolling period, start within the day and variant are \
                looked at too.",
        source: "privacy-attacks sheet, section 4",
        means: "A combination that is rare marks the person's other keys with the same.",
        remedy: "Publish only attributes that many share; round risk levels.",
    },
    Check {
        code: "K7",
        title: "days since onset do not link a person's days",
        tests: "Keys with the same date of onset, risk level, report type and variant, of which no two begin together: they may be \
                one person's. Any such group of three or more warns.",
        source: "privacy-attacks sheet, section 4",
        means: "The date of onset is the same on all keys of a person: it joins them, and tells when they fell ill.",
        remedy: "Leave days since onset out, or pad every date of onset.",
    },
    Check {
        code: "K8",
        title: "keys look padded: attributes repeat",
        tests: "Padding copies start, rolling period, risk level, report type and days since onset of real keys. Where a key of \
                a file of fewer than 1000 has a combination of its own, it warns: no key was made after it. Larger files need no \
                padding: there such a key tells nothing.",
        source: "privacy-attacks sheet, section 4 (attribute histogram repeats); google/exposure-notifications-server pads to \
                1000 keys",
        means: "Every key in the file is a person's, as far as it stands alone: who counts keys counts people, and a key without \
                a like is easily tied to its person's other days.",
        remedy: "Add generated keys that copy the attributes of real ones, until every combination stands several times.",
    },
];

/// What the fourth check means, and what is to be done, where keys are accepted no more but were a day ago.
const RECENT_MEANS: &str = "Receivers accept these keys no longer, but a phone whose clock is set back by less than a day does: \
                            alerts could be caused in the person's name there.";
const RECENT_REMEDY: &str = "They were held back until their identifiers were refused, as they must be; to leave more room, hold \
                             keys back until a day after their last interval.";

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
    let [order, size, crowd, early, signature, attributes, onset, padding] = &CHECKS;
    let all = &file.export.keys;
    vec![
        of_order(order, all),
        of_size(size, all.len()),
        of_crowd(crowd, all),
        of_early(early, file),
        of_signature(signature, file, signed),
        attributes::of_attributes(attributes, all),
        attributes::of_onset(onset, all),
        padding::of_padding(padding, all),
    ]
}

/// `keys #1, #2`: by their numbers from 1, the first ones.
fn numbered(numbers: &[usize]) -> String {
    let told: Vec<String> = numbers
        .iter()
        .take(MOST_TOLD)
        .map(|number| format!("#{}", number + 1))
        .collect();
    let more = if numbers.len() > MOST_TOLD { ", …" } else { "" };
    let keys = if numbers.len() == 1 { "key" } else { "keys" };
    format!("{keys} {}{more}", told.join(", "))
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
    let n = out_of_order.len();
    let come = if n == 1 { "comes" } else { "come" };
    let seen = format!("{n} of {} keys {come} before its predecessor", all.len());
    Checked::new(check, Verdict::Warn, seen)
        .with([Figure::count("out of order", out_of_order.len())])
        .found([numbered(&out_of_order)])
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
    let chains = attributes::chains(all);
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
                .map(|chain| format!("{} follow each other day by day with equal attributes", numbered(chain))),
        )
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
            format!(
                "{} still accepted when the window closes",
                counted(early.len(), "key is", "keys are")
            ),
        )
        .with(figures)
        .found([numbered(&early)]);
    }
    if !recent.is_empty() {
        return Checked::new(
            check,
            Verdict::Warn,
            format!(
                "{} less than a day before the window closes",
                counted(recent.len(), "key ended", "keys ended")
            ),
        )
        .meaning(RECENT_MEANS, RECENT_REMEDY)
        .with(figures)
        .found([numbered(&recent)]);
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

#[cfg(test)]
mod tests;
