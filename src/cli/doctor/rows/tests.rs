use super::*;
use crate::source::probe::{Present, Radio, Seen};

/// A computer with nothing wrong.
pub(in crate::cli::doctor) fn well() -> Facts {
    let hci0 = "hci0".to_owned();
    Facts {
        system: System::Linux,
        screen: Screen::Fit,
        term: "xterm-256color".into(),
        size: Some((120, 40)),
        color_term: String::new(),
        no_color: false,
        color: ColorWhen::Auto,
        locale: Some(("LANG", "de_DE.UTF-8".into())),
        multiplexer: None,
        kernel: "Linux 6.1.0".into(),
        folder: "/home/bob".into(),
        unwritable: None,
        space: Some(20 << 30),
        bus: "unix:path=/run/dbus/system_bus_socket".into(),
        user: "user bob (1000)".into(),
        radio: Findings {
            answer: Some(Ok(vec![Seen {
                name: hci0.clone(),
                powered: true,
                discovering: false,
                service_version: Some((5, 66)),
            }])),
            present: vec![Present {
                name: hci0.clone(),
                model: "usb 8087:0a2b".into(),
            }],
            radios: vec![Radio {
                name: hci0,
                soft: false,
                hard: false,
            }],
        },
    }
}

/// The well computer after a change.
pub(in crate::cli::doctor) fn but(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = well();
    change(&mut facts);
    facts
}

/// The first row of a check.
pub(in crate::cli::doctor) fn row(facts: &Facts, check: &str) -> Row {
    let rows = rows(facts);
    rows.into_iter().find(|row| row.check == check).expect(check)
}

/// The verdict on a check, and all that is said of it.
pub(in crate::cli::doctor) fn verdict(facts: &Facts, check: &str) -> (Verdict, String) {
    let row = row(facts, check);
    let is_wrong = matches!(row.verdict, Verdict::Warn | Verdict::Fail);
    assert_eq!(row.reason.is_some() && row.remedy.is_some(), is_wrong, "{row:?}");
    let said = [Some(row.found), row.reason, row.remedy];
    (row.verdict, said.into_iter().flatten().collect::<Vec<_>>().join(" | "))
}

#[test]
fn a_well_computer_has_nothing_but_good_rows() {
    let rows = rows(&well());
    assert!(rows.iter().all(|row| row.verdict == Verdict::Ok), "{rows:#?}");
    let checks: Vec<_> = rows.iter().map(|row| row.check).collect();
    assert_eq!(
        checks.join(" "),
        "terminal size colours locale multiplexer bus permission service hardware rfkill adapter kernel disk"
    );
}

#[test]
fn terminal_and_disk_are_judged_by_what_was_found() {
    use Verdict::{NotApplicable, Ok, Warn};
    type Change = fn(&mut Facts);
    let table: &[(&str, Verdict, &str, Change)] = &[
        ("terminal", Ok, "TERM=xterm-256color", |_| {}),
        ("terminal", Warn, "not a terminal: no screen", |f| {
            f.screen = Screen::Unfit("not a terminal");
        }),
        ("terminal", NotApplicable, "no screen", |f| f.screen = Screen::NotBuilt),
        ("size", NotApplicable, "no screen", |f| f.screen = Screen::NotBuilt),
        ("size", NotApplicable, "no terminal", |f| f.size = None),
        ("size", Ok, "40 x 10", |f| f.size = Some((40, 10))),
        ("size", Warn, "39 x 10 | the screen needs 40", |f| {
            f.size = Some((39, 10));
        }),
        ("size", Warn, "10 rows", |f| f.size = Some((80, 9))),
        ("size", Warn, "stty", |f| f.size = Some((0, 0))),
        ("colours", Ok, "256, by TERM", |_| {}),
        ("colours", Ok, "24 bits", |f| f.color_term = "truecolor".into()),
        ("colours", Ok, "NO_COLOR", |f| f.no_color = true),
        ("colours", Ok, "--color never", |f| f.color = ColorWhen::Never),
        ("colours", Ok, "256", |f| {
            (f.no_color, f.color) = (true, ColorWhen::Always);
        }),
        ("colours", NotApplicable, "no terminal", |f| f.size = None),
        ("colours", Warn, "export TERM=xterm-256color", |f| {
            f.term = "linux".into();
        }),
        ("locale", Ok, "LANG=C.utf8", |f| {
            f.locale = Some(("LANG", "C.utf8".into()));
        }),
        ("locale", Warn, "LC_ALL=C | ", |f| {
            f.locale = Some(("LC_ALL", "C".into()));
        }),
        ("locale", Warn, "LC_ALL=C.UTF-8", |f| f.locale = None),
        ("locale", Warn, "en_US.UTF-8", |f| {
            (f.locale, f.system) = (None, System::MacOs);
        }),
        ("multiplexer", Ok, "none", |_| {}),
        ("multiplexer", Ok, "GNU screen", |f| {
            f.multiplexer = Some(Multiplexer::GnuScreen);
        }),
        ("multiplexer", Warn, "default-terminal", |f| {
            f.multiplexer = Some(Multiplexer::Tmux);
        }),
        ("multiplexer", Ok, "tmux", |f| {
            (f.multiplexer, f.term) = (Some(Multiplexer::Tmux), "tmux-256color".into());
        }),
        ("disk", Ok, "/home/bob: 20.00 GiB left", |_| {}),
        ("disk", Ok, "unknown", |f| f.space = None),
        ("disk", Warn, "may fill it", |f| f.space = Some(1 << 20)),
        ("disk", Warn, "read-only", |f| {
            f.unwritable = Some("read-only file system".into());
        }),
        ("kernel", Ok, "Linux 6.1.0", |_| {}),
    ];
    for (check, expected, text, change) in table {
        let (found, said) = verdict(&but(change), check);
        assert_eq!(found, *expected, "{check}: {said}");
        assert!(said.contains(text), "{check}: {text:?} is not in {said:?}");
        let rows = rows(&but(change));
        assert!(
            worst(&rows) < Verdict::Fail,
            "{check}: none of these keeps anyone from scanning"
        );
    }
}
