//! What the environment does to a run: permissions, full disks, closed pipes, signals.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use vicino::format::native::{Meta, Paths};
use vicino::format::open::{OpenOptions, open};
use vicino::lab::event::{CaptureEvent, EventKind};

use crate::{bundled, checked, refused, vicino};

const PROGRAM: &str = env!("CARGO_BIN_EXE_vicino");

fn events(path: &Path) -> (Vec<CaptureEvent>, u64) {
    let mut reader = open(path, &OpenOptions::default()).unwrap();
    let mut all = Vec::new();
    while reader.read(&mut all).unwrap() {}
    (all, reader.damage().count)
}

fn adverts(path: &Path) -> Vec<CaptureEvent> {
    let (all, damage) = events(path);
    assert_eq!(damage, 0);
    all.into_iter()
        .filter(|event| matches!(event, CaptureEvent::Advert(_)))
        .collect()
}

/// Runs a script with the program as `$0`.
fn shell(script: &str, args: &[&Path]) -> Output {
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(PROGRAM).args(args);
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn what_may_not_be_read_or_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret.csv");
    fs::copy(bundled("two-phones.csv"), &secret).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    // Root may do everything; then the program runs as nobody, where it can.
    let is_root = fs::read(&secret).is_ok();
    let as_nobody = if is_root {
        "setpriv --reuid=65534 --regid=65534 --clear-groups"
    } else {
        ""
    };
    let can_run = shell(&format!("{as_nobody} \"$0\" --version"), &[]).status.success();
    if !can_run {
        println!("skipped: this is root, and nobody may not run {PROGRAM}");
        return;
    }
    for verb in [
        "inspect \"$1\"",
        "replay --headless \"$1\"",
        "convert \"$1\" -",
        "mark \"$1\" --note x",
    ] {
        let ran = checked(&shell(&format!("exec {as_nobody} \"$0\" {verb}"), &[&secret]));
        refused(&ran, 3, "secret.csv");
        assert!(ran.err.contains("permission denied"), "{}", ran.err);
    }
    let source = bundled("two-phones.csv");
    let readable = shell(&format!("exec {as_nobody} \"$0\" inspect \"$1\""), &[&source])
        .status
        .success();
    if !readable {
        println!("skipped in part: nobody may not read {}", source.display());
        return;
    }
    for verb in [
        "convert \"$1\" \"$2\"",
        "record \"$2\" --from \"$1\" --speed max",
        "simulate two-phones \"$2\"",
    ] {
        let new = folder.path().join("new.csv");
        let ran = checked(&shell(&format!("exec {as_nobody} \"$0\" {verb}"), &[&source, &new]));
        assert_eq!(ran.code, 4, "{verb}: {}", ran.err);
        assert!(
            ran.err.contains("new.") && ran.err.contains("permission denied"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn full_outputs_are_told_with_the_environment_s_code() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: no /dev/full here");
        return;
    }
    let capture = bundled("two-phones.csv");
    for verb in [
        "inspect \"$1\"",
        "inspect --json \"$1\"",
        "inspect --csv \"$1\"",
        "inspect 02011a03036ffd",
        "replay --headless \"$1\"",
        "replay --headless --json \"$1\"",
        "convert \"$1\" -",
        "convert \"$1\" - --to btsnoop",
        "simulate two-phones -",
    ] {
        let ran = checked(&shell(&format!("exec \"$0\" {verb} >/dev/full"), &[&capture]));
        assert_eq!(ran.code, 4, "{verb}: {}", ran.err);
        assert!(ran.err.contains("no space left on device"), "{verb}: {}", ran.err);
    }
    // Nobody can be told anything: the work is done all the same.
    let folder = tempfile::tempdir().unwrap();
    let new = folder.path().join("new.csv");
    let ran = checked(&shell(
        "exec \"$0\" record \"$2\" --from \"$1\" --speed max >/dev/full 2>/dev/full",
        &[&capture, &new],
    ));
    assert_eq!(ran.code, 0);
    assert_eq!(adverts(&new), adverts(&capture));
    for verb in ["inspect /no/such/file", "mark /no/such/file --note x"] {
        assert_eq!(checked(&shell(&format!("exec \"$0\" {verb} 2>/dev/full"), &[])).code, 3);
    }
}

#[test]
fn a_full_disk_ends_a_recording_with_a_message_and_a_valid_file() {
    const ON_A_SMALL_DISK: &str = "unshare -rm sh -c '
        mount -t tmpfs -o size=64k none \"$2\" 2>/dev/null || exit 99
        cd \"$2\"
        \"$0\" record full.csv --from \"$1\" --speed max; echo \"record ended with $?\"
        \"$0\" inspect full.csv; echo \"inspect ended with $?\"
        rm -f full.*
        \"$0\" convert \"$1\" full.csv; echo \"convert ended with $?\"
        ls full.csv full.events.csv full.toml
        \"$0\" simulate demo full.csv; echo \"simulate ended with $?\"
        ls full.*
        \"$0\" convert \"$1\" full.btsnoop; echo \"convert ended with $?\"
        ls full.btsnoop; true
        ' \"$0\" \"$1\" \"$2\" 2>&1";
    let folder = tempfile::tempdir().unwrap();
    let output = shell(ON_A_SMALL_DISK, &[&bundled("demo.csv.zst"), folder.path()]);
    let text = String::from_utf8(output.stdout).unwrap();
    if !output.status.success() {
        println!("skipped: a small disk cannot be mounted here: {text}");
        return;
    }
    assert!(!text.contains("panicked"), "{text}");
    for (told, times) in [
        ("record ended with 4", 1),
        ("convert ended with 4", 2),
        ("simulate ended with 4", 1),
        ("inspect ended with 0", 1),
        ("the disk is full", 1),
        ("no space left on device", 3),
        ("  hint: ", 4),
        // All but a recording is taken away again, so that the same command can be given once more.
        ("No such file", 5),
    ] {
        assert_eq!(text.matches(told).count(), times, "{told}: {text}");
    }
    assert!(!text.contains("  damage"), "{text}");
}

#[test]
fn a_closed_pipe_ends_a_run_in_peace() {
    let capture = bundled("demo.csv.zst");
    for verb in [
        &["convert", "$", "-"][..],
        &["convert", "$", "-", "--to", "csv"],
        &["convert", "$", "-", "--to", "pcapng"],
        &["inspect", "--csv", "$"],
        &["inspect", "--json", "$"],
        &["replay", "--headless", "--json", "$"],
        &["simulate", "two-phones", "-"],
    ] {
        let args = verb
            .iter()
            .map(|arg| if *arg == "$" { capture.as_os_str() } else { arg.as_ref() });
        let mut child = Command::new(PROGRAM)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let ran = checked(&output);
        assert_eq!((ran.code, &*ran.err), (0, ""), "{verb:?}");
    }
}

#[test]
fn ctrl_c_and_sigterm_end_a_recording_with_all_that_was_heard() {
    let source = bundled("demo.csv.zst");
    let whole = adverts(&source);
    for signal in ["INT", "TERM", "HUP"] {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("ended.csv");
        let mut child = Command::new(PROGRAM)
            .arg("record")
            .arg(&name)
            .arg("--from")
            .arg(&source)
            .args(["--speed", "20"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Every line is answered: with the time of what is played, once there is some.
        let mut notes = child.stdin.take().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        assert!(line.starts_with("recording to "), "{line}");
        let mut n_marks = 0;
        while !(line.starts_with("marked from ") && line.as_str() > "marked from 2020-06-01T08:57:40") {
            notes.write_all(b"1.5 marked by this test\n").unwrap();
            line.clear();
            told.read_line(&mut line).unwrap();
            let is_marked = line.starts_with("marked from ");
            assert!(
                is_marked || line.starts_with("not marked: nothing was played yet"),
                "{line}"
            );
            n_marks += u64::from(is_marked);
        }
        // The shell's own, as a small system has no other.
        let killed = Command::new("sh")
            .args(["-c", &format!("kill -s {signal} {}", child.id())])
            .status()
            .unwrap();
        assert!(killed.success());
        let mut output = child.wait_with_output().unwrap();
        told.read_to_end(&mut output.stderr).unwrap();
        let ran = checked(&output);
        assert_eq!(ran.code, 0, "{signal}: {}", ran.err);

        let meta = Meta::read(&Paths::of(&name).meta).unwrap();
        assert!(meta.complete, "{signal}");
        let recorded = adverts(&name);
        assert_eq!(meta.counts.adverts, recorded.len() as u64);
        assert!(
            ran.out.contains(&format!("{} advertisements", recorded.len())),
            "{}",
            ran.out
        );
        // What was heard before the signal, without a hole.
        assert!(
            !recorded.is_empty() && recorded.len() < whole.len() && recorded == whole[..recorded.len()],
            "{signal}"
        );
        let (all, _) = events(&name);
        let own = all.iter().filter(|event| match event {
            CaptureEvent::Other(other) => {
                matches!(&other.kind, EventKind::Mark(mark) if mark.note == "marked by this test")
            }
            CaptureEvent::Advert(_) => false,
        });
        assert_eq!(own.count() as u64, n_marks, "{signal}");
    }
}

#[test]
fn what_a_played_capture_lacks_is_told_after_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let (cut, new) = (folder.path().join("cut.csv.zst"), folder.path().join("new.csv"));
    let whole = fs::read(bundled("demo.csv.zst")).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let ran = vicino([
        "record".as_ref(),
        new.as_os_str(),
        "--from".as_ref(),
        cut.as_os_str(),
        "--speed".as_ref(),
        "max".as_ref(),
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains("1 damaged records of the played capture"),
        "{}",
        ran.err
    );
    let recorded = adverts(&new);
    assert!(!recorded.is_empty() && recorded == adverts(&bundled("demo.csv.zst"))[..recorded.len()]);
}
