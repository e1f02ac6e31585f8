//! Bad input, hostile text, full disks, closed pipes and signals: every verb answers with a message and its exit code,
//! never panics, never hangs, never lets a byte of a file steer the terminal.

#![cfg(all(unix, feature = "zstd"))]
#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

#[path = "hostile/faults.rs"]
mod faults;
#[path = "hostile/files.rs"]
mod files;
#[path = "hostile/samples.rs"]
mod samples;
#[path = "hostile/text.rs"]
mod text;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use assert_cmd::Command;

/// No run may take longer, on a busy machine and without optimisation.
const LONGEST: Duration = Duration::from_mins(2);
/// Memory that a run may map, in kB; its threads' stacks and the allocator's reserves take most of it.
const MOST_MEMORY_KB: u32 = 700_000;

fn bundled(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(file)
}

/// How a run ended, after the checks that hold for all.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program within bounded time and memory.
fn vicino<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    fed(args, Vec::new())
}

/// As [`vicino`], with `input` on standard input.
fn fed<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>, input: Vec<u8>) -> Ran {
    let limited = format!("ulimit -v {MOST_MEMORY_KB} 2>/dev/null; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(limited)
        .arg(env!("CARGO_BIN_EXE_vicino"))
        .args(args);
    checked(&command.timeout(LONGEST).write_stdin(input).output().unwrap())
}

fn checked(output: &Output) -> Ran {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    // Signals, panics and time-outs have none of these codes.
    let code = output.status.code().unwrap_or(-1);
    assert!((0..=4).contains(&code), "ended with {}\n{err}", output.status);
    assert!(!err.contains("panicked"), "{err}");
    for stream in [&out, &err] {
        let steering =
            |letter: char| letter.is_control() && letter != '\n' || "\u{202e}\u{200f}\u{2066}".contains(letter);
        assert!(!stream.contains(steering), "{stream:?}");
    }
    Ran { code, out, err }
}

/// That a run refused its input as it should: what, where, what to do next.
fn refused(ran: &Ran, code: i32, file: &str) {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    let (message, hint) = (ran.err.find("error: "), ran.err.find("  hint: "));
    assert!(message.is_some() && hint > message, "{}", ran.err);
    assert!(ran.err.contains(file), "{file} is not named in {}", ran.err);
    assert!(!ran.err.contains("os error"), "{}", ran.err);
}
