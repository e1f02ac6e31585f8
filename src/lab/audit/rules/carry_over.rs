//! B14: no other beacon of the same phone links it.

use std::collections::BTreeMap;

use crate::lab::address::Address;
use crate::lab::advert::StationId;
use crate::lab::audit::case::{Case, NOTHING_HEARD, WHOSE_BEACON};
use crate::lab::audit::evidence::{AppleTrack, Pair, Token};
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Verdict, counted};
use crate::lab::time::{Micros, UnixMicros};

/// A beginning or an end that the station did not hear says nothing: it must have listened for so long before and after.
const AROUND: Micros = Micros::from_secs(5);
/// Levels of two beacons of a phone lie within so many decibels.
const SAME_DB: f64 = 10.0;
/// Where more identifiers begin at a moment, nobody can tell which of them belongs to a beacon.
const CROWD: usize = 256;

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if case.is_part {
        return Judgement::not_observable(RuleId::B14, WHOSE_BEACON);
    }
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B14, NOTHING_HEARD);
    }
    let private: Vec<&AppleTrack> = case
        .evidence
        .apple
        .iter()
        .filter(|track| track.first.address.kind.is_private())
        .collect();
    if private.is_empty() {
        return Judgement::not_observable(
            RuleId::B14,
            "no Apple message was heard under a private address; other beacons are not followed over addresses",
        );
    }
    let mut findings = outliving(&private, settings);
    let tokens = findings.len();
    let together = together(case, &private, settings);
    let seen = format!(
        "{} outlived an address, {} changed together with an RPI",
        counted(tokens, "token", "tokens"),
        counted(together.len(), "beacon", "beacons")
    );
    findings.extend(together);
    Judgement::of(
        RuleId::B14,
        counted(
            private.len(),
            "address with Apple messages",
            "addresses with Apple messages",
        ),
        seen,
        findings,
    )
}

/// When each address was on the air, over all stations.
type OnAir = BTreeMap<Address, [UnixMicros; 2]>;

/// Tokens that go on under another address.
fn outliving(tracks: &[&AppleTrack], settings: &Settings) -> Vec<Finding> {
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a setting")]
    let within = Micros((settings.thresholds.carry_over_s.min(1e6) * 1e6) as i64);
    let mut by_value: BTreeMap<(StationId, u8, u64), Vec<&Token>> = BTreeMap::new();
    for token in tracks.iter().flat_map(|track| &track.tokens) {
        by_value
            .entry((token.first.station, token.ty, token.value))
            .or_default()
            .push(token);
    }
    let mut on_air = OnAir::new();
    for track in tracks {
        let span = on_air
            .entry(track.first.address)
            .or_insert([track.first.at, track.last.at]);
        *span = [span[0].min(track.first.at), span[1].max(track.last.at)];
    }
    // By pair of addresses: a device that keeps several bytes is one finding.
    let mut findings: BTreeMap<[Address; 2], Finding> = BTreeMap::new();
    for tokens in by_value.values_mut().filter(|tokens| tokens.len() > 1) {
        tokens.sort_by_key(|token| token.first);
        for two in tokens.windows(2) {
            let gap = two[1].first.at.since(two[0].last.at);
            let addresses = [two[0].first.address, two[1].first.address];
            // While both are on the air, one may be another device of the same person.
            if addresses[0] == addresses[1] || gap > within || gap.0 < 0 || is_together(&on_air, addresses) {
                continue;
            }
            findings.entry(addresses).or_insert_with(|| Finding {
                verdict: Verdict::Warn,
                subject: format!("addresses {} and {}", two[0].first.address, two[1].first.address),
                what: format!(
                    "bytes of an Apple message (type 0x{:02x}) went on from {} to {}: the same device; whether it sends exposure notifications too is not \
                     known",
                    two[0].ty, two[0].first.address, two[1].first.address
                ),
                figure: Figure::new("after", gap.as_secs_f64(), "s"),
                packets: vec![two[0].last, two[1].first],
            });
        }
    }
    findings.into_values().collect()
}

/// Whether the first address was still on the air when the second had begun.
fn is_together(on_air: &OnAir, [one, other]: [Address; 2]) -> bool {
    let spans = on_air.get(&one).zip(on_air.get(&other));
    spans.is_some_and(|([_, until], [from, _])| until > from)
}

/// Beacons that begin and end with an identifier.
fn together(case: &Case<'_>, tracks: &[&AppleTrack], settings: &Settings) -> Vec<Finding> {
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a setting")]
    let sync = Micros((settings.thresholds.sync_s.min(1e6) * 1e6) as i64);
    let mut pairs: Vec<&Pair> = case
        .pairs()
        .filter(|pair| pair.heard >= settings.thresholds.least_packets)
        .collect();
    pairs.sort_by_key(|pair| (pair.station(), pair.first));
    let near = |a: UnixMicros, b: UnixMicros| a.since(b).0.unsigned_abs() <= sync.0.unsigned_abs();
    let mut findings = Vec::new();
    for track in tracks {
        let (from, to) = (track.first.at, track.last.at);
        let listens = |from, to| case.listened(track.first.station, from, to).0 * 2 >= AROUND.0;
        if !listens(from.plus(Micros(-AROUND.0)), from)
            || !listens(to, to.plus(AROUND))
            || track.first.number == track.last.number
        {
            continue;
        }
        let start = pairs.partition_point(|pair| {
            (pair.station(), pair.first.at) < (track.first.station, from.plus(Micros(-sync.0)))
        });
        let end =
            pairs.partition_point(|pair| (pair.station(), pair.first.at) <= (track.first.station, from.plus(sync)));
        if end.saturating_sub(start) > CROWD {
            continue;
        }
        let beside: Vec<&&Pair> = pairs[start..end.max(start)]
            .iter()
            .filter(|pair| near(pair.first.at, from) && near(pair.last.at, to))
            .filter(|pair| match (pair.levels.mean(), track.levels.mean()) {
                (Some(a), Some(b)) => (a - b).abs() <= SAME_DB,
                _ => true,
            })
            .collect();
        // Several that fit tell nothing.
        let [pair] = beside[..] else { continue };
        findings.push(Finding {
            verdict: Verdict::Warn,
            subject: format!("RPI {} and address {}", pair.rpi, track.first.address),
            what: format!(
                "{} with Apple messages came and went together with RPI {}: the same phone",
                track.first.address, pair.rpi
            ),
            figure: Figure::new("began apart by", pair.first.at.since(from).as_secs_f64().abs(), "s"),
            packets: vec![track.first, pair.first, track.last, pair.last],
        });
    }
    findings
}
