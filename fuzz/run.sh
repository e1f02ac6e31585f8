#!/usr/bin/env bash
# Builds the fuzz targets, makes seeds from the bundled captures, and runs each target for a time.
#
#   fuzz/run.sh SECONDS [TARGET...]      two at a time; JOBS=1 for one
#
# Prints executions and result of each; ends with 1 if any target found something (under fuzz/artifacts).
set -euo pipefail

seconds=${1:?how many seconds for each target}
shift
cd "$(dirname "$0")"
jobs=${JOBS:-2}
all=(btsnoop packetlogger pcap hci ll ad payload assembler native_rows native_side scenario filter key_export)
targets=("${@:-${all[@]}}")

cargo +nightly fuzz build
cargo build --quiet --manifest-path ../Cargo.toml
vicino=../target/debug/vicino
triple=$(rustc +nightly -vV | sed -n 's/^host: //p')
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# Digits to bytes.
bytes() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }
length() { printf '%02x' $((${#1} / 2)); }

seeds() {
    local capture name at=0 data address
    for name in "${all[@]}"; do mkdir -p "corpus/$name" "artifacts/$name"; done
    for capture in two-phones demo hostile; do
        local file
        file=$(ls ../captures/$capture.csv*)
        "$vicino" convert "$file" - --to csv 2>/dev/null | head -40 >"$logs/rows" || true
        # Without the magic bytes, which the targets put before.
        "$vicino" convert "$file" - --to btsnoop 2>/dev/null | head -c 4000 | tail -c +16 >"corpus/btsnoop/$capture" || true
        { printf '\0'; "$vicino" convert "$file" - --to pcapng 2>/dev/null | head -c 4000 | tail -c +5; } >"corpus/pcap/$capture" || true
        { printf '\0'; tail -n +2 "$logs/rows"; } >"corpus/native_rows/$capture"
        { tail -n +2 "../captures/$capture.events.csv"; printf '\0'; cat "../captures/$capture.toml"; } >"corpus/native_side/$capture"
        while IFS=, read -r _ _ address _ _ _ _ _ _ data _; do
            at=$((at + 1))
            address=${address//:/}
            bytes "$data" >"corpus/ad/$at"
            bytes "0200$data" >"corpus/payload/$at"
            local event="02010001$address$(length "$data")${data}c4"
            bytes "3e$(length "$event")$event" >"corpus/hci/$at"
            local seconds_be=5f000000
            bytes "$(printf '%08x' $((9 + 2 + ${#event} / 2)))${seconds_be}0000000001""3e$(length "$event")$event" >>"corpus/packetlogger/$capture"
            bytes "0042$(length "$address$data")$address$data" >"corpus/ll/$at"
            bytes "00010007030000""01000704016ffd$(length "$data")$data""640007030900" >"corpus/assembler/$at"
        done < <(tail -n +2 "$logs/rows" | sort -t, -k10,10 -u)
    done
    local filter=0
    for text in 'kind:gaen rssi>-70' 'name:"my band" or addr:5e:1b' '-addrkind:R rot>0 heard>100' \
        '(company:0x004c or service:fd6f) age<30s' 'rssi:-80..-60 not is:named !pdu:scan' 'age:5..9s rate!=0'; do
        filter=$((filter + 1))
        printf '%s' "$text" >"corpus/filter/$filter"
    done
    printf 'tek,rolling_start,rolling_period\n75c734c6dd1a782de7a965da5eb93125,2642976,144\n' >"corpus/key_export/table"
    rm -f "$logs/signer.pem" "$logs/out.zip"
    "$vicino" keys new-signer "$logs/signer.pem" >"$logs/public"
    "$vicino" keys export "$logs/out.zip" --from corpus/key_export/table --region 222 --signer "$logs/signer.pem" >"$logs/exported"
    cp "$logs/out.zip" corpus/key_export/zip
    # Stored, so that the content can be changed too.
    python3 - "$logs/out.zip" corpus/key_export 2>/dev/null <<'PYTHON' || true
import sys, zipfile
source = zipfile.ZipFile(sys.argv[1])
with zipfile.ZipFile(sys.argv[2] + "/stored", "w") as stored:
    for name in source.namelist():
        stored.writestr(name, source.read(name))
for name in source.namelist():
    open(f"{sys.argv[2]}/{name}", "wb").write(source.read(name)[16 if name.endswith("bin") else 0:])
PYTHON
    for name in $("$vicino" simulate --list | awk '{print $1}'); do
        "$vicino" simulate --print "$name" >"corpus/scenario/$name" 2>/dev/null || rm -f "corpus/scenario/$name"
    done
}

run() {
    local target=$1 max_len=512
    case $target in
    btsnoop | packetlogger | pcap | native_rows | native_side) max_len=4096 ;;
    scenario) max_len=8192 ;;
    key_export) max_len=1024 ;;
    assembler) max_len=2048 ;;
    esac
    if nice "target/$triple/release/$target" "corpus/$target" -max_total_time="$seconds" -max_len="$max_len" \
        -rss_limit_mb=512 -timeout=10 -artifact_prefix="artifacts/$target/" -print_final_stats=1 >"$logs/$target" 2>&1; then
        result=ok
    else
        result=FAILED
        touch "$logs/failed"
        grep -E 'panicked|ERROR|assert|SUMMARY|Test unit' "$logs/$target" | head -5 >"$logs/$target.why"
    fi
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target")
    printf '%-14s %12s executions  %s\n' "$target" "${executed:-?}" "$result"
    [ ! -e "$logs/$target.why" ] || sed 's/^/    /' "$logs/$target.why"
}

seeds
for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    run "$target" &
done
wait
[ ! -e "$logs/failed" ]
