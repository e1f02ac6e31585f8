//! `vicino completions`: what a shell needs to complete the command line.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Exit, Failure, help, to_stdout};

/// Prints the completions of a shell.
#[derive(Debug, Args)]
#[command(after_help = help::COMPLETIONS)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Runs the verb.
///
/// # Errors
/// [`Failure`] when standard output cannot be written.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let text = completions(args.shell);
    to_stdout(|out| out.write_all(&text))
}

/// In memory first: the generator panics where its output fails.
fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vicino", &mut text);
    text
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_shell_completes_every_verb_and_option() {
        for shell in Shell::value_variants() {
            let text = String::from_utf8(completions(*shell)).unwrap();
            for verb in Cli::command().get_subcommands() {
                assert!(text.contains(verb.get_name()), "{shell}: {}", verb.get_name());
                for option in verb.get_arguments().filter_map(clap::Arg::get_long) {
                    assert!(text.contains(option), "{shell}: {} --{option}", verb.get_name());
                }
            }
        }
    }
}
