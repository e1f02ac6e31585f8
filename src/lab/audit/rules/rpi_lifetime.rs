//! B3: no RPI lives for long, none is changed in haste.

use std::collections::BTreeMap;

use crate::lab::audit::case::{Case, NOTHING_HEARD};
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};
use crate::lab::gaen::{Layout, Rpi};
use crate::lab::time::Micros;

/// A successor must be heard so soon for a life to have been heard to its end.
const NEXT: Micros = Micros::from_secs(30);
/// From this probability on a hand-over joins lives of a phone that nobody knows: several in a row must be wrong for a
/// wrong finding.
const SURE: f64 = 0.9;

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B3, NOTHING_HEARD);
    }
    let limits = &settings.thresholds;
    let mut lives: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut all = Vec::new();
    let mut findings = Vec::new();
    for identifier in case.own_identifiers() {
        let longest = super::replay::lives(case, identifier, settings)
            .into_iter()
            .map(|[from, to]| to.since(from))
            .max();
        let minutes = longest.unwrap_or_default().as_secs_f64() / 60.0;
        all.push(minutes);
        let class = match identifier.layout {
            Some(Layout::Android) => "Android",
            Some(Layout::Ios) => "iOS",
            _ => "other",
        };
        lives.entry(class).or_default().push(minutes);
        let verdict = if minutes > limits.rpi_lifetime_fail_min {
            Verdict::Fail
        } else if minutes > limits.rpi_lifetime_warn_min {
            Verdict::Warn
        } else {
            continue;
        };
        findings.push(Finding {
            verdict,
            subject: format!("RPI {}", identifier.rpi),
            what: format!(
                "RPI {} was on the air for {minutes:.1} min or more; {:.0} are allowed",
                identifier.rpi, limits.rpi_lifetime_warn_min
            ),
            figure: Figure::new("seen for", minutes, "min"),
            packets: vec![identifier.first, identifier.last],
        });
    }
    let haste = hasty(case, settings);
    let whole = haste.whole;
    findings.extend(haste.findings);
    all.sort_by(f64::total_cmp);
    let quantile = |of: &[f64], per_cent: usize| {
        of.get((of.len() * per_cent / 100).min(of.len().saturating_sub(1)))
            .copied()
    };
    let (median, longest) = (quantile(&all, 50).unwrap_or(0.0), all.last().copied().unwrap_or(0.0));
    let mut figures = vec![
        Figure::new("median", median, "min"),
        Figure::new("longest", longest, "min"),
        Figure::count("lives heard from beginning to end", whole),
    ];
    for (class, names) in [
        ("Android", ["Android median", "Android p99", "Android longest"]),
        ("iOS", ["iOS median", "iOS p99", "iOS longest"]),
    ] {
        if let Some(of) = lives.get_mut(class) {
            of.sort_by(f64::total_cmp);
            let values = [quantile(of, 50), quantile(of, 99), of.last().copied()];
            figures.extend(
                names
                    .into_iter()
                    .zip(values)
                    .map(|(name, value)| Figure::new(name, value.unwrap_or(0.0), "min")),
            );
        }
    }
    let is_haste_seen = whole >= limits.rpi_short_rotations.max(1);
    let haste = if is_haste_seen { "" } else { "; haste is not observable" };
    let seen = format!("median {median:.1} min, longest {longest:.1} min{haste}");
    Judgement::of(RuleId::B3, counted(all.len(), "RPI", "RPIs"), seen, findings)
        .with(figures)
        .note(if is_haste_seen {
            format!("haste is judged by {whole} lives that were heard from beginning to end")
        } else {
            format!(
                "whether RPIs are changed in haste is not observable: {whole} lives were heard from beginning to end"
            )
        })
        .note("times are from the first to the last report that was heard: an RPI may have lived longer")
}

struct Hasty {
    findings: Vec<Finding>,
    /// Lives heard from beginning to end.
    whole: usize,
}

/// The first identifier of the chain that sure links make, of each identifier in one.
fn sure_chains(case: &Case<'_>) -> BTreeMap<Rpi, Rpi> {
    let mut first_of = BTreeMap::new();
    // Links are in order of time, so that what a chain begins with is known when it goes on.
    for link in case.links().links.iter().filter(|link| link.probability >= SURE) {
        let first = *first_of.entry(link.from).or_insert(link.from);
        first_of.insert(link.to, first);
    }
    first_of
}

/// Phones that change in haste. A life counts where it is known whose it is (a phone's own log, lab keys), or where the
/// address or a sure hand-over joins it to the next; and where the next one follows at once, so that its end was heard.
fn hasty(case: &Case<'_>, settings: &Settings) -> Hasty {
    let limits = &settings.thresholds;
    let chains = sure_chains(case);
    let mut of_phone: BTreeMap<String, Vec<(Sight, Sight)>> = BTreeMap::new();
    for identifier in case.own_identifiers() {
        let joined = identifier
            .addresses
            .iter()
            .find(|address| case.addresses.get(*address).is_some_and(|on_air| on_air.rpis.len() > 1));
        let owner = case.owners.get(&identifier.rpi).map(|owner| owner.name.clone());
        if let Some(name) = owner
            .filter(|name| !name.is_empty())
            .or_else(|| joined.map(|address| format!("address {address}")))
            .or_else(|| Some(format!("the phone first heard as RPI {}", chains.get(&identifier.rpi)?)))
        {
            of_phone
                .entry(name)
                .or_default()
                .push((identifier.first, identifier.last));
        }
    }
    let mut hasty = Hasty {
        findings: Vec::new(),
        whole: 0,
    };
    for (name, lives) in of_phone {
        let follows = |one: &(Sight, Sight), next: &(Sight, Sight)| {
            let gap = next.0.at.since(one.1.at);
            gap <= NEXT && gap.0 >= -NEXT.0
        };
        let mut whole: Vec<(f64, Sight, Sight)> = lives
            .windows(3)
            .filter(|three| follows(&three[0], &three[1]) && follows(&three[1], &three[2]))
            .map(|three| {
                let (first, last) = three[1];
                (last.at.since(first.at).as_secs_f64() / 60.0, first, last)
            })
            .collect();
        hasty.whole += whole.len();
        if whole.len() < limits.rpi_short_rotations.max(1) {
            continue;
        }
        whole.sort_by(|a, b| a.0.total_cmp(&b.0));
        let median = whole[whole.len() / 2].0;
        if median < limits.rpi_lifetime_short_min {
            hasty.findings.push(Finding {
                verdict: Verdict::Warn,
                subject: format!("rotations of {name}"),
                what: format!(
                    "{name} changed its RPI after {median:.1} min in the median of {}",
                    counted(whole.len(), "whole life", "whole lives")
                ),
                figure: Figure::new("median life", median, "min"),
                packets: whole.iter().flat_map(|(_, first, last)| [*first, *last]).collect(),
            });
        }
    }
    hasty
}
