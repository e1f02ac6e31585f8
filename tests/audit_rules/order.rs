//! What does not depend on the order in which evidence comes in.

use vicino::lab::audit::verdict::{Judgement, Sight};
use vicino::lab::audit::{Evidence, RuleId};
use vicino::lab::event::CaptureEvent;

use super::cases::{self, Case};
use super::{in_parallel, run};

/// A judgement without what the order of captures changes: the numbers of stations, the order of packets and of findings
/// that are equally grave.
type Bare = (RuleId, Vec<String>, Vec<(String, Vec<(String, Sight)>)>);

fn bare(evidence: &Evidence, judgements: Vec<Judgement>) -> Vec<Bare> {
    let seen = |mut sight: Sight| {
        let station = evidence.station(sight.station);
        let name = format!("{} {}", evidence.captures[station.capture], station.name());
        sight.station = vicino::lab::advert::StationId(0);
        (name, sight)
    };
    judgements
        .into_iter()
        .map(|judgement| {
            let mut findings: Vec<_> = judgement
                .findings
                .into_iter()
                .map(|finding| {
                    let mut packets: Vec<_> = finding.packets.into_iter().map(seen).collect();
                    packets.sort();
                    let text = format!(
                        "{} {}: {} {}",
                        finding.verdict, finding.subject, finding.what, finding.figure
                    );
                    (text, packets)
                })
                .collect();
            findings.sort();
            let mut told = vec![judgement.verdict.to_string(), judgement.seen, judgement.basis];
            told.extend(judgement.figures.iter().map(ToString::to_string));
            told.extend(judgement.notes);
            (judgement.rule, told, findings)
        })
        .collect()
}

fn differences(case: &Case, one: &[Bare], other: &[Bare]) -> Vec<String> {
    one.iter()
        .zip(other)
        .filter(|(one, other)| one != other)
        .map(|(one, other)| format!("{} {}:\n{one:#?}\n{other:#?}", case.rule, case.name))
        .collect()
}

#[test]
fn captures_in_another_order_give_the_same_judgements() {
    let cases = cases::all();
    let wrong = in_parallel(&cases, |case| {
        let runs = [run::simulate(case, 1), run::simulate(case, 2)];
        let judged = |order: [usize; 2]| {
            let mut evidence = Evidence::new(7);
            for idx in order {
                evidence.begin_capture(["one", "two"][idx]);
                run::take(&mut evidence, &runs[idx].events, 1);
            }
            for run in &runs {
                run::know(&mut evidence, case, run);
            }
            bare(&evidence, run::judge(case, &evidence))
        };
        differences(case, &judged([0, 1]), &judged([1, 0]))
    });
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn stations_one_after_the_other_give_the_same_judgements_as_all_at_once() {
    let cases: Vec<Case> = cases::all()
        .into_iter()
        .filter(|case| case.text.matches("[[station]]").count() > 1)
        .collect();
    assert!(cases.len() >= 4);
    let wrong = in_parallel(&cases, |case| {
        let run = run::simulate(case, 4);
        let judged = |events: &[(u64, &CaptureEvent)]| {
            let mut evidence = Evidence::new(7);
            evidence.begin_capture("one");
            for (number, event) in events {
                evidence.take(event, *number);
            }
            run::know(&mut evidence, case, &run);
            bare(&evidence, run::judge(case, &evidence))
        };
        let mut events: Vec<_> = (1..).zip(&run.events).collect();
        let together = judged(&events);
        events.sort_by_key(|(_, event)| std::cmp::Reverse(event.station()));
        differences(case, &together, &judged(&events))
    });
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
