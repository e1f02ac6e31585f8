//! What an outsider could join, drawn: chains of RPIs as a graph, and how good links are in crowds of each size.

use super::{count, seconds};
use crate::lab::audit::Report;
use crate::lab::audit::links::How;
use crate::lab::audit::picture::Graph;
use crate::report::plot::{Axis, Marks, Plot, Scale, Series};

/// Looks of RPIs, and of links by how sure they are.
const RPI: usize = 1;
const CERTAIN: usize = 7;
const LIKELY: usize = 0;
const UNSURE: usize = 3;
/// From this probability on a hand-over is drawn as likely.
const SURE: f64 = 0.9;

/// A row for each chain, its RPIs as bars in turn above and below the middle, its links as lines between them.
pub(super) fn links(graphs: &[Graph]) -> Option<Plot> {
    if graphs.is_empty() {
        return None;
    }
    let names = graphs.iter().rev().map(|graph| graph.name.clone()).collect();
    let mut bars = Vec::new();
    let mut lines: [Vec<Vec<[f64; 2]>>; 3] = Default::default();
    for (place, graph) in graphs.iter().rev().enumerate() {
        let middle = |number: usize| count(place) + if number.is_multiple_of(2) { 0.2 } else { -0.2 };
        for (number, [from, to]) in graph.nodes.iter().enumerate() {
            let y = middle(number);
            bars.push([seconds(*from), seconds(*to), y - 0.1, y + 0.1]);
        }
        for (from, to, how, probability) in &graph.links {
            let (Some(one), Some(other)) = (graph.nodes.get(*from), graph.nodes.get(*to)) else {
                continue;
            };
            let line = vec![[seconds(one[1]), middle(*from)], [seconds(other[0]), middle(*to)]];
            let look = match how {
                How::Address | How::Metadata => 0,
                How::HandOver if *probability >= SURE => 1,
                How::HandOver => 2,
            };
            lines[look].push(line);
        }
    }
    let times = graphs
        .iter()
        .flat_map(|graph| graph.nodes.iter().flatten().map(|at| seconds(*at)));
    let x = Axis::over("time of day, UTC", times, Scale::Clock);
    let mut series = vec![Series::new("RPI", RPI, Marks::Bands(bars))];
    let looks = [
        ("address or metadata kept: certain", CERTAIN),
        ("hand-over, 90 % or more", LIKELY),
        ("hand-over, less", UNSURE),
    ];
    for ((name, look), lines) in looks.into_iter().zip(lines) {
        for (number, line) in lines.into_iter().enumerate() {
            // One entry in the legend for all of a kind.
            let name = if number == 0 { name } else { "" };
            let marks = if look == UNSURE {
                Marks::Dashes(line)
            } else {
                Marks::Line(line)
            };
            series.push(Series::new(name, look, marks));
        }
    }
    Some(Plot {
        name: "links",
        title: "Which RPI follows which, as an outsider could tell".to_owned(),
        description: format!(
            "One row for each of the {} longest chains. Bars are RPIs, from the first to the last time that each was heard, in \
             turn above and below; lines are the links between them, solid where they are certain or likely, broken where they \
             are not. A chain is as good as its weakest link.",
            graphs.len()
        ),
        x,
        y: Axis::names("", names),
        series,
    })
}

/// How sure links are, and how many are right, against the number of RPIs around.
pub(super) fn crowds(report: &Report) -> Option<Plot> {
    let rows: Vec<_> = report
        .links
        .summary
        .crowds
        .iter()
        .filter(|row| row.links > 0 || row.changes > 0)
        .collect();
    if rows.is_empty() {
        return None;
    }
    let points = |value: fn(&crate::lab::audit::links::CrowdReport) -> Option<f64>| -> Vec<[f64; 2]> {
        let all = rows.iter().enumerate();
        all.filter_map(|(place, row)| Some([value(row)? * 100.0, count(place)]))
            .collect()
    };
    let all = [
        ("stated probability", 0, points(|row| row.mean_stated)),
        ("right, where it is known", 1, points(|row| row.precision)),
        ("changes of RPI that are linked", 3, points(|row| row.recall)),
    ];
    let series = all
        .into_iter()
        .filter(|(_, _, points)| !points.is_empty())
        .map(|(name, look, points)| Series::new(name, look, Marks::Dots(points)))
        .collect();
    let names = rows.iter().map(|row| format!("{} around", row.around)).collect();
    Some(Plot {
        name: "crowds",
        title: "How well RPIs can be joined, by how many are around".to_owned(),
        description: "For each size of the crowd: how likely links say they are, how many of them are right, and how many of the \
                      changes of RPI of known phones are linked. The larger the crowd, the harder a person is to follow."
            .to_owned(),
        x: Axis::new("per cent", 0.0, 105.0, Scale::Linear),
        y: Axis::names("", names),
        series,
    })
}
