//! The published editions that are built in, and which one was in force when.

use std::sync::LazyLock;

use super::ProfileTable;
use super::file;
use crate::lab::time::UnixMicros;

/// Their dates.
const PUBLISHED: [&str; 4] = ["2020-06-13", "2020-08-13", "2020-09-18", "2020-12-14"];

/// The built-in editions, oldest first; the last is that of `calibration/starter.toml`.
static EDITIONS: LazyLock<[ProfileTable; 4]> = LazyLock::new(|| {
    [
        include_str!("../../../calibration/2020-06-13.toml"),
        include_str!("../../../calibration/2020-08-13.toml"),
        include_str!("../../../calibration/2020-09-18.toml"),
        include_str!("../../../calibration/starter.toml"),
    ]
    .map(|text| file::parse(text).expect("the built-in tables parse, as their test shows"))
});

/// What others measured, for comparison; in force at no time.
static OTHERS: LazyLock<[ProfileTable; 1]> = LazyLock::new(|| {
    [include_str!("../../../calibration/dp3t-anechoic.toml")]
        .map(|text| file::parse(text).expect("the built-in tables parse, as their test shows"))
});

/// When each came out: the beginning of its day.
static OUT: LazyLock<Vec<(UnixMicros, &'static ProfileTable)>> = LazyLock::new(|| {
    let out = |table: &'static ProfileTable| {
        let start: jiff::Timestamp = format!("{}T00:00:00Z", table.edition).parse().ok()?;
        Some((UnixMicros(start.as_microsecond()), table))
    };
    editions().filter_map(out).collect()
});

const YEAR_10000: UnixMicros = UnixMicros(253_402_300_800_000_000);

/// All built-in editions, oldest first.
pub fn editions() -> impl Iterator<Item = &'static ProfileTable> {
    EDITIONS.iter()
}

/// The built-in table of that name: an edition by its date, or `dp3t-anechoic`, what EPFL measured itself.
#[must_use]
pub fn of_edition(name: &str) -> Option<&'static ProfileTable> {
    editions()
        .find(|table| table.edition == name)
        .or_else(|| OTHERS.iter().find(|table| table.edition == name))
}

/// Whether it is the date of a published edition.
pub(super) fn is_published(date: &str) -> bool {
    PUBLISHED.contains(&date)
}

/// The published edition on whose scale a table is: itself, its base, or the newest.
#[must_use]
pub fn scale_of(table: &ProfileTable) -> &str {
    let own = Some(table.edition.as_str()).filter(|edition| is_published(edition));
    own.or(table.base.as_deref()).unwrap_or(&newest().edition)
}

/// The newest built-in edition.
#[must_use]
pub fn newest() -> &'static ProfileTable {
    &EDITIONS[3]
}

/// The published editions that came after one, oldest first; none after what is no published edition.
pub(super) fn later_than(edition: &str) -> impl Iterator<Item = &'static ProfileTable> {
    let place = editions().position(|table| table.edition == edition);
    editions().skip(place.map_or(usize::MAX, |place| place + 1))
}

/// The edition that phones used at a time: the latest that was out; before the first, that one.
#[must_use]
pub fn in_force(at: UnixMicros) -> &'static ProfileTable {
    // What is no date of these millennia has no edition of its own.
    let is_date = at < YEAR_10000;
    let mut out = OUT.iter().filter(|(day, _)| is_date && *day <= at);
    out.next_back().map_or(&EDITIONS[0], |(_, table)| table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::attenuation::Confidence;

    #[test]
    fn every_edition_has_its_own_figures() {
        let dates: Vec<&str> = editions().map(|table| table.edition.as_str()).collect();
        assert_eq!(dates, PUBLISHED);
        let figures = |date| of_edition(date).unwrap().own("SM-G973F").unwrap().0;
        let pair = |date| (figures(date).rssi_correction_db, figures(date).tx_power_dbm);
        assert_eq!((pair("2020-06-13"), pair("2020-09-18")), ((-3, -24), (2, -29)));
        assert!(of_edition("2020-01-01").is_none());
        assert_eq!(of_edition("dp3t-anechoic").unwrap().entries().len(), 11);
        assert_eq!(newest().edition, "2020-12-14");
    }

    #[test]
    fn every_profile_names_its_maker_so_that_unknown_models_of_it_are_his_average() {
        for table in editions().chain(OTHERS.iter()) {
            assert!(
                table.entries().iter().all(|entry| !entry.oem.is_empty()),
                "{}",
                table.edition
            );
        }
        let newest = newest();
        // What is listed is found by its own figures, however it is named.
        for entry in newest.entries() {
            let profile = Some((entry.profile, entry.confidence));
            let names = [
                entry.model.clone(),
                format!("{}/{}/{}", entry.oem, entry.device, entry.model),
            ];
            assert!(names.iter().all(|name| newest.own(name) == profile), "{names:?}");
        }
        let found = |name: &str| newest.own(name).map(|(_, confidence)| confidence);
        assert_eq!(
            found("samsung/beyond1/SM-G9730"),
            Some(Confidence::Medium),
            "the same device"
        );
        assert_eq!(found("Samsung/SM-X"), Some(Confidence::Low), "the maker's average");
        assert_eq!(found("apple/iPhone 99"), Some(Confidence::Low));
        assert_eq!(found("Nokia/3310"), None);
        let csv = crate::lab::calibration::google::to_csv(newest).unwrap();
        assert!(
            csv.contains("\nsamsung,beyond1,SM-G973F,2,-29,3\n") && csv.contains("\ngoogle,flame,Pixel 4,8,-30,3\n")
        );
    }

    #[test]
    fn the_edition_of_a_time_is_the_latest_that_was_out() {
        let edition = |text: &str| {
            let at: jiff::Timestamp = format!("{text}T12:00:00Z").parse().unwrap();
            &*in_force(UnixMicros(at.as_microsecond())).edition
        };
        assert_eq!(edition("2020-06-01"), "2020-06-13", "there is none before");
        assert_eq!(edition("2020-07-30"), "2020-06-13");
        assert_eq!(
            (edition("2020-08-12"), edition("2020-08-13")),
            ("2020-06-13", "2020-08-13")
        );
        assert_eq!(edition("2026-11-27"), "2020-12-14");
        assert_eq!(in_force(UnixMicros(i64::MAX)).edition, "2020-06-13");
    }
}
