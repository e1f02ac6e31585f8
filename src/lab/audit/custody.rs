//! Whether captures are kept as personal data should be: who can read them, and what they hold.

use super::check::{Check, Checked};
use super::verdict::{Figure, Verdict, counted};

/// A file of a capture, as far as its keeping is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its name, for people.
    pub name: String,
    /// Permission bits, where the system has such.
    pub mode: Option<u32>,
    /// What it is.
    pub is: Holds,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holds {
    /// Reports from the air.
    #[default]
    Reports,
    /// Secrets: keys of phones.
    Keys,
    /// Truth that names people's phones.
    Truth,
    /// Facts about the capture.
    Facts,
}

/// What a capture holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Identifiers, addresses on the air, local names.
    pub rpis: usize,
    /// See `rpis`.
    pub addresses: usize,
    /// See `rpis`.
    pub names: usize,
    /// Entries of resolving lists that hold the key of a peer.
    pub peer_keys: usize,
    /// Entries without a peer's key that hold the phone's own: Android fills free places of the list so.
    pub fillers: usize,
    /// Whether its metadata say that identifiers were replaced; `None` where it has no metadata.
    pub treatment: Option<String>,
    /// Whether it is of a simulator: then nobody is in it.
    pub is_simulated: bool,
    /// Whether identifiers were replaced.
    pub is_pseudonymised: bool,
}

/// All checks, in order.
pub static CHECKS: [Check; 4] = [
    Check {
        code: "C1",
        title: "only the owner can read the files",
        tests: "Permission bits of the capture's files: whoever else can read one warns, whoever else can write one fails; a \
                file of keys that others can read fails.",
        source: "Captures are personal data (privacy-attacks sheet, section 3); Vicino writes them with mode 0600",
        means: "Others on the machine can follow the people who were nearby, or change the evidence.",
        remedy: "chmod 600 FILE",
    },
    Check {
        code: "C2",
        title: "identifiers are replaced",
        tests: "Whether addresses and identifiers are pseudonyms. Those in clear warn.",
        source: "Data minimisation; privacy-attacks sheet, section 3",
        means: "Once keys are published, identifiers in clear tell where and when a person was who reported a positive test.",
        remedy: "vicino convert CAPTURE OUT --pseudonymise: rotation and linkability can still be studied",
    },
    Check {
        code: "C3",
        title: "no secret stands in the capture",
        tests: "Identity resolving keys in the log of a phone. Any fails. Entries with a peer's key are counted; those without \
                one (Android fills free places of the list with them) are counted apart: they hold the phone's own key.",
        source: "Core specification, vol. 3 part H: whoever has the key recognises all resolvable addresses of the phone",
        means: "The key tracks the phone, and the phones it is bonded with, through all their addresses, for years.",
        remedy: "vicino convert CAPTURE OUT --pseudonymise takes keys out; keep the original apart, or delete it",
    },
    Check {
        code: "C4",
        title: "names of devices are replaced",
        tests: "Local names in advertisements, which often hold the name of a person. Those in clear warn.",
        source: "Data minimisation",
        means: "\"Anna's headphones\" names who was there.",
        remedy: "vicino convert CAPTURE OUT --pseudonymise, or --strip-others to keep exposure notifications only",
    },
];

const OTHERS_READ: u32 = 0o044;
const OTHERS_WRITE: u32 = 0o022;

/// Checks a capture with its files.
#[must_use]
pub fn check(files: &[Kept], contents: &Contents) -> Vec<Checked> {
    let [access, replaced, secrets, names] = &CHECKS;
    vec![
        of_access(access, files, contents),
        of_identifiers(replaced, contents),
        of_secrets(secrets, contents),
        of_names(names, contents),
    ]
}

fn of_access(check: &'static Check, files: &[Kept], contents: &Contents) -> Checked {
    if files.iter().all(|file| file.mode.is_none()) {
        return Checked::new(check, Verdict::NotObservable, "this system has no permission bits");
    }
    let mut verdict = Verdict::Pass;
    let mut findings = Vec::new();
    for file in files {
        let Some(mode) = file.mode else { continue };
        let (can_read, can_write) = (mode & OTHERS_READ != 0, mode & OTHERS_WRITE != 0);
        let of_file = match (can_read, can_write, file.is) {
            (_, true, _) | (true, _, Holds::Keys) => Verdict::Fail,
            (true, ..) => Verdict::Warn,
            _ => continue,
        };
        verdict = verdict.max(of_file);
        let can = if can_write { "read and change" } else { "read" };
        findings.push(format!(
            "{}: others can {can} it (mode {:04o})",
            file.name,
            mode & 0o7777
        ));
    }
    if contents.is_simulated {
        // Nobody's privacy is at stake, but a file that others can change is no evidence.
        verdict = verdict.min(Verdict::Warn);
    }
    let seen = if findings.is_empty() {
        format!("{}, for the owner alone", counted(files.len(), "file", "files"))
    } else {
        format!(
            "{} of {} open to others",
            findings.len(),
            counted(files.len(), "file", "files")
        )
    };
    Checked::new(check, verdict, seen)
        .with([Figure::count("files", files.len())])
        .found(findings)
}

fn of_identifiers(check: &'static Check, contents: &Contents) -> Checked {
    let figures = [
        Figure::count("RPIs", contents.rpis),
        Figure::count("addresses", contents.addresses),
    ];
    let treatment = contents.treatment.as_deref().unwrap_or("none told");
    if contents.is_pseudonymised {
        return Checked::new(check, Verdict::Pass, format!("replaced: {treatment}")).with(figures);
    }
    if contents.is_simulated {
        return Checked::new(check, Verdict::Pass, "simulated: nobody is in it").with(figures);
    }
    if contents.rpis + contents.addresses == 0 {
        return Checked::new(check, Verdict::Pass, "none in it").with(figures);
    }
    let seen = format!(
        "{} and {} in clear (treatment: {treatment})",
        counted(contents.rpis, "RPI", "RPIs"),
        counted(contents.addresses, "address", "addresses")
    );
    Checked::new(check, Verdict::Warn, seen).with(figures)
}

fn of_secrets(check: &'static Check, contents: &Contents) -> Checked {
    let (peers, fillers) = (contents.peer_keys, contents.fillers);
    let figures = [
        Figure::count("resolving keys", peers),
        Figure::count("entries with the own key alone", fillers),
    ];
    let of_peers = counted(
        peers,
        "entry of a resolving list holds the key of a peer",
        "entries of a resolving list hold the key of a peer",
    );
    let of_own = counted(
        fillers,
        "entry without a peer's key holds",
        "entries without a peer's key hold",
    );
    let seen = match (peers, fillers) {
        (0, 0) => return Checked::new(check, Verdict::Pass, "no identity resolving key").with(figures),
        (_, 0) => of_peers,
        (0, _) => format!("{of_own} the phone's own key"),
        _ => format!("{of_peers}; {of_own} the phone's own"),
    };
    Checked::new(check, Verdict::Fail, seen).with(figures)
}

fn of_names(check: &'static Check, contents: &Contents) -> Checked {
    let n = contents.names;
    let figure = [Figure::count("names", n)];
    if n == 0 || contents.is_pseudonymised {
        let seen = if n == 0 { "none" } else { "replaced" };
        return Checked::new(check, Verdict::Pass, seen).with(figure);
    }
    Checked::new(
        check,
        Verdict::Warn,
        format!("{} in clear", counted(n, "name", "names")),
    )
    .with(figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(files: &[Kept], contents: &Contents) -> Vec<Verdict> {
        check(files, contents).iter().map(|checked| checked.verdict).collect()
    }

    fn file(mode: u32, is: Holds) -> Kept {
        Kept {
            name: "x.csv".into(),
            mode: Some(mode),
            is,
        }
    }

    #[test]
    fn who_can_read_is_judged_by_what_the_file_holds() {
        let access = |mode, is| check(&[file(mode, is)], &Contents::default())[0].verdict;
        assert_eq!(access(0o600, Holds::Keys), Verdict::Pass);
        assert_eq!(access(0o640, Holds::Reports), Verdict::Warn);
        assert_eq!(access(0o604, Holds::Keys), Verdict::Fail);
        assert_eq!(access(0o620, Holds::Reports), Verdict::Fail);
        let unknown = Kept::default();
        assert_eq!(
            check(&[unknown], &Contents::default())[0].verdict,
            Verdict::NotObservable
        );
    }

    #[test]
    fn what_is_in_clear_is_told_and_what_was_replaced_passes() {
        let clear = Contents {
            rpis: 3,
            addresses: 4,
            names: 1,
            peer_keys: 2,
            ..Contents::default()
        };
        let files = [file(0o600, Holds::Reports)];
        assert_eq!(
            verdicts(&files, &clear),
            [Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Warn]
        );
        let replaced = Contents {
            peer_keys: 0,
            is_pseudonymised: true,
            treatment: Some("addresses and RPIs pseudonymised".into()),
            ..clear
        };
        assert_eq!(verdicts(&files, &replaced), [Verdict::Pass; 4]);
    }

    #[test]
    fn entries_that_fill_a_list_are_no_keys_of_peers() {
        let of = |peer_keys, fillers| {
            let contents = Contents {
                peer_keys,
                fillers,
                ..Contents::default()
            };
            let checked = check(&[], &contents).swap_remove(2);
            (checked.verdict, checked.seen)
        };
        assert_eq!(of(0, 0).0, Verdict::Pass);
        assert_eq!(
            of(1, 16),
            (
                Verdict::Fail,
                "1 entry of a resolving list holds the key of a peer; 16 entries without a peer's key hold the phone's own"
                    .into()
            )
        );
        // The phone's own key follows the phone itself.
        assert_eq!(
            of(0, 1),
            (
                Verdict::Fail,
                "1 entry without a peer's key holds the phone's own key".into()
            )
        );
    }
}
