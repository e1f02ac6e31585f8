//! Method, limits, settings, and where the numbers come from.

use super::Told;
use crate::cli::reports::{files, name_of, quoted};
use crate::lab::audit::report::{Report, StationReport};
use crate::lab::audit::settings::Settings;
use crate::report::page::{Page, Table};

/// How it was judged.
const METHOD: [&str; 5] = [
    "The captures were read once; nothing was sent. Each rule gives one of four answers: pass, warn, fail, or not observable \
     where these captures do not show what it needs. What a source does not tell is never guessed.",
    "Addresses that a receiving controller resolved are not what was on the air. Nothing is concluded from them; the RPIs and \
     levels of the same packets are used.",
    "What was not heard is not known: times from the first to the last report are lower bounds, and a phone that went out of \
     reach may have gone on.",
    "Values that many phones send for a moment at a rotation are nobody's identifier and are left out.",
    "Thresholds come from the specification where it has one; the others are proposals from measurements. Each rule names its \
     source below.",
];

/// What a passive capture cannot tell.
const LIMITS: [&str; 7] = [
    "What a phone tells after a connection (GATT services, names behind them): nobody connected.",
    "What phones and applications store, and what their logs hold.",
    "What servers of health authorities receive, keep and tell.",
    "Whether the daily keys were drawn at random: only identifiers that came from them were heard.",
    "The fingerprint of a transmitter itself (clock offset, modulation): it needs the raw signal. It remains as a risk.",
    "How well transmission powers were calibrated, and so how well distances are told.",
    "Whether a weakness was used by anybody: an audit shows what could be done, not what was done.",
];

/// The sections.
pub(super) fn write(page: &mut Page, told: &Told<'_>) {
    page.section("Method and limits");
    page.list(METHOD);
    page.part("What this cannot see");
    page.list(LIMITS);
    page.section("The rules");
    page.text("What each rule tests, what it needs, when it warns or fails, and where that comes from.");
    for rule in &told.report.rules {
        let rule = rule.rule;
        page.part(&format!("{}: {}", rule.code, rule.title));
        page.facts([
            ("Tests", rule.tests.to_owned()),
            ("Needs", rule.needs.to_owned()),
            ("Threshold", rule.threshold.to_owned()),
            ("Source", rule.source.to_owned()),
        ]);
    }
    page.section("Settings");
    page.table(&thresholds(&told.report.settings));
    provenance(page, told);
}

fn thresholds(settings: &Settings) -> Table<String> {
    let all = toml::Table::try_from(&settings.thresholds).unwrap_or_default();
    let usual = toml::Table::try_from(crate::lab::audit::Thresholds::of(settings.profile)).unwrap_or_default();
    let rows = all.iter().map(|(name, value)| {
        let own = usual.get(name) != Some(value);
        let own = if own { "changed" } else { "the profile's" };
        vec![name.clone(), value.to_string(), own.to_owned()]
    });
    Table {
        caption: format!(
            "Thresholds (profile {}): _min minutes, _s seconds, _h hours, _db decibels, shares from 0 to 1",
            settings.profile.word()
        ),
        columns: vec![
            ("name".to_owned(), false),
            ("value".to_owned(), true),
            ("whose".to_owned(), false),
        ],
        rows: rows.collect(),
    }
}

fn provenance(page: &mut Page, told: &Told<'_>) {
    let args = told.args;
    page.section("Provenance");
    let captures = args.captures.iter().map(|path| ("capture", path));
    let settings = args.judging.settings.iter().map(|path| ("settings", path));
    let baseline = args.baseline.iter().map(|path| ("accepted findings", path));
    page.table(&files(
        captures.chain(args.input.files()).chain(settings).chain(baseline),
    ));
    page.table(&stations(told.report));
    page.facts([("Program", concat!("Vicino ", env!("CARGO_PKG_VERSION")).to_owned())]);
    page.text("The same numbers come from:");
    page.code([command(told)]);
}

fn stations(report: &Report) -> Table {
    let row = |of: &StationReport| {
        let blind = if of.cannot_see.is_empty() {
            "nothing that the rules need".to_owned()
        } else {
            of.cannot_see.join(", ")
        };
        vec![
            of.name.clone(),
            if of.model.is_empty() {
                "not told".to_owned()
            } else {
                of.model.clone()
            },
            super::capture(&of.capture),
            of.reports.to_string(),
            of.exposure_notifications.to_string(),
            blind,
        ]
    };
    Table {
        caption: "Receivers".to_owned(),
        columns: vec![
            ("receiver", false),
            ("model", false),
            ("capture", false),
            ("reports", true),
            ("exposure notifications", true),
            ("cannot see", false),
        ],
        rows: report.scope.stations.iter().map(row).collect(),
    }
}

/// The command that gives the same numbers.
fn command(told: &Told<'_>) -> String {
    let args = told.args;
    let mut words: Vec<String> = ["vicino", "audit"].map(str::to_owned).to_vec();
    words.extend(args.captures.iter().map(|path| name_of(path)));
    words.extend(args.input.words());
    words.extend(args.judging.words());
    if let Some(path) = &args.baseline {
        words.extend(["--baseline".to_owned(), name_of(path)]);
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}
