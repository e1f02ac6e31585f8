#!/usr/bin/env bash
# Lets another reader (Google's protobuf, OpenSSL) read a key export of Vicino and check its signature, and lets Vicino
# do the same with one of that other writer.
#
#   tests/export_reader.sh [BINARY]      default: target/release/vicino, else target/debug/vicino
#
# Ends with 0 when both understand each other, 1 when not, 77 when Python or its packages cannot be had.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$here/target}
vicino=${1:-$target/release/vicino}
[ -x "$vicino" ] || vicino=$target/debug/vicino
[ -x "$vicino" ] || { echo "no binary: cargo build first" >&2; exit 2; }
command -v python3 >/dev/null || { echo "SKIPPED: python3 is not installed"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

venv=$target/export_reader
if ! "$venv/bin/python" -c 'import cryptography, google.protobuf' 2>/dev/null; then
    rm -rf "$venv"
    mkdir -p "$target"
    if ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet cryptography protobuf; } >"$work/pip.log" 2>&1; then
        echo "SKIPPED: the Python packages cryptography and protobuf cannot be installed: $(tail -1 "$work/pip.log")"
        exit 77
    fi
fi
python() { "$venv/bin/python" "$@"; }
reader=$here/tests/export_reader.py

fail() { echo "FAILED: $*"; exit 1; }

# A table with every column, more than one compressed block, and keys out of order.
{
    echo "tek,rolling_start,rolling_period,transmission_risk_level,report_type,days_since_onset,variant,revised"
    for n in $(seq 300 -1 1); do
        printf '%032x,%d,%d,%d,%d,%d,%d,false\n' "$((n * 7919))" $((2642976 + n)) $((n % 144 + 1)) $((n % 9)) $((n % 5)) $((n % 29 - 14)) $((n % 5))
    done
    echo "75c734c6dd1a782de7a965da5eb93125,2642976,,,5,,,true"
} >"$work/keys.csv"
public=$("$vicino" keys new-signer "$work/signer.pem")
"$vicino" keys export "$work/ours.zip" --from "$work/keys.csv" --region 222 --signer "$work/signer.pem" \
    --app-bundle org.example.lab --start 2020-04-02T11:00:00Z --end 2020-04-02T12:00:00Z >"$work/export.log"
python "$reader" read "$work/ours.zip" "$public" >"$work/ours.json" || fail "the other reader refuses the export"

# As the table says, but in the order of the keys.
"$vicino" keys inspect "$work/ours.zip" --json --show-keys >"$work/vicino.json"
python - "$work" <<'PYTHON' || fail "the other reader sees something else"
import csv, json, sys
work = sys.argv[1]
read = json.load(open(f"{work}/ours.json"))
names = {
    "tek": "key_data", "rolling_start": "rolling_start_interval_number", "rolling_period": "rolling_period",
    "transmission_risk_level": "transmission_risk_level", "report_type": "report_type",
    "days_since_onset": "days_since_onset_of_symptoms", "variant": "variant_of_concern",
}
lists = {"false": [], "true": []}
for row in csv.DictReader(open(f"{work}/keys.csv")):
    told = {name: row[column] if column == "tek" else int(row[column]) for column, name in names.items() if row[column]}
    lists[row["revised"]].append(told)
info = {
    "app_bundle_id": "org.example.lab", "verification_key_id": "222", "verification_key_version": "v1",
    "signature_algorithm": "1.2.840.10045.4.3.2",
}
expected = {
    "start_timestamp": 1585825200, "end_timestamp": 1585828800, "region": "222", "batch_num": 1, "batch_size": 1,
    "signature_infos": [info], "keys": sorted(lists["false"], key=lambda key: key["key_data"]), "revised_keys": lists["true"],
}
assert read == expected, (read, expected)
ours = json.load(open(f"{work}/vicino.json"))["files"][0]
assert [key["tek"] for key in ours["key_list"]] == [key["key_data"] for key in expected["keys"]]
PYTHON
echo "an export of Vicino: 301 keys, read alike, signature verified by OpenSSL"

# A wrong key is noticed by the other reader, so that the check above means something.
wrong=$("$vicino" keys new-signer "$work/wrong.pem")
! python "$reader" read "$work/ours.zip" "$wrong" >"$work/wrong.log" 2>&1 || fail "the other reader takes a wrong key"

public=$(python "$reader" write "$work/theirs.zip")
"$vicino" keys verify "$work/theirs.zip" --public-key "310-v3=$public" >"$work/verify.log" || fail "$(cat "$work/verify.log")"
"$vicino" keys inspect "$work/theirs.zip" --json --show-keys >"$work/theirs.json"
python - "$work" <<'PYTHON' || fail "Vicino sees something else"
import json, sys
file = json.load(open(f"{sys.argv[1]}/theirs.json"))["files"][0]
words = ["unknown", "confirmed-test", "clinical-diagnosis", "self-report", "recursive", "revoked"]
expected = [
    {
        "tek": bytes([n] * 16).hex(), "transmission_risk_level": n % 9, "rolling_start": 2642976, "rolling_period": n,
        "report_type": words[n % 5], "days_since_onset": n % 29 - 14, "variant": None,
    }
    for n in range(1, 51)
]
assert file["key_list"] == expected, file["key_list"]
assert file["revised_key_list"][0]["report_type"] == "revoked"
assert file["odd"] == {}, file["odd"]
PYTHON
echo "an export of the other writer: 51 keys, read alike, signature verified by Vicino"
