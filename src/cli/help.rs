//! What stands below the options in `--help`: examples, and what the exit codes mean.

/// Examples and exit codes; 0, 2 and 4 mean something everywhere.
macro_rules! below {
    ([$($example:literal),+ $(,)?], $($code:literal $meaning:literal),+ $(,)?) => {
        concat!(
            "Examples:\n", $("  ", $example, "\n",)+
            "\nExit codes:\n", $("  ", $code, "  ", $meaning, "\n",)+
        )
    };
}

pub(super) const VICINO: &str = below!(
    [
        "vicino",
        "vicino record monday --title \"bench, 1 m\"",
        "vicino replay btsnoop_hci.log --speed 10",
        "vicino simulate demo",
    ],
    "0" "done",
    "1" "a check that was asked for failed",
    "2" "wrong use",
    "3" "input that cannot be read or understood",
    "4" "the environment: no adapter, no permission, disk full",
);

pub(super) const MATCH: &str = below!(
    [
        "vicino match walk.csv --keys export.zip",
        "vicino match 01.btsnoop 02.btsnoop --clock-offset -7200 --keys exports/ --csv",
        "vicino match walk.csv --keys exports/ --public-key 222-v1=public.pem",
    ],
    "0" "done, whether keys were seen or not",
    "1" "a file of keys is not trusted (with --public-key or --configuration)",
    "2" "wrong use",
    "3" "a capture or a file of keys cannot be read",
    "4" "the output cannot be written",
);

pub(super) const CALIBRATE: &str = below!(
    [
        "vicino calibrate measure 0.5 1 2 4 front back side model=SM-A515F",
        "vicino calibrate fit bench.csv --keys bench.keys.csv --beside 2020-12-14 --out own.toml",
        "vicino calibrate show --model SM-G973F --model samsung/SM-X200",
        "vicino calibrate compare 2020-06-13 2020-12-14",
    ],
    "0" "done",
    "2" "wrong use, or a table that cannot be read",
    "3" "captures or truth cannot be read, or tell nothing",
    "4" "the output cannot be written",
);
pub(super) const DISTANCE: &str = below!(
    [
        "vicino distance 01.btsnoop 02.btsnoop --clock-offset -7200 --model SM-G973F --csv --each",
        "vicino distance walk.csv --keys walk.keys.csv --window 300",
        "vicino distance score 01.btsnoop 02.btsnoop --truth hall.csv --leave-out",
        "vicino distance train *.csv --truth hall.csv --truth office.csv --name hall --out hall.toml",
    ],
    "0" "done",
    "2" "wrong use",
    "3" "a capture, keys, truth or a model cannot be read, or they teach nothing",
    "4" "the output cannot be written",
);
pub(super) const AUDIT: &str = below!(
    [
        "vicino audit phone.btsnoop",
        "vicino audit 01.btsnoop 02.btsnoop --clock-offset -7200 --profile field --all",
        "vicino audit walk.csv --only B1,B2,B3 --fail-on warn --write-baseline known.toml",
        "vicino audit walk.csv --baseline known.toml --sarif > audit.sarif",
    ],
    "0" "done, and no rule failed",
    "1" "a rule failed, or warned with --fail-on warn; what a baseline accepts does not count",
    "2" "wrong use, or settings or a baseline that mean nothing",
    "3" "a capture, keys or truth cannot be read",
    "4" "the output cannot be written, or a file to write is there already",
);
pub(super) const AUDIT_COMPARE: &str = below!(
    [
        "vicino audit compare before.btsnoop after.btsnoop",
        "vicino audit compare --a old/01.btsnoop old/02.btsnoop --b new/01.btsnoop new/02.btsnoop --json",
        "vicino audit compare 01.btsnoop 02.btsnoop --model 01=SM-G973F --model 02=SM-A515F --model-a SM-G973F --model-b SM-A515F",
    ],
    "0" "done, whatever the verdicts",
    "2" "wrong use, or a model that was not heard",
    "3" "a capture, keys or truth cannot be read",
    "4" "the output cannot be written",
);
pub(super) const AUDIT_MATRIX: &str = below!(
    [
        "vicino audit matrix 01.btsnoop 02.btsnoop --model 01=SM-G973F --model 02=SM-A515F",
        "vicino audit matrix walk.csv --truth walk.truth.csv --json",
    ],
    "0" "done, whatever the verdicts",
    "2" "wrong use",
    "3" "a capture, keys or truth cannot be read, or no model is known",
    "4" "the output cannot be written",
);
pub(super) const AUDIT_RULES: &str = below!(
    [
        "vicino audit rules",
        "vicino audit rules --only B1 --json",
        "vicino audit rules --profile field --template > audit.toml",
    ],
    "0" "done",
    "2" "wrong use",
    "4" "the output cannot be written",
);
pub(super) const EXPOSURE: &str = below!(
    [
        "vicino exposure walk.csv --keys keys/*.zip --config swisscovid --config immuni-production-2020-06-22",
        "vicino exposure windows 01.btsnoop 02.btsnoop --clock-offset -7200 --csv",
        "vicino exposure windows phone.btsnoop --unknown --model SM-A515F",
        "vicino exposure assess windows.json --config swisscovid --config immuni-production-2020-06-22",
    ],
    "0" "done",
    "1" "a file of keys is not trusted (with --public-key or --configuration)",
    "2" "wrong use",
    "3" "a capture, keys, windows or rules cannot be read",
    "4" "the output cannot be written",
);

pub(super) const CONFIG: &str = below!(
    [
        "vicino config",
        "vicino config template > ~/.config/vicino/config.toml",
        "vicino config keys",
        "vicino config check --config-file bench.toml",
    ],
    "0" "done",
    "2" "wrong use, or the configuration cannot be used",
    "4" "the output cannot be written",
);

pub(super) const SCAN: &str = below!(
    [
        "vicino scan --only gaen",
        "vicino scan --summary --for 60s",
        "vicino scan --json --for 60s | jq -r 'select(.rpi) | [.rssi_dbm, .rpi] | @csv'",
        "vicino scan --csv > heard.csv",
    ],
    "0" "done, also when ended with Ctrl-C",
    "2" "wrong use",
    "4" "no adapter, no permission, or the output cannot be written",
);

pub(super) const RECORD: &str = below!(
    [
        "vicino record monday --title \"bench, 1 m\"",
        "vicino record walk --only gaen --for 1h30m",
        "vicino record part --from walk.csv --for 10m --speed max",
    ],
    "0" "done, also when ended with Ctrl-C",
    "2" "wrong use",
    "3" "the capture of --from cannot be read",
    "4" "no adapter, no permission, or the disk is full",
);

pub(super) const MARK: &str = below!(
    [
        "vicino mark monday --distance 1.5    # while the radio is being recorded to it: from now on",
        "vicino mark monday.csv --distance 2 --model SM-A515F --from 2020-07-30T09:54:00Z",
        "vicino mark monday --device 7e3c1b63 --from 2020-07-30T10:00:00Z --to 2020-07-30T10:05:00Z --note \"calibration: withdrawn\"",
        "vicino mark monday --device 7e3c1b63 --obstacle \"a wall\" --from 2020-07-30T10:00:00Z --to 2020-07-30T10:05:00Z",
    ],
    "0" "the mark is in the capture",
    "2" "wrong use: the mark says nothing, a time is missing, no such receiver",
    "3" "the capture cannot be read, or is no native one",
    "4" "the mark cannot be written",
);

pub(super) const REPLAY: &str = below!(
    [
        "vicino replay btsnoop_hci.log --speed 10 --at 2h --model SM-A515F",
        "vicino replay monday.csv --start paused --skip-silence off",
        "vicino replay monday.csv --headless",
        "vicino replay monday.csv --headless --json | jq .totals",
    ],
    "0" "done",
    "2" "wrong use, or no terminal for the screen",
    "3" "the capture cannot be read",
    "4" "the terminal was lost, or the output cannot be written",
);

pub(super) const CAPTURES: &str = below!(
    [
        "vicino captures",
        "vicino captures . --details",
        "vicino captures ~/walks --json | jq -r '.captures[] | select(.state == \"interrupted\") | .file'",
    ],
    "0" "done, also where there is no capture",
    "2" "wrong use",
    "3" "the folder, or with --details a capture, cannot be read",
    "4" "there is no home folder, or the output cannot be written",
);

pub(super) const INSPECT: &str = below!(
    [
        "vicino inspect phone.pklg",
        "vicino inspect monday.csv btsnoop_hci.log --json",
        "vicino inspect btsnoop_hci.log --csv --clock-offset -7200 > reports.csv",
        "vicino inspect 02011a03036ffd",
    ],
    "0" "done",
    "2" "wrong use",
    "3" "a capture cannot be read",
    "4" "the output cannot be written",
);

pub(super) const CONVERT: &str = below!(
    [
        "vicino convert btsnoop_hci.log walk.csv --clock-offset -7200 --model SM-A515F",
        "vicino convert walk.csv given.csv --pseudonymise --strip-others",
        "vicino convert 01.btsnoop given-01.csv --pseudonymise --pseudonym-key event.key",
        "vicino convert walk.csv - | jq 'select(.kind == \"mark\")'",
    ],
    "0" "done",
    "2" "wrong use, or OUT is there already",
    "3" "the capture cannot be read",
    "4" "the output cannot be written",
);

pub(super) const SIMULATE: &str = below!(
    [
        "vicino simulate --list",
        "vicino simulate demo",
        "vicino simulate crowd crowd.csv.zst --seed 7 --for 10m",
        "vicino simulate --print demo > mine.toml",
    ],
    "0" "done",
    "2" "wrong use, or one of the files is there already",
    "3" "the scenario cannot be read or understood",
    "4" "the files cannot be written",
);

pub(super) const KEYS: &str = below!(
    [
        "vicino keys inspect 222-1.zip --csv",
        "vicino keys verify exports --public-key 222-v1=public.pem",
        "vicino keys new bench --days 3 && vicino keys derive bench --at 2020-07-30T09:54:00Z",
        "vicino keys export out.zip --from keys.csv --region 222 --signer signer.pem",
    ],
    "0" "done; with verify: every file passes",
    "1" "with verify: a signature is wrong, no known key signed a file, or a batch is not complete",
    "2" "wrong use, or a file to write is there already",
    "3" "a file cannot be read or is no key export, or there is no such lab key",
    "4" "a file or the output cannot be written",
);

pub(super) const DOCTOR: &str = below!(
    [
        "vicino doctor",
        "vicino doctor --json | jq -r '.checks[] | select(.verdict == \"fail\") | .remedy'",
    ],
    "0" "all is well, or there are only warnings",
    "2" "wrong use",
    "4" "something that live scanning needs is missing, or the output cannot be written",
);

pub(super) const COMPLETIONS: &str = below!(
    [
        "vicino completions bash > ~/.local/share/bash-completion/completions/vicino",
        "vicino completions zsh > ~/.zfunc/_vicino",
        "vicino completions fish > ~/.config/fish/completions/vicino.fish",
    ],
    "0" "done",
    "2" "wrong use",
    "4" "the output cannot be written",
);

pub(super) const MAN: &str = below!(
    [
        "vicino man | man -l -",
        "vicino man record > vicino-record.1",
        "vicino man --dir ~/.local/share/man/man1",
    ],
    "0" "done",
    "2" "wrong use, or no such verb",
    "4" "the output cannot be written",
);

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use crate::cli::Cli;

    /// The words of the first command of a line, as a shell makes them.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut quote, mut in_word) = (vec![String::new()], None, false);
        for letter in line.chars() {
            match (quote, letter) {
                (Some(open), close) if open == close => quote = None,
                (None, '"' | '\'') => quote = Some(letter),
                (None, '|' | '>' | '#' | '&') => break,
                (None, ' ') if in_word => words.push(String::new()),
                (None, ' ') => {}
                (_, letter) => words.last_mut().unwrap().push(letter),
            }
            in_word = quote.is_some() || letter != ' ';
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_verb_has_examples_that_parse_and_its_exit_codes() {
        let command = Cli::command();
        for verb in std::iter::once(&command).chain(command.get_subcommands()) {
            let name = verb.get_name();
            let text = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (examples, codes) = text.split_once("\nExit codes:\n").expect(name);
            let examples: Vec<_> = examples.lines().skip(1).map(str::trim).collect();
            assert!((2..=4).contains(&examples.len()), "{name}: {examples:?}");
            for example in examples {
                let words = words(example);
                assert_eq!(words[0], "vicino", "{example}");
                assert!(name == "vicino" || words[1] == name, "{example}");
                if let Err(error) = Cli::try_parse_from(&words) {
                    panic!("{example}: {error}");
                }
            }
            for code in ["0", "2", "4"] {
                assert!(
                    codes.contains(&format!("  {code}  ")),
                    "{name} does not say what {code} means"
                );
            }
        }
    }

    #[test]
    fn lines_are_split_as_a_shell_does() {
        assert_eq!(words("a  --b \"c, d\"e | f > g"), ["a", "--b", "c, de"]);
    }
}
