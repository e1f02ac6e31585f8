//! B9: a rotation cannot be seen as a hand-over.

use std::collections::BTreeMap;

use crate::lab::advert::StationId;
use crate::lab::audit::case::{Case, NOTHING_HEARD};
use crate::lab::audit::evidence::Pair;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Verdict, counted};
use crate::lab::time::Micros;

/// A station listens without pause when it heard something in most of the time around an ending. Phones do not: what
/// falls silent in their scans may only have been missed.
const AROUND: Micros = Micros::from_secs(30);
const MOST: i64 = 3;
/// Where more begin (or end) within the time of a hand-over, nobody can tell which of them it was.
const CROWD: usize = 256;

#[derive(Default)]
struct Found<'a> {
    /// Endings after which the station listened on.
    endings: usize,
    /// Endings with exactly one fitting beginning, which fits no other ending.
    unique: Vec<(&'a Pair, &'a Pair)>,
    /// RPIs around at the endings, added up.
    around: usize,
}

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B9, NOTHING_HEARD);
    }
    let limits = &settings.thresholds;
    let mut of_station: BTreeMap<StationId, Vec<&Pair>> = BTreeMap::new();
    for pair in case
        .pairs()
        .filter(|pair| pair.heard >= limits.least_packets && !case.fixed.contains(&pair.rpi))
    {
        of_station.entry(pair.station()).or_default().push(pair);
    }
    let mut found = Found::default();
    for (station, pairs) in of_station {
        look(case, station, pairs, settings, &mut found);
    }
    if found.endings < limits.handover_least {
        let why = format!(
            "{} in which a station listened on without a pause; {} are needed (phones' logs have pauses of minutes)",
            counted(found.endings, "ending of an RPI", "endings of RPIs"),
            limits.handover_least
        );
        return Judgement::not_observable(RuleId::B9, why);
    }
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let (share, around) = (
        found.unique.len() as f64 / found.endings as f64,
        found.around as f64 / found.endings as f64,
    );
    let verdict = if share >= limits.handover_share {
        Verdict::Warn
    } else {
        Verdict::Pass
    };
    let findings = found
        .unique
        .iter()
        .map(|(from, to)| Finding {
            verdict,
            subject: format!("RPI {}", from.rpi),
            what: format!(
                "RPI {} ended and {} began {:.2} s later, alone at that moment and {:.0} dB apart: the same phone",
                from.rpi,
                to.rpi,
                to.first.at.since(from.last.at).as_secs_f64(),
                level_gap(from, to).unwrap_or(0.0)
            ),
            figure: Figure::new("after", to.first.at.since(from.last.at).as_secs_f64(), "s"),
            packets: vec![from.last, to.first],
        })
        .filter(|_| verdict == Verdict::Warn)
        .collect();
    let seen = format!(
        "{} of {} have exactly one successor, with {around:.1} RPIs around",
        found.unique.len(),
        counted(found.endings, "ending", "endings")
    );
    Judgement::of(RuleId::B9, counted(found.endings, "ending", "endings"), seen, findings).with([
        Figure::new("share of unique hand-overs", share, ""),
        Figure::new("RPIs around", around, ""),
    ])
}

fn level_gap(from: &Pair, to: &Pair) -> Option<f64> {
    Some((to.head_dbm()? - from.tail_dbm()?).abs())
}

/// The endings at a station, and those with exactly one successor.
fn look<'a>(case: &Case<'a>, station: StationId, mut pairs: Vec<&'a Pair>, settings: &Settings, found: &mut Found<'a>) {
    let limits = &settings.thresholds;
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a setting")]
    let within = Micros((limits.handover_s.min(3600.0) * 1e6) as i64);
    let listens = |at: crate::lab::time::UnixMicros| {
        // The end of a capture is no ending.
        let mostly = |from, to| case.listened(station, from, to).0 * (MOST + 1) >= AROUND.0 * MOST;
        mostly(at, at.plus(AROUND)) && mostly(at.plus(Micros(-AROUND.0)), at)
    };
    pairs.sort_by_key(|pair| pair.first);
    let mut lasts: Vec<_> = pairs.iter().map(|pair| pair.last.at).collect();
    lasts.sort_unstable();
    let fits = |from: &Pair, to: &Pair| {
        let gap = to.first.at.since(from.last.at);
        from.rpi != to.rpi
            && gap.0 > 0
            && gap <= within
            && level_gap(from, to).is_none_or(|db| db <= limits.handover_db)
    };
    let successors = |from: &Pair| {
        let start = pairs.partition_point(|pair| pair.first.at <= from.last.at);
        let end = pairs.partition_point(|pair| pair.first.at <= from.last.at.plus(within));
        let near = pairs[start..end].iter().copied().filter(move |to| fits(from, to));
        let of_few = (end - start <= CROWD).then_some(near);
        of_few.into_iter().flatten().take(2).collect::<Vec<_>>()
    };
    let mut ends: Vec<&Pair> = pairs.clone();
    ends.sort_by_key(|pair| pair.last);
    let predecessors = |to: &Pair| {
        let start = ends.partition_point(|pair| pair.last.at < to.first.at.plus(Micros(-within.0)));
        let end = ends.partition_point(|pair| pair.last.at < to.first.at);
        let near = || ends[start..end].iter().filter(|from| fits(from, to)).count();
        if end - start <= CROWD { near() } else { CROWD }
    };
    for pair in &ends {
        let at = pair.last.at;
        if !listens(at) {
            continue;
        }
        found.endings += 1;
        let begun = pairs.partition_point(|other| other.first.at <= at);
        let ended = lasts.partition_point(|last| *last < at);
        found.around += begun.saturating_sub(ended);
        if let [successor] = successors(pair)[..]
            && predecessors(successor) == 1
        {
            found.unique.push((pair, successor));
        }
    }
}
