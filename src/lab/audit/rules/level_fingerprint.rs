//! B10: levels at several stations do not tell who it is.

use std::collections::BTreeMap;

use crate::lab::advert::StationId;
use crate::lab::audit::case::{Case, Identifier, NOTHING_HEARD};
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};
use crate::lab::text::printable;
use crate::lab::time::Micros;

/// Beginning and end must be so far apart.
const APART: Micros = Micros::from_secs(60);
/// RPIs that must be around at a time.
const LEAST: usize = 4;
/// Neighbours in time that are compared.
const MOST: usize = 256;
/// What chance gives more often than this is not held against anybody: with few RPIs, half of them are found again by
/// chance in one capture of twenty.
const BY_CHANCE: f64 = 1e-3;

/// Levels by station, in order of stations.
type Levels = Vec<(StationId, f64)>;

/// Levels of an identifier at its beginning and at its end.
struct Profile<'a> {
    identifier: &'a Identifier,
    head: Levels,
    tail: Levels,
}

/// Mean square difference over the stations that have both; `None` with fewer than two.
fn distance(a: &[(StationId, f64)], b: &[(StationId, f64)]) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0_u32);
    let mut others = b.iter().peekable();
    for (station, level) in a {
        while others.next_if(|(other, _)| other < station).is_some() {}
        if let Some((_, other)) = others.next_if(|(other, _)| other == station) {
            sum += (level - other).powi(2);
            n += 1;
        }
    }
    (n >= 2).then(|| sum / f64::from(n))
}

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B10, NOTHING_HEARD);
    }
    let profiles: Vec<Profile<'_>> = case
        .own_identifiers()
        .filter_map(|identifier| profile(case, identifier, settings))
        .collect();
    let mut judged = 0;
    let mut chance = 0.0;
    let mut found = Vec::new();
    for (number, one) in profiles.iter().enumerate() {
        let Some(own) = distance(&one.head, &one.tail) else {
            continue;
        };
        let from = number.saturating_sub(MOST / 2);
        let others: Vec<f64> = profiles[from..profiles.len().min(from + MOST)]
            .iter()
            .filter(|other| other.identifier.rpi != one.identifier.rpi)
            .filter(|other| {
                let (a, b) = (one.identifier, other.identifier);
                a.first.at <= b.last.at && b.first.at <= a.last.at
            })
            .filter_map(|other| distance(&one.tail, &other.head))
            .collect();
        if others.len() + 1 < LEAST {
            continue;
        }
        judged += 1;
        #[expect(clippy::cast_precision_loss, reason = "a count of neighbours")]
        let by_chance = 1.0 / (others.len() + 1) as f64;
        chance += by_chance;
        if others.iter().all(|other| own < *other) {
            let next = others.iter().copied().fold(f64::INFINITY, f64::min);
            found.push((one, own.sqrt(), next.sqrt(), others.len()));
        }
    }
    if judged == 0 {
        return Judgement::not_observable(
            RuleId::B10,
            "it needs two stations that hear the same four RPIs at a time, for a minute",
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let (share, chance) = (found.len() as f64 / judged as f64, chance / judged as f64);
    // What is left of the share when chance is taken away.
    let beyond = (share - chance) / (1.0 - chance).max(f64::MIN_POSITIVE);
    let is_known = beyond >= settings.thresholds.level_share && tail(found.len(), judged, chance) < BY_CHANCE;
    let findings = found
        .iter()
        .filter(|_| is_known)
        .map(|(one, own, next, others)| finding(case, one, [*own, *next], *others))
        .collect();
    let seen = format!(
        "{} of {judged} RPIs found again by level alone; chance gives {:.0} %",
        found.len(),
        chance * 100.0
    );
    Judgement::of(RuleId::B10, counted(judged, "RPI", "RPIs"), seen, findings).with([
        Figure::new("share found again", share, ""),
        Figure::new("share by chance", chance, ""),
    ])
}

/// One that is found again; the farther the next one is, the surer.
fn finding(case: &Case<'_>, one: &Profile<'_>, [own, next]: [f64; 2], others: usize) -> Finding {
    let rpi = one.identifier.rpi;
    let both = one.head.iter().zip(&one.tail);
    let mut levels: Vec<String> = both
        .map(|((station, head), (_, tail))| {
            let name = printable(case.evidence.station(*station).name());
            format!("{name} {head:.0} and {tail:.0}")
        })
        .collect();
    levels.sort();
    levels.truncate(6);
    let more = if one.head.len() > levels.len() { ", …" } else { "" };
    // The first and the last at each station that counts.
    let pairs = one.identifier.pairs.iter().map(|number| case.pair(*number));
    let here: BTreeMap<StationId, [Sight; 2]> = pairs.map(|pair| (pair.station(), [pair.first, pair.last])).collect();
    let shown = one.head.iter().filter_map(|(station, _)| here.get(station));
    let mut packets: Vec<Sight> = shown.flatten().copied().collect();
    packets.sort_unstable();
    Finding {
        verdict: Verdict::Warn,
        subject: format!("RPI {rpi}"),
        what: format!(
            "RPI {rpi} is found again among {others} others by its levels alone: {own:.1} dB between its beginning and its end, \
             {next:.1} dB to the next like it ({}{more} dBm)",
            levels.join(", ")
        ),
        figure: Figure::new("nearer than the next by", next - own, "dB"),
        packets,
    }
}

/// Probability of `found` or more of `of`, each by this chance.
#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn tail(found: usize, of: usize, chance: f64) -> f64 {
    if found == 0 || chance >= 1.0 {
        return 1.0;
    }
    // Binomial, from the logarithm of its first term on; the terms after it fall where `found` is above the mean.
    let log_choose: f64 = (1..=found).map(|k| ((of - found + k) as f64 / k as f64).ln()).sum();
    let (hit, miss) = (chance.ln(), (1.0 - chance).ln());
    let mut term = (found as f64).mul_add(hit, log_choose) + (of - found) as f64 * miss;
    let mut sum = 0.0;
    for n in found..=of {
        sum += term.exp();
        term += ((of - n) as f64 / (n + 1) as f64).ln() + hit - miss;
    }
    sum.min(1.0)
}

fn profile<'a>(case: &Case<'_>, identifier: &'a Identifier, settings: &Settings) -> Option<Profile<'a>> {
    // The last pair of a station counts: where several addresses carried it, the newest.
    let mut levels: BTreeMap<StationId, (f64, f64)> = BTreeMap::new();
    for number in &identifier.pairs {
        let pair = case.pair(*number);
        let lasted = pair.last.at.since(pair.first.at) >= APART && pair.heard >= settings.thresholds.least_packets;
        if let (true, Some(head), Some(tail)) = (lasted, pair.head_dbm(), pair.tail_dbm()) {
            levels.insert(pair.station(), (head, tail));
        }
    }
    (levels.len() >= 2).then(|| Profile {
        identifier,
        head: levels.iter().map(|(station, (head, _))| (*station, *head)).collect(),
        tail: levels.iter().map(|(station, (_, tail))| (*station, *tail)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::tail;

    #[test]
    fn tails_of_the_binomial_distribution() {
        for (found, of, chance, expected) in [
            (0, 5, 0.2, 1.0),
            (3, 5, 0.2, 0.05792),
            (5, 5, 0.2, 0.00032),
            (1, 1, 0.25, 0.25),
            (60, 100, 0.5, 0.028_444),
        ] {
            let tail = tail(found, of, chance);
            assert!((tail - expected).abs() < 1e-6, "{found} of {of}: {tail}");
        }
    }
}
