//! B18: that the phone takes part is seen.

use crate::lab::audit::case::Case;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::{Profile, Settings};
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Verdict, counted};

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    let n = case.own_identifiers().count();
    let adverts = usize::try_from(case.evidence.adverts).unwrap_or(usize::MAX);
    if adverts == 0 {
        return Judgement::not_observable(RuleId::B18, "no advertisement was heard at all");
    }
    let basis = counted(adverts, "advertisement", "advertisements");
    let seen = if n == 0 {
        "no exposure notification".to_owned()
    } else {
        format!("{} of people who take part", counted(n, "RPI", "RPIs"))
    };
    let findings = (n > 0 && settings.profile == Profile::Spec).then(|| Finding {
        verdict: Verdict::Warn,
        subject: "service 0xFD6F".to_owned(),
        what: format!(
            "{} under the service 0xFD6F: everybody nearby sees that their bearers take part; it cannot be mended by content",
            counted(n, "RPI", "RPIs")
        ),
        figure: Figure::count("RPIs", n),
        packets: case.own_identifiers().map(|identifier| identifier.first).take(4).collect(),
    });
    Judgement::of(RuleId::B18, basis, seen, findings.into_iter().collect()).with([Figure::count("RPIs", n)])
}
