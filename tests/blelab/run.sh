#!/usr/bin/env bash
# run.sh - the virtual Bluetooth lab: boots a guest with a real kernel, bluetoothd and D-Bus over a virtual controller, and
# lets the release binary scan what the controller replays.
#
# usage:  run.sh [--keep DIR]       exit 0 all well, 1 an expectation failed, 77 skipped (no QEMU, no packages)
# needs:  qemu-system-x86 cpio kmod, and an apt whose lists are fresh (for the guest's packages); no privileges in QEMU
# env:    VICINO_SHARED  folder with real captures (default: ../shared); without one a bundled capture is replayed
#         VICINO_BIN     program to test (default: target/release/vicino)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=$root/target/blelab
keep=
[ "${1:-}" != --keep ] || keep=${2:?--keep DIR}

skip() { echo "SKIP virtual Bluetooth lab: $1"; exit 77; }
for tool in qemu-system-x86_64 cpio modprobe depmod apt-get dpkg-deb python3; do
    command -v "$tool" > /dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$tool" > /dev/null || skip "no $tool"
done
export PATH=$PATH:/usr/sbin:/sbin
bin=${VICINO_BIN:-$root/target/release/vicino}
[ -x "$bin" ] || { echo "no $bin: run cargo build --release first" >&2; exit 2; }

# ---- the guest, built once -------------------------------------------------------------------------------------------
stamp=$(cat "$here/build-guest.sh" "$here/guest/init" | sha256sum | cut -c1-16)
if [ "$(cat "$cache/guest/stamp" 2> /dev/null)" != "$stamp" ]; then
    "$here/build-guest.sh" "$cache/guest" || skip "the guest cannot be built (is apt's list fresh? apt-get update)"
    echo "$stamp" > "$cache/guest/stamp"
fi

# ---- what is on the air ----------------------------------------------------------------------------------------------
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
if [ -n "$keep" ]; then mkdir -p "$keep"; out=$(cd "$keep" && pwd); trap - EXIT; fi
real=${VICINO_SHARED:-$root/../shared}/data/dp3t/exp34-epfl-soldiers/pcaps/01.btsnoop
if [ -r "$real" ]; then
    echo "on the air: 20 s of $(basename "$real"), a real capture"
    air='--snoop air.btsnoop --start 29121 --secs 20 --speed 0.45' file=$real=air.btsnoop
else
    echo "on the air: 20 s of captures/demo.csv.zst (no shared captures)"
    "$bin" convert "$root/captures/demo.csv.zst" "$out/air.btsnoop" > /dev/null
    air='--snoop air.btsnoop --secs 20 --speed 0.45' file=$out/air.btsnoop=air.btsnoop
fi
echo "AIR=\"$air\"" > "$out/env"

"$here/run-guest.sh" -t 420 -g "$cache/guest" -o "$out/out" -j "$here/guest/job.sh" "$bin=vicino" "$out/env" ${file:+"$file"} || {
    rc=$?
    echo "the guest's job ended with $rc" >&2
    tail -20 "$out/out/job.log" "$out/out/console.log" >&2 || true
    exit 1
}
cat "$out/out/job.log"
python3 "$here/check.py" "$out/out"
