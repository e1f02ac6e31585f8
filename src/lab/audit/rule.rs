//! The rules: what each tests, what it needs, what a finding means for a person, what would mend it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! rules {
    ($($id:ident $slug:literal $title:literal
        tests $tests:literal
        needs $needs:literal
        threshold $threshold:literal
        source $source:literal
        means $means:literal
        remedy $remedy:literal)*) => {
        /// Number of a rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum RuleId {
            $(#[doc = $title] $id,)*
        }

        /// All rules, in order.
        pub static RULES: &[Rule] = &[$(Rule {
            id: RuleId::$id,
            code: stringify!($id),
            slug: $slug,
            title: $title,
            tests: $tests,
            needs: $needs,
            threshold: $threshold,
            source: $source,
            means: $means,
            remedy: $remedy,
        },)*];
    };
}

/// A rule, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its number.
    pub id: RuleId,
    /// Its number as text.
    pub code: &'static str,
    /// A name of letters and hyphens.
    pub slug: &'static str,
    /// What should hold, in a few words.
    pub title: &'static str,
    /// What is tested, and how.
    pub tests: &'static str,
    /// What evidence it needs, and which sources give it.
    pub needs: &'static str,
    /// When it warns and when it fails, with the settings' names.
    pub threshold: &'static str,
    /// Where the threshold comes from.
    pub source: &'static str,
    /// What a finding means for a person.
    pub means: &'static str,
    /// What the vendor should do.
    pub remedy: &'static str,
}

rules! {
    B1 "rotation-in-step" "address and RPI rotate together"
        tests "An address on the air that carried two or more RPIs, encrypted metadata that stayed under two or more RPIs, and an RPI under two or more addresses."
        needs "Addresses as they were on the air: HCI logs, sniffers, BlueZ; not macOS, and not what a controller resolved."
        threshold "An address with two RPIs fails, or warns where one of them was heard for 4 s at most and never again; so do metadata under more RPIs than chance gives with 32 bits; an RPI under two addresses warns."
        source "Exposure Notification Bluetooth Specification v1.2; Google's statement on the 'little thumb' of 2020-09-09; DP-3T/bt-measurements, linkability.md"
        means "Whoever listens can join one RPI to the next and so follow the person beyond the 20 minutes that an identifier is meant to last."
        remedy "Change address, RPI and metadata in one step: stop advertising, set the new address, then start with the new payload."
    B2 "address-lifetime" "no address lives for long"
        tests "The time from the first to the last sighting of each address that carried exposure notifications."
        needs "Addresses as they were on the air. What is seen is a lower bound: an address may have lived longer unheard."
        threshold "Longer than `address_lifetime_warn_min` warns, than `address_lifetime_fail_min` fails; a public or static address fails at once."
        source "Specification v1.2: rotation after 10 to 20 min; Android CDD C-3-5: resolvable addresses for 5 to 15 min"
        means "For as long as the address stays, every listener knows that it is the same phone, whatever the RPI does."
        remedy "Use a private address and draw a new one with every RPI."
    B3 "rpi-lifetime" "no RPI lives for long, none is changed in haste"
        tests "The time from the first to the last sighting of each RPI over all stations, and the lives of RPIs whose beginning and end were both heard."
        needs "Identifiers; every source gives them. A life that was not heard to its end is a lower bound."
        threshold "Longer than `rpi_lifetime_warn_min` warns, than `rpi_lifetime_fail_min` fails; a median below `rpi_lifetime_short_min` over `rpi_short_rotations` rotations of a phone warns."
        source "Specification v1.2 (10 to 20 min); real phones in DP-3T/bt-measurements exp34: p99 12.9 min on Android, 22.7 on iOS, longest 27.0"
        means "A long-lived RPI lets a listener follow the phone; one changed in haste uses up identifiers, which matching may then miss."
        remedy "Draw the time to the next rotation at random between 10 and 20 min."
    B4 "address-kind" "the address is private"
        tests "The kind of address in every exposure notification."
        needs "Address kind as it was on the air: HCI logs, sniffers."
        threshold "Public, static and reserved addresses fail; resolvable ones warn by the specification and pass in the profile `field`."
        source "Specification v1.2 (non-resolvable); corona-warn-app/cwa-app-android issue 782 (Android uses resolvable ones)"
        means "A public or static address names the phone for good. A resolvable one names it to every device it was ever bonded with."
        remedy "Use random non-resolvable private addresses."
    B5 "connectable" "nobody can connect or ask"
        tests "PDU types, and scan responses with content from the same address."
        needs "PDU types: HCI logs, sniffers, a raw monitor; BlueZ's D-Bus and macOS hide them."
        threshold "ADV_IND and ADV_DIRECT_IND fail, so does a scan response with content; ADV_SCAN_IND warns by the specification and passes in the profile `field` (real Android phones send it)."
        source "Specification v1.2 (ADV_NONCONN_IND); DP-3T/documents issue 69"
        means "Who can connect can read names and services that stay the same for years."
        remedy "Broadcast ADV_NONCONN_IND."
    B6 "extra-data" "nothing else is told"
        tests "AD structures besides Flags, service list and service data in the frame, and other advertisements under the same address while it carries an RPI."
        needs "Payloads; the second part also addresses as they were on the air."
        threshold "Any fails."
        source "Specification v1.2, layout of the payload"
        means "A name, a model or another service beside the RPI stays the same when the RPI changes, and joins them."
        remedy "Broadcast exposure notifications from an address of their own, with nothing else in them."
    B7 "one-packet-fingerprint" "one packet does not tell phones apart"
        tests "What a single packet shows besides its random parts: Flags, PDU type, kind of address, length, order of structures; how many kinds there are and how much they tell."
        needs "Payloads byte for byte: HCI logs, sniffers; not what an operating system puts together again."
        threshold "A look that is neither Android's nor iOS's warns. The entropy of the looks is stated."
        source "corona-warn-app/cwa-app-android issue 782; looks of real phones in DP-3T/bt-measurements"
        means "The system of the phone can be told from one packet. A phone that looks like no other can be followed by its look alone."
        remedy "Send exactly the layout that the specification shows."
    B8 "interval" "the advertising interval does not stand out"
        tests "The mean time between advertisements of each RPI, and whether a phone's differs from the others of its layout by more than can be chance."
        needs "Uninterrupted listening for some time, without a filter of repeats."
        threshold "Outside `interval_ms` warns; so does a distance of more than `interval_sigma` standard errors and `interval_apart_ms` from the median of its layout."
        source "Specification v1.2: 200 to 270 ms; Core specification: 0 to 10 ms at random are added; arXiv 2403.19833"
        means "An interval of one's own is a name that survives every rotation."
        remedy "Use the interval that all phones use."
    B9 "hand-over" "a rotation cannot be seen as a hand-over"
        tests "How often an RPI ends and exactly one other begins within `handover_s` at a similar level, so that the two are the same phone; against the number of phones around."
        needs "A station that listens without pause: a sniffer or a live scan. Phones' logs have pauses of minutes."
        threshold "A share of at least `handover_share` over at least `handover_least` endings warns."
        source "Jouans et al., CCNC 2021; Cunche et al., HAL hal-02878346; Baumgärtner et al., 'Mind the GAP'"
        means "A listener who stays nearby can follow a phone through its rotations, the more easily the fewer phones are around."
        remedy "Pause for a random time at a rotation. It cannot be mended by content."
    B10 "level-fingerprint" "levels at several stations do not tell who it is"
        tests "Whether the levels of an RPI at two or more stations at its end are nearer to those at its own beginning than to those of any other RPI of the time."
        needs "Two or more stations that hear the same phones, and four or more RPIs at a time."
        threshold "A share of at least `level_share` beyond what chance gives warns, where chance alone gives as many less than once in a thousand times."
        source "Baumgärtner et al., 'Mind the GAP'; oseiskar/corona-sniffer"
        means "Who has several sensors can find a resting phone again after a rotation by its levels alone."
        remedy "It cannot be mended by content; less power reaches fewer sensors."
    B11 "replay" "an RPI is not relayed or replayed"
        tests "The same RPI at two distant places at once, under two addresses at once, or again after a long silence."
        needs "Identifiers over time; for distant places also which station stands where (`--place`)."
        threshold "Any fails: again after a silence of `replay_gap_min` in which somebody listened, or of 5 min in most of which somebody listened, 28 min or more after its first sighting (from 20 min on it warns); under two addresses for more than `relay_overlap_s`, at two places within `relay_overlap_s`."
        source "DP-3T risk evaluation GR2; receivers forget an RPI 1200 s after its first sighting"
        means "Somebody sends other people's identifiers on: those who hear them may be warned of an encounter that never was."
        remedy "Nothing on the phone that was copied; receivers should drop RPIs that are out of their time."
    B12 "aem-constant" "metadata do not change under an RPI"
        tests "The encrypted metadata that come with each RPI."
        needs "Payloads."
        threshold "Two values under one RPI fail (none of 643 RPIs in the field showed it)."
        source "immuni-documentation issue 119; cwa-documentation issue 228"
        means "Somebody tampers with the metadata, which shifts how near the phone seems to have been, or the stack is faulty."
        remedy "Encrypt the metadata once for each RPI."
    B13 "counters" "no counter goes on over a change of address"
        tests "Counters in Apple's Handoff messages that go on by small steps under the next address."
        needs "Payloads as they were on the air and addresses; Apple's devices nearby."
        threshold "Any warns: a step of at most `counter_step` within `carry_over_s`."
        source "Martin et al., PETS 2019; Celosia and Cunche, PETS 2020"
        means "The counter joins the addresses of the device, and with them the phone that it belongs to."
        remedy "Start the counter anew with every address."
    B14 "carry-over" "no other beacon of the same phone links it"
        tests "Tokens of Apple's messages that outlive an address, and other beacons whose address changes in the same moments as that of an exposure notification of a similar level."
        needs "Payloads and addresses of all advertisements, not only of exposure notifications."
        threshold "Any warns: the same token under the next address within `carry_over_s`, or beginning and end within `sync_s` of each other."
        source "Becker, Li and Starobinski, PETS 2019; furiousMAC/continuity"
        means "Whatever the exposure notifications hide, the phone's other beacons tell."
        remedy "Change the payloads of all beacons together with their addresses, and at other moments than the RPI."
    B15 "radio-fingerprint" "the radio itself does not tell"
        tests "Carrier frequency offset and imbalance of the transmitter."
        needs "A software-defined radio; no capture of packets holds it."
        threshold "None."
        source "Givehchian et al., 2022"
        means "Someone with the equipment may recognise a transmitter by its imperfections. It remains as a risk."
        remedy "None in software."
    B16 "tx-power" "the power in the metadata is shared by many models"
        tests "Once a key is public: how rare the TX power in its metadata is among the models of the calibration list."
        needs "Keys (`--keys`) and a list of models."
        threshold "More than `tx_power_bits` warns."
        source "Google's FAQ on risks and mitigations; published calibration lists"
        means "A rare value tells the model of a person who has reported a positive test."
        remedy "Round the powers in the list to a few values."
    B17 "metadata" "metadata are as the specification says"
        tests "Version and reserved bytes of the decrypted metadata."
        needs "Keys of one's own test phones (`--keys`)."
        threshold "A major version other than 1 fails; reserved bits that are set warn."
        source "Specification v1.2"
        means "Reserved bits could carry what tells phones apart once the keys are public; another version may not be understood."
        remedy "Set reserved bits to zero."
    B18 "presence" "that the phone takes part is seen"
        tests "How many phones broadcast exposure notifications."
        needs "Any source."
        threshold "Any warns by the specification's purpose; passes in the profile `field`, because nothing can be done about it."
        source "DP-3T, Privacy and Security Risk Evaluation, GR6"
        means "Everybody nearby can see that the person uses such an application."
        remedy "None while the service is announced under its own UUID."
    B19 "address-randomness" "addresses are random"
        tests "Private addresses that come again, that share their beginning, or whose bits are uneven."
        needs "Addresses as they were on the air, 200 or more for the evenness of bits; not in protected captures."
        threshold "The same address again after `address_reuse_h` fails; so do more that share 24 bits than chance gives (three or more), and bits that are uneven beyond 6 standard deviations."
        source "Core specification, vol. 6 part B, 1.3.2"
        means "A generator that repeats itself or follows a pattern lets the phone be recognised."
        remedy "Draw all bits from a good random generator."
    B20 "rpi-randomness" "RPIs are random"
        tests "RPIs of one repeated byte, of letters, with equal halves, that share half with another, or that follow from a key that everybody knows."
        needs "Identifiers; not in protected captures."
        threshold "Any fails, except a fixed value that many phones send for a moment at a rotation, which is listed."
        source "google/exposure-notifications-internals, FAQ"
        means "Identifiers that can be guessed or recognised protect nobody."
        remedy "Derive RPIs from a random key as the cryptography specification says."
}

impl RuleId {
    /// The rule.
    #[must_use]
    pub fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }

    /// Its number as text.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.rule().code
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for RuleId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        RULES
            .iter()
            .find(|rule| rule.code.eq_ignore_ascii_case(text) || rule.slug == text)
            .map(|rule| rule.id)
            .ok_or_else(|| format!("{text:?} is no rule: they are B1 to B{}", RULES.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_stands_at_its_number_and_is_found_by_code_and_name() {
        assert_eq!(RULES.len(), 20);
        for (number, rule) in (1..).zip(RULES) {
            assert_eq!(rule.code, format!("B{number}"));
            assert_eq!(rule.id.rule(), rule);
            assert_eq!(rule.code.to_lowercase().parse(), Ok(rule.id));
            assert_eq!(rule.slug.parse(), Ok(rule.id));
            let texts = [
                rule.tests,
                rule.needs,
                rule.threshold,
                rule.source,
                rule.means,
                rule.remedy,
            ];
            assert!(texts.iter().all(|text| !text.is_empty()), "{}", rule.code);
        }
        assert!("B21".parse::<RuleId>().is_err());
    }
}
