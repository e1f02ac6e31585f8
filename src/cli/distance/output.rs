//! What `distance` prints.

use std::io::{self, Write};

use serde_json::json;

use super::super::json::JsonPrintable;
use crate::lab::distance::{Estimate, Heard, Mode, Model, Phone, Query, Score};
use crate::lab::text::printable;
use crate::lab::time::UnixMicros;

/// Version of the JSON that this prints.
const SCHEMA: &str = "vicino/distance/1";

/// Estimates with what they are of.
pub(super) struct Rows<'a> {
    pub(super) heard: &'a Heard,
    pub(super) windows: &'a [Query],
    pub(super) estimates: &'a [Estimate],
    pub(super) scores: &'a [Score],
    pub(super) near: &'a [[bool; 2]],
    pub(super) model: &'a Model,
    pub(super) mode: Mode,
    pub(super) each: bool,
}

/// One row: an estimate at a time.
struct Row<'a> {
    at: UnixMicros,
    receiver: String,
    sender: String,
    query: &'a Query,
    estimate: &'a Estimate,
    score: &'a Score,
    near: [bool; 2],
    rssi_dbm: Option<i8>,
}

/// Seconds since 1970 with microseconds.
fn seconds(at: UnixMicros) -> String {
    format!("{}.{:06}", at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000))
}

impl Rows<'_> {
    /// Calls `each` with every row: of windows in order of receiver, sender and time, or of each report in them.
    fn rows(&self, mut each: impl FnMut(&Row<'_>) -> io::Result<()>) -> io::Result<()> {
        let all = self.windows.iter().zip(self.estimates).zip(self.scores).zip(self.near);
        for (((query, estimate), score), near) in all {
            let name = |phone: Phone| printable(&self.heard.name(phone)).into_owned();
            let mut row = Row {
                at: self.heard.time(query.from_s),
                receiver: name(query.receiver),
                sender: name(query.sender),
                query,
                estimate,
                score,
                near: *near,
                rssi_dbm: None,
            };
            if !self.each {
                each(&row)?;
                continue;
            }
            for place in query.levels.clone() {
                let Some(level) = self.heard.levels.get(place) else {
                    continue;
                };
                row.at = self.heard.time(level.at_s);
                row.rssi_dbm = self.heard.rssi_dbm.get(place).copied();
                each(&row)?;
            }
        }
        Ok(())
    }

    pub(super) fn as_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record([
            "ts",
            "receiver",
            "transmitter",
            "window_s",
            "adverts",
            "distance_m",
            "low_m",
            "high_m",
            "p_close_1_5",
            "p_close_2_0",
            "close_1_5",
            "close_2_0",
            "nearness_db",
            "rssi_dbm",
        ])?;
        self.rows(|row| {
            let estimate = row.estimate;
            let decided = row.near.map(|near| u8::from(near).to_string());
            writer.write_record([
                seconds(row.at),
                row.receiver.clone(),
                row.sender.clone(),
                row.query.length_s.to_string(),
                row.query.levels.len().to_string(),
                format!("{:.4}", estimate.distance_m),
                format!("{:.4}", estimate.low_m),
                format!("{:.4}", estimate.high_m),
                format!("{:.5}", estimate.p_near[0]),
                format!("{:.5}", estimate.p_near[1]),
                decided[0].clone(),
                decided[1].clone(),
                format!("{:.2}", row.score.nearness_db),
                row.rssi_dbm.map(|rssi| rssi.to_string()).unwrap_or_default(),
            ])?;
            Ok(())
        })?;
        writer.flush()
    }

    pub(super) fn as_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut values = Vec::new();
        self.rows(|row| {
            let estimate = row.estimate;
            let mut value = json!({
                "at_us": row.at.0,
                "receiver": row.receiver,
                "transmitter": row.sender,
                "window_from_us": self.heard.time(row.query.from_s).0,
                "window_s": row.query.length_s,
                "adverts": row.query.levels.len(),
                "distance_m": estimate.distance_m,
                "interval_90_m": [estimate.low_m, estimate.high_m],
                "p_close_1_5": estimate.p_near[0],
                "p_close_2_0": estimate.p_near[1],
                "close_1_5": row.near[0],
                "close_2_0": row.near[1],
                "nearness_db": row.score.nearness_db,
                "on_map": row.score.map.is_some(),
            });
            if let Some(rssi) = row.rssi_dbm {
                value["rssi_dbm"] = json!(rssi);
            }
            values.push(value);
            Ok(())
        })?;
        let value = json!({
            "schema": SCHEMA,
            "mode": self.mode,
            "estimator": self.model.name,
            "trained_on": self.model.trained_on,
            "edition": self.model.edition,
            "estimates": values,
        });
        let mut out = io::BufWriter::new(out);
        serde_json::to_writer_pretty(JsonPrintable(&mut out), &value)?;
        writeln!(out)?;
        out.flush()
    }

    pub(super) fn as_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.windows.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "{:<20} {:<12} {:<20} {:>7} {:>9} {:>15} {:>7} {:>7}",
            "FROM (UTC)", "RECEIVER", "SENDER", "ADVERTS", "DISTANCE", "90 %", "<1.5 m", "<2 m"
        )?;
        self.rows(|row| {
            let estimate = row.estimate;
            let at = row.at.to_string();
            let mark = |near: bool| if near { "*" } else { " " };
            let sender: String = row.sender.chars().take(20).collect();
            writeln!(
                out,
                "{:<20} {:<12} {sender:<20} {:>7} {:>7.2} m {:>6.2}–{:>5.2} m {:>4.0} %{} {:>4.0} %{}",
                at.get(..19).unwrap_or(&at).replace('T', " "),
                row.receiver,
                row.query.levels.len(),
                estimate.distance_m,
                estimate.low_m,
                estimate.high_m,
                100.0 * estimate.p_near[0],
                mark(row.near[0]),
                100.0 * estimate.p_near[1],
                mark(row.near[1])
            )
        })?;
        let mode = match self.mode {
            Mode::Live => "what each receiver heard so far",
            Mode::Replay => "all logs and both directions of time",
        };
        writeln!(
            out,
            "\n{} windows, by {mode}; * taken for near: nearer than is usual\nestimator {}, calibration of {}, learnt from: {}",
            self.windows.len(),
            printable(&self.model.name),
            printable(&self.model.edition),
            printable(self.model.trained_on.trim())
        )
    }
}
