//! `vicino simulate`: a scenario to a capture with its truth.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::format::native::{self, Meta, Paths, SourceNote, Writer};
use crate::format::{EventReader, FormatError, reason};
use crate::lab::advert::StationId;
use crate::lab::event::{CaptureEvent, EventKind};
use crate::lab::text::printable;
use crate::sim::scenario::{Scenario, Span};
use crate::sim::{BUILTIN, Simulation, TruthWriter, builtin};

use super::convert::output_failure;
use super::{Exit, Failure, help, tell, to_stdout};

/// Simulates phones that move, rotate and broadcast, and writes what a receiver hears, with the truth beside it.
///
/// Writes NAME.csv (or NAME.csv.zst), NAME.events.csv and NAME.toml, the capture; NAME.truth.csv, who was where with
/// which identifier; and NAME.keys.csv, the keys of the simulated phones. The same scenario and seed give the same files.
/// Without OUT a built-in scenario gives its own NAME here, and a file mine.toml gives mine-run: its own name is taken.
#[derive(Debug, Args)]
#[command(after_help = help::SIMULATE)]
pub struct Simulate {
    /// A built-in scenario (see --list) or a TOML file
    #[arg(required_unless_present_any = ["list", "print"])]
    scenario: Option<String>,
    /// Where to: NAME.csv or NAME.csv.zst; `-` for rows on standard output. By default the built-in scenario's name, or
    /// mine-run.csv for a file mine.toml
    out: Option<PathBuf>,
    /// Another seed than the scenario's
    #[arg(long)]
    seed: Option<u64>,
    /// Another duration than the scenario's, like 90s or 2h30m
    #[arg(long = "for", value_name = "TIME")]
    duration: Option<Span>,
    /// Lists the built-in scenarios
    #[arg(long)]
    list: bool,
    /// Prints a built-in scenario, as a start for your own
    #[arg(long, value_name = "NAME")]
    print: Option<String>,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] when the scenario is none, or the files cannot be written.
pub fn run(args: &Simulate) -> Result<Exit, Failure> {
    if args.list {
        return list();
    }
    if let Some(name) = &args.print {
        let text = builtin(name).ok_or_else(|| unknown(name))?;
        return to_stdout(|out| out.write_all(text.as_bytes()));
    }
    let name = args.scenario.as_deref().unwrap_or_default();
    let (mut scenario, stem) = load(name)?;
    if let Some(seed) = args.seed {
        scenario.seed = seed;
    }
    if let Some(duration) = args.duration {
        scenario
            .set_duration(duration)
            .map_err(|error| Failure::new(Exit::Usage, format!("--for: {error}")))?;
    }
    match &args.out {
        Some(out) if out.as_os_str() == "-" => to_stdout(|out| rows(&scenario, out)),
        Some(out) => {
            native_ending(name, out)?;
            capture(&scenario, &stem, out)
        }
        None => {
            let run = if builtin(name).is_some() { "" } else { "-run" };
            capture(&scenario, &stem, Path::new(&format!("{stem}{run}.csv")))
        }
    }
}

/// Refuses names that promise another format.
fn native_ending(scenario: &str, out: &Path) -> Result<(), Failure> {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".csv") || name.ends_with(".csv.zst") || out.extension().is_none() {
        return Ok(());
    }
    let native = out.with_extension("csv");
    let (shown, native) = (out.display(), native.display());
    let message = format!("{shown}: native captures only; convert it afterwards");
    Err(Failure::new(Exit::Usage, message).hint(format!(
        "vicino simulate {scenario} {native}, then vicino convert {native} {shown}"
    )))
}

fn list() -> Result<Exit, Failure> {
    let mut lines = Vec::new();
    for (name, text) in BUILTIN {
        let scenario = Scenario::parse(text).map_err(|error| Failure::new(Exit::Input, format!("{name}: {error}")))?;
        lines.push(format!("{name:<16} {}", scenario.title));
    }
    to_stdout(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
}

fn unknown(name: &str) -> Failure {
    let known: Vec<_> = BUILTIN.iter().map(|(name, _)| *name).collect();
    Failure::new(Exit::Usage, format!("there is no built-in scenario {name:?}"))
        .hint(format!("there are {}", known.join(", ")))
}

/// The scenario, and what to call its files.
fn load(name: &str) -> Result<(Scenario, String), Failure> {
    let path = Path::new(name);
    let (text, stem) = if let Some(text) = builtin(name) {
        (text.to_owned(), name.to_owned())
    } else if path.extension().is_none() && !path.exists() {
        return Err(unknown(name));
    } else {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (read(path)?, stem)
    };
    let scenario = Scenario::parse(&text).map_err(|error| {
        Failure::new(Exit::Input, format!("{name}: {}", error.to_string().trim_end()))
            .hint("`vicino simulate --list` names scenarios to start from, `--print NAME` shows one")
    })?;
    Ok((scenario, stem))
}

fn read(path: &Path) -> Result<String, Failure> {
    use io::Read as _;
    let failed = |error: io::Error| {
        Failure::new(
            Exit::Input,
            format!("cannot read the scenario {}: {}", path.display(), reason(&error)),
        )
    };
    let mut text = String::new();
    // One byte more than is allowed, so that the parser refuses what is longer.
    let most = Scenario::MAX_TEXT as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(most).read_to_string(&mut text))
        .map_err(failed)?;
    Ok(text)
}

/// The advertisements as rows of a native capture; other events have no place there.
fn rows(scenario: &Scenario, out: &mut dyn Write) -> io::Result<()> {
    let mut simulation = Simulation::new(scenario);
    let mut names = vec![String::new(); scenario.stations.len()];
    let (mut batch, mut line, mut more) = (Vec::new(), Vec::new(), true);
    writeln!(out, "{}", native::HEADER)?;
    while more {
        more = simulation.read(&mut batch).map_err(io::Error::other)?;
        for event in batch.drain(..) {
            match event {
                CaptureEvent::Advert(advert) => {
                    line.clear();
                    native::write_row(&mut line, &advert, &names[usize::from(advert.station.0)]);
                    out.write_all(&line)?;
                }
                CaptureEvent::Other(event) => {
                    if let (StationId(id), EventKind::Station(info)) = (event.station, event.kind) {
                        names[usize::from(id)] = info.name;
                    }
                }
            }
        }
    }
    Ok(())
}

fn capture(scenario: &Scenario, name: &str, out: &Path) -> Result<Exit, Failure> {
    let paths = Paths::of(out);
    let truth_path = beside(&paths, "truth");
    let keys_path = beside(&paths, "keys");
    let truth = (create(&truth_path)?, create(&keys_path)?);
    let written = write(scenario, name, &paths, truth);
    let stored = match written {
        Ok(stored) => stored,
        Err(error) => {
            // Created by this call; without its capture the truth is of no use.
            let _ = std::fs::remove_file(&truth_path);
            let _ = std::fs::remove_file(&keys_path);
            return Err(output_failure(&error));
        }
    };
    tell(format_args!(
        "wrote {}: {} advertisements, {} other events; truth in {}",
        printable(&paths.rows.display().to_string()),
        stored.meta.counts.adverts,
        stored.meta.counts.events,
        printable(&truth_path.display().to_string())
    ));
    match stored.meta_failure {
        None => Ok(Exit::Done),
        Some(what) => Err(Failure::new(
            Exit::Environment,
            format!("the metadata is out of date: {what}"),
        )),
    }
}

fn write(
    scenario: &Scenario,
    name: &str,
    paths: &Paths,
    (truth, keys): (File, File),
) -> Result<native::Stored, FormatError> {
    let writer = Writer::create(paths, meta(scenario, name))?;
    fill(scenario, writer, truth, keys).inspect_err(|_| {
        // Created here: the same command can be given again.
        for path in [&paths.rows, &paths.events, &paths.meta] {
            let _ = std::fs::remove_file(path);
        }
    })
}

fn fill(scenario: &Scenario, mut writer: Writer, truth: File, keys: File) -> Result<native::Stored, FormatError> {
    let telling = |source| FormatError::Io {
        context: "cannot write the truth".to_owned(),
        source,
    };
    let mut truth = TruthWriter::new(BufWriter::new(truth), BufWriter::new(keys)).map_err(telling)?;
    let mut simulation = Simulation::new(scenario).with_truth();
    let progress = progress(&simulation);
    let (mut batch, mut more) = (Vec::new(), true);
    while more {
        more = simulation.read(&mut batch)?;
        for event in batch.drain(..) {
            writer.write(&event)?;
        }
        for row in simulation.take_truth() {
            truth.write(&row).map_err(telling)?;
        }
        progress.set_position(seconds(simulation.progress().0.0));
    }
    progress.finish_and_clear();
    truth.finish().map_err(telling)?;
    writer.finish()
}

fn meta(scenario: &Scenario, name: &str) -> Meta {
    Meta {
        title: scenario.title.clone(),
        licence: "no rights are claimed in simulated data".to_owned(),
        provenance: format!(
            "simulated: scenario {name:?}, seed {}, {} s",
            scenario.seed,
            scenario.duration.0.as_secs_f64()
        ),
        privacy: "no real device is in it".to_owned(),
        source: SourceNote {
            kind: "simulator".to_owned(),
            description: format!("scenario {name:?}"),
            cannot_see: vec!["channel".to_owned()],
        },
        ..Meta::default()
    }
}

fn progress(simulation: &Simulation) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("simulating {bar:30} {percent}% of {len} s").ok();
    let bar = ProgressBar::new(seconds(simulation.progress().1.0));
    style.into_iter().fold(bar, ProgressBar::with_style)
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros / 1_000_000).unwrap_or_default()
}

/// `NAME.WHAT.csv` beside a capture.
fn beside(paths: &Paths, what: &str) -> PathBuf {
    paths.meta.with_extension(format!("{what}.csv"))
}

fn create(path: &Path) -> Result<File, Failure> {
    native::create_private(path).map_err(|source| {
        output_failure(&FormatError::Io {
            context: format!("cannot create {}", path.display()),
            source,
        })
    })
}
