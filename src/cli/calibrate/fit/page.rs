//! The page of a fit: for colleagues who have the measurements of others before them, and not this program.

use super::output::{self, alike, beside, cautions, figure, intervals, scale, short_name, state, unit, warning};
use super::{FitArgs, Fitted, plots};
use crate::cli::Failure;
use crate::cli::reports::{files, name_of, quoted, undrawn};
use crate::lab::attenuation::Confidence;
use crate::lab::calibration::fit::{Judged, Parameter, State, Warning};
use crate::lab::calibration::{Entry, ProfileTable};
use crate::report::page::{Page, Table};

/// The model, as a person writes it.
const MODEL: [&str; 2] = [
    "level = TX power(sender) − correction(receiver) − attenuation(distance) + orientation + session + error",
    "attenuation(distance) = attenuation at 1 m + 10 · exponent · log10(distance in m)",
];

/// What holds of every fit.
const METHOD: [&str; 6] = [
    "A group is all reports of one sender and receiver in one session, orientation and distance. Its median level is one \
     observation: more reports of the same group do not make it surer, since antennas, reflections and the hand that placed \
     the phones stay as they are.",
    "Reports of −20 dBm or more are left out: the receiver was overdriven.",
    "The fit is robust: groups that fit badly get less weight, down to none (column weight).",
    "Intervals are of 90 %. They rest on how much groups disagree, on Student's t, and on correlations of errors that both \
     directions of a pair, or all groups of a pair, share, as far as the data show them. With --bootstrap residuals are drawn \
     anew instead.",
    "Levels alone fix no scale: 1 dB more of every TX power and every correction changes nothing. Reference phones with known \
     figures do; their figures are taken as exact, and an error in them moves all others.",
    "Not modelled: packets too weak to be heard at all, which make far groups look stronger than they are; differences \
     between radio channels; phones of one model that differ from each other, unless each was told apart.",
];

/// The caution about one pose.
const POSE: &str = "A place or a pose that takes 5 dB takes them in both directions. Where each pair was measured in one pose \
                    only, that looks like 5 dB less TX power and 5 dB more correction; only their sum is right. At least three \
                    orientations, with the phones exchanged, tell them apart.";

/// The page.
///
/// # Errors
/// [`Failure`] when a plot cannot be drawn.
pub(super) fn page(args: &FitArgs, fitted: &Fitted, table: &ProfileTable) -> Result<Page, Failure> {
    let mut page = Page::new(
        "Calibration of phones",
        "RSSI corrections and TX powers of phone models for exposure notifications, fitted to levels that were measured at \
         known distances.",
    );
    summary(args, fitted, table, &mut page);
    page.section("Plots");
    for plot in plots::all(fitted) {
        page.plot(&plot).map_err(|error| undrawn(&error))?;
    }
    diagnosis(fitted, &mut page);
    page.section("Groups");
    page.table(&groups(fitted));
    method(&mut page);
    provenance(args, fitted, &mut page);
    usage(args, table, &mut page);
    Ok(page)
}

fn summary(args: &FitArgs, fitted: &Fitted, table: &ProfileTable, page: &mut Page) {
    page.section("Summary");
    measured(fitted, page);
    page.warnings(cautions(fitted));
    page.part("Profiles");
    page.table(&profiles(fitted, table));
    page.text(
        "Attenuation = TX power − (RSSI + correction). The correction is what a model's reports read too low as a receiver; \
         whole figures are what exposure notifications count with.",
    );
    page.part("Path loss and conditions");
    page.table(&others(fitted));
    contrasts(fitted, page);
    if !args.beside.is_empty() {
        page.part("Beside published tables");
        let differences = differences(args, fitted);
        if differences.rows.is_empty() {
            page.text("None of the measured phones is in these tables by its name, or none of their figures is told.");
        } else {
            page.table(&differences);
        }
        page.warnings(output::uncompared(fitted, &args.beside));
    }
}

/// Names of phones, each with its model where that is another.
fn phones(fitted: &Fitted) -> Vec<String> {
    let bench = &fitted.bench;
    let name = |(phone, name): (usize, &String)| {
        let shown = short_name(&bench.phones, phone);
        let model = bench
            .models
            .get(phone)
            .filter(|model| !model.is_empty() && *model != name);
        model.map_or(shown.clone(), |_| {
            format!("{shown} ({})", short_name(&bench.models, phone))
        })
    };
    bench.phones.iter().enumerate().map(name).collect()
}

/// How many names there are, and the first of them.
fn names(all: &[String]) -> String {
    let names: Vec<String> = (0..all.len().min(30)).map(|number| short_name(all, number)).collect();
    let more = match all.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}: {}{more}", all.len(), names.join(", "))
}

/// What was measured, and how well it fits.
fn measured(fitted: &Fitted, page: &mut Page) {
    let (quality, bench) = (&fitted.fit.quality, &fitted.bench);
    let distances = || fitted.fit.groups.iter().map(|judged| judged.group.distance.0);
    let (low, high) = distances().fold((f64::INFINITY, 0.0_f64), |(low, high), distance| {
        (low.min(distance), high.max(distance))
    });
    let optional =
        |value: Option<f64>, unit: &str| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}{unit}"));
    page.facts([
        (
            "Measured",
            format!("{} reports in {} groups", quality.counts.used, quality.groups),
        ),
        ("Phones", names(&phones(fitted))),
        ("Sessions", names(&bench.sessions)),
        (
            "Orientations",
            if bench.orientations.is_empty() {
                "none was noted".to_owned()
            } else {
                names(&bench.orientations)
            },
        ),
        (
            "Distances",
            if high - low < 0.005 {
                format!("{low:.2} m only")
            } else {
                format!("{low:.2} to {high:.2} m")
            },
        ),
        ("Scale fixed by", scale(fitted)),
        (
            "Fit",
            format!(
                "residuals {}, between groups {:.2} dB, R² {}; degrees of freedom: {}",
                optional(quality.residual_sd_db, " dB"),
                quality.between_sd_db,
                optional(quality.r_squared, ""),
                quality.freedom
            ),
        ),
    ]);
}

/// What is told although its parts are not.
fn contrasts(fitted: &Fitted, page: &mut Page) {
    let contrasts = fitted.fit.contrasts();
    if contrasts.is_empty() {
        return;
    }
    page.part("Told together only");
    page.text("Some figures cannot be told one by one, but these sums and differences can:");
    page.list(contrasts.iter().take(60).map(|contrast| {
        let terms = contrast.terms.iter().map(|(parameter, factor)| {
            let sign = if *factor < 0.0 { "−" } else { "+" };
            format!("{sign} {}", fitted.name(*parameter))
        });
        let terms: Vec<String> = terms.collect();
        let terms = terms.join(" ");
        let terms = terms.strip_prefix("+ ").unwrap_or(&terms);
        format!("{terms}: {}", figure(&contrast.estimate, "dB"))
    }));
}

const fn confidence(entry: &Entry) -> &'static str {
    match entry.confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
        Confidence::Lowest => "lowest",
    }
}

/// What is told of each phone.
fn profiles(fitted: &Fitted, table: &ProfileTable) -> Table {
    let names = phones(fitted);
    let row = |(phone, name): (usize, &String)| {
        let of = |parameter| {
            let found = fitted.fit.parameters.iter().find(|(one, _)| *one == parameter);
            found.map_or_else(|| "not measured".to_owned(), |(_, of)| short(of, unit(parameter)))
        };
        let entry = table.entries().iter().find(|entry| entry.model == *name);
        let whole = entry.map_or_else(
            || "–".to_owned(),
            |entry| {
                format!(
                    "{:+} / {}",
                    entry.profile.rssi_correction_db, entry.profile.tx_power_dbm
                )
            },
        );
        vec![
            names.get(phone).cloned().unwrap_or_default(),
            of(Parameter::Correction(phone)),
            of(Parameter::Tx(phone)),
            whole,
            entry.map_or("–", confidence).to_owned(),
            entry.map_or_else(|| "no figure is told".to_owned(), |entry| entry.source.clone()),
        ]
    };
    Table {
        caption: "Profiles, with intervals of 90 %".to_owned(),
        columns: vec![
            ("phone", false),
            ("correction", false),
            ("TX power", false),
            ("whole dB", true),
            ("confidence", false),
            ("source", false),
        ],
        rows: fitted.bench.phones.iter().enumerate().map(row).collect(),
    }
}

/// A state without the reason, which stands in the diagnosis.
fn short(of: &State, unit: &str) -> String {
    match of {
        State::Untold(_) => "not told".to_owned(),
        of => state(of, unit),
    }
}

fn is_of_phone(parameter: Parameter) -> bool {
    matches!(parameter, Parameter::Tx(_) | Parameter::Correction(_))
}

fn others(fitted: &Fitted) -> Table {
    let all = fitted.fit.parameters.iter();
    let others = all.filter(|(parameter, _)| !is_of_phone(*parameter));
    Table {
        caption: "Path loss and conditions, with intervals of 90 %".to_owned(),
        columns: vec![("parameter", false), ("value", false)],
        rows: others
            .map(|(parameter, of)| vec![fitted.name(*parameter), short(of, unit(*parameter))])
            .collect(),
    }
}

fn differences(args: &FitArgs, fitted: &Fitted) -> Table {
    let mut rows = Vec::new();
    for (parameter, of) in &fitted.fit.parameters {
        for table in &args.beside {
            if let Some((value, difference)) = beside(fitted, table, *parameter, of) {
                let is_within = difference.interval.map_or("–", |interval| {
                    if interval.low <= 0.0 && 0.0 <= interval.high {
                        "yes"
                    } else {
                        "no"
                    }
                });
                rows.push(vec![
                    fitted.name(*parameter),
                    table.edition.clone(),
                    format!("{value:+.1}"),
                    figure(&difference, unit(*parameter)),
                    is_within.to_owned(),
                ]);
            }
        }
    }
    Table {
        caption: "Measured minus published, with intervals of 90 %".to_owned(),
        columns: vec![
            ("figure", false),
            ("table", false),
            ("published", true),
            ("difference", false),
            ("interval holds 0", false),
        ],
        rows,
    }
}

fn diagnosis(fitted: &Fitted, page: &mut Page) {
    page.section("Diagnosis");
    let is_outlier = |of: &&Warning| matches!(of, Warning::Outlier { .. });
    let all = &fitted.fit.warnings;
    page.part("Warnings");
    let mut warnings: Vec<String> = cautions(fitted);
    warnings.extend(
        output::others(fitted)
            .filter(|of| !is_outlier(of))
            .map(|of| warning(fitted, of)),
    );
    if warnings.is_empty() {
        page.text("There are none.");
    }
    page.warnings(&warnings);
    page.part("What cannot be told, and why");
    let untold: Vec<(String, String)> = fitted
        .fit
        .parameters
        .iter()
        .filter_map(|(parameter, of)| match of {
            State::Untold(reason) => Some((fitted.name(*parameter), reason.to_string())),
            _ => None,
        })
        .collect();
    if untold.is_empty() {
        page.text("Every figure that the measurements ask for can be told.");
    } else {
        page.facts(untold);
    }
    page.part("Outliers");
    let outliers: Vec<String> = all.iter().filter(is_outlier).map(|of| warning(fitted, of)).collect();
    if outliers.is_empty() {
        page.text("No group lies more than 3.5 standard deviations off.");
    } else {
        page.text("These groups lie more than 3.5 standard deviations off and count little or nothing:");
        page.list(&outliers);
    }
}

/// A group by short names, so that none of its parts is cut off.
fn group(fitted: &Fitted, judged: &Judged) -> String {
    let group = &judged.group;
    let phone = |number: usize| short_name(&fitted.bench.phones, number);
    let orientation = group
        .orientation
        .map(|number| format!(", {}", short_name(&fitted.bench.orientations, number)));
    format!(
        "{} → {}, {:.2} m{}",
        phone(group.sender),
        phone(group.receiver),
        group.distance.0,
        orientation.unwrap_or_default()
    )
}

fn groups(fitted: &Fitted) -> Table {
    let rows = fitted.fit.groups.iter().filter_map(|judged| {
        let levels = judged.group.levels.as_ref()?;
        Some(vec![
            group(fitted, judged),
            short_name(&fitted.bench.sessions, judged.group.session),
            levels.n.to_string(),
            judged.group.counts.saturated.to_string(),
            format!("{:.1}", levels.median_dbm),
            format!("{:.1}", levels.iqr_db),
            format!("{:.1}", levels.grouped_median_dbm),
            format!("{:.1}", judged.expected_dbm),
            format!("{:+.1}", judged.residual_db),
            judged
                .scaled
                .map_or_else(|| "–".to_owned(), |scaled| format!("{scaled:+.1}")),
            format!("{:.2}", judged.weight),
        ])
    });
    Table {
        caption: "Groups of reports under equal conditions, in dBm and dB. Median and IQR are of the reports in whole decibels; \
                  the level is their median with a fraction, and the residual is level − expected"
            .to_owned(),
        columns: vec![
            ("group", false),
            ("session", false),
            ("reports", true),
            ("saturated", true),
            ("median", true),
            ("IQR", true),
            ("level", true),
            ("expected", true),
            ("residual", true),
            ("in std. dev.", true),
            ("weight", true),
        ],
        rows: rows.collect(),
    }
}

fn method(page: &mut Page) {
    page.section("Method and limits");
    page.code(MODEL);
    page.list(METHOD);
    page.warnings([POSE]);
}

fn provenance(args: &FitArgs, fitted: &Fitted, page: &mut Page) {
    page.section("Provenance");
    let captures = args.captures.iter().map(|path| ("capture", path));
    let truth = args.truth.iter().map(|path| ("truth", path));
    let keys = args.measured.keys().map(|path| ("lab keys", path));
    page.table(&files(captures.chain(truth).chain(keys)));
    let tables: Vec<&str> = args.beside.iter().map(|table| table.edition.as_str()).collect();
    let counts = &fitted.fit.quality.counts;
    page.facts([
        ("Program", concat!("Vicino ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("Intervals", intervals(fitted)),
        (
            "Phones are told apart by",
            if args.each_phone { "phone" } else { "model" }.to_owned(),
        ),
        (
            "Left out",
            format!(
                "{} reports saturated, {} without level, {} of times or phones of which no distance is known",
                counts.saturated, counts.unavailable, fitted.bench.unplaced
            ),
        ),
        (
            "Compared with",
            if tables.is_empty() {
                "nothing".to_owned()
            } else {
                tables.join(", ")
            },
        ),
    ]);
    page.text("The same figures come from:");
    page.code([command(args)]);
}

/// The command that gives the same figures.
fn command(args: &FitArgs) -> String {
    let mut words: Vec<String> = ["vicino", "calibrate", "fit"].map(str::to_owned).to_vec();
    words.extend(args.captures.iter().map(|path| name_of(path)));
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    args.truth.iter().for_each(|path| option("--truth", name_of(path)));
    for (model, correction, power) in &args.reference {
        let figure = |of: &Option<f64>| of.map(|of| of.to_string()).unwrap_or_default();
        option(
            "--reference",
            format!("{model}={}/{}", figure(correction), figure(power)),
        );
    }
    args.a1.iter().for_each(|db| option("--a1", db.to_string()));
    args.exponent.iter().for_each(|n| option("--exponent", n.to_string()));
    args.beside
        .iter()
        .for_each(|table| option("--beside", table.edition.clone()));
    if args.bootstrap {
        option("--seed", args.seed.to_string());
    }
    words.extend(args.measured.words());
    words.extend(
        args.session
            .iter()
            .flat_map(|session| ["--session".to_owned(), session.clone()]),
    );
    let switches = [(args.each_phone, "--each-phone"), (args.bootstrap, "--bootstrap")];
    words.extend(
        switches
            .iter()
            .filter(|(is_on, _)| *is_on)
            .map(|(_, name)| (*name).to_owned()),
    );
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn usage(args: &FitArgs, table: &ProfileTable, page: &mut Page) {
    page.section("How to use the profile");
    let name = args
        .out
        .as_deref()
        .map_or_else(|| format!("{}.toml", args.name), name_of);
    let name = quoted(&name);
    if table.entries().is_empty() {
        page.text(
            "No phone has a figure that is told, so there is no profile to use. The diagnosis says what is missing.",
        );
        return;
    }
    page.text(&format!(
        "The profiles are a table that stands before a published list: models that it does not have come from the list of {}. \
         `--out FILE.toml` of the command above writes it; then:",
        table.base.as_deref().unwrap_or("the newest edition")
    ));
    page.code([
        format!("vicino calibrate show {name}"),
        format!("vicino exposure windows phone.btsnoop --edition {name}"),
        format!("vicino distance phone.btsnoop --edition {name}"),
    ]);
    let one = table.entries().iter().find(|entry| !alike(&entry.source, "reference"));
    if let Some(entry) = one.or_else(|| table.entries().first()) {
        let profile = entry.profile;
        page.text(&format!(
            "By hand, for a report that a {} heard of another: attenuation = TX power of the sender − (RSSI {} {}). A report of \
             −60 dBm of a sender of −30 dBm is an attenuation of {} dB.",
            crate::report::page::cut(&entry.model, 60),
            if profile.rssi_correction_db < 0 { "−" } else { "+" },
            profile.rssi_correction_db.unsigned_abs(),
            -30 - (-60 + i32::from(profile.rssi_correction_db))
        ));
    }
    page.text(
        "Use a profile of confidence low or medium for work on the bench. An estimate from one cautions, or with a half that an \
         average phone stands in for, is no figure to publish.",
    );
}
