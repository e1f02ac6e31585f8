//! B11: an RPI is not relayed or replayed.

use std::collections::BTreeSet;

use crate::lab::audit::case::{Case, Identifier, NOTHING_HEARD, ODD_CLOCKS, OnAir, is_on_air};
use crate::lab::audit::evidence::Pair;
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};
use crate::lab::time::{Micros, UnixMicros};

/// Somebody must have listened for so long within a silence for it to be one.
const LISTENED: Micros = Micros::from_secs(8);
/// A silence of so long counts where the identifier comes again when it is too old to be sent, and somebody listened for
/// most of it: phones' scans miss a phone now and then.
const SILENCE: Micros = Micros::from_secs(5 * 60);
/// At this age receivers have dropped an identifier (1200 s after its first sighting); some real phones still send it.
const OLD: Micros = Micros::from_secs(20 * 60);
/// No phone sends an identifier at that age: the longest in the field lived for 27.2 min.
const OLDEST: Micros = Micros::from_secs(28 * 60);
/// Identifiers of an address that are looked at.
const MOST_RPIS: usize = 4;
/// So many identifiers that come again in their old order are a recording that is played.
const RECORDING: usize = 3;

/// The silence after which an identifier must not come again.
#[expect(clippy::cast_possible_truncation, reason = "minutes of a setting")]
pub(super) fn gap(settings: &Settings) -> Micros {
    Micros((settings.thresholds.replay_gap_min.min(1e6) * 60e6) as i64)
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a setting")]
fn overlap(settings: &Settings) -> Micros {
    Micros((settings.thresholds.relay_overlap_s.min(1e6) * 1e6) as i64)
}

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if case.identifiers.is_empty() {
        return Judgement::not_observable(RuleId::B11, NOTHING_HEARD);
    }
    let mut findings = Vec::new();
    let mut again: Vec<(UnixMicros, UnixMicros)> = Vec::new();
    for identifier in case.own_identifiers() {
        if let Some((finding, times)) = come_again(case, identifier, settings) {
            findings.push(finding);
            again.extend(times);
        }
        findings.extend(two_addresses(case, identifier, settings));
        findings.extend(two_places(case, identifier, settings));
    }
    again.sort_unstable();
    let in_order = again.windows(2).filter(|two| two[0].1 <= two[1].1).count() + usize::from(!again.is_empty());
    let seen = if findings.is_empty() {
        "no RPI under two addresses at once, at two places, or again after a silence".to_owned()
    } else {
        counted(findings.len(), "sign of relay or replay", "signs of relay or replay")
    };
    let judgement = Judgement::of(
        RuleId::B11,
        counted(case.identifiers.len(), "RPI", "RPIs"),
        seen,
        findings,
    )
    .with([Figure::count("RPIs that came again", again.len())]);
    let judgement = if in_order >= RECORDING && in_order * 10 >= again.len() * 9 {
        judgement.note(format!(
            "{in_order} RPIs came again in their old order: a recording is being played"
        ))
    } else {
        judgement
    };
    let judgement = if case.has_odd_clocks() {
        judgement.note(ODD_CLOCKS)
    } else {
        judgement
    };
    if case.evidence.places.is_empty() {
        judgement.note("which stations are far apart is not known (--place STATION=PLACE tells): a relay that also copies the address is not seen")
    } else {
        judgement
    }
}

/// When an address was there; divided as its identifiers are where one of them is replayed.
pub(super) fn stays_of_address(case: &Case<'_>, on_air: &OnAir, settings: &Settings) -> Vec<[UnixMicros; 2]> {
    let pairs = case.in_step(&on_air.pairs);
    let whole = case.stays_of(&pairs, gap(settings));
    let is_old = whole.iter().any(|[from, to]| to.since(*from) >= OLD);
    let is_replayed = || {
        on_air.rpis.iter().take(MOST_RPIS).any(|rpi| {
            let identifier = case.identifiers.iter().find(|identifier| identifier.rpi == *rpi);
            identifier.is_some_and(|identifier| lives(case, identifier, settings).len() > 1)
        })
    };
    if is_old && is_replayed() {
        case.stays_of(&pairs, SILENCE)
    } else {
        whole
    }
}

/// When an identifier was there, by stations whose clocks go together.
pub(super) fn lives(case: &Case<'_>, identifier: &Identifier, settings: &Settings) -> Vec<[UnixMicros; 2]> {
    let pairs = case.in_step(&identifier.pairs);
    if pairs.len() == identifier.pairs.len() {
        return stays(case, identifier, settings);
    }
    let of = || pairs.iter().map(|number| case.pair(*number));
    let (Some(first), Some(last)) = (of().map(|pair| pair.first).min(), of().map(|pair| pair.last).max()) else {
        return Vec::new();
    };
    let part = Identifier {
        pairs,
        first,
        last,
        ..identifier.clone()
    };
    stays(case, &part, settings)
}

/// When an identifier was there. A silence of some minutes divides where it must be a replay: another life begins.
fn stays(case: &Case<'_>, identifier: &Identifier, settings: &Settings) -> Vec<[UnixMicros; 2]> {
    let long = case.stays(identifier, gap(settings));
    if long.len() > 1 || identifier.last.at.since(identifier.first.at) < OLD {
        return long;
    }
    let short = case.stays(identifier, SILENCE);
    if silence(case, identifier, &short, settings).is_some() {
        short
    } else {
        long
    }
}

/// The first silence between stays after which the identifier must not come again: in which somebody listened who also
/// heard it.
fn silence(
    case: &Case<'_>,
    identifier: &Identifier,
    stays: &[[UnixMicros; 2]],
    settings: &Settings,
) -> Option<[UnixMicros; 2]> {
    let born = stays.first()?[0];
    let alone = case.alone(&identifier.pairs);
    let stations: BTreeSet<_> = identifier
        .pairs
        .iter()
        .map(|number| case.pair(*number).station())
        .filter(|station| alone.is_none_or(|alone| alone == *station))
        .collect();
    let is_one = |[from, to]: &[UnixMicros; 2]| {
        stations.iter().any(|station| {
            let listened = case.listened(*station, *from, *to);
            if to.since(*from) > gap(settings) {
                listened >= LISTENED
            } else {
                to.since(born) >= OLD && listened.0 * 2 >= to.since(*from).0
            }
        })
    };
    stays.windows(2).map(|two| [two[0][1], two[1][0]]).find(is_one)
}

/// The identifier comes again after a silence in which somebody listened; and when it did and when it was first heard, where
/// no clock can be the reason.
fn come_again(
    case: &Case<'_>,
    identifier: &Identifier,
    settings: &Settings,
) -> Option<(Finding, Option<(UnixMicros, UnixMicros)>)> {
    let stays = stays(case, identifier, settings);
    let [from, to] = silence(case, identifier, &stays, settings)?;
    let minutes = to.since(from).as_secs_f64() / 60.0;
    let age = to.since(stays[0][0]);
    let is_sure = age >= OLDEST || to.since(from) > gap(settings);
    let clocks = clocks_apart(case, identifier, from, to);
    let packets = around(case, identifier, from, to);
    let times = clocks.is_none().then_some((to, stays[0][0]));
    let finding = Finding {
        verdict: if is_sure && clocks.is_none() {
            Verdict::Fail
        } else {
            Verdict::Warn
        },
        subject: format!("RPI {}", identifier.rpi),
        what: format!(
            "RPI {} came again at {to} after {minutes:.1} min of silence, {:.1} min after it was first heard: {}",
            identifier.rpi,
            age.as_secs_f64() / 60.0,
            match clocks {
                Some(stations) => format!("it was replayed, or the clocks of {stations} differ"),
                None if is_sure => "no phone sends an RPI for so long".to_owned(),
                None => "hardly any phone sends an RPI for so long".to_owned(),
            }
        ),
        figure: Figure::new("silence", minutes, "min"),
        packets,
    };
    Some((finding, times))
}

/// The pairs that a silence parts: that end at its beginning or begin at its end.
fn parted<'a>(case: &'a Case<'_>, identifier: &'a Identifier) -> impl Iterator<Item = &'a Pair> + 'a {
    let alone = case.alone(&identifier.pairs);
    let pairs = identifier.pairs.iter().map(|number| case.pair(*number));
    pairs.filter(move |pair| alone.is_none_or(|station| station == pair.station()))
}

/// The stations on both sides of a silence, where all that both heard lies as far apart: then their clocks may differ.
fn clocks_apart(case: &Case<'_>, identifier: &Identifier, from: UnixMicros, to: UnixMicros) -> Option<String> {
    let before: BTreeSet<_> = parted(case, identifier)
        .filter(|pair| pair.first.at <= from)
        .map(Pair::station)
        .collect();
    let after: BTreeSet<_> = parted(case, identifier)
        .filter(|pair| pair.last.at >= to)
        .map(Pair::station)
        .collect();
    let apart = |one, other| case.clocks.apart(one, other).is_some();
    let all_apart = before
        .iter()
        .all(|one| after.iter().all(|other| one != other && apart(*one, *other)));
    let name = |station| case.evidence.station(station).name().to_owned();
    let (one, other) = before.first().zip(after.first())?;
    all_apart.then(|| format!("{:?} and {:?}", name(*one), name(*other)))
}

/// The packets on both sides of a silence, then the first and the last.
fn around(case: &Case<'_>, identifier: &Identifier, from: UnixMicros, to: UnixMicros) -> Vec<Sight> {
    let sights = || parted(case, identifier).flat_map(|pair| [pair.first, pair.last]);
    let last = sights().filter(|sight| sight.at <= from).max();
    let next = sights().filter(|sight| sight.at >= to).min();
    let mut all: Vec<Sight> = last.into_iter().chain(next).collect();
    all.extend(sights().min().into_iter().chain(sights().max()));
    all.sort_unstable();
    all.dedup();
    all
}

/// How long two pairs were there together.
fn together(a: &Pair, b: &Pair) -> Micros {
    a.last.at.min(b.last.at).since(a.first.at.max(b.first.at))
}

fn two_addresses(case: &Case<'_>, identifier: &Identifier, settings: &Settings) -> Option<Finding> {
    let alone = case.alone(&identifier.pairs);
    let pairs: Vec<&Pair> = identifier
        .pairs
        .iter()
        .map(|number| case.pair(*number))
        .filter(|pair| alone.is_none_or(|station| station == pair.station()))
        .filter(|pair| is_on_air(pair.address()) && pair.heard >= settings.thresholds.least_packets)
        .take(64)
        .collect();
    let (a, b) = pairs.iter().enumerate().find_map(|(number, a)| {
        let clash = |b: &&&Pair| {
            a.address() != b.address()
                && together(a, b) > overlap(settings)
                && case.clocks.apart(a.station(), b.station()).is_none()
        };
        pairs[number + 1..].iter().find(clash).map(|b| (*a, *b))
    })?;
    Some(Finding {
        verdict: Verdict::Fail,
        subject: format!("RPI {} under two addresses", identifier.rpi),
        what: format!(
            "RPI {} was sent by {} and by {} for {:.0} s together: one of them is a copy",
            identifier.rpi,
            a.address(),
            b.address(),
            together(a, b).as_secs_f64()
        ),
        figure: Figure::new("together for", together(a, b).as_secs_f64(), "s"),
        packets: vec![a.first, b.first, a.last, b.last],
    })
}

fn two_places(case: &Case<'_>, identifier: &Identifier, settings: &Settings) -> Option<Finding> {
    if case.has_odd_clocks() {
        return None;
    }
    let within = overlap(settings);
    let placed: Vec<(&Pair, &str)> = identifier
        .pairs
        .iter()
        .map(|number| case.pair(*number))
        .filter_map(|pair| {
            case.evidence
                .places
                .get(&pair.station())
                .map(|place| (pair, place.as_str()))
        })
        .take(64)
        .collect();
    let (a, b) = placed.iter().enumerate().find_map(|(number, a)| {
        let clash = |b: &&(&Pair, &str)| {
            let is_apart = case.clocks.apart(a.0.station(), b.0.station()).is_some();
            a.1 != b.1 && together(a.0, b.0).0 > -within.0 && !is_apart
        };
        placed[number + 1..].iter().find(clash).map(|b| (*a, *b))
    })?;
    Some(Finding {
        verdict: Verdict::Fail,
        subject: format!("RPI {} at two places", identifier.rpi),
        what: format!(
            "RPI {} was heard at {:?} and at {:?} at the same time: it is relayed",
            identifier.rpi, a.1, b.1
        ),
        figure: Figure::new("together for", together(a.0, b.0).as_secs_f64(), "s"),
        packets: vec![a.0.first, b.0.first, a.0.last, b.0.last],
    })
}
