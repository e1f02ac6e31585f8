use super::*;
use crate::lab::crypto::BroadcastKeys;
use proptest::prelude::*;

const START: u32 = 2_642_976;

fn tek(n: u32) -> Tek {
    let mut bytes = [0; 16];
    for (word, out) in (1..).zip(bytes.chunks_mut(4)) {
        out.copy_from_slice(&n.wrapping_mul(0x85eb_ca6b).wrapping_add(word * 77).to_le_bytes());
    }
    Tek::new(bytes)
}

fn key(n: u32, start: u32, period: u32) -> Candidate {
    Candidate {
        tek: tek(n),
        start: Enin(start),
        period,
    }
}

fn seen_at(of: &Candidate, interval: u32, at: i64) -> Seen {
    let enin = Enin(of.start.0 + interval);
    let at = Enin(u32::try_from(i64::from(enin.0) + at).unwrap());
    Seen {
        rpi: BroadcastKeys::derive(&of.tek).rpi(enin),
        first: at,
        last: at,
    }
}

/// What a reader of the specification would write.
fn plainly(keys: &[Candidate], seen: &[Seen]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (number, key) in keys.iter().enumerate().filter(|(_, key)| key.is_valid()) {
        let derived = BroadcastKeys::derive(&key.tek);
        for enin in (key.start.0..key.start.0 + key.period).map(Enin) {
            let rpi = derived.rpi(enin);
            for (idx, seen) in seen.iter().enumerate() {
                let is_in_time = (seen.first.0..=seen.last.0).any(|at| super::is_in_time(enin, Enin(at)));
                if seen.rpi == rpi && is_in_time {
                    hits.push(Hit {
                        key: number,
                        enin,
                        seen: idx,
                    });
                }
            }
        }
    }
    hits
}

fn found(keys: &[Candidate], seen: &[Seen], by_day: bool, path: Path) -> (Vec<Hit>, Counts) {
    let index = Index::new(seen.to_vec(), by_day);
    let mut hits = Vec::new();
    let counts = index.find(keys, 0, path, &mut hits);
    (hits, counts)
}

#[test]
fn every_way_finds_every_interval_of_every_lane() {
    let keys: Vec<Candidate> = (0..37).map(|n| key(n, START + n % 5, 144)).collect();
    let mut seen: Vec<Seen> = keys
        .iter()
        .flat_map(|key| (0..144).map(|interval| seen_at(key, interval, 0)))
        .collect();
    seen.extend((0..500).map(|n| seen_at(&key(1_000 + n, START, 144), n % 144, 0)));
    let expected = plainly(&keys, &seen);
    assert_eq!(expected.len(), 37 * 144);
    for path in [Path::Portable, Path::best()] {
        for by_day in [false, true] {
            let (hits, counts) = found(&keys, &seen, by_day, path);
            assert!(hits == expected, "{path:?} {by_day}");
            assert_eq!(counts.derived, 37);
        }
    }
}

#[test]
fn a_sighting_counts_two_hours_before_and_after_and_no_longer() {
    let one = key(1, START, 144);
    for (at, is_hit) in [(-13, false), (-12, true), (0, true), (12, true), (13, false)] {
        for by_day in [false, true] {
            for interval in [0, 70, 143] {
                let seen = [seen_at(&one, interval, at)];
                let (hits, _) = found(std::slice::from_ref(&one), &seen, by_day, Path::best());
                assert_eq!(hits.len(), usize::from(is_hit), "{at} {by_day} {interval}");
                assert_eq!(is_in_time(Enin(START + interval), seen[0].first), is_hit);
            }
        }
    }
}

#[test]
fn what_lies_beyond_the_period_is_not_found_and_wrong_keys_are_counted() {
    let long = key(1, START, 144);
    let seen = [seen_at(&long, 9, 0), seen_at(&long, 10, 0)];
    let keys = [
        key(1, START, 10),
        key(1, START, 0),
        key(1, START, 145),
        key(1, u32::MAX - 3, 10),
        key(2, START + 1_440, 144),
    ];
    let (hits, counts) = found(&keys, &seen, true, Path::best());
    assert_eq!(
        hits,
        [Hit {
            key: 0,
            enin: Enin(START + 9),
            seen: 0
        }]
    );
    assert_eq!(
        counts,
        Counts {
            derived: 1,
            out_of_time: 1,
            invalid: 3
        }
    );
    assert!(found(&keys, &[], true, Path::best()).0.is_empty());
}

#[test]
fn hostile_times_are_looked_up_in_bounded_work() {
    let wide = Seen {
        rpi: Rpi([7; 16]),
        first: Enin(0),
        last: Enin(u32::MAX),
    };
    assert!(days(wide).count() <= 61);
    let index = Index::new(vec![wide], true);
    let mut hits = Vec::new();
    index.find(
        &[key(1, START, 144), key(2, 0, 144), key(3, u32::MAX - 144, 144)],
        5,
        Path::best(),
        &mut hits,
    );
    assert!(hits.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn all_ways_agree_with_the_plain_one(
        keys in prop::collection::vec((0u32..40, 0u32..400, 1u32..=144), 1..40),
        seen in prop::collection::vec((0u32..40, 0u32..400, 0u32..144, -20i64..20, 0u32..30), 0..60),
    ) {
        let keys: Vec<_> = keys.into_iter().map(|(n, start, period)| key(n, START + start, period)).collect();
        let seen: Vec<_> = seen.into_iter().map(|(n, start, interval, at, length)| {
            let mut seen = seen_at(&key(n, START + start, 144), interval, at);
            seen.last = Enin(seen.last.0 + length);
            seen
        }).collect();
        let expected = plainly(&keys, &seen);
        for path in [Path::Portable, Path::best()] {
            for by_day in [false, true] {
                prop_assert_eq!(&found(&keys, &seen, by_day, path).0, &expected);
            }
        }
    }
}
