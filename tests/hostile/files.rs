//! Files that are cut, bent or something else.

use std::fs;
use std::path::Path;

use crate::samples::{FORMATS, samples};
use crate::{Ran, fed, refused, vicino};

/// Each verb that reads a capture, over `file`; what it writes goes to `folder`.
fn all_verbs(file: &Path, folder: &Path) -> Vec<Ran> {
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let file = path(file);
    let new = |name: &str| {
        for beside in ["csv", "events.csv", "toml"] {
            let _ = fs::remove_file(folder.join(format!("{name}.{beside}")));
        }
        path(&folder.join(format!("{name}.csv")))
    };
    [
        vec!["inspect", &file],
        vec!["inspect", "--csv", &file],
        vec!["convert", &file, &new("converted")],
        vec!["convert", &file, "-"],
        vec!["replay", "--headless", "--json", &file],
        vec!["record", &new("recorded"), "--from", &file, "--speed", "max"],
    ]
    .into_iter()
    .map(vicino)
    .collect()
}

#[test]
fn whole_samples_of_each_format_hold_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let reports = samples(folder.path()).into_iter().map(|sample| {
        let ran = vicino(["inspect".as_ref(), sample.as_os_str()]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!ran.out.contains("damage"), "{}", ran.out);
        let line = ran.out.lines().find(|line| line.starts_with("  reports"));
        line.unwrap().to_owned()
    });
    let reports: Vec<_> = reports.collect();
    assert!(reports.iter().all(|line| *line == reports[0]), "{reports:?}");
}

#[test]
fn a_truncated_file_gives_what_it_still_holds_and_tells_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    for (sample, format) in samples(folder.path()).iter().zip(FORMATS) {
        let whole = fs::read(sample).unwrap();
        let cut = folder.path().join("cut");
        fs::write(&cut, &whole[..whole.len() - 3]).unwrap();
        for ran in all_verbs(&cut, folder.path()) {
            assert_eq!(ran.code, 0, "{format}: {}", ran.err);
        }
        let ran = vicino(["inspect".as_ref(), cut.as_os_str()]);
        let told = ran
            .out
            .lines()
            .skip_while(|line| !line.contains("damage"))
            .collect::<String>();
        assert!(told.contains(" at byte "), "{format}: {}", ran.out);
        for length in [1, 3, 7, 15, 23, 40, whole.len() / 3, whole.len() / 2] {
            fs::write(&cut, &whole[..length]).unwrap();
            let ran = vicino(["inspect".as_ref(), cut.as_os_str()]);
            if ran.code != 0 {
                refused(&ran, 3, "cut");
            }
        }
    }
}

#[test]
fn an_empty_file_and_empty_input_are_refused_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.btsnoop");
    fs::write(&empty, b"").unwrap();
    for ran in all_verbs(&empty, folder.path()) {
        refused(&ran, 3, "empty.btsnoop: the file is empty");
    }
    for args in [
        vec!["inspect", "-"],
        vec!["convert", "-", "-"],
        vec!["replay", "--headless", "-"],
    ] {
        refused(&fed(args, Vec::new()), 3, "standard input");
    }
}

#[test]
fn files_of_other_kinds_are_refused_and_told_what_they_seem_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let program = fs::read("/bin/sh").unwrap();
    let kinds: [(&[u8], &str); 8] = [
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "gzip"),
        (b"PK\x03\x04 and so on", "zip"),
        (b"SQLite format 3\0", "SQLite"),
        (&program, "not a capture"),
        (b"{\"a\": 1}", "JSON"),
        (&[0; 4096], "zeros"),
        (b"name;age\nAnna;7\n", "text"),
        (b"\x1b]0;owned\x07\x1b[2J and more of this kind", "not a capture"),
    ];
    let file = folder.path().join("other");
    for (bytes, what) in kinds {
        fs::write(&file, bytes).unwrap();
        for ran in all_verbs(&file, folder.path()) {
            refused(&ran, 3, "other: ");
            assert!(ran.err.contains(what), "{what}: {}", ran.err);
        }
    }
    // Nothing is left behind that looks like a capture.
    assert!(!folder.path().join("recorded.csv").exists() && !folder.path().join("converted.csv").exists());
    let ran = vicino(["mark".as_ref(), file.as_os_str(), "--note".as_ref(), "x".as_ref()]);
    refused(&ran, 3, "other");
}

#[test]
fn a_directory_and_a_missing_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    for ran in all_verbs(&inside, folder.path()) {
        refused(&ran, 3, "inside: cannot be opened: is a directory");
    }
    for ran in all_verbs(&folder.path().join("missing.csv"), folder.path()) {
        refused(&ran, 3, "missing.csv: cannot be opened: no such file or directory");
    }
    for name in ["inside", "missing.csv"] {
        let path = folder.path().join(name);
        let ran = vicino(["mark".as_ref(), path.as_os_str(), "--note".as_ref(), "x".as_ref()]);
        refused(&ran, 3, name);
    }
}

#[test]
fn flipped_bits_cost_records_but_never_the_run() {
    let folder = tempfile::tempdir().unwrap();
    for (sample, format) in samples(folder.path()).iter().zip(FORMATS) {
        let whole = fs::read(sample).unwrap();
        let bent_path = folder.path().join("bent");
        for round in 0..24_usize {
            let mut bent = whole.clone();
            // The first bytes in turn, where the structure is, then places all over the file.
            let places = [
                round * 2,
                (round * 7919 + 101) % whole.len(),
                (round * 104_729 + 577) % whole.len(),
            ];
            for place in places {
                bent[place] ^= 1 << (round % 8);
            }
            fs::write(&bent_path, bent).unwrap();
            let ran = vicino(["inspect".as_ref(), bent_path.as_os_str()]);
            if ran.code != 0 {
                refused(&ran, 3, "bent");
            }
            if round % 8 == 0 {
                for ran in all_verbs(&bent_path, folder.path()) {
                    assert!(matches!(ran.code, 0 | 3), "{format}, round {round}: {}", ran.err);
                }
            }
        }
    }
}

#[test]
fn lengths_of_four_gigabytes_cost_a_record_and_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let all = samples(folder.path());
    // Where the length of the second record stands, for each format that has lengths.
    let first_of = |bytes: &[u8], format: &str| match format {
        "btsnoop" => 16 + 24 + u32::from_be_bytes(*bytes[20..].first_chunk().unwrap()) as usize,
        "pcap" => 24 + 16 + u32::from_le_bytes(*bytes[32..].first_chunk().unwrap()) as usize + 8,
        "pcapng" => u32::from_le_bytes(*bytes[4..].first_chunk().unwrap()) as usize + 4,
        // Two records in order make a file a PacketLogger's: the third.
        _ => {
            let second = 4 + u32::from_be_bytes(*bytes.first_chunk().unwrap()) as usize;
            second + 4 + u32::from_be_bytes(*bytes[second..].first_chunk().unwrap()) as usize
        }
    };
    for (sample, format) in all.iter().zip(FORMATS).skip(2) {
        let mut bytes = fs::read(sample).unwrap();
        let at = first_of(&bytes, format);
        for width in [4, 8] {
            if width == 8 && !matches!(format, "btsnoop" | "pcap") {
                continue;
            }
            bytes[at..at + width].fill(0xff);
            let bent = folder.path().join("long");
            fs::write(&bent, &bytes).unwrap();
            for ran in all_verbs(&bent, folder.path()) {
                assert_eq!(ran.code, 0, "{format}: {}", ran.err);
            }
            let ran = vicino(["inspect".as_ref(), bent.as_os_str()]);
            assert!(ran.out.contains("damage"), "{format}: {}", ran.out);
        }
    }
}

#[test]
fn endless_lines_and_compressed_bombs_stay_within_memory() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "time_us,station,data\n1000000,a,020106\n";
    let mut long = rows.as_bytes().to_vec();
    long.resize(40_000_000, b'7');
    let plain = folder.path().join("long.csv");
    fs::write(&plain, &long).unwrap();
    let packed = folder.path().join("bomb.csv.zst");
    fs::write(&packed, zstd::encode_all(&long[..], 1).unwrap()).unwrap();
    for file in [plain, packed] {
        for ran in all_verbs(&file, folder.path()) {
            assert_eq!(ran.code, 0, "{}", ran.err);
        }
        let ran = vicino(["inspect".as_ref(), file.as_os_str()]);
        assert!(
            ran.out.contains("rows         1") && ran.out.contains("damage"),
            "{}",
            ran.out
        );
    }
}
