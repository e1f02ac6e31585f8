#!/usr/bin/env python3
"""Turns the camera files and the joined tables of the EPFL experiments (DP-3T/bt-measurements) into what Vicino reads.

usage: exp34_truth.py camera NAME.zip OUT.csv [--every SECONDS]
           distances over time, `time,receiver,transmitter,distance_m`: one frame each 0.5 s, times in UTC (the files have CEST)
       exp34_truth.py windows scenario.sqlite NAME.zip LENGTH OUT.csv
           windows as `distance score` takes them: those where frames that locate both are at least half of a full window's,
           and a report of the pair falls in
       exp34_truth.py captures scenario.sqlite FOLDER
           a native capture per receiver, with the levels of the table; identifiers are made from the phones' numbers
       exp34_truth.py bench scenario.sqlite OUT.csv
           the stretch of a bench measurement: `from,to,receiver,transmitter,distance_m` (file times as they are)
"""
import calendar
import csv
import hashlib
import json
import math
import os
import sqlite3
import sys
import time
import zipfile

CEST = 7200


def camera(path):
    """Times in UTC, and places by person."""
    name = os.path.basename(path)[:-4]
    text = zipfile.ZipFile(path).read(f"{name}/{name.split('_', 1)[1]}.json")
    value = json.loads(text)

    def seconds(stamp):
        whole, _, part = stamp.partition(".")
        return calendar.timegm(time.strptime(whole, "%Y-%m-%d %H:%M:%S")) + float("0." + (part or "0")) - CEST

    times = [seconds(stamp) for stamp in value["datetime"]]
    people = {int(key): places for key, places in value.items() if key != "datetime"}
    return times, people


def distance(a, b):
    return None if a is None or b is None else math.hypot(a[0] - b[0], a[1] - b[1])


def pairs(people):
    names = sorted(people)
    return [(a, b) for k, a in enumerate(names) for b in names[k + 1 :]]


def rows(path, order="rowid"):
    base = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    columns = "receiver_id,receiver_model,transmitter_id,timestamp,rssi,ground_truth_distance"
    return base.execute(f"select {columns} from results order by {order}")


def write_points(source, out, every):
    times, people = camera(source)
    with open(out, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("time receiver transmitter distance_m".split())
        due = -1e18
        for k, at in enumerate(times):
            if at < due:
                continue
            due = at + every - 1e-6
            for a, b in pairs(people):
                metres = distance(people[a][k], people[b][k])
                if metres is not None:
                    writer.writerow([f"{at:.3f}", a, b, f"{metres:.3f}"])


def write_windows(table, source, length, out):
    times, people = camera(source)
    origin, frame = times[0], 1 / 24
    sums = {}
    for a, b in pairs(people):
        for k, at in enumerate(times):
            metres = distance(people[a][k], people[b][k])
            if metres is not None:
                total = sums.setdefault((a, b, int((at - origin) // length)), [0.0, 0])
                total[0] += metres
                total[1] += 1
    heard = {(int(r), int(t), int((at - origin) // length)) for r, _, t, at, _, known in rows(table) if known is not None}
    scenario = os.path.basename(table).removesuffix(".sqlite").removeprefix("scenario")
    with open(out, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("scenario receiver transmitter window_index window_start_utc window_s true_distance_m".split())
        for r, t, k in sorted(heard):
            total = sums.get((min(r, t), max(r, t), k))
            if total and total[1] >= length / frame / 2:
                writer.writerow([scenario, r, t, k, f"{origin + k * length:.3f}", length, f"{total[0] / total[1]:.4f}"])


MODELS = {
    **{n: "SM-G973F" for n in (1, 2, 7, 9, 11, 12)},
    **{n: "SM-G970F" for n in (3, 4)},
    6: "SM-G981B",
    8: "SM-A908B",
    10: "SM-A515F",
    **{n: "SM-A405FN" for n in (13, 14, 15, 17, 18, 19, 20)},
}


def frame(phone):
    """The payload of a phone: an identifier made from its number."""
    rpi = hashlib.sha256(f"phone {phone}".encode()).digest()[:16]
    return "03036ffd17166ffd" + rpi.hex() + "00000000"


def write_captures(table, folder):
    os.makedirs(folder, exist_ok=True)
    by_receiver = {}
    for r, _, t, at, rssi, _ in rows(table, "timestamp"):
        by_receiver.setdefault(int(r), []).append((int(round(float(at) * 1e6)), int(t), int(rssi)))
    for receiver, reports in by_receiver.items():
        stem = os.path.join(folder, f"{receiver:02}")
        with open(stem + ".csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow("time_us station address address_kind pdu rssi_dbm raw data".split())
            for at, sender, rssi in reports:
                address = f"00:00:00:00:00:{sender:02x}"
                pdu = "ADV_NONCONN_IND"
                writer.writerow([at, receiver, address, "random-nonresolvable", pdu, rssi, "true", frame(sender)])
        with open(stem + ".events.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow("kind time_us row station id model set command data".split())
            first = reports[0][0]
            writer.writerow(["station", first, 0, receiver, 0, MODELS.get(receiver, ""), "", "", ""])
            writer.writerow(["own-data", first, 0, receiver, "", "", 0, "extended", frame(receiver)])


def write_bench(table, out):
    spans = {}
    for r, _, t, at, _, metres in rows(table):
        span = spans.setdefault((int(r), int(t), metres), [at, at])
        span[0], span[1] = min(span[0], at), max(span[1], at)
    with open(out, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("from to receiver transmitter distance_m".split())
        for (r, t, metres), (first, last) in sorted(spans.items()):
            writer.writerow([f"{first:.6f}", f"{last:.6f}", r, t, metres])


def main(arguments):
    if len(arguments) >= 3 and arguments[0] == "camera":
        every = float(arguments[4]) if len(arguments) == 5 and arguments[3] == "--every" else 0.5
        write_points(arguments[1], arguments[2], every)
    elif len(arguments) == 5 and arguments[0] == "windows":
        write_windows(arguments[1], arguments[2], int(arguments[3]), arguments[4])
    elif len(arguments) == 3 and arguments[0] == "captures":
        write_captures(arguments[1], arguments[2])
    elif len(arguments) == 3 and arguments[0] == "bench":
        write_bench(arguments[1], arguments[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
