//! The published parse vectors, read from the shared reference data where they are at hand.

#![expect(clippy::unwrap_used, reason = "a test's own data")]

use std::path::PathBuf;

use serde_json::Value;
use vicino::lab::ad::{self, AdEnd};
use vicino::lab::address::AddressKind;
use vicino::lab::advert::{Hex, PduType};
use vicino::lab::beacon::{Family, Group, classify};
use vicino::lab::explain::{explain, leaves};
use vicino::lab::gaen;
use vicino::lab::validate::{Check, Severity, validate};

fn samples() -> Option<Vec<Value>> {
    let shared = std::env::var_os("VICINO_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = shared.join("reference/ble-samples.json");
    match std::fs::read(&path) {
        Ok(bytes) => {
            let whole: Value = serde_json::from_slice(&bytes).unwrap();
            Some(whole["samples"].as_array().unwrap().clone())
        }
        Err(error) => {
            println!("skipped: no parse vectors at {}: {error}", path.display());
            None
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// The advertising data: all of a payload, or that of the one legacy report in an H4 packet.
fn payload(sample: &Value) -> Vec<u8> {
    let packet = bytes(sample["hex"].as_str().unwrap());
    match sample["format"].as_str().unwrap() {
        "AD payload only" => packet,
        _ => packet[14..packet.len() - 1].to_vec(),
    }
}

#[test]
fn structures_frames_and_parts_are_those_of_the_vectors() {
    for sample in samples().unwrap_or_default() {
        let payload = payload(&sample);
        let expect = &sample["expect"];
        let expected = if expect.is_null() { &sample["ad"] } else { &expect["ad"] };
        match expected.as_array() {
            None => assert!(matches!(ad::end(&payload), AdEnd::Overrun { .. }), "{sample}"),
            Some(expected) => {
                let found: Vec<_> = ad::structures(&payload)
                    .map(|structure| (format!("0x{:02x}", structure.ty), Hex(structure.data).to_string()))
                    .collect();
                let expected: Vec<_> = expected
                    .iter()
                    .map(|one| {
                        (
                            one["type"].as_str().unwrap().to_owned(),
                            one["data"].as_str().unwrap().to_owned(),
                        )
                    })
                    .collect();
                assert_eq!(found, expected, "{sample}");
                assert_eq!(ad::end(&payload), AdEnd::Clean, "{sample}");
            }
        }
        if let Some(rpi) = expect["rpi"].as_str() {
            let frame = gaen::decode(&payload).unwrap();
            assert_eq!(frame.rpi.to_string(), rpi);
            assert_eq!(frame.aem.unwrap().to_string(), expect["aem"].as_str().unwrap());
        }
        let fields = explain(&payload);
        assert_eq!(
            leaves(&fields).map(|field| field.range.len()).sum::<usize>(),
            payload.len(),
            "{sample}"
        );
    }
}

#[test]
fn families_and_verdicts_are_those_of_the_vectors() {
    for sample in samples().unwrap_or_default() {
        let payload = payload(&sample);
        let family = classify(&payload);
        let fails: Vec<_> = validate(&payload, PduType::AdvNonconnInd, AddressKind::RandomResolvable)
            .into_iter()
            .filter(|remark| remark.severity == Severity::Fail)
            .map(|remark| remark.check)
            .collect();
        match sample["kind"].as_str() {
            None | Some("en") => assert!(family.is_gaen() && fails.is_empty(), "{family} {fails:?} {sample}"),
            Some("en-short" | "en-odd") => assert!(family.is_gaen() && fails == [Check::ServiceData], "{sample}"),
            Some("en-leak") => assert!(family.is_gaen() && fails == [Check::OtherStructures], "{sample}"),
            Some("en-invalid") => assert_eq!((family, fails), (Family::GaenBroken, vec![Check::ServiceData])),
            Some("malformed") => {
                assert_eq!(
                    (family, fails),
                    (Family::GaenBroken, vec![Check::Structures, Check::ServiceData])
                );
            }
            Some("dp3t") => assert_eq!(family, Family::Dp3t),
            Some("robert") => assert_eq!(family, Family::Robert),
            Some("ibeacon") => assert_eq!(family, Family::IBeacon),
            Some("continuity") => assert_eq!(family.group(), Group::Apple),
            Some("findmy") => assert_eq!(family, Family::FindMy),
            Some("eddystone") => assert!(family.word().starts_with("eddystone-"), "{family}"),
            Some("fast-pair") => assert_eq!(family, Family::FastPair),
            Some(kind) => panic!("no rule for kind {kind}"),
        }
    }
}
