//! What the checks of exports find.

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
    assert_eq!(
        verdicts(three, 5),
        [Pass, Fail, Fail, Pass, NotObservable, Pass, Pass, Verdict::Warn]
    );
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
    assert_eq!((joined[5], joined[6]), (Verdict::Warn, Verdict::Warn));
    let mut odd = key(3, 2);
    odd.transmission_risk_level = Some(7);
    assert_eq!(verdicts(vec![key(1, 0), key(2, 1), odd], 9)[5], Verdict::Warn);
}

fn checked(keys: Vec<DiagnosisKey>, end: u32) -> Vec<Checked> {
    let export = Export {
        end: u64::from(end) * 600,
        region: "222".into(),
        keys,
        ..Export::default()
    };
    let file = ExportFile::read(&super::super::encode(&export), Limits::default()).unwrap();
    check(&file, Signed::Unchecked)
}

fn figure(checked: &Checked, name: &str) -> f64 {
    let found = checked.figures.iter().find(|figure| figure.name == name);
    found.unwrap_or_else(|| panic!("{name}")).value
}

#[test]
fn what_is_not_of_the_illness_is_counted_apart_and_not_judged() {
    // Alike in all that K6 judges; each begins at another time of the day.
    let at = |byte: u8| DiagnosisKey {
        rolling_start: Enin(DAY + u32::from(byte)),
        ..key(byte, 0)
    };
    let attributes = &checked(vec![at(1), at(2), at(3)], DAY + 9 * ROLLING_PERIOD)[5];
    assert_eq!(attributes.verdict, Verdict::Pass);
    let figures: Vec<f64> = attributes.figures.iter().map(|figure| figure.value).collect();
    assert_eq!(figures, [1.0, 0.0, 3.0, 3.0]);
    assert!(
        attributes
            .seen
            .starts_with("1 combination, 0 of one key alone; with rolling period, start")
    );
}

#[test]
fn a_file_whose_attributes_repeat_looks_padded_and_a_small_one_with_single_ones_does_not() {
    let end = DAY + 20 * ROLLING_PERIOD;
    let copies = checked(vec![key(1, 0), key(2, 0), key(3, 1), key(4, 1), key(5, 1)], end);
    assert_eq!(copies[7].verdict, Verdict::Pass);
    assert!((figure(&copies[7], "most keys of a combination") - 3.0).abs() < 1e-9);
    let single = checked(vec![key(1, 0), key(2, 0), key(3, 1)], end);
    assert_eq!(
        (single[7].verdict, single[7].findings.as_slice()),
        (Verdict::Warn, ["key #3".to_owned()].as_slice())
    );
    assert_eq!(checked(Vec::new(), end)[7].verdict, Verdict::NotObservable);
    let mut many: Vec<DiagnosisKey> = (0..1000u32)
        .map(|n| {
            let mut tek = [0; 16];
            tek[..4].copy_from_slice(&n.to_be_bytes());
            DiagnosisKey::new(Tek::new(tek), Enin(DAY))
        })
        .collect();
    many.push(key(255, 3));
    assert_eq!(checked(many, end)[7].verdict, Verdict::NotObservable);
}

#[test]
fn a_warning_of_a_recent_key_does_not_ask_for_what_was_done() {
    let recent = &checked(vec![key(1, 0)], DAY + ROLLING_PERIOD + 12)[3];
    let early = &checked(vec![key(1, 0)], DAY + ROLLING_PERIOD + 11)[3];
    assert_eq!((recent.verdict, early.verdict), (Verdict::Warn, Verdict::Fail));
    assert_eq!(
        (recent.check.remedy, early.check.remedy),
        (RECENT_REMEDY, CHECKS[3].remedy)
    );
    assert_eq!(recent.seen, "1 key ended less than a day before the window closes");
    assert_eq!(early.seen, "1 key is still accepted when the window closes");
    assert_eq!(recent.findings, ["key #1"]);
}
