#!/usr/bin/env python3
"""check.py OUT - compares what the virtual controller sent with what `vicino scan --json` printed, scene by scene, and
what was wrong with the radio with what `vicino scan` and `vicino doctor` said of it.

Prints the figures, and a line for each expectation; exits with 1 when one of them is not met."""
import json, pathlib, re, statistics, sys

out, failed = pathlib.Path(sys.argv[1]), 0


def expect(holds, what):
    global failed
    print(("ok    " if holds else "FAIL  ") + what)
    failed += not holds


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def fd6f(data):
    """The service data of exposure notification in a payload."""
    data, at = bytes.fromhex(data), 0
    while at + 1 < len(data) and data[at]:
        if data[at + 1] == 0x16 and data[at + 2:at + 4] == b"\x6f\xfd":
            return data[at + 4:at + 1 + data[at]].hex()
        at += 1 + data[at]
    return None


class Scene:
    def __init__(self, name):
        self.dir = out / name
        self.printed = lines(self.dir / "scan.jsonl")
        self.err = (self.dir / "scan.err").read_text()
        self.rc = (self.dir / "rc").read_text().strip()
        self.adverts = [line for line in self.printed if line["kind"] == "advert"]
        self.gaps = [line for line in self.printed if line["kind"] == "gap"]
        self.states = [line["state"] for line in self.printed if line["kind"] == "adapter"]
        notes = self.dir / "notes.jsonl"
        self.notes = {line["note"]: line["wall_us"] for line in lines(notes)} if notes.exists() else {}
        logs = [path for path in (self.dir / "hci0.jsonl", self.dir / "hci.jsonl") if path.exists()]
        self.sent = [line for path in logs for line in lines(path) if line["ev"] == "injected"]
        self.missed = sum(line["ev"] == "missed" for path in logs for line in lines(path))
        for line in self.sent:
            line["addr"] = line["addr"].lower()
        self.horizon = 0  # when the youngest report that was delivered was sent

    def common(self, name):
        expect(self.rc == "0", f"{name}: ended with {self.rc} (0)")
        expect("panicked" not in self.err, f"{name}: no panic")
        expect(self.printed and self.printed[-1]["kind"] == "summary", f"{name}: last line is the summary")
        expect(all(a["time_us"] <= b["time_us"] for a, b in zip(self.adverts, self.adverts[1:])), f"{name}: in order of time")

    def covered(self, name, begin, end, slack_us=5_000_000):
        """A gap was marked from `begin` (events still in the queue may come a little later) to after `end`."""
        begin, end = self.notes[begin], self.notes[end]
        gaps = [g for g in self.gaps if g["from_us"] <= min(begin + slack_us, end) and end <= g["to_us"]]
        expect(gaps, f"{name}: gap of " + "; ".join(
            f"{(g['to_us'] - g['from_us']) / 1e6:.2f} s ({g['reason']})" for g in gaps or self.gaps))
        last = gaps[-1]["to_us"] if gaps else end
        after = [a for a in self.adverts if last < a["time_us"]]
        expect(len(after) >= 10, f"{name}: {len(after)} advertisements after it")
        inside = [a for a in self.adverts for g in gaps if g["from_us"] < a["time_us"] < g["to_us"]]
        expect(not inside, f"{name}: {len(inside)} advertisements within it (0)")
        return gaps


def first_times(items, key, time):
    first = {}
    for item in items:
        first.setdefault(item[key], item[time])
    return first


def share(scene, name, floor):
    adv = [s for s in scene.sent if s["adv_type"] != 4]
    n, total = len(scene.adverts), len(adv)
    print(f"      {name}: sent {total} advertisements and {len(scene.sent) - total} scan responses of "
          f"{len({s['addr'] for s in adv})} addresses ({scene.missed} more while the scan was off); "
          f"delivered {n} = {100 * n / max(1, total):.1f} %")
    expect(floor * total <= n <= total, f"{name}: share delivered at least {floor:.0%} and no more than was sent")


def currency(scene, name, within_us=30_000_000):
    """The RSSIs of each address are those that were sent, in order. Compared from the end backwards, so that equal values
    are not matched with older ones than need be; the first report of an address may carry the value of a later one. In
    an emulated machine everything is some hundred times slower than on a real one, and events queue up: the lag says
    more about the emulation than about the program."""
    by_address, lags, alien_rssi = {}, [], []
    for sent in scene.sent:
        by_address.setdefault(sent["addr"], []).append(sent)
    cursor = {address: len(sent) for address, sent in by_address.items()}
    for advert in reversed(scene.adverts):
        mine, end = by_address.get(advert["address"], []), cursor.get(advert["address"], 0)
        early_us = 20_000
        if advert["rssi_quality"] != "paired":  # read a moment after the stamp: may be of a report sent meanwhile
            end, early_us = len(mine), 2_000_000
        found = next((idx for idx in range(end - 1, -1, -1)
                      if mine[idx]["rssi"] == advert.get("rssi_dbm")
                      and -early_us <= advert["time_us"] - mine[idx]["wall_us"] <= within_us), None)
        if found is None:
            alien_rssi.append((advert["address"], advert.get("rssi_dbm"), advert["rssi_quality"]))
            continue
        scene.horizon = max(scene.horizon, mine[found]["wall_us"])
        if advert["rssi_quality"] == "paired":
            cursor[advert["address"]] = found
            lags.append((advert["time_us"] - mine[found]["wall_us"]) / 1000)
    lags.sort()
    expect(len(alien_rssi) <= len(scene.adverts) // 50,
           f"{name}: RSSI of {len(alien_rssi)} of {len(scene.adverts)} is not what was sent, in order (at most 2 %) {alien_rssi[:5]}")
    median = statistics.median(lags) if lags else float("inf")
    expect(median <= 10_000, f"{name}: RSSI current: half within {median:.0f} ms of being sent (10000, emulated), "
           f"95 % within {lags[len(lags) * 95 // 100] if lags else 0:.0f} ms")
    known = {(s["addr"], fd6f(s["data"])) for s in scene.sent}
    alien = [a for a in scene.adverts if fd6f(a["data"]) and (a["address"], fd6f(a["data"])) not in known]
    expect(not alien, f"{name}: {len(alien)} frames that nobody sent (0)")


def rotation(scene, name, limit_us, outages=()):
    sent = first_times([s for s in scene.sent if s["adv_type"] != 4], "addr", "wall_us")
    seen = first_times(scene.adverts, "address", "time_us")
    unseen, delays = [], []
    for address, at in sent.items():
        if scene.horizon < at or any(begin <= at <= end for begin, end in outages):
            continue
        if address not in seen:
            unseen.append(address)
        else:
            delays.append(seen[address] - at)
    expect(not unseen, f"{name}: every broadcaster seen ({len(delays)} of {len(delays) + len(unseen)}) {unseen}")
    worst = max(delays, default=0)
    expect(worst <= limit_us, f"{name}: a new address is seen after at most {worst / 1e6:.2f} s (limit {limit_us / 1e6:.1f} s)")
    rpis = {fd6f(s["data"])[:32] for s in scene.sent if s["addr"] in seen and len(fd6f(s["data"]) or "") >= 32}
    heard = {a["rpi"] for a in scene.adverts if "rpi" in a}
    expect(heard <= rpis and len(heard) >= 0.95 * len(rpis), f"{name}: {len(heard)} of {len(rpis)} identifiers of these")


air = Scene("air")
air.common("air")
share(air, "air", 0.9)
currency(air, "air")
rotation(air, "air", 10_000_000)
expect(not air.gaps and air.states == ["scanning"], f"air: no gaps ({len(air.gaps)}), states {air.states}")

service = Scene("service")
service.common("service")
gaps = service.covered("service killed", "killed", "back")
# what the service had not yet handed on when it was killed is lost too
outages = [(service.notes["killed"] - 3_000_000, g["to_us"]) for g in gaps]
currency(service, "service")
rotation(service, "service", 10_000_000, outages)
expect(service.states == ["scanning", "service-down", "scanning"], f"service killed: states {service.states}")

adapter = Scene("adapter")
adapter.common("adapter")
adapter.covered("adapter blocked", "blocked", "unblocked")
adapter.covered("adapter switched off", "off", "on")
adapter.covered("adapter unplugged", "unplugged", "plugged")
before, unplugged, after = adapter.err.partition("the Bluetooth adapter was unplugged\n  hint: plug it in again\n")
expect(unplugged and "is blocked by rfkill" in before and "hci0 is switched off" in before and "switched off" not in after,
       "adapter: blocked, switched off and unplugged are told apart: " + " ".join(adapter.err.split()))
expect({"blocked", "off"} <= set(adapter.states) and "gone" in adapter.states and adapter.states[-1] == "scanning", f"adapter: states {adapter.states}")

bus = Scene("bus")
bus.common("bus")
bus.covered("bus killed", "killed", "back")
expect(bus.states[-1] == "scanning", f"bus killed: states {bus.states}")

errors = out / "errors"

# What can be wrong at the start: what is said of it (particulars in brackets and figures aside), its remedy, the doctor's
# check that fails with it, and the state that a running scan prints of it.
STATES = {
    "no bus": ("the system bus is not there",
               "start dbus; in a container, mount /run/dbus/system_bus_socket", "bus", "service-down"),
    "bus dead": ("the system bus does not answer",
                 "restart dbus, then bluetooth", "bus", "service-down"),
    "not permitted": ("not allowed to use Bluetooth",
                      "join the group bluetooth, or allow org.bluez in the policy of the system bus", "permission", "not-permitted"),
    "no service": ("the Bluetooth service is not running",
                   "install bluez and run `systemctl enable --now bluetooth`", "service", "service-down"),
    "service hung": ("the Bluetooth service did not answer within N s",
                     "restart it: `systemctl restart bluetooth`", "service", "service-down"),
    "no adapter": ("no Bluetooth adapter",
                   "plug one in, or load its driver (`modprobe btusb`); `ls /sys/class/bluetooth` shows what the kernel has", "hardware", "gone"),
    "adapter unused": ("the Bluetooth service does not use the kernel's adapter",
                       "`systemctl restart bluetooth`; if `bluetoothctl list` is still empty, `dmesg` may tell of missing firmware", "adapter", "gone"),
    "wrong adapter": ('no Bluetooth adapter "hciN"; there is hciN',
                      "name one of these with --adapter", "adapter", "gone"),
    "off": ("the Bluetooth adapter hciN is switched off",
            "switch it on with `bluetoothctl power on`, or let --power-on do it", "adapter", "off"),
    "busy": ("the Bluetooth adapter is busy or does not answer",
             "wait some seconds; if it stays so, `systemctl restart bluetooth`, or plug the adapter in anew", "adapter", "service-down"),
    "blocked": ("the Bluetooth adapter is blocked by rfkill",
                "run `rfkill unblock bluetooth`", "rfkill", "blocked"),
    "switch": ("the Bluetooth adapter is blocked by its hardware switch",
               "use the switch or key of the machine that turns radios off", "rfkill", "blocked"),
}
# What was done to the guest: the state that the scan names (None: it scans; "-": no scan of its own), the one that the
# doctor names (None: all well; "-": not asked), all its checks that fail, and words that stand in its report.
RUNS = [
    # before the kernel's modules are there, it is true as well that there is no adapter
    ("errors/no_bus", "no bus", "no bus", "bus hardware", "No such file or directory"),
    ("errors/stale_bus", "bus dead", "bus dead", "bus hardware", "Connection refused"),
    ("errors/no_service", "no service", "no service", "service hardware", "not provided by any .service files"),
    ("errors/no_activation", "no service", "no service", "service hardware", "Launch helper exited"),
    ("errors/waiting_service", "no adapter", "no adapter", "hardware", "first an adapter"),
    ("errors/no_adapter", "no adapter", "no adapter", "hardware", "org.bluez answers"),
    ("errors/unused_adapter", "adapter unused", "adapter unused", "adapter", "hci0 (virtual) in /sys/class/bluetooth"),
    ("errors/anyone", None, None, "", "user 1001 may talk to org.bluez"),
    ("errors/not_permitted", "not permitted", "not permitted", "permission", "user 1001 may not talk to org.bluez"),
    # the doctor is not told which adapter is meant, and names those there are
    ("errors/wrong_adapter", "wrong adapter", None, "", "hci0 is on"),
    ("errors/shared", None, None, "", "hci0 is on, scans already for another program"),
    ("errors/hung_service", "service hung", "service hung", "service", "within 5 s"),
    ("errors/hung_bus", "bus dead", "bus dead", "bus", "no answer within 3 s"),
    # a controller that is on and mute is found out by using it alone, which the doctor does not
    ("errors/mute_adapter", "busy", None, "", "hci0 is on"),
    ("errors/powered_off", "off", "off", "adapter", "hci0 is off"),
    # being switched on by another program: off still, and --power-on has to wait
    ("errors/busy", "busy", "off", "adapter", "hci0 is off"),
    ("errors/blocked", "blocked", "blocked", "rfkill adapter", "hci0 blocked (soft)"),
    ("errors/blocked_power_on", "blocked", "-", "", ""),
    ("errors/blocked_hard", "switch", "switch", "rfkill adapter", "hci0 blocked (hard)"),
    ("errors/power_on", None, "-", "", ""),
    ("errors/well", None, None, "", "org.bluez answers, BlueZ"),
    # in the middle of a scan
    ("service/killed", "-", "no service", "service", ""),
    ("adapter/blocked", "-", "blocked", "rfkill adapter", "hci0 blocked (soft)"),
    ("adapter/off", "-", "off", "adapter", "hci0 is off"),
    ("adapter/unplugged", "-", "no adapter", "hardware", ""),
    ("bus/killed", "-", "bus dead", "bus", ""),
]


def essence(line):
    """A message without what differs from case to case."""
    return re.sub(r"\d+", "N", re.sub(r" \(.*\)$", "", line))


said = {}  # by state: what was said of it


def names(state, line, remedy, who):
    wanted = STATES[state][:2]
    said.setdefault(state, set()).add((essence(line), remedy))
    expect((essence(line), remedy) == wanted, f"{who} names {state!r}: {line[:100]} -> {remedy[:60]}")


def read(name, end):
    return (out / f"{name}.{end}").read_text().strip()


for name, scan, doctor, checks, words in RUNS:
    if scan != "-":
        err, rc = read(name, "err").splitlines() or [""], read(name, "rc")
        expect("panicked" not in "".join(err) and rc == ("4" if scan else "0"), f"{name}: scan ended with {rc}")
        if scan:
            hints = [line.removeprefix("  hint: ") for line in err[1:]]
            names(scan, err[0].removeprefix("error: "), hints[0] if hints else "", f"{name}: scan")
        else:
            expect(err == ["scanning on hci0 (BlueZ over D-Bus)"], f"{name}: scan says only that it scans: {err}")
    elif doctor != "-":
        state = STATES[doctor][3]
        states = [line["state"] for line in lines(out / name.split("/")[0] / "scan.jsonl") if line["kind"] == "adapter"]
        expect(state in states, f"{name}: the scan names {state}: {states}")
    if doctor == "-":
        continue
    text, report = read(name, "doctor.text"), json.loads(read(name, "doctor.json") or '{"checks": []}')
    codes = [read(name, f"doctor.{form}.rc") for form in ("text", "json")]
    quiet = not read(name, "doctor.text.err") and not read(name, "doctor.json.err")
    expect(quiet and codes == ["4" if doctor else "0"] * 2, f"{name}: doctor ended with {codes}, in quiet")
    failed_checks = [check for check in report["checks"] if check["verdict"] == "fail"]
    found = " ".join(check["check"] for check in failed_checks)
    expect(found == checks, f"{name}: doctor's checks that failed: {found or 'none'}")
    expect(words in text, f"{name}: doctor says {words!r}")
    # the bus tells the number of the process among its particulars
    told = all(check["reason"].split(" (")[0] in text and f"→ {check['remedy']}" in text for check in failed_checks)
    expect(told, f"{name}: doctor tells people and programs the same")
    own = [check for check in failed_checks if doctor and check["check"] == STATES[doctor][2]]
    for check in own:
        names(doctor, check["reason"], check["remedy"], f"{name}: doctor")
    expect(bool(own) == bool(doctor), f"{name}: doctor has a row for it")

missing = set(STATES) - set(said)
expect(not missing, f"every state was provoked {sorted(missing)}")
for part, what in ((0, "message"), (1, "remedy")):
    of = {}
    for state, pairs in said.items():
        for pair in pairs:
            of.setdefault(pair[part], set()).add(state)
    shared = {text: states for text, states in of.items() if len(states) > 1}
    expect(not shared, f"each of the {len(said)} states has a {what} of its own {shared or ''}")

screen = (errors / "screen.raw").read_bytes()
rc = (errors / "screen.rc").read_text().strip()
expect(rc == "0" and b"panicked" not in screen, f"screen: ends with {rc} on `q`")
expect("hci0 · BlueZ over D-Bus".encode() in screen, "screen: names the adapter")
expect(b"\x1b[?1049h" in screen and b"\x1b[?1049l" in screen, "screen: leaves the terminal as it was")
pipe = (errors / "pipe.err").read_text()
expect("panicked" not in pipe and "error" not in pipe, "closed pipe ends quietly")
expect((errors / "pipe.out").read_text().strip() != "", "closed pipe: the reader got its line")
term = Scene("errors")
term.common("SIGTERM")
expect(len(term.adverts) >= 5, f"SIGTERM: {len(term.adverts)} advertisements before it")

print(f"{failed} of the lab's expectations failed" if failed else "the lab's expectations are all met")
sys.exit(1 if failed else 0)
