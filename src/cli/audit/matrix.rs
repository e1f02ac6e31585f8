//! `vicino audit matrix`: models of phones against rules.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::layout::{Layout, cut, padded, wrapped};
use super::{InputArgs, JudgingArgs, json};
use crate::cli::{Exit, Failure, Look, help, to_stdout};
use crate::lab::audit::Verdict;
use crate::lab::audit::compare::Matrix;

/// Puts the models of phones that were heard against the rules
///
/// Whose model a broadcast is, is known from a phone's own log with `--model STATION=MODEL`, from lab keys, or from truth.
#[derive(Debug, Args)]
#[command(after_help = help::AUDIT_MATRIX)]
pub(super) struct MatrixArgs {
    /// Captures, in any known format
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    judging: JudgingArgs,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Width of a model's column, and of a rule's title.
const MODEL: usize = 14;
const TITLE: usize = 52;

/// Makes the matrix.
pub(super) fn run(args: &MatrixArgs, look: &Look) -> Result<Exit, Failure> {
    let settings = args.judging.settings()?;
    let evidence = args.input.evidence(&args.captures)?;
    let matrix = Matrix::new(&evidence, &settings);
    if matrix.models.is_empty() {
        return Err(Failure::new(
            Exit::Input,
            "no broadcast is known to be of any model, so there is nothing to compare",
        )
        .hint("name the models of the receivers whose own logs these are: --model 01=SM-G973F")
        .hint("or give lab keys (--keys) or truth (--truth) that name senders"));
    }
    to_stdout(|out| {
        if args.json {
            return json(out, &matrix);
        }
        write(out, &matrix, Layout::of_stdout(look))
    })
}

fn write(out: &mut dyn Write, matrix: &Matrix, layout: Layout) -> io::Result<()> {
    // Models stand side by side as long as there is room, further ones in a table below; where there is little, titles go.
    let titles = if layout.is_wide() { TITLE } else { 0 };
    let head = 5 + titles;
    let each = (layout.columns.saturating_sub(head) / MODEL).max(1);
    for (number, part) in matrix.models.chunks(each).enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write!(out, "{:head$}", "")?;
        for of in part {
            write!(out, "{}", layout.bold(&padded(&cut(&of.model, MODEL - 2), MODEL)))?;
        }
        write!(out, "\n{}", padded("RPIs", head))?;
        for of in part {
            write!(out, "{}", padded(&of.rpis.to_string(), MODEL))?;
        }
        writeln!(out)?;
        for (column, rule) in matrix.rules.iter().enumerate() {
            let title = if layout.is_wide() { rule.title } else { "" };
            write!(out, "{:5}{title:titles$}", rule.code)?;
            for cell in part.iter().filter_map(|of| of.cells.get(column)) {
                let word = match (cell.verdict, cell.findings) {
                    (Verdict::NotObservable, _) => "–".to_owned(),
                    (verdict, 0) => verdict.word().to_owned(),
                    (verdict, n) => format!("{verdict} ({n})"),
                };
                let text = format!("{} {word}", cell.verdict.sign());
                write!(out, "{}", layout.verdict(cell.verdict, &padded(&text, MODEL)))?;
            }
            writeln!(out)?;
        }
    }
    if !layout.is_wide() {
        writeln!(out)?;
        for rule in &matrix.rules {
            writeln!(out, "{}", layout.dim(&format!("{:5}{}", rule.code, rule.title)))?;
        }
    }
    let told = format!(
        "In brackets: findings. {} RPIs are of no known model. {} – is not observable by these captures.{}",
        matrix.rpis_of_no_model,
        Verdict::NotObservable.sign(),
        match matrix.models_left_out {
            0 => String::new(),
            more => format!(" {more} more models are left out."),
        }
    );
    writeln!(out)?;
    wrapped(&told, layout.columns)
        .iter()
        .try_for_each(|line| writeln!(out, "{}", layout.dim(line)))
}
