//! `vicino exposure assess` and `configs`: what applications would do with exposure windows.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::super::{Exit, Failure, to_stdout};
use crate::format::reason;
use crate::lab::exposure::rule::{self, ApiWindow, Config, Decision, Detail, Evidence};
use crate::lab::text::{json_printable, printable};

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/assessment/1";
/// Longer files are refused, in bytes.
const MOST: u64 = 64 * 1024 * 1024;

/// Says what applications would do with exposure windows, as Google's API gives them, and why.
///
/// The file is a list of windows (`dateMillisSinceEpoch`, `reportType`, `infectiousness`, `scanInstances`), or an object
/// whose values are such lists. Rules of the first interface, which knew no windows, take each window as one exposure.
#[derive(Debug, Args)]
pub(crate) struct AssessArgs {
    /// Windows in JSON; `-` for standard input
    #[arg(value_name = "WINDOWS.json")]
    windows: PathBuf,
    /// Rules by name, or files of rules; without one, all built-in ones
    #[arg(long = "config", value_name = "NAME|FILE.toml")]
    configs: Vec<String>,
    #[command(flatten)]
    day: DayArg,
    /// Also what each decision was made upon: exposures and their summary, or daily summaries
    #[arg(long)]
    details: bool,
    /// Prints CSV: one row per decision
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// When the application decides.
#[derive(Debug, Args)]
pub(super) struct DayArg {
    /// Day of the decision, for rules that forget what is old (2020-07-30); without it, the day of the latest window
    #[arg(long = "on", value_name = "DATE", value_parser = day)]
    pub(super) today: Option<i64>,
}

fn day(text: &str) -> Result<i64, String> {
    let date: jiff::civil::Date = text.parse().map_err(|_| "no date: write 2020-07-30".to_owned())?;
    let start = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_err(|error| error.to_string())?;
    Ok(start.timestamp().as_second().div_euclid(86_400))
}

/// Lists the rules, or prints those of one name in TOML, to start one's own from.
#[derive(Debug, Args)]
pub(crate) struct ConfigsArgs {
    /// The rule
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Runs `assess`.
///
/// # Errors
/// [`Failure`]: [`Exit::Input`] for windows or rules that cannot be read, [`Exit::Usage`] for a rule that is not known.
pub(super) fn assess(args: &AssessArgs) -> Result<Exit, Failure> {
    let configs = configs(&args.configs)?;
    let windows = windows(&args.windows)?;
    let evidence = Evidence {
        windows: &windows,
        today: args.day.today,
        ..Evidence::default()
    };
    let decided: Vec<Decided<'_>> = configs.iter().map(|config| Decided::new(config, evidence)).collect();
    to_stdout(|out| {
        if args.json {
            let value = as_json(windows.len(), &decided);
            return writeln!(out, "{}", json_printable(&format!("{value:#}")));
        }
        if args.csv {
            let mut writer = csv::Writer::from_writer(out);
            writer.write_record(DECISION_COLUMNS)?;
            decided.iter().try_for_each(|of| writer.write_record(as_row(of)))?;
            return writer.flush();
        }
        as_text(&decided, args.details, out)
    })
}

/// What a rule decided, and upon what.
pub(super) struct Decided<'a> {
    config: &'a Config,
    decision: Decision,
    detail: Detail,
}

impl<'a> Decided<'a> {
    pub(super) fn new(config: &'a Config, evidence: Evidence<'_>) -> Self {
        Self {
            config,
            decision: config.decide_on(evidence),
            detail: config.detail(evidence),
        }
    }
}

/// The columns of [`as_row`].
pub(super) const DECISION_COLUMNS: [&str; 5] = ["config", "notifies", "level", "day", "reason"];

/// A decision as cells.
pub(super) fn as_row(decided: &Decided<'_>) -> [String; 5] {
    let Decided { config, decision, .. } = decided;
    [
        printable(&config.name).into_owned(),
        decision.notifies.to_string(),
        printable(&decision.level).into_owned(),
        decision.day.clone().unwrap_or_default(),
        printable(&decision.reason).into_owned(),
    ]
}

/// A line for each decision, and where it is asked for what it was made upon.
pub(super) fn as_text(decided: &[Decided<'_>], details: bool, out: &mut dyn Write) -> io::Result<()> {
    decided.iter().try_for_each(|of| {
        let Decided {
            config,
            decision,
            detail,
        } = of;
        let verdict = if decision.notifies { "notifies" } else { "-" };
        let (name, level) = (printable(&config.name), printable(&decision.level));
        writeln!(
            out,
            "{name:<30} {verdict:<9} {level:<10} {}",
            printable(&decision.reason)
        )?;
        let lines = detail.lines();
        let mut shown = lines.iter().filter(|_| details);
        shown.try_for_each(|line| writeln!(out, "    {line}"))
    })
}

fn as_json(windows: usize, decided: &[Decided<'_>]) -> Value {
    json!({ "schema": SCHEMA, "windows": windows, "decisions": decisions(decided) })
}

/// Decisions with the rule that made each.
pub(super) fn decisions(decided: &[Decided<'_>]) -> Vec<Value> {
    let decisions = decided.iter().map(|of| {
        let Decided {
            config,
            decision,
            detail,
        } = of;
        let mut value = json!(decision);
        value["detail"] = json!(detail);
        value["config"] = json!(config.name);
        value["source"] = json!(config.source);
        value
    });
    decisions.collect()
}

/// Runs `configs`.
///
/// # Errors
/// [`Failure`] with [`Exit::Usage`] for a name that is not known.
pub(super) fn list(args: &ConfigsArgs) -> Result<Exit, Failure> {
    let Some(name) = &args.name else {
        return to_stdout(|out| {
            let mut all = rule::built_in().iter();
            all.try_for_each(|config| writeln!(out, "{:<30} {}", config.name, config.source))
        });
    };
    known(name)?;
    let head = format!("name = \"{name}\"\n");
    let text = rule::TEXT
        .split("[[config]]\n")
        .find(|text| text.starts_with(&head))
        .unwrap_or_default();
    to_stdout(|out| write!(out, "[[config]]\n{}\n", text.trim_end()))
}

fn known(name: &str) -> Result<&'static Config, Failure> {
    rule::built_in()
        .iter()
        .find(|config| config.name == name)
        .ok_or_else(|| {
            Failure::new(Exit::Usage, format!("no rule {name:?}")).hint("`vicino exposure configs` lists them")
        })
}

pub(super) fn configs(names: &[String]) -> Result<Vec<Config>, Failure> {
    if names.is_empty() {
        return Ok(rule::built_in().to_vec());
    }
    let mut configs = Vec::new();
    for name in names {
        if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
            configs.extend(rules_of(Path::new(name))?);
        } else {
            configs.push(known(name)?.clone());
        }
    }
    Ok(configs)
}

/// The rules of a file.
pub(super) fn rules_of(path: &Path) -> Result<Vec<Config>, Failure> {
    let read = rule::parse(&read(path)?);
    read.map_err(|error| Failure::new(Exit::Input, format!("{}: {error}", path.display())))
}

fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let outcome = if path == Path::new("-") {
        io::stdin().lock().take(MOST + 1).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(MOST + 1).read_to_string(&mut text))
    };
    let fault = |what: &str| Failure::new(Exit::Input, format!("{}: {what}", path.display()));
    outcome.map_err(|error| fault(&reason(&error)))?;
    if text.len() as u64 > MOST {
        return Err(fault("is longer than 64 MiB"));
    }
    Ok(text)
}

fn windows(path: &Path) -> Result<Vec<ApiWindow>, Failure> {
    let text = read(path)?;
    let fault = |what: String| {
        Failure::new(Exit::Input, format!("{}: {what}", path.display()))
            .hint("a list of windows: [{\"dateMillisSinceEpoch\":…,\"scanInstances\":[{\"minAttenuationDb\":…}]}]")
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
    let lists = match value {
        // What `exposure` itself prints.
        Value::Object(mut own) if own.contains_key("schema") => match own.remove("receivers") {
            Some(Value::Array(receivers)) => receivers
                .into_iter()
                .filter_map(|mut receiver| receiver.get_mut("windows").map(Value::take))
                .collect(),
            _ => own.remove("windows").into_iter().collect(),
        },
        Value::Object(lists) => lists.into_iter().map(|(_, list)| list).collect(),
        list => vec![list],
    };
    let mut windows = Vec::new();
    for list in lists {
        let read: Vec<ApiWindow> = serde_json::from_value(list).map_err(|error| fault(error.to_string()))?;
        windows.extend(read);
    }
    for (number, window) in (1..).zip(&windows) {
        window
            .check()
            .map_err(|what| fault(format!("window {number}: {what}")))?;
    }
    Ok(windows)
}
