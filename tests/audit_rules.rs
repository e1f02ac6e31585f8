//! The rules of the audit against simulated phones: each that a capture can show has one that breaks it and is found, and
//! one that does not and passes.
//!
//! `VICINO_SEEDS` is the number of seeds (10 by default). The scenarios are made so that every defect is observable
//! with every seed: what is missed is missed by the rule.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

#[path = "audit_rules/cases.rs"]
mod cases;
#[path = "audit_rules/order.rs"]
mod order;
#[path = "audit_rules/run.rs"]
mod run;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use vicino::lab::audit::RuleId;
use vicino::lab::audit::rule::RULES;
use vicino::lab::audit::verdict::Verdict;

use cases::Case;

#[derive(Default)]
struct Score {
    runs: u64,
    found: u64,
    /// Rules that spoke up without a reason, with the first seed.
    wrong: BTreeMap<(RuleId, Verdict), (u64, u64)>,
    missed: Vec<u64>,
}

fn seeds() -> u64 {
    std::env::var("VICINO_SEEDS").map_or(10, |seeds| seeds.parse().unwrap())
}

fn score(case: &Case, seeds: u64) -> Score {
    let mut score = Score::default();
    for seed in 0..seeds {
        let judgements = run::judge(case, &run::evidence(case, &run::simulate(case, seed), 1));
        let (found, wrong) = run::outcome(case, &judgements);
        score.runs += 1;
        score.found += u64::from(found);
        if !found {
            score.missed.push(seed);
        }
        for rule in wrong {
            score.wrong.entry(rule).or_insert((0, seed)).0 += 1;
        }
    }
    score
}

fn in_parallel<T: Send>(cases: &[Case], work: impl Fn(&Case) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::default();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((idx, case)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|idx| Some((idx, cases.get(idx)?)))
                {
                    let result = work(case);
                    done.lock().unwrap().push((idx, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(idx, _)| *idx);
    done.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn every_rule_has_a_phone_that_breaks_it_and_one_that_does_not() {
    let cases = cases::all();
    for rule in RULES.iter().filter(|rule| rule.id != RuleId::B15) {
        let of = |is_break: bool| {
            cases
                .iter()
                .any(|case| case.rule == rule.id && (case.expected > Verdict::Pass) == is_break)
        };
        assert!(of(true) && of(false), "{} has no pair of scenarios", rule.code);
    }
}

#[test]
fn rates_of_found_and_of_false_over_seeds() {
    let (cases, seeds) = (cases::all(), seeds());
    let scores = in_parallel(&cases, |case| score(case, seeds));
    let mut table = format!(
        "{:<5}{:<12}{:<55}{:>10}  wrong\n",
        "rule", "expected", "scenario", "as told"
    );
    let mut bad = Vec::new();
    let (mut found, mut observable) = (0, 0);
    for (case, score) in cases.iter().zip(&scores) {
        let wrong: Vec<String> = score
            .wrong
            .iter()
            .map(|((rule, verdict), (n, seed))| format!("{rule} {verdict} in {n} (seed {seed})"))
            .collect();
        let _ = writeln!(
            table,
            "{:<5}{:<12}{:<55}{:>5}/{:<4}  {}",
            case.rule.code(),
            case.expected.word(),
            case.name.chars().take(54).collect::<String>(),
            score.found,
            score.runs,
            if wrong.is_empty() {
                "none".to_owned()
            } else {
                wrong.join(", ")
            }
        );
        if case.expected > Verdict::Pass {
            found += score.found;
            observable += score.runs;
        }
        // A rule may miss one in a hundred; what passes must always pass.
        let least = if case.expected > Verdict::Pass {
            score.runs * 99 / 100
        } else {
            score.runs
        };
        if score.found < least || !score.wrong.is_empty() {
            bad.push(format!(
                "{} {}: missed with seeds {:?}, wrong: {wrong:?}",
                case.rule,
                case.name,
                &score.missed[..score.missed.len().min(8)]
            ));
        }
    }
    println!("{table}{found} of {observable} found, {seeds} seeds");
    assert!(bad.is_empty(), "{table}\n{}", bad.join("\n"));
}

#[test]
fn duplicates_change_no_verdict() {
    let cases = cases::all();
    let wrong = in_parallel(&cases, |case| {
        let run = run::simulate(case, 3);
        let verdicts = |copies| -> Vec<_> {
            let judgements = run::judge(case, &run::evidence(case, &run, copies));
            judgements
                .into_iter()
                .map(|judgement| (judgement.rule, judgement.verdict))
                .collect()
        };
        let (once, twice) = (verdicts(1), verdicts(2));
        (once != twice).then(|| format!("{} {}: {once:?}\n{twice:?}", case.rule, case.name))
    });
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
