//! `vicino inspect` as a program: output, exit codes, hostile input.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

/// A real Android report (quoted in citruz/beacontools issue 48), H4.
const REPORT: &str = "043e2802010301bb7eb52b86791c03036ffd17166ffd2cfb0de02b33d20c5c27611238e2d10742b56ee5b8";

fn vicino() -> Command {
    let mut command = Command::cargo_bin("vicino").expect("the program is built");
    command.arg("inspect");
    command
}

fn bytes(digits: &str) -> Vec<u8> {
    vicino::inspect::hex::parse(digits).expect("digits")
}

/// btsnoop of the packets, one a second from 2020-07-30 10:00:00 UTC.
fn btsnoop(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = bytes("6274736e6f6f7000 00000001 000003ea");
    for (idx, packet) in packets.iter().enumerate() {
        let len = u32::try_from(packet.len()).expect("short");
        for word in [len, len, 3, 0] {
            file.extend(word.to_be_bytes());
        }
        let second = i64::try_from(idx).expect("few") + 1_596_103_200;
        file.extend((second * 1_000_000 + 0x00dc_ddb3_0f2f_8000).to_be_bytes());
        file.extend(packet);
    }
    file
}

/// A scannable advertisement with a name.
fn named(name: &[u8]) -> Vec<u8> {
    let len = u8::try_from(name.len()).expect("short");
    let head = bytes("04 3e 00 02 01 02 01 0605040302c1");
    let mut packet = [&head[..], &[len + 2, len + 1, 9], name, &[0xc4]].concat();
    packet[2] = u8::try_from(packet.len() - 3).expect("short");
    packet
}

fn write(folder: &Path, name: &str, content: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, content).expect("a writable folder");
    path.to_str().expect("a plain path").to_owned()
}

#[test]
fn rows_counts_and_text_of_one_capture() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "phone.log", &btsnoop(&[named(b"Pixel"), bytes(REPORT)]));
    vicino().args([&file, "--csv", "--clock-offset", "-7200"]).assert().success().stdout(
        "packet,time_us,address,address_kind,pdu,rssi_dbm,rpi,aem\n\
         2,1596096001000000,79:86:2b:b5:7e:bb,random-resolvable,ADV_NONCONN_IND,-72,2cfb0de02b33d20c5c27611238e2d107,42b56ee5\n",
    );
    let output = vicino().args([&file, "--json"]).output().expect("it runs");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["counts"]["format"], "btsnoop/H4 (datalink 1002)");
    assert_eq!(json["counts"]["packets"], 2);
    assert_eq!(
        json["counts"]["fd6f_rssi_min_med_max"],
        serde_json::json!([-72, -72, -72])
    );
    assert_eq!(json["names"]["Pixel"]["n"], 1);
    let text = contains("2020-07-30T10:00:01")
        .and(contains("Pixel"))
        .and(contains("gaen"));
    vicino().arg(&file).assert().success().stdout(text);
}

#[test]
fn several_captures_and_standard_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let content = btsnoop(&[bytes(REPORT)]);
    let one = write(folder.path(), "one.log", &content);
    let two = write(folder.path(), "two.log", &content);
    let output = vicino().args([&one, &two, "--json"]).output().expect("it runs");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    vicino()
        .args([&one, &two, "--csv"])
        .assert()
        .success()
        .stdout(contains("two.log\""));
    vicino()
        .args(["-", "--csv"])
        .write_stdin(content)
        .assert()
        .success()
        .stdout(contains("2cfb0de0"));
}

#[test]
fn damage_is_shown_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut content = btsnoop(&[bytes(REPORT), bytes(REPORT), bytes(REPORT)]);
    let record = 24 + REPORT.len() / 2;
    content[16 + record..16 + record + 8].fill(0xff);
    let file = write(folder.path(), "damaged.log", &content);
    let place = format!(
        "record 2 at byte {}: the record's lengths cannot be true; {record} bytes passed over",
        16 + record
    );
    vicino().arg(&file).assert().success().stdout(contains(place));
}

#[test]
fn rows_alone_do_not_hide_damage() {
    let folder = tempfile::tempdir().unwrap();
    let mut content = btsnoop(&[named(b"a"), named(b"b")]);
    content.truncate(content.len() - 3);
    let file = write(folder.path(), "cut.btsnoop", &content);
    let rows = vicino().args(["--csv", &file]).assert().success();
    rows.stderr(contains("warning: 1 damaged record left out").and(contains("record 2 at byte")));
}

#[test]
fn metadata_that_cannot_be_read_cost_one_short_line_and_what_they_miss_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let rows = b"time_us,station,address,address_kind,pdu,rssi_dbm,tx_power_dbm,channel,raw,data\n";
    let file = write(folder.path(), "a.csv", rows);
    let said = |meta: &[u8]| {
        write(folder.path(), "a.toml", meta);
        let mut program = Command::cargo_bin("vicino").unwrap();
        let output = program.args(["replay", "--headless", &file]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap()
    };
    let long = said(format!("title = {}", "[".repeat(500_000)).as_bytes());
    assert!(long.len() < 1_000 && long.contains("line 1"), "{} bytes", long.len());
    assert!(said(b"title = \"\xff\"").contains("not UTF-8 text"));
    assert!(said(b"format_version = 99\n").contains("of format 99, newer than the 1"));
    write(folder.path(), "a.events.csv", b"");
    let empty = said(b"complete = true\n[counts]\nevents = 7\nmarks = 4\n");
    assert!(
        empty.contains("is empty: 7 events (of these 4 marks) are not there"),
        "{empty}"
    );
}

#[test]
fn names_from_the_air_cannot_steer_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let hostile = "\x1b]0;x\x07\u{9b}31m\u{202e}".as_bytes();
    let file = write(folder.path(), "names.log", &btsnoop(&[named(hostile)]));
    for form in [&[][..], &["--json"]] {
        let output = vicino().arg(&file).args(form).output().expect("it runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(!text.contains(['\x1b', '\x07', '\u{9b}', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn a_payload_in_digits_is_taken_apart() {
    vicino()
        .args(["--hex", REPORT])
        .assert()
        .success()
        .stdout(contains("2cfb0de02b33d20c5c27611238e2d107"));
    vicino()
        .arg("02011a03036ffd")
        .assert()
        .success()
        .stdout(contains("0xFD6F"));
    vicino()
        .args(["--hex", "02011"])
        .assert()
        .code(2)
        .stderr(contains("in pairs"));
}

#[test]
fn wrong_input_and_wrong_use_have_their_exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = write(folder.path(), "empty", b"");
    let letter = write(folder.path(), "letter.btsnoop", b"Dear all, this is no capture at all");
    vicino().arg(&empty).assert().code(3).stderr(contains("is empty"));
    vicino()
        .arg(&letter)
        .assert()
        .code(3)
        .stderr(contains("letter.btsnoop").and(contains("text")));
    vicino()
        .arg(folder.path())
        .assert()
        .code(3)
        .stderr(contains("directory"));
    vicino()
        .arg("no such file")
        .assert()
        .code(3)
        .stderr(contains("no such file"));
    vicino().assert().code(2);
    vicino().args([&empty, "--clock-offset", "soon"]).assert().code(2);
}

#[test]
fn a_native_capture_tells_what_is_known_about_it() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/hostile.csv.zst");
    let text = vicino().arg(&capture).output().expect("it runs");
    let text = String::from_utf8(text.stdout).expect("text");
    let output = vicino().arg(&capture).arg("--json").output().expect("it runs");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let native = &json["native"];
    for (name, value) in [("title", &native["title"]), ("privacy", &native["privacy"])] {
        let value = value.as_str().expect("a text");
        assert!(
            !value.is_empty() && text.contains(&format!("  {name:<12} {value}\n")),
            "{text}"
        );
    }
    assert_eq!(native["source"]["kind"], "simulator");
    assert_eq!(native["source"]["cannot_see"], serde_json::json!(["channel"]));
    assert_eq!(
        (&native["complete"], &native["clock_offset_s"]),
        (&Value::Bool(true), &serde_json::json!(0.0))
    );
    let n_gaps = native["gaps"].as_u64().expect("a number");
    let station = native["stations"][0]["name"].as_str().expect("a name");
    assert!(
        text.contains("  cannot see   channel\n") && text.contains("  complete     yes\n"),
        "{text}"
    );
    assert!(
        text.contains(&format!("  station      {station}")) && text.contains(&format!(" {n_gaps} gaps, ")),
        "{text}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let rows = "time_us,station,address,address_kind,pdu,rssi_dbm,data\n10,a,5e:1b:09:c4:77:01,random-resolvable,ADV_IND,-60,02011a\n";
    let alone = write(folder.path(), "alone.csv", rows.as_bytes());
    let events = "time_us,kind,station,from_us,to_us,n,note\n\
                  12,gap,a,10,12,,busy\n13,dropped,a,,,7,\n14,mark,a,14,,,door\n";
    write(folder.path(), "alone.events.csv", events.as_bytes());
    let output = vicino().args([&alone, "--json"]).output().expect("it runs");
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let counts = ["gaps", "dropped", "marks", "bad_crc"].map(|name| json["native"][name].as_u64());
    assert_eq!(counts, [Some(1), Some(7), Some(1), Some(0)], "{json:#}");
    assert_eq!(json["native"]["complete"], Value::Null);
}

#[test]
fn of_several_captures_those_that_can_be_read_are_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let content = btsnoop(&[bytes(REPORT)]);
    let one = write(folder.path(), "one.log", &content);
    let two = write(folder.path(), "two.log", &content);
    let missing = folder.path().join("missing.log").display().to_string();
    let run = |format: &[&str]| {
        let assert = vicino().args([&one, &missing, &two]).args(format).assert().code(3);
        let output = assert
            .stderr(contains("missing.log: cannot be opened"))
            .get_output()
            .clone();
        String::from_utf8(output.stdout).expect("text")
    };
    let json: Value = serde_json::from_str(&run(&["--json"])).expect("JSON");
    let files: Vec<_> = json
        .as_array()
        .expect("an array")
        .iter()
        .map(|object| &object["file"])
        .collect();
    assert_eq!(files, [&one, &two]);
    assert!(json[0]["native"].is_null());
    assert!(run(&[]).contains("two.log\n"));
    assert_eq!(run(&["--csv"]).lines().count(), 3);
}
