//! B19: addresses are random.

use std::collections::BTreeMap;

use crate::lab::address::{Address, AddressKind};
use crate::lab::audit::case::{Case, OnAir};
use crate::lab::audit::rule::RuleId;
use crate::lab::audit::settings::Settings;
use crate::lab::audit::verdict::{Figure, Finding, Judgement, Sight, Verdict, counted};
use crate::lab::time::Micros;

/// Bits of a private address that are drawn (resolvable ones: 22 drawn, 24 of a hash that is as good as random).
const BITS: u32 = 46;
/// Standard deviations that a bit or the sum over all may be off.
const SIGMAS: f64 = 6.0;
/// Addresses that share 24 bits, at least: two may by chance.
const SHARING: usize = 3;
/// A group so large must not be there by chance more often than this.
const BY_CHANCE: f64 = 1e-6;

pub(super) fn judge(case: &Case<'_>, settings: &Settings) -> Judgement {
    if let Some(why) = case.no_addresses() {
        return Judgement::not_observable(RuleId::B19, why);
    }
    let private: Vec<(Address, &OnAir)> = case
        .addresses
        .iter()
        .filter(|(address, _)| address.kind.is_private())
        .map(|(address, on_air)| (*address, on_air))
        .collect();
    if private.is_empty() {
        return Judgement::not_observable(RuleId::B19, "no private address carried exposure notifications");
    }
    let mut findings: Vec<Finding> = private
        .iter()
        .filter_map(|(address, on_air)| comes_again(case, *address, on_air, settings))
        .collect();
    let again = findings.len();
    let basis = counted(private.len(), "private address", "private addresses");
    if case.evidence.is_pseudonymised {
        let seen = format!(
            "{} again later; their bits are replaced",
            counted(again, "address came", "addresses came")
        );
        if findings.is_empty() {
            let why = format!("the bits of addresses are replaced in a protected capture; of {basis} none came again");
            return Judgement::not_observable(RuleId::B19, why);
        }
        return Judgement::of(RuleId::B19, basis, seen, findings)
            .note("the bits of addresses are replaced in a protected capture: only whether they come again is judged");
    }
    let first = |on_air: &OnAir| on_air.pairs.first().map(|number| case.pair(*number).first);
    let sharing = sharing(&private, first);
    let n_sharing = sharing.len();
    findings.extend(sharing);
    let bits = (private.len() >= settings.thresholds.addresses_for_bits).then(|| uneven(&private, first));
    let seen = format!(
        "{} again, {} share 24 bits{}",
        counted(again, "address came", "addresses came"),
        counted(n_sharing, "group", "groups"),
        match &bits {
            None => format!(
                ", bits not judged below {} addresses",
                settings.thresholds.addresses_for_bits
            ),
            Some((found, _)) if found.is_empty() => ", bits are even".to_owned(),
            Some(_) => ", bits are uneven".to_owned(),
        }
    );
    let mut figures = Vec::new();
    if let Some((found, chi_square)) = bits {
        findings.extend(found);
        figures.push(Figure::new("chi-square of 46 bits", chi_square, ""));
    }
    Judgement::of(RuleId::B19, basis, seen, findings).with(figures)
}

fn comes_again(case: &Case<'_>, address: Address, on_air: &OnAir, settings: &Settings) -> Option<Finding> {
    #[expect(clippy::cast_possible_truncation, reason = "hours of a setting")]
    let most = Micros((settings.thresholds.address_reuse_h.min(1e6) * 3600e6) as i64);
    let mut pairs: Vec<_> = on_air.pairs.iter().map(|number| case.pair(*number)).collect();
    if let Some(alone) = case.alone(&on_air.pairs) {
        pairs.retain(|pair| pair.station() == alone);
    }
    pairs.sort_by_key(|pair| pair.first);
    let mut until = pairs.first()?.last;
    for pair in &pairs {
        let gap = pair.first.at.since(until.at);
        let (gap, before, after) = if pair.silence.0 > gap {
            (pair.silence.0, pair.first, pair.last)
        } else {
            (gap, until, pair.first)
        };
        // The same RPI again is a replay or a clock, not a draw that came out alike.
        if gap > most && before.rpi != after.rpi {
            let hours = gap.as_secs_f64() / 3600.0;
            return Some(Finding {
                verdict: Verdict::Fail,
                subject: format!("address {address}"),
                what: format!("{address} came again after {hours:.1} h: a random address would not in {BITS} bits"),
                figure: Figure::new("after", hours, "h"),
                packets: vec![before, after],
            });
        }
        until = until.max(pair.last);
    }
    None
}

/// The smallest group of addresses that share so many bits and that chance does not give: of n addresses there are
/// n · (n / 2^bits)^(m - 1) / m! groups of m on average.
#[expect(clippy::cast_precision_loss, reason = "counts of addresses")]
fn least_group(n: usize, bits: i32) -> usize {
    let n = n as f64;
    let mut expected = n;
    let mut size = 1;
    while size < SHARING || expected > BY_CHANCE {
        size += 1;
        expected *= n / 2_f64.powi(bits) / size as f64;
        if size > 1000 {
            break;
        }
    }
    size
}

/// Groups of addresses that share their first or their last 24 bits.
fn sharing(private: &[(Address, &OnAir)], first: impl Fn(&OnAir) -> Option<Sight>) -> Vec<Finding> {
    let mut groups: BTreeMap<(bool, AddressKind, [u8; 3]), Vec<&OnAir>> = BTreeMap::new();
    for (address, on_air) in private {
        let (front, back) = address.bytes.split_at(3);
        for (is_front, part) in [(true, front), (false, back)] {
            if let Ok(part) = part.try_into() {
                groups.entry((is_front, address.kind, part)).or_default().push(on_air);
            }
        }
    }
    // The first 24 bits hold the two that tell the kind.
    let (front, back) = (least_group(private.len(), 22), least_group(private.len(), 24));
    groups
        .into_iter()
        .filter(|((at_front, ..), members)| members.len() >= if *at_front { front } else { back })
        .map(|((at_front, kind, [a, b, c]), members)| {
            let (which, shown) = if at_front {
                ("first", format!("{a:02x}:{b:02x}:{c:02x}:…"))
            } else {
                ("last", format!("…:{a:02x}:{b:02x}:{c:02x}"))
            };
            Finding {
                verdict: Verdict::Fail,
                subject: format!("addresses {shown}"),
                what: format!(
                    "{} {kind} addresses share their {which} 24 bits ({shown})",
                    members.len()
                ),
                figure: Figure::count("addresses", members.len()),
                packets: members.iter().filter_map(|on_air| first(on_air)).collect(),
            }
        })
        .collect()
}

/// How uneven the bits are: each for itself, and all together.
#[expect(clippy::cast_precision_loss, reason = "counts of addresses")]
fn uneven(private: &[(Address, &OnAir)], first: impl Fn(&OnAir) -> Option<Sight>) -> (Vec<Finding>, f64) {
    let n = private.len() as f64;
    let z_of = |bit: u32| {
        let ones = private
            .iter()
            .filter(|(address, _)| address.number() >> bit & 1 == 1)
            .count() as f64;
        (ones - n / 2.0) / (n / 4.0).sqrt()
    };
    let all: Vec<(u32, f64)> = (0..BITS).map(|bit| (bit, z_of(bit))).collect();
    let chi_square: f64 = all.iter().map(|(_, z)| z * z).sum();
    let most = f64::from(BITS) + SIGMAS * (2.0 * f64::from(BITS)).sqrt();
    let worst = all.iter().copied().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let is_uneven = chi_square > most || worst.is_some_and(|(_, z)| z.abs() > SIGMAS);
    let finding = worst.filter(|_| is_uneven).map(|(bit, z)| Finding {
        verdict: Verdict::Fail,
        subject: "bits of addresses".to_owned(),
        what: format!(
            "the bits of {} addresses are uneven: chi-square {chi_square:.0} over 46 bits, the worst is bit {bit} with {z:.1} \
             standard deviations",
            private.len()
        ),
        figure: Figure::new("chi-square", chi_square, ""),
        packets: private.iter().filter_map(|(_, on_air)| first(on_air)).take(8).collect(),
    });
    (finding.into_iter().collect(), chi_square)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_addresses_the_larger_a_group_may_be_by_chance() {
        assert_eq!((least_group(10, 22), least_group(200, 22)), (3, 3));
        assert!(least_group(40_000, 22) >= 5 && least_group(500_000, 22) >= 8);
        assert!(least_group(40_000, 24) <= least_group(40_000, 22));
    }
}
