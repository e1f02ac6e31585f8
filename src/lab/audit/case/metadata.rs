//! Encrypted metadata that stay when the identifier changes: whoever listens can join the identifiers, without any key.

use std::collections::BTreeMap;

use super::Case;
use crate::lab::gaen::{Aem, Rpi};
use crate::lab::time::UnixMicros;

/// Identifiers that share their metadata by chance (32 bits) less often than this are no chance.
const BY_CHANCE: f64 = 1e-4;

/// Metadata and the identifiers under which they were sent.
#[derive(Clone, Debug)]
pub(in crate::lab::audit) struct Kept {
    /// The four bytes.
    pub(in crate::lab::audit) aem: Aem,
    /// Numbers of the identifiers in the case, two or more, in order of first hearing.
    pub(in crate::lab::audit) identifiers: Vec<usize>,
    /// Whether two of them were on the air at once: then they tell no phone from another.
    pub(in crate::lab::audit) is_of_several: bool,
}

/// All metadata that were sent under more identifiers than chance gives; none in a protected capture, where each identifier
/// has pseudonyms of its own for them.
pub(in crate::lab::audit) fn kept(case: &Case<'_>) -> Vec<Kept> {
    if case.evidence.is_pseudonymised {
        return Vec::new();
    }
    let mut of_value: BTreeMap<Aem, Vec<usize>> = BTreeMap::new();
    let mut n = 0_u32;
    for (number, identifier) in case.identifiers.iter().enumerate() {
        if case.fixed.contains(&identifier.rpi) {
            continue;
        }
        n += 1;
        let pairs = identifier.pairs.iter().map(|pair| case.pair(*pair));
        let values = pairs.flat_map(|pair| pair.aem.into_iter().chain(pair.other_aem.map(|(aem, _)| aem)));
        for value in values {
            let there = of_value.entry(value).or_default();
            if there.last() != Some(&number) {
                there.push(number);
            }
        }
    }
    let least = least_group(f64::from(n));
    of_value
        .into_iter()
        .filter(|(_, identifiers)| identifiers.len() >= least)
        .map(|(aem, identifiers)| {
            let spans = identifiers.iter().map(|number| {
                let of = &case.identifiers[*number];
                (of.first.at, of.last.at)
            });
            let mut until: Option<UnixMicros> = None;
            let is_of_several = spans.fold(false, |is, (from, to)| {
                let clash = until.is_some_and(|until| from < until);
                until = until.max(Some(to));
                is || clash
            });
            Kept {
                aem,
                identifiers,
                is_of_several,
            }
        })
        .collect()
}

/// The smallest group that chance does not give: of n identifiers there are n · (n / 2^32)^(m - 1) / m! groups of m on
/// average.
fn least_group(n: f64) -> usize {
    let mut expected = n;
    let mut size = 1_u32;
    while size < 2 || (expected > BY_CHANCE && size < 64) {
        size += 1;
        expected *= n / 2_f64.powi(32) / f64::from(size);
    }
    usize::try_from(size).unwrap_or(usize::MAX)
}

impl Kept {
    /// Its identifiers.
    pub(in crate::lab::audit) fn rpis<'a>(&'a self, case: &'a Case<'_>) -> impl Iterator<Item = Rpi> + 'a {
        self.identifiers.iter().map(|number| case.identifiers[*number].rpi)
    }
}

#[cfg(test)]
mod tests {
    use super::least_group;

    #[test]
    fn two_of_a_crowd_share_four_bytes_by_chance() {
        assert_eq!((least_group(2.0), least_group(600.0)), (2, 2));
        assert_eq!(least_group(10_000.0), 3);
        assert!(least_group(250_000.0) >= 4);
    }
}
