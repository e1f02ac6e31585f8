//! Files of diagnosis keys.

use vicino::keys::{Configuration, ExportFile, HEADER, Limits, decode, decode_signatures, encode, encode_signatures, keys_of_table};

/// An export: the bytes as a file, and as what is in one. What was read is written, and read to the same again.
pub fn key_export(bytes: &[u8]) {
    let limits = Limits { most_bytes: 1 << 20 };
    if let Ok(file) = ExportFile::read(bytes, limits) {
        assert_eq!(file.check(&Configuration::default()).len(), file.signatures.len());
    }
    if let Ok((export, _)) = decode(&[HEADER, bytes].concat()) {
        // Sorted when it is written; after that nothing changes any more.
        let written = encode(&export);
        let (again, _) = decode(&written).expect("what was written can be read");
        assert_eq!(encode(&again), written);
        assert_eq!(
            (again.keys.len(), again.revised_keys.len()),
            (export.keys.len(), export.revised_keys.len())
        );
    }
    if let Ok((signatures, _)) = decode_signatures(bytes) {
        let (again, _) = decode_signatures(&encode_signatures(&signatures)).expect("what was written can be read");
        assert_eq!(again, signatures);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (Configuration::parse(text), keys_of_table(text));
    }
}
