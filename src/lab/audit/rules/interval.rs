//! B8: the advertising interval does not stand out.

use std::collections::BTreeMap;

use crate::lab::audit::case::{Case, NOTHING_HEARD};
use crate::lab::audit::evidence::Pair;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Verdict, counted};
use crate::lab::gaen::Layout;

/// Standard deviation of the random delay between two advertisements (0 to 10 ms, evenly), in milliseconds.
const DELAY_SD_MS: f64 = 2.9;

struct Measured<'a> {
    pair: &'a Pair,
    interval_ms: f64,
    /// Standard error of it.
    error_ms: f64,
}

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B8, NOTHING_HEARD);
    }
    let limits = &settings.thresholds;
    let mut by_layout: BTreeMap<Option<&str>, Vec<Measured<'_>>> = BTreeMap::new();
    for identifier in case.own_identifiers() {
        let pairs = identifier.pairs.iter().map(|number| case.pair(*number));
        // Where repeats are withheld, times between reports say nothing.
        let usable = pairs.filter(|pair| !case.evidence.station(pair.station()).filters_duplicates);
        let Some(measured) = usable
            .filter_map(|pair| measured(pair, limits.interval_least))
            .min_by(|a, b| a.error_ms.total_cmp(&b.error_ms))
        else {
            continue;
        };
        by_layout
            .entry(identifier.layout.map(Layout::word))
            .or_default()
            .push(measured);
    }
    let n: usize = by_layout.values().map(Vec::len).sum();
    if n == 0 {
        return Judgement::not_observable(
            RuleId::B8,
            format!(
                "no RPI was heard over {} intervals without a pause or a filter of repeats",
                limits.interval_least
            ),
        );
    }
    let mut figures = Vec::new();
    let mut findings = Vec::new();
    let mut medians = Vec::new();
    for (layout, all) in &mut by_layout {
        all.sort_by(|a, b| a.interval_ms.total_cmp(&b.interval_ms));
        let median = all[all.len() / 2].interval_ms;
        let name = match layout {
            Some("android") => "Android median",
            Some("ios") => "iOS median",
            _ => "other median",
        };
        medians.push(format!("{} {median:.1} ms", name.trim_end_matches(" median")));
        figures.push(Figure::new(name, median, "ms"));
        for measured in all.iter() {
            // What has no known layout may be of any make: there is nothing to compare it with.
            let is_known = layout.is_some_and(|layout| layout != Layout::Other.word());
            let median = if is_known { median } else { measured.interval_ms };
            findings.extend(finding(measured, median, settings));
        }
    }
    Judgement::of(RuleId::B8, counted(n, "RPI", "RPIs"), medians.join(", "), findings)
        .with(figures)
        .note(
            "the random delay of 0 to 10 ms hides clock errors below some 0.2 ms within the life of one RPI: the skew of a \
             crystal (20 to 50 ppm) is not seen",
        )
}

#[expect(clippy::cast_precision_loss, reason = "counts of intervals")]
fn measured(pair: &Pair, least: usize) -> Option<Measured<'_>> {
    let n = usize::try_from(pair.interval.intervals()).unwrap_or(0);
    // Where hardly anything was heard, a multiple may pass for the interval.
    let loss = pair.interval.loss()?;
    (n >= least && loss <= 0.8).then_some(())?;
    Some(Measured {
        pair,
        interval_ms: pair.interval.interval()?.as_secs_f64() * 1000.0,
        error_ms: DELAY_SD_MS / (n as f64).sqrt(),
    })
}

fn finding(measured: &Measured<'_>, median_ms: f64, settings: &Settings) -> Option<Finding> {
    let limits = &settings.thresholds;
    let (interval, [low, high]) = (measured.interval_ms, limits.interval_ms);
    let apart = (interval - median_ms).abs();
    let sigmas = apart / measured.error_ms;
    let rpi = measured.pair.rpi;
    let what = if interval < low || interval > high {
        format!("RPI {rpi} was sent every {interval:.1} ms; {low:.0} to {high:.0} ms are usual")
    } else if apart > limits.interval_apart_ms && sigmas > limits.interval_sigma {
        format!(
            "RPI {rpi} was sent every {interval:.1} ms, {apart:.1} ms ({sigmas:.0} standard errors) from the others of its layout"
        )
    } else {
        return None;
    };
    Some(Finding {
        verdict: Verdict::Warn,
        subject: format!("RPI {rpi}"),
        what,
        figure: Figure::new("interval", interval, "ms"),
        packets: vec![measured.pair.first, measured.pair.last],
    })
}
