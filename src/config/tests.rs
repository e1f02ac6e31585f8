use super::*;
use crate::app::action::Action;
use crate::app::key::Key;
use crate::app::keymap::Context;
use proptest::prelude::*;

/// Loads a file of this text with these variables.
fn load_text(text: &str, variables: &[(&str, &str)], given: &Given) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let given = Given {
        file: Some(path),
        ..given.clone()
    };
    load(&given, &|name| {
        let found = variables.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| value.into())
    })
}

fn read(text: &str) -> Config {
    load_text(text, &[], &Given::default()).unwrap()
}

/// Line, column, what is wrong and what to write instead.
fn refused(text: &str) -> (usize, usize, String) {
    match load_text(text, &[], &Given::default()).expect_err(text) {
        ConfigError::Wrong {
            line,
            column,
            what,
            hint,
            ..
        } => (line, column, format!("{what} {hint}")),
        other => panic!("{other}"),
    }
}

#[test]
fn each_place_goes_before_the_one_before_it() {
    let text = "theme = \"light\"\nfolder = \"/from/file\"\n";
    let file = read(text);
    assert_eq!((file.theme.value, file.theme.origin), (ThemeName::Light, Origin::File));
    assert_eq!((file.frames.value, file.frames.origin), (15, Origin::Default));
    let variables = [("VICINO_THEME", "contrast"), ("VICINO_FOLDER", "/from/environment")];
    let environment = load_text(text, &variables, &Given::default()).unwrap();
    assert_eq!(environment.theme.value, ThemeName::Contrast);
    assert_eq!(environment.theme.origin, Origin::Environment("VICINO_THEME"));
    assert_eq!(
        environment.folder.value.as_deref(),
        Some(Path::new("/from/environment"))
    );
    let given = Given {
        theme: Some(ThemeName::Dark),
        ..Given::default()
    };
    let both = load_text(text, &variables, &given).unwrap();
    assert_eq!(
        (both.theme.value, both.theme.origin),
        (ThemeName::Dark, Origin::CommandLine)
    );
    // Who names a theme on the command line wants colours now, whatever the environment says.
    for (theme, wanted_by, expected) in [
        (None, Origin::Environment("NO_COLOR"), (ThemeName::None, "$NO_COLOR")),
        (
            Some(ThemeName::Dark),
            Origin::Environment("NO_COLOR"),
            (ThemeName::Dark, "command line"),
        ),
        (
            Some(ThemeName::Dark),
            Origin::CommandLine,
            (ThemeName::None, "command line"),
        ),
    ] {
        let given = Given {
            theme,
            without_colour: Some(wanted_by),
            ..Given::default()
        };
        let config = load_text(text, &variables, &given).unwrap();
        assert_eq!((config.theme.value, &*config.theme.origin.to_string()), expected);
    }
}

#[test]
fn everything_can_be_chosen() {
    let config = read(
        "letters = \"ascii\"\nframes = 30\nfolder = \"captures\"\nprivacy = \"short\"\ncolumns = [\"rssi\", \"name\"]\n\
         sort = \"rssi\"\nlab_keys = \"bench.keys.csv\"\n[colours]\ngaen = \"green\"\n[keys.live]\n\"F\" = \"follow\"\n\
         \"x\" = \"none\"\n[keys.tabs]\n\"ctrl-q\" = \"quit\"\n",
    );
    assert_eq!((config.letters.value, config.frames.value), (Letters::Ascii, 30));
    assert!(
        config
            .folder
            .value
            .as_ref()
            .is_some_and(|folder| folder.is_absolute() && folder.ends_with("captures"))
    );
    assert_eq!(config.privacy.value, Privacy::Short);
    assert_eq!(config.columns.value, Columns::parse(["rssi", "name"]).unwrap());
    assert_eq!(config.sort.value, Column::Rssi);
    assert!(config.lab_keys.value.is_some());
    assert_eq!(config.colours, [("gaen".to_owned(), "green".to_owned())]);
    let resolve = |key| config.keymap.resolve(Context::Live, key);
    assert_eq!(resolve(Key::char('F')), Some(Action::Follow));
    assert_eq!(resolve(Key::char('x')), None);
    assert_eq!(resolve(Key::ctrl('q')), Some(Action::Quit));
    assert_eq!(config.own_bindings.len(), 3);
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_what_would_be_right() {
    for (text, line, column, expected) in [
        ("\nthem = \"dark\"", 2, 1, "did you mean theme?"),
        ("theme = \"drak\"", 1, 9, "did you mean dark?"),
        ("frames = 31", 1, 10, "1 to 30"),
        ("frames = \"many\"", 1, 10, "invalid type"),
        ("sort = \"levels\"", 1, 8, "no column to sort by"),
        ("columns = [\"rssi\", \"rsi\"]", 1, 11, "no column \"rsi\""),
        ("columns = []", 1, 11, "name at least one"),
        ("[colours]\ngean = \"red\"", 2, 1, "did you mean gaen?"),
        ("[colours]\ngaen = \"rot\"", 2, 8, "is no colour"),
        ("[keys.lve]\n\"x\" = \"quit\"", 1, 7, "did you mean [keys.live]?"),
        ("[keys.live]\n\"xx\" = \"quit\"", 2, 1, "no such key"),
        ("[keys.live]\n\"x\" = \"folow\"", 2, 7, "did you mean follow?"),
        ("[keys.live]\n\"x\" = \"pirouette\"", 2, 7, "vicino config keys"),
        ("[keys.live]\n\"ctrl-c\" = \"none\"", 2, 1, "always quits"),
        ("[keys.filter]\n\"a\" = \"accept\"", 2, 1, "is typed there"),
        ("[keys.log]\n\"a\" = \"next-sort\"", 2, 1, "does nothing there"),
        ("theme = ", 1, 9, ""),
        ("[keys", 1, 6, ""),
    ] {
        let (found_line, found_column, what) = refused(text);
        assert_eq!((found_line, found_column), (line, column), "{text:?}: {what}");
        assert!(what.contains(expected), "{text:?}: {what}");
    }
}

#[test]
fn the_template_reads_back_to_the_defaults_and_has_every_key() {
    let text = template();
    let (read, defaults) = (read(&text), Config::default());
    assert_eq!(read.theme.value, defaults.theme.value);
    assert_eq!(read.letters, defaults.letters);
    assert_eq!(read.frames.value, defaults.frames.value);
    assert_eq!(read.folder, defaults.folder);
    assert_eq!(read.privacy.value, defaults.privacy.value);
    assert_eq!(read.columns, defaults.columns);
    assert_eq!(read.sort.value, defaults.sort.value);
    assert_eq!(read.lab_keys, defaults.lab_keys);
    assert_eq!(read.keymap, defaults.keymap);
    assert!(read.colours.is_empty() && read.own_bindings.is_empty());
    for (name, _) in template::KEYS {
        assert!(
            text.contains(&format!("{name} = ")) || text.contains(&format!("[{name}")),
            "{name}"
        );
    }
    // What is commented out can be used as it stands.
    let is_example = |line: &&str| line.starts_with("# ") && line.contains(" = ") && !line.contains("; ");
    let whole: String = text
        .lines()
        .map(|line| {
            if is_example(&line) {
                format!("{}\n", &line[2..])
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    let used = super::tests::read(&whole);
    assert!(
        used.lab_keys.value.is_some() && !used.columns.value.is_default(),
        "{whole}"
    );
    assert!(!used.own_bindings.is_empty());
}

#[test]
fn letters_follow_locale_and_terminal_unless_chosen() {
    let letters = |variables: &[(&str, &str)], text: &str| {
        let config = load_text(text, variables, &Given::default()).unwrap();
        (config.letters.value, config.letters.origin)
    };
    assert_eq!(letters(&[], ""), (Letters::Unicode, Origin::Default));
    assert_eq!(letters(&[("LANG", "it_IT.UTF-8")], "").0, Letters::Unicode);
    assert_eq!(letters(&[("LANG", "C")], "").0, Letters::Unicode);
    assert_eq!(
        letters(&[("LANG", "it_IT.ISO-8859-1")], ""),
        (Letters::Ascii, Origin::Environment("LANG"))
    );
    assert_eq!(
        letters(&[("LANG", "it_IT.ISO-8859-1"), ("LC_ALL", "C.UTF-8")], "").0,
        Letters::Unicode
    );
    assert_eq!(
        letters(&[("TERM", "linux"), ("LANG", "C.UTF-8")], ""),
        (Letters::Ascii, Origin::Environment("TERM"))
    );
    assert_eq!(
        letters(&[("TERM", "linux")], "letters = \"unicode\""),
        (Letters::Unicode, Origin::File)
    );
    assert_eq!(letters(&[("TERM", "linux")], "letters = \"auto\"").0, Letters::Ascii);
}

#[test]
fn a_file_that_was_named_must_be_there_and_a_usual_one_need_not() {
    let missing = Given {
        file: Some("/nowhere/config.toml".into()),
        ..Given::default()
    };
    assert!(matches!(load(&missing, &|_| None), Err(ConfigError::Unreadable { .. })));
    let folder = Given {
        file: Some("/".into()),
        ..Given::default()
    };
    assert!(
        load(&folder, &|_| None)
            .unwrap_err()
            .to_string()
            .contains("no regular file")
    );
}

#[test]
fn a_variable_with_no_such_value_is_told() {
    let error = load_text("", &[("VICINO_THEME", "drak")], &Given::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "$VICINO_THEME: no theme \"drak\"; there are dark, light, contrast, none"
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(theme|keys|colours|frames|\\[|\\]|=|\"|\\.|live|\n| |\\PC){0,30}") {
        let mut config = Config::default();
        if let Err(error) = file::apply(&mut config, Path::new("x"), &text, &|_| None) {
            let ConfigError::Wrong { line, .. } = &error else { panic!("{error}") };
            prop_assert!(*line <= text.matches('\n').count() + 1);
        }
    }
}
