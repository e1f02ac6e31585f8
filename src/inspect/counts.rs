//! The counts of a capture as a JSON object.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Map, Value, json};

use super::histogram::RssiHistogram;
use super::{Inspection, NameCounts, ReportCounts};
use crate::lab::advert::{Hex, ReportForm};
use crate::lab::event::OwnDataCommand;
use crate::lab::units::Dbm;

/// Devices whose name begins so are counted one by one: the phones of MIT Lincoln Laboratory's sniffer captures, the
/// public test set for this verb. All names stand under `names` beside the counts.
const NAMED_DEVICE_PREFIX: &str = "TestPhone";

/// From here on a signal strength is not believable at a distance (phones stacked, or a faulty receiver).
pub(crate) const LOUD: Dbm = Dbm(-20);

type Object = Map<String, Value>;

impl Inspection {
    /// The counts as a JSON object: packet counts for every container, HCI counts where there are HCI packets (or no
    /// frames), link-layer counts where there are frames.
    #[must_use]
    pub fn counts(&self) -> Value {
        let mut counts = Object::new();
        let mut put = |key: &str, value: Value| {
            counts.insert(key.to_owned(), value);
        };
        let is_pcap = self.format.starts_with("pcap");
        put("format", json!(self.format));
        put("packets", json!(self.packets));
        put("trailing_bytes", json!(self.trailing_bytes));
        if is_pcap {
            put("link_types", json!(self.link_types));
        }
        if self.link.frames > 0 || (is_pcap && self.hci_packets == 0) {
            self.link_counts(&mut put);
        }
        if self.hci_packets > 0 || !is_pcap {
            self.packet_counts(&mut put);
            self.report_counts(&mut put);
            self.gaen_counts(&mut put);
            self.own_counts(&mut put);
        }
        Value::Object(counts)
    }

    /// All names with their counts.
    #[must_use]
    pub fn names_json(&self) -> Value {
        self.names
            .iter()
            .map(|(name, counts)| (name.clone(), named_device(counts)))
            .collect()
    }

    /// What decoding met besides events.
    #[must_use]
    pub fn decode_json(&self) -> Value {
        let decode = &self.decode;
        json!({
            "cut_short_events": decode.cut_short_events,
            "cut_short_pdus": decode.cut_short_pdus,
            "bad_crc": decode.bad_crc,
            "requests": decode.requests,
            "unknown_pdus": decode.unknown_pdus,
            "data_frames": decode.data_frames,
        })
    }

    fn packet_counts(&self, put: &mut impl FnMut(&str, Value)) {
        put("bytes", json!(self.bytes));
        put("packets_by_type", json!(self.packet_types));
        put("orig_len_differs", json!(self.cut_packets));
        put("first_us", json!(self.span.map(|span| span.first)));
        put("last_us", json!(self.span.map(|span| span.last)));
        put("min_us", json!(self.span.map(|span| span.min)));
        put("max_us", json!(self.span.map(|span| span.max)));
        put("timestamps_go_back", json!(self.times_back));
        put("max_cumulative_drops", json!(self.max_drops));
        put(
            "le_meta_subevents",
            keyed(&self.subevents, |subevent| format!("0x{subevent:02x}")),
        );
    }

    fn report_counts(&self, put: &mut impl FnMut(&str, Value)) {
        let events: u64 = self.reports_per_event.values().sum();
        put("adv_report_events", json!(events));
        put("num_reports_histogram", keyed(&self.reports_per_event, u8::to_string));
        put("adv_reports_legacy", json!(self.reports.legacy));
        put("adv_reports_extended", json!(self.reports.extended));
        put("malformed_adv_events", json!(self.decode.cut_short_events));
        reports("adv", &self.reports, put);
    }

    fn gaen_counts(&self, put: &mut impl FnMut(&str, Value)) {
        let gaen = &self.gaen;
        put("fd6f_reports", json!(gaen.reports.n));
        put("fd6f_reports_legacy", json!(gaen.reports.legacy));
        put("fd6f_reports_extended", json!(gaen.reports.extended));
        put("fd6f_distinct_rpi", json!(gaen.rpis.len()));
        put("fd6f_distinct_rpi_aem", json!(gaen.rpis_aems.len()));
        put("fd6f_payload_len_histogram", keyed(&gaen.lengths, usize::to_string));
        reports("fd6f", &gaen.reports, put);
        let raw = |(form, event_type): &(ReportForm, u16)| format!("{} 0x{event_type:04x}", form_word(*form));
        put("fd6f_event_type_raw", keyed(&gaen.event_types, raw));
        let mut masked: BTreeMap<(ReportForm, u16), u64> = BTreeMap::new();
        for ((form, event_type), n) in &gaen.event_types {
            let mask = if *form == ReportForm::Extended { 0x7f } else { 0x0f };
            *masked.entry((*form, event_type & mask)).or_default() += n;
        }
        let short = |(form, event_type): &(ReportForm, u16)| format!("{} 0x{event_type:02x}", form_word(*form));
        put("fd6f_event_type_masked", keyed(&masked, short));
        let flags =
            |flags: &Option<Box<[u8]>>| flags.as_ref().map_or("none".to_owned(), |value| Hex(value).to_string());
        put("fd6f_flags_ad", keyed(&gaen.flags, flags));
        put("fd6f_first_us", json!(gaen.span.map(|span| span.first)));
        put("fd6f_last_us", json!(gaen.span.map(|span| span.last)));
        put("fd6f_min_us", json!(gaen.span.map(|span| span.min)));
        put("fd6f_max_us", json!(gaen.span.map(|span| span.max)));
        put("fd6f_rssi_gt_minus20", json!(gaen.reports.rssi.at_least(LOUD)));
        put("fd6f_rssi_127", json!(gaen.reports.no_rssi));
    }

    fn own_counts(&self, put: &mut impl FnMut(&str, Value)) {
        let own = &self.own;
        let n: u64 = own.commands.values().sum();
        put("own_adv_data_commands_fd6f", json!(n));
        put(
            "own_adv_commands_by_kind",
            keyed(&own.commands, |command| command_name(*command)),
        );
        put("own_distinct_rpi", json!(self.own_rpis()));
        let frames: Vec<String> = own.frames.iter().map(|frame| Hex(frame).to_string()).collect();
        put("own_rpis_in_order", json!(frames));
        put("own_random_address_commands", json!(own.address_commands));
        put("own_distinct_random_addresses", json!(own.addresses.len()));
    }

    fn link_counts(&self, put: &mut impl FnMut(&str, Value)) {
        let link = &self.link;
        let n: u64 = link.pdu_types.values().sum();
        put("adv_pdus", json!(n));
        put("pdu_types", keyed(&link.pdu_types, |ty| format!("0x{ty:02x}")));
        put("distinct_adva", json!(link.advertisers.len()));
        let epoch = |idx: usize| {
            self.epochs
                .map(|epochs| format!("{}.{:09}", epochs[idx].0, epochs[idx].1))
        };
        put("first_epoch", json!(epoch(0)));
        put("last_epoch", json!(epoch(1)));
        put("rssi_min_med_max", levels(&link.rssi));
        let (good, bad) = link.crc;
        let crc: BTreeMap<&str, u64> = [("0", bad), ("1", good)].into_iter().filter(|(_, n)| *n > 0).collect();
        put("crc_ok", if crc.is_empty() { Value::Null } else { json!(crc) });
        let named = self.names.range(NAMED_DEVICE_PREFIX.to_owned()..);
        let named = named.take_while(|(name, _)| name.starts_with(NAMED_DEVICE_PREFIX));
        put(
            "named_devices",
            named
                .map(|(name, counts)| (name.clone(), named_device(counts)))
                .collect(),
        );
    }
}

fn named_device(counts: &NameCounts) -> Value {
    let median = counts.rssi.min_median_max().map(|(_, median, _)| median.to_json());
    json!({ "n": counts.n, "rssi_median": median })
}

fn reports(prefix: &str, reports: &ReportCounts, put: &mut impl FnMut(&str, Value)) {
    put(&format!("{prefix}_distinct_type_addr"), json!(reports.addresses.len()));
    put(&format!("{prefix}_addr_kind_reports"), json!(reports.kinds));
    put(&format!("{prefix}_rssi_min_med_max"), levels(&reports.rssi));
}

fn levels(rssi: &RssiHistogram) -> Value {
    rssi.min_median_max()
        .map_or(Value::Null, |(min, median, max)| json!([min, median.to_json(), max]))
}

fn keyed<K, S: Display>(map: &BTreeMap<K, u64>, word: impl Fn(&K) -> S) -> Value {
    map.iter().map(|(key, n)| (word(key).to_string(), json!(n))).collect()
}

const fn form_word(form: ReportForm) -> &'static str {
    match form {
        ReportForm::Extended => "ext",
        other => other.word(),
    }
}

/// The commands' names, as specification and vendors' documents have them.
const fn command_name(command: OwnDataCommand) -> &'static str {
    match command {
        OwnDataCommand::Legacy => "LE Set Advertising Data",
        OwnDataCommand::Extended => "LE Set Extended Advertising Data",
        OwnDataCommand::AndroidMulti => "VSC LE Multi Advt Set Data (0xFD54/02)",
        OwnDataCommand::Apple => "Apple/Broadcom VSC 0xFD4B/03 set data",
    }
}
