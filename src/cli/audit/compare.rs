//! `vicino audit compare`: two audits side by side.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::layout::{Layout, cut, padded, wrapped};
use super::{InputArgs, JudgingArgs, json};
use crate::cli::{Exit, Failure, Look, help, to_stdout};
use crate::lab::audit::compare::{Change, Comparison, Outcome};
use crate::lab::audit::{Case, Evidence, Report};
use crate::lab::text::printable;

/// Puts two captures, two groups of captures, or two models side by side, rule by rule
///
/// Two captures: `compare before.btsnoop after.btsnoop`. Two groups: `--a FILE… --b FILE…`. Two models in the same captures:
/// `compare CAPTURE… --model-a SM-G973F --model-b SM-A405FN`; the model of a broadcaster is known from its own log with
/// `--model`, from lab keys or from truth. A rule that only one side could observe is not compared.
#[derive(Debug, Args)]
#[command(after_help = help::AUDIT_COMPARE)]
pub(super) struct CompareArgs {
    /// Two captures; with --model-a and --model-b any number
    #[arg(value_name = "CAPTURE")]
    captures: Vec<PathBuf>,
    /// Captures of the first side
    #[arg(long, value_name = "CAPTURE", num_args = 1.., requires = "b", conflicts_with_all = ["captures", "model_a"])]
    a: Vec<PathBuf>,
    /// Captures of the second side
    #[arg(long, value_name = "CAPTURE", num_args = 1.., requires = "a")]
    b: Vec<PathBuf>,
    /// Model of the first side, within the same captures
    #[arg(long, value_name = "MODEL", requires = "model_b")]
    model_a: Option<String>,
    /// Model of the second side
    #[arg(long, value_name = "MODEL", requires = "model_a")]
    model_b: Option<String>,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    judging: JudgingArgs,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Width of a rule's title.
const TITLE: usize = 51;

/// Compares.
pub(super) fn run(args: &CompareArgs, look: &Look) -> Result<Exit, Failure> {
    let comparison = compared(args)?;
    to_stdout(|out| {
        if args.json {
            return json(out, &comparison);
        }
        write(out, &comparison, Layout::of_stdout(look))
    })
}

fn compared(args: &CompareArgs) -> Result<Comparison, Failure> {
    let settings = args.judging.settings()?;
    if let (Some(first), Some(second)) = (&args.model_a, &args.model_b) {
        if args.captures.is_empty() {
            return Err(usage("no captures in which the models were heard"));
        }
        let evidence = args.input.evidence(&args.captures)?;
        let report = |model: &str| -> Result<Report, Failure> {
            let case = Case::of_model(&evidence, model);
            if case.identifiers.is_empty() {
                return Err(no_model(&evidence, model));
            }
            Ok(Report::of(&case, &settings))
        };
        return Ok(Comparison::new((first, &report(first)?), (second, &report(second)?)));
    }
    let (a, b) = match args.captures.as_slice() {
        [] if !args.a.is_empty() => (args.a.as_slice(), args.b.as_slice()),
        [first, second] => (std::slice::from_ref(first), std::slice::from_ref(second)),
        _ => return Err(usage("two captures are compared, or two groups of them")),
    };
    let first = args.input.evidence_of_some(a)?;
    let second = args.input.evidence_of_some(b)?;
    args.input.check_stations(&[&first, &second])?;
    Ok(Comparison::new(
        (&name(a), &Report::new(&first, &settings)),
        (&name(b), &Report::new(&second, &settings)),
    ))
}

fn usage(what: &str) -> Failure {
    Failure::new(Exit::Usage, what)
        .hint("two captures: vicino audit compare A B")
        .hint("two groups: vicino audit compare --a A1 A2 --b B1 B2")
        .hint("two models: vicino audit compare CAPTURE… --model-a MODEL --model-b MODEL")
}

fn no_model(evidence: &Evidence, model: &str) -> Failure {
    let all = Case::new(evidence);
    let there: Vec<&str> = all.models().into_iter().collect();
    let hint = if there.is_empty() {
        "no model is known here: name those of the receivers with --model 01=MODEL, or give lab keys or truth"
            .to_owned()
    } else {
        format!("there are: {}", printable(&there.join(", ")))
    };
    Failure::new(Exit::Usage, format!("no broadcast of a {} was heard", printable(model))).hint(hint)
}

/// What a side is called: its first file, and how many more.
fn name(captures: &[PathBuf]) -> String {
    let first = captures.first().and_then(|path| path.file_name());
    let first = first
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    match captures.len() {
        0 | 1 => first,
        more => format!("{first} and {} more", more - 1),
    }
}

fn write(out: &mut dyn Write, comparison: &Comparison, layout: Layout) -> io::Result<()> {
    for (letter, side) in ["A", "B"].into_iter().zip(&comparison.sides) {
        let scope = &side.scope;
        writeln!(
            out,
            "{}  {}",
            layout.bold(letter),
            cut(&side.name, layout.columns.saturating_sub(4))
        )?;
        writeln!(
            out,
            "   {}",
            layout.dim(&format!(
                "{} RPIs under {} addresses; worst: {}",
                scope.rpis, scope.addresses, side.verdict
            ))
        )?;
    }
    let titles = if layout.is_wide() { TITLE } else { 0 };
    let what = if layout.is_wide() { "WHAT SHOULD HOLD" } else { "" };
    writeln!(out, "\n  {:5}{what:titles$}{:18}{:18}CHANGE", "RULE", "A", "B")?;
    for rule in &comparison.rules {
        let cell = |of: &Outcome| {
            let text = padded(&format!("{} {}", of.verdict.sign(), of.verdict.word()), 18);
            layout.verdict(of.verdict, &text)
        };
        let [a, b] = &rule.sides;
        let change = format!("{} {}", rule.change.sign(), rule.change.word());
        let change = match rule.change {
            Change::Same | Change::NotComparable => layout.dim(&change),
            _ => layout.bold(&change),
        };
        let (code, title) = (rule.rule.code, rule.rule.title);
        if layout.is_wide() {
            writeln!(out, "  {code:5}{title:TITLE$}{}{}{change}", cell(a), cell(b))?;
        } else {
            writeln!(out, "  {code:5}{}{}{change}", cell(a), cell(b))?;
            writeln!(out, "       {title}")?;
        }
        if a.seen == b.seen {
            continue;
        }
        for (letter, side) in ["A", "B"].into_iter().zip(&rule.sides) {
            for (number, line) in wrapped(&side.seen, layout.columns.saturating_sub(12))
                .iter()
                .enumerate()
            {
                let letter = if number == 0 { letter } else { " " };
                writeln!(out, "       {}", layout.dim(&format!("{letter}: {line}")))?;
            }
        }
    }
    writeln!(
        out,
        "\nB beside A: {} worse, {} better, {} the same, {} not comparable (profile {})",
        comparison.count(Change::Worse),
        comparison.count(Change::Better),
        comparison.count(Change::Same),
        comparison.count(Change::NotComparable),
        comparison.settings.profile.word()
    )
}
