#!/usr/bin/env bash
# The running screen against its goals for speed and memory.
#
#   benches/screen.sh [VICINO]
#
# Builds nothing: give the program, or have target/release/vicino. Needs tmux and python3, and Linux (/proc). The
# program plays simulated captures (made once, kept under target/screen) in tmux at 200x60, with every device in it and
# a minute of history, and is watched from outside: processor time (user and system, all threads) and memory as the
# kernel counts them. Frames and keys the program measures itself: with VICINO_METER=FILE it writes their times into
# FILE at its end, and VICINO_METER_FRAMES=N lets it draw N frames a second (see src/runtime/screen/meter.rs). They are
# times by the clock, tmux's taking the frame over included: a busy machine spoils them, so look at the load that is
# printed. A key's time starts when the program reads it.
#
# Speed is measured here, not tested: a goal that is missed is marked and does not make the script fail. It fails where
# nothing could be measured.
#
# VICINO_SCREEN_SECONDS (10 to 90, default 30) is how long each measurement takes.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C
vicino=$(realpath -- "${1:-target/release/vicino}")
dir=$PWD/target/screen
seconds=${VICINO_SCREEN_SECONDS:-30}
warm_up=12 # the meter's own warm-up takes 10 s
tabs=(live device exposure captures log)

fail() { echo "screen.sh: $*" >&2; exit 1; }
for tool in tmux python3; do command -v "$tool" >/dev/null || fail "$tool is not installed"; done
[ -r /proc/self/stat ] || fail "no /proc here"
[ -x "$vicino" ] || fail "$vicino: build it first (cargo build --release)"
# The captures last five minutes.
[ "$seconds" -ge 10 ] && [ "$seconds" -le 90 ] || fail "VICINO_SCREEN_SECONDS is 10 to 90"
mkdir -p "$dir"
work=$(mktemp -d "$dir/run.XXXXXX")

tm() { tmux -L "vicino-screen-$$" -f "$work/tmux.conf" "$@"; }
leave() { tm kill-server 2>/dev/null || true; rm -rf "$work"; }
trap leave EXIT
printf 'set -g status off\nset -g default-terminal tmux-256color\n' >"$work/tmux.conf"

# capture DEVICES: the capture of so many phones that advertise four times a second (245 ms and 0 to 10 ms more).
capture() {
    local name=$dir/devices-$1
    [ -s "$name.csv.zst" ] && return
    cat >"$work/scenario.toml" <<END
title = "Load: $1 phones, all of them heard all the time"
seed = 271
start = "2020-06-05T16:30:00Z"
duration = "5m"
truth_every = "5m"

[[station]]
name = "hci0"
sensitivity_dbm = -127
scan = { kind = "continuous" }

[[crowd]]
name = "guest"
count = $1
present = $1
arrivals_per_minute = 0
stay = ["12h", "12h"]
area = [-10, -10, 10, 10]
interval_ms = 245
END
    "$vicino" simulate "$work/scenario.toml" "$work/devices-$1.csv.zst" >"$work/simulate.log" 2>&1 ||
        { cat "$work/simulate.log" >&2; fail "cannot simulate $1 devices"; }
    # The capture last: where it is, all of it is.
    rm -f "$work/devices-$1".{truth,keys}.csv
    mv "$work/devices-$1".{events.csv,toml} "$dir/"
    mv "$work/devices-$1.csv.zst" "$name.csv.zst"
}

# start NAME DEVICES FRAMES [KEY]: plays the capture, from its first minute on; its process is `pid`.
start() {
    pid=$(tm new-session -d -s "$1" -x 200 -y 60 -P -F '#{pane_pid}' env -u NO_COLOR VICINO_METER="$work/$1.json" \
        VICINO_METER_FRAMES="$3" "$vicino" replay --at 60s "$dir/devices-$2.csv.zst")
    sleep 2
    [ -z "${4-}" ] || tm send-keys -t "$1" "$4"
    sleep "$((warm_up - 2))"
    is_there
}
is_there() { [ "$(readlink "/proc/$pid/exe")" = "$vicino" ] || fail "the program ended by itself"; }

# finish NAME: ends it; the meter has written by then.
finish() {
    is_there
    kill -TERM "$pid"
    for _ in $(seq 100); do
        [ -d "/proc/$pid" ] || break
        sleep 0.1
    done
    [ -s "$work/$1.json" ] || fail "the program has measured nothing"
}

# spent NAME: processor time and time, for the share between two of them.
spent() {
    is_there
    # After the name in parentheses, which may hold spaces, utime and stime are the 12th and 13th.
    sed 's/.*) //' "/proc/$pid/stat" | awk -v now="$(date +%s.%N)" '{ print $12 + $13, now }' >>"$work/$1.spent"
}
# share NAME SECONDS
share() {
    spent "$1"
    sleep "$2"
    spent "$1"
}
load() { cut -d ' ' -f 1 /proc/loadavg; }

capture 1000
capture 2500
load_before=$(load)

start live 1000 15
share playing "$seconds"
grep -E '^Vm(RSS|HWM)' "/proc/$pid/status" >"$work/memory"
tm capture-pane -p -t live >"$work/picture"
tm send-keys -t live Space
sleep 3
share idle "$seconds"
finish live

# The other tabs, for their frames.
for number in 2 3 4 5; do
    start "${tabs[number - 1]}" 1000 15 "$number"
    sleep "$((seconds / 2))"
    tm capture-pane -p -t "${tabs[number - 1]}" >"$work/picture"
    finish "${tabs[number - 1]}"
done

start load 2500 30
share loaded "$seconds"
until_then=$((SECONDS + seconds))
while [ "$SECONDS" -lt "$until_then" ]; do
    for key in j j k Tab; do
        tm send-keys -t load "$key"
        # Not in step with the frames.
        sleep "0.1$((RANDOM % 10))"
    done
done
finish load

load_between=$(load)
[ "$(wc -l <"$work/picture")" -eq 60 ] || fail "the screen had not 60 rows"
python3 - "$work" "$load_before" "$load_between" <<'END'
import json, os, sys

work, *loads = sys.argv[1:]
tick = os.sysconf("SC_CLK_TCK")


def share(name):
    """Percent of one core."""
    (busy, then), (busier, now) = (map(float, line.split()) for line in open(f"{work}/{name}.spent"))
    return 100 * (busier - busy) / tick / (now - then)


def meter(name):
    return json.load(open(f"{work}/{name}.json"))


memory = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in open(f"{work}/memory")}
live, load = meter("live"), meter("load")
others = {name: meter(name)["frames"] for name in ("device", "exposure", "captures", "log")}
for kind, found in (("frames", live), ("frames", load), ("keys", load)):
    if found[kind]["count"] < 20:
        sys.exit(f"screen.sh: only {found[kind]['count']} {kind} were measured")
frames, built, keys = live["frames"], live["built"], load["keys"]

rows = []


def row(what, measured, goal, unit, more=""):
    verdict = "" if goal is None else "ok" if measured <= goal else "MISSED"
    rows.append((what, "" if goal is None else f"{goal:g} {unit}", f"{measured:.2f} {unit}", verdict, more))


ms = lambda summary, rank: summary[rank] / 1000
of = lambda summary, what: f"of {summary['count']} {what}, worst {ms(summary, 'max'):.2f} ms"
row("frame, 1,000 devices, median", ms(frames, "median"), 1.2, "ms", of(frames, "frames"))
row("frame, 1,000 devices, 99th percentile", ms(frames, "p99"), 3, "ms")
row("  of it building, median", ms(built, "median"), None, "ms")
row("  of it building, 99th percentile", ms(built, "p99"), None, "ms")
for name, others_frames in others.items():
    if others_frames["count"] < 20:
        sys.exit(f"screen.sh: the tab {name} was hardly drawn")
    row(f"  on the tab {name}, median", ms(others_frames, "median"), 1.2, "ms", of(others_frames, "frames"))
    row("    99th percentile", ms(others_frames, "p99"), 3, "ms")
row("1,000 devices x 4 adverts/s, 15 frames/s", share("playing"), 2, "%", "of one core")
row("10,000 adverts/s, 30 frames/s", share("loaded"), 5, "%", "of one core")
row("paused", share("idle"), 0.3, "%", "of one core")
row("key to frame at 10,000 adverts/s, worst", ms(keys, "max"), 50, "ms", of(keys, "keys"))
row("  median", ms(keys, "median"), None, "ms")
row("frame at 10,000 adverts/s, all tabs, median", ms(load["frames"], "median"), None, "ms", of(load["frames"], "frames"))
row("  99th percentile", ms(load["frames"], "p99"), None, "ms")
row("resident, 1,000 devices", memory["VmRSS"], 40, "MiB")
row("  at most so far", memory["VmHWM"], None, "MiB")
print(f"{'200x60':44} {'goal':>8} {'measured':>11}")
for what, goal, measured, verdict, more in rows:
    print(f"{what:44} {goal:>8} {measured:>11}  {verdict:6} {more}".rstrip())
cores = os.cpu_count()
print(f"load average {loads[0]} before, {loads[1]} at the end, on {cores} cores", end="")
busy = max(map(float, loads)) > cores / 2
print(": BUSY, the times are worth little" if busy else "")
END
