//! `vicino scan` where there is no Bluetooth. Where there is one, `tests/blelab` tests it.
#![cfg(all(feature = "ble", target_os = "linux"))]

use assert_cmd::cargo::cargo_bin_cmd;
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn without_a_bus_it_says_what_to_do_and_ends_with_the_environment_s_code() {
    let nowhere = tempfile::tempdir().unwrap().path().join("bus");
    for form in ["--json", "--csv", "--summary"] {
        cargo_bin_cmd!("vicino")
            .args(["scan", form])
            .env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", nowhere.display()))
            .assert()
            .code(4)
            .stdout("")
            .stderr(
                contains("error: the system bus is not there")
                    .and(contains("hint: start dbus").and(contains("vicino replay"))),
            );
    }
}

#[test]
fn wrong_use_is_told_before_any_radio_is_touched() {
    for args in [
        &["scan", "--json", "--csv"][..],
        &["scan", "--for", "soon"],
        &["scan", "--only", "wifi"],
    ] {
        cargo_bin_cmd!("vicino").args(args).assert().code(2).stdout("");
    }
}
