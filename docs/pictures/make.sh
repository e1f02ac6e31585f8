#!/usr/bin/env bash
# Draws the pictures of the README from bundled captures: docs/pictures/make.sh [PROGRAM]
set -euo pipefail
cd "$(dirname "$0")/../.."
vicino=${1:-target/release/vicino}
[ -x "$vicino" ] || { echo "no $vicino: run cargo build --release first" >&2; exit 2; }
picture() {
    "$vicino" replay "captures/${3:-demo}.csv.zst" --at "${4:-130s}" --size 110x30 --screen "$1" --press "$2" --snapshot "docs/pictures/$1.svg"
}
picture live ''
picture device 'jjjjjj'
picture calibrate 'g'
picture exposure 'jjj' rotation-faults 40m
picture audit 'n' rotation-faults 58m
picture captures 'jjj'
picture log 'vvv'
