//! Reports as files: pages that are whole by themselves, plots, hostile names, files that are there already.
#![cfg(feature = "plots")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;

fn bundled(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file);
    path.to_str().expect("a name").to_owned()
}

fn vicino(arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = Command::cargo_bin("vicino").expect("the program");
    command.args(arguments).assert()
}

/// A page that needs nothing else, with its headings in order; its elements and its text.
fn checked(page: &str) -> (Vec<String>, String) {
    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..roxmltree::ParsingOptions::default()
    };
    let document = roxmltree::Document::parse_with_options(page, options).expect("well formed");
    for reference in [
        "http://",
        "https://",
        "url(",
        "@import",
        "src=",
        "<script",
        "javascript:",
    ] {
        assert!(!page.contains(reference), "{reference}");
    }
    let nodes = || document.descendants().filter(roxmltree::Node::is_element);
    let mut level = 0;
    for node in nodes() {
        let name = node.tag_name().name();
        if let Some(next) = name.strip_prefix('h').and_then(|number| number.parse::<u32>().ok()) {
            assert!(next <= level + 1, "{name} after h{level}");
            level = next;
        }
        match name {
            "th" => assert!(node.has_attribute("scope")),
            "svg" => {
                let told = node.children().filter(roxmltree::Node::is_element);
                let names: Vec<&str> = told.take(2).map(|node| node.tag_name().name()).collect();
                assert_eq!((names, node.attribute("role")), (vec!["title", "desc"], Some("img")));
            }
            "a" => assert!(node.attribute("href").is_some_and(|link| link.starts_with('#'))),
            _ => {}
        }
        if let Some(labels) = node.attribute("aria-labelledby") {
            for label in labels.split(' ') {
                assert_eq!(
                    nodes().filter(|node| node.attribute("id") == Some(label)).count(),
                    1,
                    "{label}"
                );
            }
        }
    }
    let names = nodes().map(|node| node.tag_name().name().to_owned()).collect();
    let text = document.descendants().filter(roxmltree::Node::is_text);
    (names, text.filter_map(|node| node.text()).collect::<Vec<_>>().join(" "))
}

fn count(names: &[String], wanted: &str) -> usize {
    names.iter().filter(|name| *name == wanted).count()
}

#[test]
fn a_fit_becomes_a_page_and_plots_which_are_the_same_every_time_and_never_overwrite() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    let (capture, keys) = (bundled("bench-1m.csv.zst"), bundled("bench-1m.keys.csv"));
    let fit = [
        "calibrate",
        "fit",
        &capture,
        "--keys",
        &keys,
        "--reference",
        "Pixel 4=8/-30",
        "--a1",
        "42",
    ];
    let run = |page: &str, plots: &str| {
        let more = ["--beside", "2020-12-14", "--json", "--report", page, "--plots", plots];
        vicino(&[&fit[..], &more].concat())
    };
    let output = run(&path("one.html"), &path("one")).success();
    // What is written is told elsewhere than where the data go.
    serde_json::from_slice::<serde_json::Value>(&output.get_output().stdout).expect("JSON");
    let page = fs::read_to_string(path("one.html")).expect("a page");
    let (names, text) = checked(&page);
    assert_eq!((count(&names, "h1"), count(&names, "svg")), (1, 4));
    for told in [
        "SM-A515F",
        "Pixel 4 (+8/-30)",
        "2020-12-14",
        "SHA-256",
        "bench-1m.csv.zst",
        "vicino calibrate fit bench-1m.csv.zst --reference 'Pixel 4=8/-30' --a1 42",
        "level = TX power(sender)",
        "fewer than three orientations",
        "Every figure that the measurements ask for can be told",
    ] {
        assert!(text.contains(told), "{told}");
    }
    // Folders of the one who measured are nobody's business.
    assert!(!page.contains(folder.path().to_str().expect("a name")) && !page.contains("/captures/"));
    for plot in ["fit", "residuals", "residual-histogram", "levels"] {
        let svg = fs::read_to_string(path(&format!("one/{plot}.svg"))).expect("a plot");
        roxmltree::Document::parse(&svg).expect("well formed");
        let png = fs::read(path(&format!("one/{plot}.png"))).expect("a plot");
        assert!(
            png.starts_with(b"\x89PNG\r\n\x1a\n") && (5_000..500_000).contains(&png.len()),
            "{plot}"
        );
    }
    run(&path("two.html"), &path("two")).success();
    assert_eq!(page, fs::read_to_string(path("two.html")).expect("a page"));
    let same = |name: &str| fs::read(path(&format!("one/{name}"))).ok() == fs::read(path(&format!("two/{name}"))).ok();
    assert!(same("fit.svg") && same("fit.png"));
    for (page, plots) in [("one.html", "three"), ("three.html", "one")] {
        run(&path(page), &path(plots))
            .code(4)
            .stderr(predicate::str::contains("not overwritten"));
    }
    assert_eq!(page, fs::read_to_string(path("one.html")).expect("a page"));
    assert!(!Path::new(&path("three.html")).exists() && !Path::new(&path("three")).exists());
    run(&path("none/four.html"), &path("four"))
        .code(4)
        .stderr(predicate::str::contains("in a folder that is there"));
}

#[test]
fn hostile_names_of_models_sessions_and_orientations_are_harmless() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    // Without its marks, so that the file of truth tells all.
    fs::copy(bundled("two-phones.csv"), path("phones.csv")).expect("a copy");
    let hostile = "</style><script>alert(1)</script>\u{1b}[2J&\u{202e}\"'";
    let long = "x<i>".repeat(2_500);
    let mut truth = "from,to,receiver,transmitter,distance_m,orientation,session\n".to_owned();
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let orientations = [hostile, &long, "plain"].map(quoted);
    for (part, distance) in (0..6).zip([0.5, 1.0, 2.0, 4.0, 1.0, 0.5]) {
        let (from, orientation) = (1_591_012_800 + part * 10, &orientations[part % 3]);
        for sender in ["android", "iphone"] {
            let session = quoted(hostile);
            truth += &[
                from.to_string(),
                (from + 10).to_string(),
                "hci0".to_owned(),
                sender.to_owned(),
                distance.to_string(),
                orientation.clone(),
                session,
            ]
            .join(",");
            truth.push('\n');
        }
    }
    fs::write(path("truth.csv"), truth).expect("written");
    let (keys, model) = (bundled("two-phones.keys.csv"), format!("hci0={hostile}"));
    let arguments = [
        "calibrate",
        "fit",
        &path("phones.csv"),
        "--keys",
        &keys,
        "--truth",
        &path("truth.csv"),
        "--model",
        &model,
        "--reference",
        &format!("{hostile}=0/0"),
        "--report",
        &path("page.html"),
        "--plots",
        &path("plots"),
    ];
    vicino(&arguments).success();
    let page = fs::read_to_string(path("page.html")).expect("a page");
    let (names, text) = checked(&page);
    for never in ["script", "i"] {
        assert_eq!(count(&names, never), 0, "{never}");
    }
    assert_eq!(count(&names, "style"), 1);
    assert!(
        !page.contains(['\u{1b}', '\u{202e}']) && page.len() < 300_000,
        "{}",
        page.len()
    );
    assert!(text.contains("alert(1)") && text.contains("Levels by orientation"));
    assert!(!page.contains(&"x&lt;i&gt;".repeat(1_000)));
    let svg = fs::read_to_string(path("plots/orientations.svg")).expect("a plot");
    roxmltree::Document::parse(&svg).expect("well formed");
    assert!(!svg.contains('\u{1b}') && svg.len() < 50_000);
}

#[test]
fn a_comparison_with_truth_becomes_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a name").to_owned();
    let capture = bundled("two-phones.csv");
    let score = [
        "distance",
        "score",
        &capture,
        "--keys",
        &bundled("two-phones.keys.csv"),
        "--window",
        "5",
    ];
    let report = path("page.html");
    vicino(&[&score[..], &["--report", &report]].concat()).success();
    let (names, text) = checked(&fs::read_to_string(&report).expect("a page"));
    assert_eq!((count(&names, "h1"), count(&names, "svg")), (1, 5));
    for told in [
        "Distribution of errors",
        "over fitted line",
        "vicino distance score two-phones.csv --window 5",
        "All windows are on the same side of 1.5 m",
        "lab keys",
    ] {
        assert!(text.contains(told), "{told}");
    }
    vicino(&[&score[..], &["--report", &report]].concat())
        .code(4)
        .stderr(predicate::str::contains("is there already"));
}
