//! Keeps the core pure: what may be used where, checked in the source itself.

use std::fs;
use std::path::{Path, PathBuf};

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The lines of a room (`src/ROOM.rs` and `src/ROOM/**`) that use any of `forbidden`.
fn offences(room: &str, forbidden: &[&str]) -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = rust_files(&src.join(room));
    files.push(src.join(room).with_extension("rs"));
    let mut found = Vec::new();
    let mut lines = 0;
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            lines += 1;
            let code = line.split("//").next().unwrap_or_default();
            if let Some(name) = forbidden.iter().find(|name| code.contains(**name)) {
                found.push(format!("{}:{}: {name}", file.display(), number + 1));
            }
        }
    }
    assert!(lines > 0, "nothing to check in {room}: was it moved?");
    found
}

const EDGES: [&str; 14] = [
    "tokio",
    "btleplug",
    "bluez_async",
    "crossterm",
    "std::fs",
    "std::net",
    "std::thread",
    "std::process",
    "std::env",
    "crate::clock",
    "crate::source",
    "crate::sink",
    "crate::runtime",
    "crate::cli",
];

#[test]
fn the_lab_uses_no_edge_and_knows_no_screen() {
    let mut forbidden = EDGES.to_vec();
    forbidden.extend([
        "ratatui",
        "crate::app",
        "crate::view",
        "crate::format",
        "std::io",
        "HashMap",
        "HashSet",
        "Instant",
        "SystemTime",
    ]);
    let found = offences("lab", &forbidden);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_app_and_the_pacing_wait_for_nothing_and_the_view_only_draws() {
    let mut forbidden = EDGES.to_vec();
    // Commands to a playback and its status are plain data.
    forbidden.retain(|edge| *edge != "crate::source");
    forbidden.extend([
        "crate::source::replay",
        "crate::source::live",
        "crate::view",
        "Instant",
        "SystemTime",
    ]);
    for (room, also) in [
        ("app", &["ratatui"][..]),
        ("source/pacing", &["ratatui"]),
        ("view", &[]),
    ] {
        let inside = format!("crate::{}", room.replace('/', "::"));
        let forbidden: Vec<&str> = forbidden
            .iter()
            .chain(also)
            .copied()
            .filter(|edge| *edge != inside)
            .collect();
        let found = offences(room, &forbidden);
        assert!(found.is_empty(), "{room}: {found:#?}");
    }
}

#[test]
fn key_exports_know_no_screen_no_radio_and_no_clock() {
    let mut forbidden = EDGES.to_vec();
    // Many files at once and the store of lab keys are read here; nothing else of the system is.
    forbidden.retain(|edge| *edge != "std::fs");
    forbidden.extend([
        "ratatui",
        "crate::app",
        "crate::view",
        "HashMap",
        "HashSet",
        "Instant",
        "SystemTime",
    ]);
    let found = offences("keys", &forbidden);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn reports_are_made_of_data_alone() {
    let mut forbidden = EDGES.to_vec();
    forbidden.extend([
        "ratatui",
        "crate::app",
        "crate::view",
        "crate::format",
        "HashMap",
        "HashSet",
        "Instant",
        "SystemTime",
    ]);
    let found = offences("report", &forbidden);
    assert!(found.is_empty(), "{found:#?}");
}
