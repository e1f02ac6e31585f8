//! Text from the air or from files, impossible values, and too many of them.

use std::fmt::Write as _;
use std::fs;

use vicino::format::native::EVENTS_HEADER;

use crate::{bundled, refused, vicino};

/// Escapes, bells, C1 controls, direction marks, line breaks: what must never reach a terminal.
const STEERING: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}evil\u{2066}\u{200f}\r";

#[test]
fn names_from_the_air_reach_no_output_as_they_are() {
    let capture = bundled("hostile.csv.zst");
    let capture = capture.to_str().unwrap();
    for args in [
        vec!["inspect", capture],
        vec!["inspect", "--json", capture],
        vec!["inspect", "--csv", capture],
        vec!["replay", "--headless", capture],
        vec!["replay", "--headless", "--json", capture],
        vec!["convert", capture, "-"],
        vec!["convert", capture, "-", "--to", "csv"],
        vec!["convert", capture, "-", "--pseudonymise"],
    ] {
        let ran = vicino(args);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!ran.out.is_empty());
    }
}

#[test]
fn names_of_files_stations_and_marks_reach_no_output_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("x{STEERING}.csv"));
    let beside = folder.path().join(format!("x{STEERING}.events.csv"));
    let other = folder.path().join(format!("y{STEERING}"));
    fs::write(
        &file,
        format!("time_us,station,data\n1000000,\"st{STEERING}\",0609{}\n", "1b5b324a07"),
    )
    .unwrap();
    fs::write(
        &beside,
        format!(
            "{EVENTS_HEADER}\n\
             gap,900000,0,\"st{STEERING}\",,,900000,950000,,,,,\"re{STEERING}\"\n\
             mark,910000,0,\"st{STEERING}\",,,910000,,,,,,\"no{STEERING}\"\n\
             kind{STEERING},5,0,a\n"
        ),
    )
    .unwrap();
    fs::write(&other, STEERING).unwrap();
    let (file, other) = (file.to_str().unwrap(), other.to_str().unwrap());
    let new = |name: &str| folder.path().join(format!("{name}{STEERING}.csv"));
    let (converted, recorded) = (new("c"), new("r"));
    for args in [
        vec!["inspect", file],
        vec!["inspect", file, file],
        vec!["inspect", "--json", file],
        vec!["inspect", "--csv", file, file],
        vec!["replay", "--headless", file],
        vec!["replay", "--headless", "--json", file],
        vec!["convert", file, "-"],
        vec!["convert", file, "-", "--to", "csv"],
        vec!["convert", file, converted.to_str().unwrap()],
        vec!["record", recorded.to_str().unwrap(), "--from", file, "--speed", "max"],
        vec!["mark", file, "--note", STEERING, "--from", "1000000"],
    ] {
        let ran = vicino(&args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
    }
    for args in [
        vec!["inspect", other],
        vec!["replay", "--headless", other],
        vec!["convert", other, "-"],
        vec!["mark", other, "--note", "x"],
        vec!["simulate", other, "-"],
    ] {
        refused(&vicino(&args), 3, "owned");
    }
}

#[test]
fn impossible_levels_and_times_are_values_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("odd.csv");
    let mut rows = "time_us,address,address_kind,rssi_dbm,data\n".to_owned();
    let hour = 3_600_000_000_i64;
    for (at, rssi) in [
        (9 * hour, 75),
        (9 * hour + 1, -60),
        (4 * hour, -61),
        (4 * hour + 1, -128),
        (i64::MAX, 20),
        (i64::MIN, -1),
    ] {
        writeln!(
            rows,
            "{at},60:00:00:5e:00:01,random-resolvable,{rssi},03036ffd17166ffd8be6cd371c5c891604bfbe49df84509672033874"
        )
        .unwrap();
    }
    fs::write(&file, rows).unwrap();
    let file = file.to_str().unwrap();
    let ran = vicino(["inspect", file]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for told in [
        "75 dBm",
        "records are earlier than their predecessor",
        "reports at -20 dBm or above",
    ] {
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
    let ran = vicino(["replay", "--headless", file]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("6 advertisements") && ran.out.contains("2 times back in time"),
        "{}",
        ran.out
    );
    for args in [
        vec!["replay", "--headless", "--json", file],
        vec!["convert", file, "-"],
        vec!["convert", "--clock-offset", "-7200", file, "-"],
    ] {
        assert_eq!(vicino(args).code, 0);
    }
    for ending in ["csv", "btsnoop", "pcapng"] {
        let out = folder.path().join(format!("out.{ending}"));
        let ran = vicino(["convert", file, out.to_str().unwrap()]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let ran = vicino(["inspect".as_ref(), out.as_os_str()]);
        assert!(
            ran.code == 0 && ran.out.contains("75 dBm"),
            "{ending}: {}{}",
            ran.out,
            ran.err
        );
    }
}

#[test]
fn a_hundred_thousand_addresses_in_a_minute_are_all_counted() {
    const N: u32 = 100_000;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crowd.csv");
    let mut rows = "time_us,address,address_kind,rssi_dbm,data\n".to_owned();
    for n in 0..N {
        let at = 1_600_000_000_000_000 + u64::from(n) * 600;
        let [_, a, b, c] = n.to_be_bytes();
        writeln!(rows, "{at},40:00:00:{a:02x}:{b:02x}:{c:02x},random-resolvable,-70,03036ffd17166ffd8be6cd371c5c891604bfbe49{n:08x}72033874").unwrap();
    }
    fs::write(&file, rows).unwrap();
    let file = file.to_str().unwrap();
    let ran = vicino(["inspect", "--json", file]);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let counts = &value["counts"];
    assert!(counts.to_string().contains("100000"), "{counts}");
    let ran = vicino(["replay", "--headless", file]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out.contains("100000 advertisements") && ran.out.contains("100000 identifiers"),
        "{}",
        ran.out
    );
    let recorded = folder.path().join("recorded.csv");
    let ran = vicino(["record", recorded.to_str().unwrap(), "--from", file, "--speed", "max"]);
    assert!(
        ran.code == 0 && ran.out.contains("100000 advertisements"),
        "{}{}",
        ran.out,
        ran.err
    );
}
