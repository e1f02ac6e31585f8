use super::super::rows::tests::{but, row, verdict};
use super::super::rows::{rows as all_rows, worst};
use super::*;
use crate::source::probe::Radio;

/// The computer whose radio gave this error.
fn after(error: &BleError) -> Facts {
    but(|facts| facts.radio.answer = Some(Err(error.clone())))
}

/// An adapter called so.
fn adapter(name: &str, powered: bool) -> Seen {
    Seen {
        name: name.to_owned(),
        powered,
        discovering: false,
        service_version: None,
    }
}

#[test]
fn every_error_has_one_row_of_its_own_with_its_words_and_its_remedy() {
    let table = [
        ("bus", BleError::NoBus("no such file".into())),
        ("bus", BleError::BusDead("refused".into())),
        ("service", BleError::NotBuilt),
        ("service", BleError::NoService("not provided".into())),
        ("service", BleError::Timeout(5)),
        (
            "service",
            BleError::Other {
                name: "org.bluez.Error.Failed".into(),
                message: "Failed".into(),
            },
        ),
        ("permission", BleError::NotAllowed("rejected".into())),
        ("adapter", BleError::AdapterGone),
        ("adapter", BleError::Busy("in progress".into())),
        ("adapter", BleError::NoAdapter { in_kernel: true }),
    ];
    let mut said = Vec::new();
    for (check, error) in &table {
        let rows = all_rows(&after(error));
        let failed: Vec<_> = rows.iter().filter(|row| row.verdict == Verdict::Fail).collect();
        let [failed] = failed[..] else {
            panic!("{error}: {failed:#?}")
        };
        assert_eq!(failed.check, *check, "{error}");
        assert_eq!(failed.reason.as_deref(), Some(error.to_string().as_str()));
        assert_eq!(failed.remedy.as_deref(), Some(error.remedy()));
        said.push((failed.reason.clone(), failed.remedy.clone()));
    }
    said.sort();
    said.dedup();
    assert_eq!(said.len(), table.len(), "no two say the same");
}

#[test]
fn checks_that_were_not_reached_are_neither_good_nor_bad() {
    let table = [
        (BleError::NoBus(String::new()), "permission service adapter"),
        (BleError::NotAllowed(String::new()), "service adapter"),
        (BleError::NoService(String::new()), "permission adapter"),
        (BleError::NotBuilt, "bus permission adapter"),
    ];
    for (error, expected) in table {
        let rows = all_rows(&after(&error));
        let skipped = rows.iter().filter(|row| row.verdict == Verdict::NotApplicable);
        let skipped: Vec<_> = skipped.map(|row| row.check).collect();
        assert_eq!(skipped.join(" "), expected, "{error}");
        assert_eq!(
            row(&after(&error), "hardware").verdict,
            Verdict::Ok,
            "the kernel is asked all the same"
        );
    }
}

#[test]
fn an_adapter_is_missing_in_the_kernel_or_only_in_the_service() {
    let none = but(|facts| {
        facts.radio.answer = Some(Ok(Vec::new()));
        facts.radio.present.clear();
    });
    let (found, said) = verdict(&none, "hardware");
    assert_eq!(found, Verdict::Fail);
    assert!(said.contains("no Bluetooth adapter | plug one in"), "{said}");
    assert_eq!(verdict(&none, "adapter").0, Verdict::NotApplicable);

    let unused = but(|facts| facts.radio.answer = Some(Ok(Vec::new())));
    assert_eq!(verdict(&unused, "hardware").0, Verdict::Ok);
    let (found, said) = verdict(&unused, "adapter");
    assert_eq!(found, Verdict::Fail);
    assert!(
        said.contains("service does not use the kernel's adapter | `systemctl restart"),
        "{said}"
    );

    // As systemd leaves it.
    let waiting = but(|facts| {
        facts.radio.answer = Some(Err(BleError::Timeout(5)));
        facts.radio.present.clear();
    });
    let (found, said) = verdict(&waiting, "service");
    assert_eq!(found, Verdict::Warn);
    assert!(said.contains("first an adapter"), "{said}");
    assert_eq!(verdict(&waiting, "hardware").0, Verdict::Fail);

    let elsewhere = but(|facts| facts.radio.present.clear());
    assert_eq!(verdict(&elsewhere, "hardware").0, Verdict::NotApplicable);
    assert_eq!(worst(&all_rows(&elsewhere)), Verdict::Ok);
}

#[test]
fn off_and_both_kinds_of_block_are_told_apart() {
    let off = |soft: bool, hard: bool| {
        but(|facts| {
            facts.radio.answer = Some(Ok(vec![adapter("hci0", false)]));
            facts.radio.radios = vec![Radio {
                name: "hci0".into(),
                soft,
                hard,
            }];
        })
    };
    for (soft, hard, rfkill, text) in [
        (false, false, Verdict::Ok, "bluetoothctl power on"),
        (true, false, Verdict::Fail, "rfkill unblock bluetooth"),
        (false, true, Verdict::Fail, "hardware switch"),
        (true, true, Verdict::Fail, "hardware switch"),
    ] {
        let facts = off(soft, hard);
        assert_eq!(verdict(&facts, "rfkill").0, rfkill);
        let (found, said) = verdict(&facts, "adapter");
        assert_eq!(found, Verdict::Fail);
        assert!(said.starts_with("hci0 is off") && said.contains(text), "{said}");
    }
    let (_, said) = verdict(&off(true, true), "rfkill");
    assert!(said.contains("hci0 blocked (soft and hard)"), "{said}");
    let nothing = but(|facts| facts.radio.radios.clear());
    assert_eq!(verdict(&nothing, "rfkill").0, Verdict::NotApplicable);
}

#[test]
fn one_adapter_that_works_is_enough() {
    let facts = but(|facts| {
        facts.radio.answer = Some(Ok(vec![adapter("hci0", false), adapter("hci1", true)]));
        facts.radio.radios[0].soft = true;
    });
    let (found, said) = verdict(&facts, "adapter");
    assert_eq!(found, Verdict::Warn);
    assert!(said.contains("vicino scan --adapter hci1"), "{said}");
    assert_eq!(verdict(&facts, "rfkill").0, Verdict::Warn);
    assert_eq!(worst(&all_rows(&facts)), Verdict::Warn);
}

#[test]
fn a_mac_is_told_what_to_allow_and_spared_what_it_does_not_have() {
    let facts = but(|facts| {
        facts.system = System::MacOs;
        facts.radio.answer = None;
    });
    let (found, said) = verdict(&facts, "permission");
    assert_eq!(found, Verdict::Warn);
    assert!(said.contains("Privacy & Security, Bluetooth"), "{said}");
    for check in ["bus", "service", "hardware", "rfkill", "adapter"] {
        assert_eq!(verdict(&facts, check).0, Verdict::NotApplicable, "{check}");
    }
}

#[test]
fn the_service_s_version_and_a_scan_that_runs_already_are_shown() {
    let facts = but(|facts| {
        if let Some(Ok(seen)) = &mut facts.radio.answer {
            seen[0].discovering = true;
        }
    });
    assert_eq!(row(&facts, "service").found, "org.bluez answers, BlueZ 5.66");
    assert!(row(&facts, "adapter").found.contains("scans already"));
}
