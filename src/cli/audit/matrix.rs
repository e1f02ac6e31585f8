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

/// Widest name of a model.
const MODEL: usize = 24;

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
    let names: Vec<String> = matrix.models.iter().map(|of| cut(&of.model, MODEL)).collect();
    // Models stand side by side as long as there is room; further ones in a table below.
    let head = 5 + 48;
    let width = 18;
    let each = (layout.columns.saturating_sub(head) / width).max(1);
    let mut places: Vec<usize> = (0..names.len()).collect();
    for (number, part) in places.chunks_mut(each).enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write!(out, "{:head$}", "")?;
        for place in &*part {
            write!(out, "{}", layout.bold(&padded(&cut(&names[*place], width - 2), width)))?;
        }
        write!(out, "\n{}", padded("     phones, RPIs", head))?;
        for place in &*part {
            let of = &matrix.models[*place];
            write!(out, "{}", padded(&format!("{}, {}", of.phones.len(), of.rpis), width))?;
        }
        writeln!(out)?;
        for (column, rule) in matrix.rules.iter().enumerate() {
            write!(out, "{:5}{:48}", rule.code, rule.title)?;
            for place in &*part {
                let Some(cell) = matrix.models[*place].cells.get(column) else {
                    continue;
                };
                let n = if cell.findings > 0 {
                    format!(" ({})", cell.findings)
                } else {
                    String::new()
                };
                let text = format!("{} {}{n}", cell.verdict.sign(), cell.verdict.word());
                write!(out, "{}", layout.verdict(cell.verdict, &padded(&text, width)))?;
            }
            writeln!(out)?;
        }
    }
    let told = format!(
        "In brackets: findings. {} RPIs are of no known model. {} = not observable by these captures.{}",
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
