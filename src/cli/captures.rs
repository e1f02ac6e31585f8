//! `vicino captures`: the captures in a folder.

mod table;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;
use serde_json::{Value, json};

use super::inspect::csv_field;
use super::{Exit, Failure, Look, config, help, tell, to_stdout};
use crate::clock;
use crate::format::native::Meta;
use crate::format::open::Kind;
use crate::lab::text::{json_printable, printable};
use crate::lab::time::UnixMicros;
use crate::library::{self, Entry, Listing, Outline};

/// Version of the JSON that this verb prints.
const SCHEMA: &str = "vicino/captures/1";
/// Columns of `--csv`.
const COLUMNS: &str = "file,kind,bytes,modified_us,first_us,last_us,adverts,state,title";
/// Further ones with `--details`.
const MORE_COLUMNS: &str = ",gaen_adverts,scan_responses,addresses,identifiers,out_of_step,marks,gaps,damaged,failure";

/// Lists the captures in a folder, the newest first.
///
/// Native captures stand there once, whatever files they have; those of other programs are known by their content. What
/// is shown of a native capture is what its metadata say (they count scan responses as advertisements too), unless --details
/// reads it.
#[derive(Debug, Args)]
#[command(after_help = help::CAPTURES)]
pub struct CapturesArgs {
    /// The folder; by default vicino/captures in `$XDG_DATA_HOME` or ~/.local/share
    folder: Option<PathBuf>,
    /// Reads every capture to its end, and says what it amounts to
    #[arg(long)]
    details: bool,
    /// Prints JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints one CSV row per capture
    #[arg(long)]
    csv: bool,
}

/// A capture as it is shown.
struct Row {
    entry: Entry,
    /// What was read, where that was wanted.
    outline: Option<Outline>,
}

impl Row {
    /// First and last time: as read, otherwise by the metadata.
    fn span(&self) -> (Option<UnixMicros>, Option<UnixMicros>) {
        match &self.outline {
            Some(outline) => (outline.first, outline.last),
            None => self.told_span(),
        }
    }

    /// First and last time by the metadata.
    fn told_span(&self) -> (Option<UnixMicros>, Option<UnixMicros>) {
        let span = self.entry.meta.as_ref().map(|meta| &meta.span);
        let at = |micros: Option<i64>| micros.map(UnixMicros);
        span.map_or((None, None), |span| (at(span.first_us), at(span.last_us)))
    }

    /// Advertisements: as read, otherwise by the metadata.
    fn adverts(&self) -> Option<u64> {
        match &self.outline {
            Some(outline) => Some(outline.adverts),
            None => self.told_adverts(),
        }
    }

    /// Advertisements by the metadata; those that were written by hand need not tell.
    fn told_adverts(&self) -> Option<u64> {
        let tells = |meta: &&Meta| meta.complete || meta.span.first_us.is_some();
        self.entry.meta.as_deref().filter(tells).map(|meta| meta.counts.adverts)
    }

    fn title(&self) -> Option<&str> {
        self.entry.meta.as_ref().map(|meta| meta.title.as_str())
    }
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] with [`Exit::Input`] when the folder cannot be read.
pub(super) fn run(args: &CapturesArgs, look: &Look) -> Result<Exit, Failure> {
    let listing = listing(args, look)?;
    if listing.left_out > 0 {
        let n = listing.left_out;
        tell(format_args!(
            "warning: the folder has too many files; {n} were not looked at"
        ));
    }
    let mut exit = Exit::Done;
    let mut rows = Vec::new();
    for entry in listing.entries {
        let outline = args.details.then(|| read(&entry.path));
        if let Some(what) = outline.as_ref().and_then(|outline| outline.failure.as_deref()) {
            tell(format_args!("{}", Failure::new(Exit::Input, what)));
            exit = Exit::Input;
        }
        rows.push(Row { entry, outline });
    }
    let listing = Listing {
        entries: Vec::new(),
        ..listing
    };
    to_stdout(|out| match (args.json, args.csv) {
        (true, _) => writeln!(out, "{}", json_printable(&format!("{:#}", object(&listing, &rows)))),
        (_, true) => csv(args.details, &rows, out),
        _ if rows.is_empty() => Ok(()),
        _ => table::write(args.details, &rows, out),
    })
    .map(|_| exit)
}

/// What there is. That nobody made the library's own folder yet is no failure.
fn listing(args: &CapturesArgs, look: &Look) -> Result<Listing, Failure> {
    let folder = match &args.folder {
        Some(folder) => folder.clone(),
        None => config::load(look)?.folder.value.ok_or_else(|| {
            Failure::new(Exit::Environment, "no home folder is known").hint("name the folder: vicino captures .")
        })?,
    };
    let shown = folder.display().to_string();
    let shown = printable(&shown);
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    if args.folder.is_none() && folder.symlink_metadata().as_ref().err().is_some_and(is_missing) {
        tell(format_args!(
            "no captures yet: there is no folder {shown}\n  hint: `vicino record PATH/NAME` records to any folder, \
             `vicino captures .` lists those in the present one"
        ));
        return Ok(Listing {
            folder,
            ..Listing::default()
        });
    }
    let listing = library::scan(&folder, clock::wall()).map_err(|error| {
        Failure::new(Exit::Input, error.to_string()).hint("name a folder that may be read, like `vicino captures .`")
    })?;
    if listing.entries.is_empty() && !args.json && !args.csv {
        tell(format_args!("no captures in {shown}"));
    }
    Ok(listing)
}

/// Reads a capture to its end.
fn read(path: &Path) -> Outline {
    match library::open(path) {
        Ok((mut reader, _)) => {
            let mut outline = library::outline(&mut *reader, &AtomicBool::new(false));
            outline.failure = outline.failure.map(|what| format!("{}: {what}", path.display()));
            outline
        }
        Err(error) => Outline {
            failure: Some(error.to_string()),
            ..Outline::default()
        },
    }
}

fn object(listing: &Listing, rows: &[Row]) -> Value {
    let folders: Vec<_> = listing.folders.iter().map(|name| name.to_string_lossy()).collect();
    json!({
        "schema": SCHEMA,
        "vicino": env!("CARGO_PKG_VERSION"),
        "folder": listing.folder.display().to_string(),
        "folders": folders,
        "left_out": listing.left_out,
        "captures": rows.iter().map(capture).collect::<Vec<_>>(),
    })
}

fn capture(row: &Row) -> Value {
    let entry = &row.entry;
    // What was read stands in `details`.
    let (first, last) = row.told_span();
    let mut value = json!({
        "file": entry.name,
        "kind": entry.kind.map(Kind::word),
        "bytes": entry.bytes,
        "modified_us": entry.modified,
        "state": entry.state.word(),
        "title": row.title(),
        "first_us": first,
        "last_us": last,
        "adverts": row.told_adverts(),
    });
    if let Some(outline) = &row.outline {
        value["details"] = json!({
            "first_us": outline.first,
            "last_us": outline.last,
            "adverts": outline.adverts,
            "gaen_adverts": outline.gaen,
            "scan_responses": outline.scan_responses,
            "addresses": outline.addresses,
            "identifiers": outline.identifiers,
            "out_of_step": outline.out_of_step,
            "marks": outline.marks.len(),
            "gaps": outline.gaps.len(),
            "damaged": outline.damage.count,
            "left_out": outline.left_out,
            "failure": outline.failure,
        });
    }
    value
}

fn csv(details: bool, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{COLUMNS}{}", if details { MORE_COLUMNS } else { "" })?;
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    for row in rows {
        let entry = &row.entry;
        let (first, last) = row.span();
        write!(
            out,
            "{},{},{},{},{},{},{},{},{}",
            csv_field(&entry.name),
            entry.kind.map_or("", Kind::word),
            entry.bytes,
            number(entry.modified.map(|at| at.0)),
            number(first.map(|at| at.0)),
            number(last.map(|at| at.0)),
            row.adverts().map(|adverts| adverts.to_string()).unwrap_or_default(),
            entry.state.word(),
            csv_field(row.title().unwrap_or_default()),
        )?;
        if let Some(outline) = &row.outline {
            write!(
                out,
                ",{},{},{},{},{},{},{},{},{}",
                outline.gaen,
                outline.scan_responses,
                outline.addresses,
                outline.identifiers,
                outline.out_of_step,
                outline.marks.len(),
                outline.gaps.len(),
                outline.damage.count,
                csv_field(outline.failure.as_deref().unwrap_or_default()),
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}
