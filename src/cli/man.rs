//! `vicino man`: the manual pages.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::{Cli, Exit, Failure, help, tell, to_stdout};
use crate::format::reason;
use crate::lab::text::printable;

/// Prints the manual page of vicino or of one of its verbs.
#[derive(Debug, Args)]
#[command(after_help = help::MAN)]
pub(crate) struct ManArgs {
    /// The verb; without it, the page of vicino itself
    verb: Option<String>,
    /// Writes all pages into this folder, which is made where it is missing; older pages there are replaced
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    dir: Option<PathBuf>,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] when there is no such verb, or the pages cannot be written.
pub(crate) fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let vicino = built();
    if let Some(dir) = &args.dir {
        return write_all(&vicino, dir);
    }
    let command = match &args.verb {
        None => &vicino,
        Some(verb) => vicino.find_subcommand(verb).ok_or_else(|| no_such(verb, &vicino))?,
    };
    to_stdout(|out| page(command, out))
}

/// The command line with all that clap adds to it, as the names of the pages.
fn built() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

fn no_such(verb: &str, vicino: &Command) -> Failure {
    let verbs: Vec<_> = vicino.get_subcommands().map(Command::get_name).collect();
    Failure::new(Exit::Usage, format!("there is no verb {verb:?}")).hint(format!("there are {}", verbs.join(", ")))
}

fn write_all(vicino: &Command, dir: &Path) -> Result<Exit, Failure> {
    let failed = |path: &Path, error: &io::Error| {
        Failure::new(
            Exit::Environment,
            format!("cannot write {}: {}", path.display(), reason(error)),
        )
    };
    fs::create_dir_all(dir).map_err(|error| failed(dir, &error))?;
    for command in std::iter::once(vicino).chain(vicino.get_subcommands()) {
        let path = dir.join(format!("{}.1", display_name(command)));
        let mut text = Vec::new();
        page(command, &mut text)
            .and_then(|()| fs::write(&path, &text))
            .map_err(|error| failed(&path, &error))?;
        tell(format_args!("wrote {}", printable(&path.display().to_string())));
    }
    Ok(Exit::Done)
}

/// `vicino-scan` for `vicino scan`.
fn display_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// The page of a command. Examples and exit codes keep their lines, which the generator would run together.
fn page(command: &Command, out: &mut dyn Write) -> io::Result<()> {
    let man = Man::new(command.clone())
        .source(concat!("vicino ", env!("CARGO_PKG_VERSION")))
        .manual("Vicino");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    let below = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (examples, codes) = below.split_once("\nExit codes:\n").unwrap_or_default();
    let mut roff = Roff::default();
    let examples = examples.lines().skip(1).collect();
    section(&mut roff, "EXAMPLES", examples);
    section(&mut roff, "EXIT STATUS", codes.lines().collect());
    let others: Vec<_> = match command.get_name() {
        "vicino" => Vec::new(),
        _ => vec!["vicino(1)"],
    };
    section(&mut roff, "SEE ALSO", others);
    roff.to_writer(out)
}

/// A section of lines that stay lines; none where there are no lines.
fn section(roff: &mut Roff, title: &str, lines: Vec<&str>) {
    if lines.is_empty() {
        return;
    }
    roff.control("SH", [title]);
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line.trim_start())]);
    }
    roff.control("fi", []);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(command: &Command) -> String {
        let mut text = Vec::new();
        page(command, &mut text).unwrap();
        // What roff escapes is no concern here.
        String::from_utf8(text).unwrap().replace('\\', "")
    }

    #[test]
    fn the_main_page_names_every_verb_and_every_verb_has_a_page_of_its_own() {
        let vicino = built();
        let main = text(&vicino);
        for verb in vicino.get_subcommands() {
            let name = verb.get_name();
            assert!(main.contains(&format!("vicino-{name}(1)")), "{name}");
            let page = text(verb);
            let (head, rest) = page.split_once(".SH SYNOPSIS").expect(name);
            assert!(head.contains(&format!(".TH vicino-{name} 1")), "{head}");
            for part in [
                ".SH OPTIONS",
                ".SH EXAMPLES",
                ".SH \"EXIT STATUS\"",
                "--color",
                "vicino(1)",
            ] {
                assert!(rest.contains(part), "{name} has no {part}: {rest}");
            }
            let options = verb.get_arguments().filter(|option| !option.is_hide_set());
            for option in options.filter_map(clap::Arg::get_long) {
                assert!(rest.contains(&format!("--{option}")), "{name} --{option}");
            }
        }
    }

    #[test]
    fn all_pages_are_written_into_a_folder_and_replaced_the_next_time() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("share/man/man1");
        let verbs = built().get_subcommands().count();
        for _ in 0..2 {
            assert_eq!(write_all(&built(), &dir).unwrap(), Exit::Done);
            assert_eq!(fs::read_dir(&dir).unwrap().count(), verbs + 1);
        }
        assert!(dir.join("vicino.1").is_file() && dir.join("vicino-scan.1").is_file());
        assert_eq!(
            write_all(&built(), &dir.join("vicino.1")).unwrap_err().exit,
            Exit::Environment
        );
    }

    #[test]
    fn a_verb_that_is_none_is_wrong_use_and_the_others_are_named() {
        let failure = no_such("scna", &built());
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.to_string().contains("scan, record"), "{failure}");
    }
}
