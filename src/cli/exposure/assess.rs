//! `vicino exposure assess` and `configs`: what applications would do with exposure windows.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::super::{Exit, Failure, to_stdout};
use super::input::{self, Person};
use crate::lab::exposure::rule::{self, Config, Decision, Detail, Evidence};
use crate::lab::text::{json_printable, printable};

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/assessment/1";

/// Says what applications would do with exposure windows, as Google's API gives them, and why.
///
/// The file is a list of windows (`dateMillisSinceEpoch`, `reportType`, `infectiousness`, `scanInstances`), or an object
/// whose values are such lists, each of a person of its own; what `exposure --json` and `exposure windows --json` print is
/// taken too, each receiver as a person. Rules of the first interface, which knew no windows, take each window as one
/// exposure.
#[derive(Debug, Args)]
pub(crate) struct AssessArgs {
    /// Windows in JSON; `-` for standard input
    #[arg(value_name = "WINDOWS.json")]
    windows: PathBuf,
    /// Rules by name, or files of rules, which win over built-in ones of the same name; without one, all built-in ones
    #[arg(long = "config", value_name = "NAME|FILE.toml")]
    configs: Vec<String>,
    #[command(flatten)]
    day: DayArg,
    /// Also what each decision was made upon: exposures and their summary, or daily summaries
    #[arg(long)]
    details: bool,
    /// Prints CSV: one row per decision; with several persons the first column names them
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// When the application decides.
#[derive(Debug, Args)]
pub(super) struct DayArg {
    /// Day of the decision (2020-07-30): what is later does not count, nor what is too old for a rule; without it, the day
    /// of the latest window
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
    let persons = input::persons(&args.windows)?;
    let decide = |person: &Person| {
        let evidence = Evidence {
            windows: &person.windows,
            today: args.day.today,
            ..Evidence::default()
        };
        configs.iter().map(|config| Decided::new(config, evidence)).collect()
    };
    let decided: Vec<Vec<Decided<'_>>> = persons.iter().map(decide).collect();
    let all = || persons.iter().zip(&decided);
    // One alone needs no name.
    let is_named = persons.len() > 1;
    to_stdout(|out| {
        if args.json {
            let value = as_json(&persons, &decided);
            return writeln!(out, "{}", json_printable(&format!("{value:#}")));
        }
        if args.csv {
            let mut writer = csv::Writer::from_writer(out);
            let name = |person: &Person| is_named.then(|| printable(&person.name).into_owned());
            writer.write_record(is_named.then_some("person").iter().chain(&DECISION_COLUMNS))?;
            for (person, decided) in all() {
                let mut rows = decided.iter().map(as_row);
                rows.try_for_each(|row| writer.write_record(name(person).iter().chain(&row)))?;
            }
            return writer.flush();
        }
        all().try_for_each(|(person, decided)| {
            if is_named {
                writeln!(out, "{}", printable(&person.name))?;
            }
            as_text(decided, args.details, out)
        })
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
        decision
            .notifies
            .map(|notifies| notifies.to_string())
            .unwrap_or_default(),
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
        let verdict = match decision.notifies {
            Some(true) => "notifies",
            Some(false) => "-",
            None => "unknown",
        };
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

fn as_json(persons: &[Person], decided: &[Vec<Decided<'_>>]) -> Value {
    let of = |person: &Person, decided: &[Decided<'_>]| json!({ "windows": person.windows.len(), "decisions": decisions(decided) });
    let all: Vec<Value> = persons
        .iter()
        .zip(decided)
        .map(|(person, decided)| of(person, decided))
        .collect();
    let mut value = match <[Value; 1]>::try_from(all) {
        Ok([alone]) => alone,
        Err(mut all) => {
            for (value, person) in all.iter_mut().zip(persons) {
                value["person"] = json!(person.name);
            }
            json!({ "persons": all })
        }
    };
    value["schema"] = json!(SCHEMA);
    value
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

/// The rules that are asked for, in that order; those of a file win over a built-in one of the same name.
///
/// # Errors
/// [`Failure`]: [`Exit::Input`] for a file that cannot be read, [`Exit::Usage`] for a name that is not known.
pub(super) fn configs(names: &[String]) -> Result<Vec<Config>, Failure> {
    if names.is_empty() {
        return Ok(rule::built_in().to_vec());
    }
    let mut configs = Vec::new();
    for name in names {
        if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
            configs.extend(rules_of(Path::new(name))?.into_iter().map(|config| (config, true)));
        } else {
            configs.push((known(name)?.clone(), false));
        }
    }
    let own: BTreeSet<String> = configs
        .iter()
        .filter(|(_, is_own)| *is_own)
        .map(|(config, _)| config.name.clone())
        .collect();
    configs.retain(|(config, is_own)| *is_own || !own.contains(&config.name));
    Ok(configs.into_iter().map(|(config, _)| config).collect())
}

/// The rules of a file.
pub(super) fn rules_of(path: &Path) -> Result<Vec<Config>, Failure> {
    let read = rule::parse(&input::read(path)?);
    read.map_err(|error| Failure::new(Exit::Input, format!("{}: {error}", path.display())))
}
