//! What must hold for any export and for any bytes.

use proptest::prelude::*;

use super::super::wire::{self, put_varint, unzigzag, zigzag};
use super::super::*;
use super::{info, keys_of, read, signer, small};

fn any_key() -> impl Strategy<Value = DiagnosisKey> {
    let values = (
        any::<[u8; 16]>(),
        0_u32..2_147_483_000,
        proptest::option::of(0_u8..=8),
        proptest::option::of(1_u8..=144),
        proptest::option::of(0_u64..=5),
        proptest::option::of(-14_i8..=14),
        proptest::option::of(0_u8..=4),
    );
    values.prop_map(|(tek, start, level, period, report, days, variant)| DiagnosisKey {
        tek: Tek::new(tek),
        transmission_risk_level: level,
        rolling_start: Enin(start),
        rolling_period: period,
        report_type: report.and_then(ReportType::of),
        days_since_onset: days,
        variant,
    })
}

fn any_export() -> impl Strategy<Value = Export> {
    let lists = || proptest::collection::vec(any_key(), 0..12);
    (
        any::<u64>(),
        any::<u64>(),
        "\\PC{0,20}",
        1_u32..=1_000_000,
        lists(),
        lists(),
    )
        .prop_map(|(start, end, region, batch_size, keys, revised_keys)| Export {
            start,
            end,
            region,
            batch_num: 1 + batch_size / 2,
            batch_size,
            signature_infos: Vec::new(),
            keys,
            revised_keys,
        })
}

proptest! {
    #[test]
    fn written_and_read_again_an_export_is_the_same(mut export in any_export()) {
        let signer = signer(3);
        let file = read(&ExportFile::write(&export, &[(&signer, info("a", "b"))]).unwrap()).unwrap();
        export.signature_infos.push(info("a", "b"));
        for keys in [&mut export.keys, &mut export.revised_keys] {
            keys.sort_by_key(|key| (*key.tek.expose(), key.rolling_start));
        }
        prop_assert_eq!(file.oddities.count(Oddity::Unsorted), 0);
        prop_assert_eq!(file.check(&keys_of(&[("a-b", &signer)]))[0].verdict, Verdict::Verified);
        prop_assert_eq!(file.export, export);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read(&bytes);
        let _ = decode_signatures(&bytes);
        if let Ok((export, _)) = decode(&[HEADER, &bytes[..]].concat()) {
            // What was read can be written, and is then beyond doubt.
            let (again, oddities) = decode(&encode(&export)).unwrap();
            prop_assert_eq!(again.keys.len(), export.keys.len());
            prop_assert_eq!(oddities.count(Oddity::UnknownField), 0);
        }
    }

    #[test]
    fn a_damaged_archive_is_read_or_refused(at in any::<prop::sample::Index>(), mask in 1_u8.., cut in any::<prop::sample::Index>()) {
        let mut bytes = ExportFile::write(&small(), &[(&signer(1), info("222", "v1"))]).unwrap();
        let place = at.index(bytes.len());
        bytes[place] ^= mask;
        let _ = read(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn numbers_come_back(value in any::<u64>(), days in any::<i8>()) {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, 1 << 3);
        put_varint(&mut bytes, value);
        let field = wire::Fields::new(&bytes, 0).next_field().unwrap().unwrap();
        prop_assert_eq!(field.value, wire::Value::Varint(value));
        prop_assert_eq!(unzigzag(zigzag(days)), i64::from(days));
    }
}
