//! What is in the files, whatever the disk does.

use std::io;

use super::disks::Small;
use super::*;
use crate::format::FormatError;
use crate::lab::advert::Advertisement;
use crate::lab::time::UnixMicros;

#[test]
fn a_disk_that_is_full_after_any_byte_leaves_whole_rows() {
    let events = sample();
    let (whole, _) = write_all(&events);
    for room in HEADER.len() + 1..whole.len() {
        let (rows, other) = (Memory::with_room(room), Memory::with_room(usize::MAX));
        let mut writer = Writer::over(rows.clone(), other.clone(), Meta::default(), false).unwrap();
        let mut failure = None;
        for event in &events {
            if let Err(found) = writer.write(event).and_then(|()| writer.flush()) {
                failure = Some(found);
                break;
            }
        }
        assert!(
            matches!(&failure, Some(FormatError::Io { source, .. }) if source.kind() == io::ErrorKind::StorageFull)
        );
        assert!(writer.write(&events[0]).is_err(), "a dead writer takes no more");
        let stored = writer.finish().unwrap();
        assert!(!stored.meta.complete);
        let bytes = rows.bytes();
        assert_eq!(stored.meta.bytes, bytes.len() as u64);
        assert_eq!(bytes, whole[..bytes.len()]);
        assert_eq!(bytes.last(), Some(&b'\n'));
        let mut reader = Reader::from_bytes(&bytes, Some(&other.bytes()), None).unwrap();
        let back = read_all(&mut reader);
        assert_eq!(reader.damage().count, 0);
        assert_eq!(adverts(&back), adverts(&events)[..adverts(&back).len()]);
    }
}

#[cfg(feature = "zstd")]
#[test]
fn a_compressed_capture_comes_back_and_a_cut_one_gives_what_is_left() {
    let events = sample();
    let (rows, other) = (Memory::with_room(usize::MAX), Memory::with_room(usize::MAX));
    let mut writer = Writer::over(rows.clone(), other.clone(), Meta::default(), true).unwrap();
    for event in &events {
        writer.write(event).unwrap();
        writer.flush().unwrap();
    }
    writer.finish().unwrap();
    let mut reader = Reader::from_bytes(&rows.bytes(), Some(&other.bytes()), None).unwrap();
    assert_eq!(read_all(&mut reader), events);
    assert_eq!(reader.bytes_read(), rows.bytes().len() as u64);
    let mut most = 0;
    for length in 4..rows.bytes().len() {
        let mut reader = Reader::from_bytes(&rows.bytes()[..length], Some(&other.bytes()), None).unwrap();
        let back = read_all(&mut reader);
        let found = adverts(&back).len();
        assert_eq!(adverts(&back), adverts(&events)[..found]);
        assert!(found >= most);
        most = found;
    }
    assert!(most >= adverts(&events).len() - 1);
}

#[test]
fn files_are_private_never_overwritten_and_the_next_name_is_free() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::free(&folder.path().join("walk"));
    let mut writer = Writer::create(
        &paths,
        Meta {
            title: "a walk".into(),
            ..Meta::default()
        },
    )
    .unwrap();
    for event in sample() {
        writer.write(&event).unwrap();
    }
    let stored = writer.finish().unwrap();
    assert_eq!(stored.meta_failure, None);
    for path in [&paths.rows, &paths.events, &paths.meta] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
    }
    let meta = Meta::read(&paths.meta).unwrap();
    assert_eq!(meta, stored.meta);
    assert!(meta.complete && meta.title == "a walk");
    let refused = Writer::create(&paths, Meta::default()).err().unwrap().to_string();
    assert!(refused.contains("walk.csv is not overwritten"), "{refused}");
    assert!(Paths::free(&folder.path().join("walk")).rows.ends_with("walk-2.csv"));
    assert!(
        Paths::free(&folder.path().join("walk.csv"))
            .rows
            .ends_with("walk-2.csv")
    );
}

#[test]
fn metadata_are_true_in_between_and_after_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let paths = Paths::of(&folder.path().join("walk"));
    let create = |path: &std::path::Path| std::fs::File::create(path).unwrap();
    let (rows, other) = (Small(create(&paths.rows), 3000), Small(create(&paths.events), 3000));
    let mut writer = Writer::over(rows, other, Meta::default(), false).unwrap();
    writer.paths = Some(paths.clone());
    let advert = |at| {
        CaptureEvent::Advert(Advertisement {
            at: UnixMicros(at),
            ..Advertisement::default()
        })
    };
    (1..=10).for_each(|at| writer.write(&advert(at)).unwrap());
    writer.interim().unwrap();
    let meta = Meta::read(&paths.meta).unwrap();
    assert_eq!(
        (meta.counts.adverts, meta.span.last_us, meta.complete),
        (10, Some(10), false)
    );
    assert_eq!(
        (meta.stations.len(), meta.bytes),
        (1, paths.rows.metadata().unwrap().len())
    );

    (11..1000).for_each(|at| writer.write(&advert(at)).unwrap());
    assert!(writer.flush().is_err());
    let stored = writer.finish().unwrap();
    let meta = Meta::read(&paths.meta).unwrap();
    assert_eq!(stored.meta, meta);
    let there = read_all(&mut Reader::open(&paths.rows).unwrap());
    let rows = adverts(&there);
    assert!((11..999).contains(&rows.len()), "{}", rows.len());
    assert_eq!(meta.counts.adverts, rows.len() as u64);
    assert_eq!(
        (meta.span.first_us, meta.span.last_us),
        (Some(1), rows.last().map(|row| row.at().0))
    );
    assert_eq!(
        (meta.complete, meta.bytes),
        (false, paths.rows.metadata().unwrap().len())
    );
}
