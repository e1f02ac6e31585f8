//! B16: the power in the metadata is shared by many models.

use std::collections::BTreeMap;

use crate::lab::audit::case::Case;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Verdict, counted};
use crate::lab::units::Dbm;

#[expect(clippy::cast_precision_loss, reason = "counts of models")]
pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    let evidence = case.evidence;
    let mut of_power: BTreeMap<Dbm, Vec<crate::lab::audit::Sight>> = BTreeMap::new();
    let frozen = case.with_kept_metadata();
    for identifier in case.own_identifiers() {
        if frozen.contains(&identifier.rpi) {
            continue;
        }
        if let Some(metadata) = evidence.known.get(&identifier.rpi) {
            of_power.entry(metadata.tx_power()).or_default().push(identifier.first);
        }
    }
    if of_power.is_empty() {
        return Judgement::not_observable(
            RuleId::B16,
            "no key of what was heard is known (--keys): the power is encrypted",
        );
    }
    if evidence.tx_powers.is_empty() {
        return Judgement::not_observable(RuleId::B16, "no calibration list to compare with");
    }
    let models = evidence.tx_powers.len();
    let mut figures = Vec::new();
    let mut findings = Vec::new();
    for (power, sights) in &of_power {
        let sharing = evidence.tx_powers.iter().filter(|other| *other == power).count();
        // A value that no model of the list has is at least as rare as one that one model has.
        let bits = -((sharing.max(1) as f64 / models as f64).log2());
        figures.push(bits);
        if bits <= settings.thresholds.tx_power_bits {
            continue;
        }
        findings.push(Finding {
            verdict: Verdict::Warn,
            subject: format!("TX power {power}"),
            what: format!(
                "a TX power of {power} is that of {sharing} of {models} models: once the key is public it tells {bits:.1} bits of the model"
            ),
            figure: Figure::new("information", bits, "bits"),
            packets: sights.clone(),
        });
    }
    let most = figures.iter().copied().fold(0.0, f64::max);
    let seen = format!(
        "{} in {}, at most {most:.1} bits",
        counted(of_power.len(), "value", "values"),
        counted(
            of_power.values().map(Vec::len).sum(),
            "RPI with a known key",
            "RPIs with a known key"
        )
    );
    Judgement::of(
        RuleId::B16,
        counted(models, "model in the list", "models in the list"),
        seen,
        findings,
    )
    .with([Figure::new("most information", most, "bits")])
}
