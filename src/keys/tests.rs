//! What must hold for any export, and for those that no server writes.

mod beyond;
mod properties;

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::wire::{put_bytes, put_number, zigzag};
use super::*;

fn signer(seed: u8) -> Signer {
    Signer::generate(|bytes| {
        bytes.fill(seed);
        Ok(())
    })
    .unwrap()
}

fn info(id: &str, version: &str) -> SignatureInfo {
    SignatureInfo {
        key_id: Some(id.into()),
        key_version: Some(version.into()),
        algorithm: Some(ECDSA_SHA256.into()),
        ..SignatureInfo::default()
    }
}

fn key(first: u8) -> DiagnosisKey {
    DiagnosisKey::new(Tek::new([first; 16]), Enin(2_642_976))
}

fn small() -> Export {
    Export {
        start: 1_585_872_000,
        end: 1_585_875_600,
        region: "222".into(),
        keys: vec![key(7), key(3)],
        ..Export::default()
    }
}

/// A zip of any entries, each with its method.
fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> Result<ExportFile, ExportError> {
    ExportFile::read(bytes, Limits::default())
}

fn keys_of(signers: &[(&str, &Signer)]) -> Configuration {
    let mut keys = Configuration::default();
    for (name, signer) in signers {
        keys.add(*name, signer.public_key());
    }
    keys
}

/// An `export.bin` with one key of these fields.
fn bin_of_key(fields: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let (mut message, mut bin) = (Vec::new(), encode(&Export::default()));
    fields(&mut message);
    put_bytes(&mut bin, 7, &message);
    bin
}

fn odd(bin: &[u8]) -> (usize, Vec<Oddity>) {
    let (export, oddities) = decode(bin).unwrap();
    let what = oddities
        .iter()
        .map(|(what, _)| what)
        .filter(|what| *what != Oddity::NoRegion);
    (export.keys.len(), what.collect())
}

#[test]
fn what_is_written_is_sorted_signed_and_read_again() {
    let (new, old) = (signer(2), signer(1));
    let infos = [(&new, info("222", "v2")), (&old, info("222", "v1"))];
    let bytes = ExportFile::write(&small(), &infos).unwrap();
    assert_eq!(bytes, ExportFile::write(&small(), &infos).unwrap());
    let file = read(&bytes).unwrap();
    assert!(file.is_zip && file.oddities.is_empty(), "{:?}", file.oddities);
    assert_eq!(file.export.keys, [key(3), key(7)]);
    let verdicts = |keys: &Configuration| -> Vec<_> { file.check(keys).iter().map(|one| one.verdict).collect() };
    let both = keys_of(&[("222-v1", &old), ("222-v2", &new)]);
    assert_eq!(verdicts(&both), [Verdict::Verified, Verdict::Verified]);
    let one = keys_of(&[("222-v1", &old)]);
    assert_eq!(verdicts(&one), [Verdict::NoKey, Verdict::Verified]);
    assert!(ExportFile::is_trusted(&one, &file.check(&one)));
    let crossed = keys_of(&[("222-v1", &new), ("222-v2", &new)]);
    assert_eq!(verdicts(&crossed), [Verdict::Verified, Verdict::Wrong]);
    assert!(!ExportFile::is_trusted(&crossed, &file.check(&crossed)));
    assert!(!ExportFile::is_trusted(
        &Configuration::default(),
        &file.check(&Configuration::default())
    ));
}

#[test]
fn keys_that_a_reader_would_leave_out_are_not_written() {
    for (start, period) in [(1, 0), (1, 145), (u32::MAX, 1), (2_147_483_647, 1)] {
        let mut wrong = key(1);
        (wrong.rolling_start, wrong.rolling_period) = (Enin(start), Some(period));
        let export = Export {
            keys: vec![key(2), wrong],
            ..small()
        };
        let error = ExportFile::write(&export, &[(&signer(1), info("222", "v1"))]).unwrap_err();
        assert!(
            error.to_string().starts_with("a key is used"),
            "{start} {period}: {error}"
        );
    }
}

#[test]
fn a_changed_byte_or_a_signature_without_the_header_is_wrong() {
    let signer = signer(1);
    let good = ExportFile::write(&small(), &[(&signer, info("222", "v1"))]).unwrap();
    let (bin, sig, _) = unpack(&good, 10_000).unwrap();
    let keys = keys_of(&[("222-v1", &signer)]);
    let verdict = |bin: &[u8], sig: &[u8]| read(&pack(bin, sig).unwrap()).unwrap().check(&keys)[0].verdict;
    assert_eq!(verdict(&bin, &sig), Verdict::Verified);
    let mut changed = bin.clone();
    changed[20] ^= 1;
    assert_eq!(verdict(&changed, &sig), Verdict::Wrong);
    let (mut signatures, _) = decode_signatures(&sig).unwrap();
    signatures[0].der = signer.sign(&bin[HEADER.len()..]);
    assert_eq!(verdict(&bin, &encode_signatures(&signatures)), Verdict::Wrong);
    signatures[0].der.truncate(20);
    assert_eq!(verdict(&bin, &encode_signatures(&signatures)), Verdict::Wrong);
    for algorithm in [Some("1.2.840.10045.4.3.4"), Some("1.2.3"), Some(""), None] {
        signatures[0].info.algorithm = algorithm.map(Into::into);
        assert_eq!(verdict(&bin, &encode_signatures(&signatures)), Verdict::Unsupported);
    }
    signatures.push(signatures[0].clone());
    let error = read(&pack(&bin, &encode_signatures(&signatures)).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "export.sig has 2 signatures, but export.bin tells of 1"
    );
}

#[test]
fn a_file_without_key_id_is_of_any_key_where_it_has_one_signature() {
    let (one, other) = (signer(1), signer(2));
    let unnamed = SignatureInfo {
        key_id: None,
        ..info("", "v1")
    };
    let keys = keys_of(&[("a", &other), ("b", &one)]);
    let file = read(&ExportFile::write(&small(), &[(&one, unnamed.clone())]).unwrap()).unwrap();
    assert_eq!(file.check(&keys)[0].by.as_deref(), Some("b"));
    let twice = [(&one, unnamed.clone()), (&other, unnamed)];
    let file = read(&ExportFile::write(&small(), &twice).unwrap()).unwrap();
    assert!(
        file.check(&keys)
            .iter()
            .all(|checked| checked.verdict == Verdict::NoKey)
    );
}

#[test]
fn all_of_a_set_must_have_signed_and_one_set_is_enough() {
    let (one, two) = (signer(1), signer(2));
    let base64 = |signer: &Signer| signer.public_key().to_base64().unwrap();
    let text = format!("org.app:a-1,{}&b-1,{}|c-1,{}", base64(&one), base64(&two), base64(&two));
    let keys = Configuration::parse(&text).unwrap();
    assert_eq!(keys.package.as_deref(), Some("org.app"));
    let trusts = |signers: &[(&Signer, SignatureInfo)]| {
        let file = read(&ExportFile::write(&small(), signers).unwrap()).unwrap();
        ExportFile::is_trusted(&keys, &file.check(&keys))
    };
    assert!(!trusts(&[(&one, info("a", "1"))]));
    assert!(trusts(&[(&one, info("a", "1")), (&two, info("b", "1"))]));
    assert!(trusts(&[(&two, info("c", "1"))]));
    for wrong in [
        "",
        "a",
        "org.app:",
        "a,b",
        &format!(",{}", base64(&one)),
        &format!("a,{}&", base64(&one)),
    ] {
        assert!(Configuration::parse(wrong).is_err(), "{wrong}");
    }
    assert_eq!(
        Configuration::parse(&"a,b|".repeat(2000)).unwrap_err(),
        ConfigurationError::TooMany
    );
}

#[test]
fn archives_with_other_entries_are_refused() {
    let bin = encode(&Export::default());
    let unusable = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    for names in [
        &["export.bin"][..],
        &["export.bin", "export.sig", "readme"],
        &["export.bin", "../export.sig"],
        &["export.bin", "EXPORT.SIG"],
        &["export.bin", "/export.sig"],
        &["x/export.bin", "export.sig"],
        &["export.bin/", "export.sig"],
    ] {
        let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &bin[..])).collect();
        let error = unusable(&zip_of(&entries));
        assert!(
            error.starts_with("the zip archive is no key export"),
            "{names:?}: {error}"
        );
    }
    // The writer refuses the same name twice, so another of the same length is changed afterwards.
    let mut twice = zip_of(&[("export.bin", &bin), ("export.bim", &bin)]);
    let places: Vec<usize> = (0..twice.len())
        .filter(|at| twice[*at..].starts_with(b"export.bim"))
        .collect();
    places.iter().for_each(|at| twice[at + 9] = b'n');
    assert_eq!(places.len(), 2);
    assert!(
        unusable(&twice).ends_with("the same name twice"),
        "{}",
        unusable(&twice)
    );
    let good = zip_of(&[("export.sig", b""), ("export.bin", &bin)]);
    assert!(read(&good).is_ok());
    let trailing = [&good[..], b"more"].concat();
    assert!(unusable(&trailing).contains("its end is missing"));
    let mut encrypted = good.clone();
    for (magic, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let places: Vec<usize> = (0..good.len()).filter(|at| good[*at..].starts_with(magic)).collect();
        places.iter().for_each(|at| encrypted[at + flags] |= 1);
    }
    assert!(
        unusable(&encrypted).ends_with("is encrypted"),
        "{}",
        unusable(&encrypted)
    );
}

#[test]
fn what_would_unpack_to_too_much_is_refused() {
    let bomb = zip_of(&[("export.bin", &vec![0; 3_000_000]), ("export.sig", b"")]);
    assert!(bomb.len() < 20_000);
    let limits = Limits { most_bytes: 1_000_000 };
    let too_long = ExportError::TooLong { limit: 1_000_000 };
    assert_eq!(ExportFile::read(&bomb, limits).unwrap_err(), too_long);
    // Also where the directory announces less.
    let mut lying = bomb.clone();
    let size = 3_000_000_u32.to_le_bytes();
    let places: Vec<usize> = (0..bomb.len()).filter(|at| bomb[*at..].starts_with(&size)).collect();
    assert!(!places.is_empty());
    for at in places {
        lying[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    assert!(ExportFile::read(&lying, limits).is_err());
    assert_eq!(ExportFile::read(&vec![0; 1_000_001], limits).unwrap_err(), too_long);
}

#[test]
fn headers_and_batches_that_cannot_be_are_refused() {
    for header in [
        &b"EK Export v2    "[..],
        b"EK Export v1   ",
        b"EK Export v1",
        b"",
        b"PK",
    ] {
        assert_eq!(read(header).unwrap_err(), ExportError::Header);
    }
    for (num, size) in [(0, 1), (2, 1), (1, 0), (u32::MAX, u32::MAX), (1, 1_000_001)] {
        let export = Export {
            batch_num: num,
            batch_size: size,
            ..Export::default()
        };
        let error = decode(&encode(&export)).unwrap_err();
        assert!(
            matches!(&error, ExportError::Value(what) if what.contains("of a batch of")),
            "{error}"
        );
    }
    let (alone, _) = decode(HEADER).unwrap();
    assert_eq!((alone.batch_num, alone.batch_size), (1, 1));
}

#[test]
fn keys_that_cannot_be_are_left_out_and_values_that_cannot_be_are_not_told() {
    for length in [0, 15, 17] {
        let bin = bin_of_key(|key| {
            put_bytes(key, 1, &vec![1; length]);
            put_number(key, 3, 1);
        });
        assert_eq!(odd(&bin), (0, vec![Oddity::KeyLength]), "{length}");
    }
    let of = |fields: &[(u32, u64)]| {
        odd(&bin_of_key(|key| {
            put_bytes(key, 1, &[1; 16]);
            fields
                .iter()
                .for_each(|(number, value)| put_number(key, *number, *value));
        }))
    };
    let minus = (-1_i64).cast_unsigned();
    assert_eq!(of(&[(3, 1)]), (1, vec![]));
    assert_eq!(of(&[]), (0, vec![Oddity::RollingStart]));
    assert_eq!(of(&[(3, minus)]), (0, vec![Oddity::RollingStart]));
    for period in [0, 145, minus] {
        assert_eq!(of(&[(3, 1), (4, period)]), (0, vec![Oddity::RollingPeriod]), "{period}");
    }
    assert_eq!(of(&[(3, 2_147_483_647)]), (0, vec![Oddity::IntervalOverflow]));
    // Cut to 32 bits, they would be the number of another interval.
    for start in [1 << 31, (1 << 32) + 2_660_112, (1 << 40) + 2_660_112] {
        assert_eq!(of(&[(3, start)]), (0, vec![Oddity::IntervalOverflow]), "{start}");
    }
    assert_eq!(
        of(&[(3, 2_660_112), (4, (1 << 32) + 144)]),
        (0, vec![Oddity::RollingPeriod])
    );
    assert_eq!(
        of(&[(3, 2_660_112), (6, (1 << 33) + 2)]),
        (1, vec![Oddity::DaysSinceOnset])
    );
    for (field, what) in [
        ((2, 9), Oddity::RiskLevel),
        ((5, 6), Oddity::ReportType),
        ((6, zigzag(15)), Oddity::DaysSinceOnset),
        ((8, 5), Oddity::Variant),
        ((7, 1), Oddity::UnknownField),
        ((99, 1), Oddity::UnknownField),
        ((3, 2), Oddity::RepeatedField),
    ] {
        assert_eq!(of(&[(3, 1), field]), (1, vec![what]));
    }
    let overlong = bin_of_key(|key| {
        put_bytes(key, 1, &[1; 16]);
        key.extend_from_slice(&[3 << 3, 0x81, 0x00]);
    });
    assert_eq!(odd(&overlong), (1, vec![Oddity::OverlongNumber]));
}

#[test]
fn broken_messages_are_told_with_their_place() {
    let bin = encode(&small());
    let breaks = (HEADER.len() + 1..bin.len())
        .filter(|end| decode(&bin[..*end]).is_err())
        .count();
    // Between two fields, nothing shows that more should come.
    assert!(breaks > bin.len() / 2);
    for garbage in [
        &[0xff; 11][..],
        &[0],
        &[0x0c],
        &[0x0b],
        &[0x3a, 5, 1],
        &[0x0e],
        &[0x0b; 40],
    ] {
        let error = decode(&[HEADER, garbage].concat()).unwrap_err();
        assert!(
            matches!(error, ExportError::Malformed { offset, .. } if offset >= 16),
            "{garbage:?}: {error}"
        );
    }
    let mut many = HEADER.to_vec();
    (0..=MOST_SIGNATURES).for_each(|_| put_bytes(&mut many, 6, b""));
    assert!(
        decode(&many)
            .unwrap_err()
            .to_string()
            .contains("more than 100 signatures")
    );
}

#[test]
fn unsorted_and_repeated_keys_are_told_with_the_first() {
    let mut bin = encode(&Export::default());
    for first in [5, 3, 3, 9, 1] {
        let mut message = Vec::new();
        put_bytes(&mut message, 1, &[first; 16]);
        put_number(&mut message, 3, 1);
        put_bytes(&mut bin, 7, &message);
    }
    let (export, oddities) = decode(&bin).unwrap();
    assert_eq!(export.keys.len(), 5);
    let of = |what| {
        oddities
            .iter()
            .find(|(it, _)| *it == what)
            .map(|(_, tally)| (tally.count, tally.first))
    };
    assert_eq!(of(Oddity::Unsorted), Some((2, 2)));
    assert_eq!(of(Oddity::RepeatedKey), Some((1, 3)));
}

#[test]
fn padding_looks_like_real_keys_and_is_never_alone() {
    let mut keys = vec![key(1), key(2)];
    keys[0].transmission_risk_level = Some(8);
    keys[1].rolling_period = Some(20);
    let real = keys.clone();
    pad(&mut keys, 100, [7; 32]);
    assert_eq!((keys.len(), &keys[..2]), (100, &real[..]));
    for added in &keys[2..] {
        let like = |real: &DiagnosisKey| {
            DiagnosisKey {
                tek: real.tek.clone(),
                ..added.clone()
            } == *real
        };
        assert!(real.iter().any(like) && real.iter().all(|real| real.tek != added.tek));
    }
    let mut none = Vec::new();
    pad(&mut none, 100, [7; 32]);
    assert!(none.is_empty());
}

#[test]
fn batches_are_judged_alike_in_any_order() {
    let signer = signer(1);
    let file = |num, first| {
        let export = Export {
            batch_num: num,
            batch_size: 4,
            keys: vec![key(first)],
            end: 1_585_789_200 + u64::from(num),
            ..small()
        };
        read(&ExportFile::write(&export, &[(&signer, info("222", "v1"))]).unwrap()).unwrap()
    };
    let files = [
        ("d", file(1, 1)),
        ("b", file(3, 2)),
        ("c", file(3, 3)),
        ("a", file(1, 1)),
    ];
    let judged = |order: &[usize]| {
        let mut batches = Batches::default();
        order
            .iter()
            .for_each(|idx| batches.add(files[*idx].0.as_ref(), &files[*idx].1));
        (batches.faults(), batches.duplicates())
    };
    let (faults, duplicates) = judged(&[0, 1, 2, 3]);
    assert_eq!(judged(&[3, 2, 0, 1]), (faults.clone(), duplicates.clone()));
    assert_eq!((faults.len(), faults[0].missing), (1, 2));
    assert_eq!(
        (&faults[0].first_missing[..], &faults[0].repeated[..]),
        (&[2, 4][..], &[3][..])
    );
    assert_eq!(duplicates.into_iter().collect::<Vec<_>>(), [("d".into(), "a".into())]);
}

#[test]
fn secrets_are_not_printed_and_a_private_key_comes_back_from_its_file() {
    let one = signer(1);
    let pem = one.to_pem().unwrap();
    assert_eq!(format!("{one:?} {:?}", key(1).tek), "Signer(…) Tek(…)");
    let again = Signer::from_pem(&pem).unwrap();
    assert_eq!(again.sign(b"x"), one.sign(b"x"));
    let base64 = again.public_key().to_base64().unwrap();
    assert_eq!(PublicKey::parse(&base64).unwrap(), one.public_key());
    let broken = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n",
        &base64[..64],
        &base64[64..]
    );
    assert_eq!(PublicKey::parse(&broken).unwrap(), one.public_key());
    assert_eq!(PublicKey::parse(&pem), Err(PublicKeyError));
    assert_eq!(PublicKey::parse(&base64[..60]), Err(PublicKeyError));
    assert_eq!(
        Signer::from_pem("-----BEGIN EC PRIVATE KEY-----").unwrap_err(),
        SignerError::Sec1
    );
    assert_eq!(Signer::from_pem("nonsense").unwrap_err(), SignerError::Other);
}

#[test]
fn tables_are_read_with_their_optional_columns() {
    let tek = "00112233445566778899aabbccddeeff";
    let text = format!(
        "tek,rolling_start,rolling_period,report_type,days_since_onset,revised\n{tek},10,,confirmed-test,-3,\n{tek},11,5,5,,true\n"
    );
    let (keys, revised) = keys_of_table(&text).unwrap();
    assert_eq!((keys.len(), revised.len()), (1, 1));
    assert_eq!((keys[0].rolling_period, keys[0].days_since_onset), (None, Some(-3)));
    assert_eq!(revised[0].report_type, Some(ReportType::Revoked));
    for (row, what) in [
        ("11,1,1,,,", "line 2: tek"),
        ("00112233445566778899aabbccddeeff,-1,1,,,", "line 2: rolling_start"),
        ("00112233445566778899aabbccddeeff,1,0,,,", "line 2: rolling_period"),
        ("00112233445566778899aabbccddeeff,1,1,9,,", "line 2: report_type"),
        ("00112233445566778899aabbccddeeff,1,1,,15,", "line 2: days_since_onset"),
        ("00112233445566778899aabbccddeeff,1,1,,,maybe", "line 2: revised"),
    ] {
        let header = text.lines().next().unwrap();
        let error = keys_of_table(&format!("{header}\n{row}\n")).unwrap_err().to_string();
        assert!(error.starts_with(what) && !error.contains("0011"), "{row}: {error}");
    }
    assert!(matches!(keys_of_table("a,b\n"), Err(TableError::Columns(_))));
}
