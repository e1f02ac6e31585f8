#!/usr/bin/env bash
# Converts captures to a native capture and from there to btsnoop and pcapng, and lets tshark count the reports,
# addresses and RSSI of all: what stands in the original stands in the conversions.
#
#   tests/tshark.sh [BINARY]      default: target/release/vicino, else target/debug/vicino
#
# Reads captures of real phones and of a sniffer under $VICINO_SHARED or ../shared, and always the bundled ones.
# Ends with 0 when all agree, 1 when any differs, 77 when tshark is missing.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
vicino=${1:-$here/target/release/vicino}
[ -x "$vicino" ] || vicino=$here/target/debug/vicino
[ -x "$vicino" ] || { echo "no binary: cargo build first" >&2; exit 2; }
command -v tshark >/dev/null || { echo "SKIPPED: tshark is not installed (apt install tshark)"; exit 77; }
data=${VICINO_SHARED:-$here/../shared}/data

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# One line `ADDRESS RSSI` per advertising report or advertising PDU of a file, sorted. Type 0 to 2, 4, 6 and 7 are
# advertising PDUs; requests to scan or connect are none. Frames that a sniffer marked as received wrongly are left out:
# their addresses and types are noise, which every reader takes differently.
reports() {
    tshark -r "$1" -Y 'bthci_evt.le_meta_subevent in {2,13} or
        btle.advertising_header.pdu_type in {0..2,4,6,7} and not nordic_ble.crcok == 0' \
        -T fields -E separator=/t -E aggregator=, -e bthci_evt.bd_addr -e bthci_evt.rssi \
        -e btle.advertising_address -e nordic_ble.rssi -e btle_rf.signal_dbm 2>"$work/tshark.log" |
        awk -F'\t' '{
            if ($1 != "") {
                n = split($1, address, ","); m = split($2, rssi, ",")
                # Of directed advertisements, the target has an address too.
                if (n != m && m != 1) print "UNEVEN", $0
                for (i = 1; i <= m; i++) print address[i], rssi[i]
            } else if ($3 != "") print $3, ($4 != "" ? $4 : $5)
        }' | LC_ALL=C sort >"$2" || true
    [ -s "$2" ] || { echo "tshark reads nothing from $1: $(tail -1 "$work/tshark.log")" >&2; }
}

figures() {
    printf '%-9s %8s reports %5s addresses  %s\n' "$1" "$(wc -l <"$2")" "$(cut -d' ' -f1 "$2" | uniq | wc -l)" \
        "$(md5sum <"$2" | cut -c1-32)"
}

# check FILE [ORIGINAL]: the conversions of a file hold what the original (by default itself) holds.
check() {
    local file=$1 original=${2:-$1} kind
    echo "${original#"$data/"}"
    rm -f "$work"/native.* "$work"/again.*
    "$vicino" convert "$file" "$work/native.csv" >"$work/convert.log"
    # The column `bad_crc` is the last.
    grep -v ',true$' "$work/native.csv" >"$work/good.csv"
    mv "$work/good.csv" "$work/native.csv"
    for kind in btsnoop pcapng; do
        "$vicino" convert "$work/native.csv" "$work/again.$kind" >>"$work/convert.log"
    done
    reports "$original" "$work/original.txt"
    figures original "$work/original.txt"
    for kind in btsnoop pcapng; do
        reports "$work/again.$kind" "$work/$kind.txt"
        figures "$kind" "$work/$kind.txt"
        if [ ! -s "$work/original.txt" ] || ! cmp -s "$work/original.txt" "$work/$kind.txt"; then
            echo "  DIFFERS: < original, > $kind"
            diff "$work/original.txt" "$work/$kind.txt" | head -5 || true
            failed=1
        fi
    done
}

for name in two-phones.csv demo.csv.zst hostile.csv.zst; do
    "$vicino" convert "$here/captures/$name" "$work/$name.btsnoop" >"$work/convert.log"
    check "$work/$name.btsnoop"
done

if [ -d "$data" ]; then
    soldiers=$data/dp3t/exp34-epfl-soldiers/pcaps
    chamber=$data/dp3t/exp29-calibration-pixel4-anechoic
    check "$soldiers/18.btsnoop" # legacy reports
    check "$soldiers/01.btsnoop" # extended reports
    check "$chamber/23.btsnoop"
    check "$chamber/24.btsnoop"
    check "$chamber/01.pklg"
    check "$data/mitll-static/1-May Anechoic Chamber/nRF52/nrf52_capture_0.pcapng"
else
    echo "SKIPPED: the captures of real phones (no $data)"
fi
exit "$failed"
