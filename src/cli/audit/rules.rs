//! `vicino audit rules`: what is judged, and by which thresholds.

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use super::layout::{Layout, wrapped};
use super::{JudgingArgs, json as print};
use crate::cli::{Exit, Failure, Look, help, to_stdout};
use crate::lab::audit::Settings;
use crate::lab::audit::rule::Rule;

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/audit-rules/1";

/// Tells the rules: what each tests, what it needs, when it fails, what that means, and what would mend it
#[derive(Debug, Args)]
#[command(after_help = help::AUDIT_RULES)]
pub(super) struct RulesArgs {
    #[command(flatten)]
    judging: JudgingArgs,
    /// Prints a file of settings (TOML) with every threshold, to start one's own from
    #[arg(long, conflicts_with = "json")]
    template: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Tells the rules.
pub(super) fn run(args: &RulesArgs, look: &Look) -> Result<Exit, Failure> {
    let settings = args.judging.settings()?;
    let rules: Vec<&Rule> = settings.rules.iter().map(|rule| rule.rule()).collect();
    to_stdout(|out| {
        if args.template {
            return out.write_all(template(&settings).as_bytes());
        }
        if args.json {
            let value = json!({
                "schema": SCHEMA,
                "profile": settings.profile,
                "thresholds": settings.thresholds,
                "rules": rules,
            });
            return print(out, &value);
        }
        write(out, &rules, &settings, Layout::of_stdout(look))
    })
}

fn write(out: &mut dyn Write, rules: &[&Rule], settings: &Settings, layout: Layout) -> io::Result<()> {
    for rule in rules {
        let head = format!("{:4}{}", rule.code, rule.title);
        writeln!(
            out,
            "{}  {}",
            layout.bold(&head),
            layout.dim(&format!("({})", rule.slug))
        )?;
        for (name, text) in [
            ("tests", rule.tests),
            ("needs", rule.needs),
            ("threshold", rule.threshold),
            ("source", rule.source),
            ("means", rule.means),
            ("remedy", rule.remedy),
        ] {
            for (number, line) in wrapped(text, layout.columns.saturating_sub(15)).iter().enumerate() {
                let name = if number == 0 { name } else { "" };
                writeln!(out, "    {name:11}{line}")?;
            }
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "Thresholds of the profile {}: vicino audit rules --template",
        settings.profile.word()
    )
}

/// A file of settings that says what is in force.
fn template(settings: &Settings) -> String {
    let thresholds = toml::to_string(&settings.thresholds).unwrap_or_default();
    let codes = |is_in: bool| {
        let all = crate::lab::audit::rule::RULES.iter();
        let wanted = all.filter(|rule| settings.rules.contains(&rule.id) == is_in);
        wanted
            .map(|rule| format!("{:?}", rule.code))
            .collect::<Vec<_>>()
            .join(", ")
    };
    format!(
        "# Settings of `vicino audit --settings FILE`. What is left out is the profile's.\n\n\
         # \"spec\": the letter of the specification; \"field\": what real phones do.\nprofile = \"{}\"\n\
         # Only these rules (all where the list is empty), and rules to leave out.\nonly = []\nskip = [{}]\n\n\
         # Lengths of time in minutes (_min), seconds (_s) and hours (_h), levels in decibels (_db); shares are from 0 to 1.\n\
         # `vicino audit rules` tells which rule uses which, and where its value comes from.\n[thresholds]\n{thresholds}",
        settings.profile.word(),
        codes(false)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::audit::settings::Profile;

    #[test]
    fn a_template_reads_back_as_what_it_was_made_from() {
        for profile in [Profile::Spec, Profile::Field] {
            let mut settings = Settings::of(profile);
            settings.choose(&[], &["B15".to_owned()]).expect("a rule");
            assert_eq!(Settings::parse(&template(&settings), None), Ok(settings));
        }
    }
}
