#!/usr/bin/env bash
# btsnoop to tracks as a whole process, against tshark and btmon on the same file, and in instructions per packet.
#
#   benches/compare.sh [ROUNDS]
#
# The capture holds nothing but exposure-notification adverts (some 50 MB, simulated, the same every time) and stays
# under target/compare. Times are CPU times (user and system) of whole processes, start included, the programs in turn,
# the median of ROUNDS (default 3; this program runs five times in each); their ratio can be trusted on a busy machine,
# their size cannot. The others are slow: they read the first two minutes (a ninth) only, and what that takes beyond
# their start is scaled to the whole. Instructions are callgrind's. Whatever is not installed is left out, and the script says so.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C
rounds=${1:-3}
dir=target/compare
vicino=target/release/vicino

say() { printf '%-44s %s\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null || { say "$1" "not installed: left out"; return 1; }; }

# make NAME DURATION: the capture of so long a stay in the hall.
make() {
    [ -s "$dir/$1.btsnoop" ] && return
    rm -f "$dir/$1".*
    "$vicino" simulate benches/compare/hall.toml "$dir/$1.csv" --for "$2" >&2
    "$vicino" convert "$dir/$1.csv" "$dir/part.btsnoop" >&2
    mv "$dir/part.btsnoop" "$dir/$1.btsnoop"
    rm -f "$dir/$1".*csv
}

ours() { "$vicino" replay --headless "$1"; }
theirs() {
    tshark -r "$1" -Y bluetooth.gaen.rpi -T fields -e frame.number -e frame.time_epoch -e bthci_evt.bd_addr \
        -e bthci_evt.rssi -e bluetooth.gaen.rpi 2>/dev/null
}

# cpu FUNCTION FILE: CPU time in milliseconds.
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" >/dev/null; } 2>&1 | awk '{ printf "%.0f\n", ($1 + $2) * 1000 }'
}

median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# ratio WHAT GOAL TIMES: median against ours.
ratio() {
    local mine other
    mine=$(median <"$dir/ours.ms")
    other=$(awk "BEGIN { start = $(median <"$3.start"); printf \"%.0f\", start + ($(median <"$3") - start) * $n / $few }")
    say "$1" "$other ms, $(awk "BEGIN { printf \"%.0f times vicino's $mine ms\", $other / $mine }") (goal: $2)"
}

btmon_file() { btmon -r "$1"; }

instructions() {
    valgrind --tool=callgrind --callgrind-out-file="$dir/callgrind.$2" "$vicino" replay --headless "$dir/$1.btsnoop" \
        2>&1 >/dev/null | awk '/Collected/ { print $NF }'
}

adverts() { ours "$dir/$1.btsnoop" | awk 'NR == 1 { print $1 }'; }

cargo build --release --quiet
mkdir -p "$dir"
make hall 18m
make short 2m
file=$dir/hall.btsnoop
n=$(adverts hall)
few=$(adverts short)
say "capture" "$(stat -c %s "$file" 2>/dev/null || stat -f %z "$file") bytes, $n adverts"
say "load" "$(uptime | sed 's/.*load average/load average/')"

tools=()
if has tshark; then
    found=$(theirs "$dir/short.btsnoop" | wc -l)
    [ "$found" -eq "$few" ] || { echo "tshark counts $found adverts where vicino counts $few" >&2; exit 1; }
    say "tshark counts in the first two minutes" "$found adverts, as vicino does"
    tools+=(theirs)
fi
if has btmon; then tools+=(btmon_file); fi
rm -f "$dir"/*.ms "$dir"/*.ms.start
head -c 16 "$file" >"$dir/start.btsnoop"
for _ in $(seq "$rounds"); do
    for _ in 1 2 3 4 5; do cpu ours "$file" >>"$dir/ours.ms"; done
    for tool in ${tools[@]+"${tools[@]}"}; do
        cpu "$tool" "$dir/short.btsnoop" >>"$dir/$tool.ms"
        cpu "$tool" "$dir/start.btsnoop" >>"$dir/$tool.ms.start"
    done
done
say "vicino replay --headless" "$(median <"$dir/ours.ms") ms, $(awk "BEGIN { printf \"%.1f\", $n / $(median <"$dir/ours.ms") / 1000 }") million packets a second"
[ -s "$dir/theirs.ms" ] && ratio "tshark, filter and five fields" 140 "$dir/theirs.ms"
[ -s "$dir/btmon_file.ms" ] && ratio "btmon -r" 80 "$dir/btmon_file.ms"

if has valgrind; then
    whole=$(instructions hall whole)
    part=$(instructions short part)
    say "instructions per packet, whole process" "$((whole / n))"
    say "instructions per packet, without the start" "$(((whole - part) / (n - few))) (goal: 250)"
fi
