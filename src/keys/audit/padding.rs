//! Whether a file looks padded: whether the attributes of its keys repeat.

use super::attributes::{alone, grouped};
use super::{PADDED, numbered};
use crate::keys::DiagnosisKey;
use crate::lab::audit::check::{Check, Checked};
use crate::lab::audit::verdict::counted;
use crate::lab::audit::{Figure, Verdict};

/// Generated keys copy all attributes of real ones: in a padded file hardly any key is alone with its own. The reverse does
/// not hold, many real keys repeat too: that all repeat tells that padding would not stand out, not that there is some.
pub(super) fn of_padding(check: &'static Check, all: &[DiagnosisKey]) -> Checked {
    if all.is_empty() {
        return Checked::new(check, Verdict::NotObservable, "no key in the file");
    }
    let combinations = grouped(all, |key| {
        (
            key.rolling_start,
            key.period(),
            key.transmission_risk_level,
            key.report_type.map(|report_type| report_type as u8),
            key.days_since_onset,
        )
    });
    let without_copy = alone(&combinations);
    let sizes = || combinations.values().map(Vec::len);
    let (fewest, most) = (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0));
    let figures = [
        Figure::count("combinations", combinations.len()),
        Figure::count("keys without a copy", without_copy.len()),
        Figure::count("fewest keys of a combination", fewest),
        Figure::count("most keys of a combination", most),
    ];
    let of = format!(
        "{} of {}",
        counted(all.len(), "key", "keys"),
        counted(combinations.len(), "combination", "combinations")
    );
    if without_copy.is_empty() {
        let seen = format!("{of}, {fewest} to {most} keys each: padding would not stand out among them");
        return Checked::new(check, Verdict::Pass, seen).with(figures);
    }
    let n_alone = counted(without_copy.len(), "key has", "keys have");
    if all.len() >= PADDED {
        let seen = format!("{of}; {n_alone} no copy, as is to be expected of a file that needs no padding");
        return Checked::new(check, Verdict::NotObservable, seen).with(figures);
    }
    let seen = format!("{of}; {n_alone} no copy: not padded, or too little");
    Checked::new(check, Verdict::Warn, seen)
        .with(figures)
        .found([numbered(&without_copy)])
}
