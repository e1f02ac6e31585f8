//! Exports that others wrote, where they are at hand: every figure of their manifest, and what becomes of them when they
//! are changed.

#![expect(clippy::unwrap_used, reason = "a test stops where its ground is missing")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use vicino::keys::{
    Configuration, DiagnosisKey, ECDSA_SHA256, ExportFile, Limits, Oddity, PublicKey, SignatureInfo, Signer, Verdict,
    encode, hex, pack, unpack,
};

/// The folder of the exports with its manifest.
fn shared() -> Option<(PathBuf, Value)> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("VICINO_SHARED").map_or_else(beside, Into::into);
    let folder = root.join("reference/exports");
    let Ok(text) = std::fs::read_to_string(folder.join("manifest.json")) else {
        println!("SKIPPED: no exports at {}", folder.display());
        return None;
    };
    Some((folder, serde_json::from_str(&text).unwrap()))
}

fn digits(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

/// The object without what is not told.
fn told(value: &Value) -> Value {
    let object = value.as_object().unwrap().iter();
    object
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn key_json(key: &DiagnosisKey) -> Value {
    told(&json!({
        "key_data": *hex(&key.tek),
        "transmission_risk_level": key.transmission_risk_level,
        "rolling_start_interval_number": key.rolling_start.0,
        "rolling_period": key.rolling_period,
        "report_type": key.report_type.map(|report| report as u8),
        "days_since_onset_of_symptoms": key.days_since_onset,
        "f8": key.variant,
    }))
}

fn info_json(info: &SignatureInfo) -> Value {
    told(&json!({
        "app_bundle_id": info.app_bundle_id,
        "android_package": info.android_package,
        "verification_key_version": info.key_version,
        "verification_key_id": info.key_id,
        "signature_algorithm": info.algorithm,
    }))
}

/// The public keys that the manifest tells of a file.
fn keys_of(file: &Value) -> Configuration {
    let mut keys = Configuration::default();
    let name = file["public_key_name"].as_str().and_then(|name| name.split(' ').next());
    for field in ["public_key_spki_b64", "public_key_pem"] {
        if let Some(text) = file[field].as_str() {
            keys.add(name.unwrap(), PublicKey::parse(text).unwrap());
        }
    }
    for (name, text) in file["public_keys"].as_object().into_iter().flatten() {
        keys.add(name, PublicKey::parse(text.as_str().unwrap()).unwrap());
    }
    keys
}

fn check_content(file: &ExportFile, expected: &Value) {
    let export = &file.export;
    assert_eq!(export.start, expected["start_timestamp"]);
    assert_eq!(export.end, expected["end_timestamp"]);
    assert_eq!(export.region, expected["region"]);
    assert_eq!(export.batch_num, expected["batch_num"]);
    assert_eq!(export.batch_size, expected["batch_size"]);
    let infos: Vec<Value> = export.signature_infos.iter().map(info_json).collect();
    assert_eq!(json!(infos), expected["signature_infos"]);
    let lists = [
        ("keys", "n_keys", &export.keys),
        ("revised_keys", "n_revised", &export.revised_keys),
    ];
    for (list, count, keys) in lists {
        match expected[list].as_array() {
            Some(all) => assert_eq!(&keys.iter().map(key_json).collect::<Vec<_>>(), all),
            None => assert_eq!(keys.len(), expected[count]),
        }
    }
    for (name, key) in [("first_key", export.keys.first()), ("last_key", export.keys.last())] {
        if !expected[name].is_null() {
            assert_eq!(key_json(key.unwrap()), expected[name]);
        }
    }
    for (level, count) in expected["trl_counts"].as_object().into_iter().flatten() {
        let has_level = |key: &&DiagnosisKey| key.transmission_risk_level.unwrap_or(0).to_string() == *level;
        assert_eq!(
            export.keys.iter().filter(has_level).count(),
            *count,
            "risk level {level}"
        );
    }
    if !expected["rolling_period_absent"].is_null() {
        let absent = export.keys.iter().filter(|key| key.rolling_period.is_none()).count();
        assert_eq!(absent, expected["rolling_period_absent"]);
    }
}

#[test]
fn exports_of_others_decode_as_their_manifest_says_and_their_signatures_verify() {
    let Some((folder, manifest)) = shared() else { return };
    let files = manifest["files"].as_array().unwrap();
    assert_eq!(files.len(), 6);
    for entry in files {
        let name = entry["file"].as_str().unwrap();
        println!("{name}");
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let file = ExportFile::read(&bytes, Limits::default()).unwrap();
        assert_eq!(digits(&file.sha256), entry["sha256"]);
        assert_eq!(file.is_zip, entry["entries"].is_array());
        check_content(&file, &entry["decoded"]);
        // Samples are not true to their windows.
        let is_beyond = |what: Oddity| matches!(what, Oddity::AfterWindow | Oddity::InUse);
        assert!(
            file.oddities.iter().all(|(what, _)| is_beyond(what)),
            "{:?}",
            file.oddities
        );
        let signatures: Vec<Value> = file
            .signatures
            .iter()
            .map(|one| {
                json!({
                    "signature_info": info_json(&one.info),
                    "batch_num": one.batch_num,
                    "batch_size": one.batch_size,
                    "signature": digits(&one.der),
                })
            })
            .collect();
        let expected = entry.get("signatures").cloned().unwrap_or_else(|| json!([]));
        assert_eq!(json!(signatures), expected);
        let keys = keys_of(entry);
        let checked = file.check(&keys);
        assert!(
            checked.iter().all(|one| one.verdict == Verdict::Verified),
            "{checked:?}"
        );
        assert_eq!(ExportFile::is_trusted(&keys, &checked), entry["verifies"] == true);
    }
}

#[test]
fn a_flipped_byte_anywhere_in_an_export_of_others_is_noticed() {
    let Some((folder, manifest)) = shared() else { return };
    let mut flipped = 0;
    for entry in manifest["files"].as_array().unwrap() {
        if entry["verifies"] != true {
            continue;
        }
        let bytes = std::fs::read(folder.join(entry["file"].as_str().unwrap())).unwrap();
        let (bin, sig, _) = unpack(&bytes, 1 << 20).unwrap();
        assert_eq!(bin.len(), entry["entries"][0][1]);
        assert_eq!(sig.len(), entry["entries"][1][1]);
        let keys = keys_of(entry);
        for place in (0..bin.len()).step_by(bin.len() / 12) {
            let mut changed = bin.clone();
            changed[place] ^= 0x10;
            // What can still be read must not verify.
            if let Ok(file) = ExportFile::read(&pack(&changed, &sig).unwrap(), Limits::default()) {
                let checked = file.check(&keys);
                assert!(
                    checked.iter().all(|one| one.verdict == Verdict::Wrong),
                    "byte {place}: {checked:?}"
                );
                flipped += 1;
            }
        }
    }
    assert!(flipped > 10, "only {flipped} could be read");
}

#[test]
fn exports_of_others_are_written_again_as_they_were() {
    let Some((folder, manifest)) = shared() else { return };
    let signer = Signer::generate(|bytes| {
        bytes.fill(9);
        Ok(())
    })
    .unwrap();
    let info = SignatureInfo {
        key_id: Some("222".into()),
        key_version: Some("v9".into()),
        algorithm: Some(ECDSA_SHA256.into()),
        ..SignatureInfo::default()
    };
    for entry in manifest["files"].as_array().unwrap() {
        let bytes = std::fs::read(folder.join(entry["file"].as_str().unwrap())).unwrap();
        let read = ExportFile::read(&bytes, Limits::default()).unwrap();
        // All of these have their fields in the order of their numbers, and their keys sorted.
        assert_eq!(
            Sha256::digest(encode(&read.export))[..],
            read.bin_sha256,
            "{}",
            entry["file"]
        );
        let again = ExportFile::write(&read.export, &[(&signer, info.clone())]).unwrap();
        let again = ExportFile::read(&again, Limits::default()).unwrap();
        assert_eq!(
            (&again.export.keys, &again.export.revised_keys),
            (&read.export.keys, &read.export.revised_keys)
        );
        assert_eq!(
            (again.export.start, &again.export.region),
            (read.export.start, &read.export.region)
        );
    }
}
