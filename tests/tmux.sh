#!/bin/sh
# Runs the screen in a real terminal (tmux) and checks that it comes up, answers, and gives the terminal back after
# quitting and after signals.
#
#   tests/tmux.sh [BINARY]        default: target/release/vicino, else target/debug/vicino
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
binary=${1:-$here/target/release/vicino}
[ -x "$binary" ] || binary=$here/target/debug/vicino
[ -x "$binary" ] || { echo "no binary: cargo build first" >&2; exit 2; }
command -v tmux >/dev/null || { echo "SKIPPED: tmux is not installed"; exit 0; }

work=$(mktemp -d)
socket=vicino-test-$$
capture=$here/captures/two-phones.csv
trap 'tmux -L "$socket" kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

pane() { tmux -L "$socket" capture-pane -p -t test; }

fail() {
    echo "FAILED: $1" >&2
    pane >&2 || true
    exit 1
}

# Waits until the screen shows (or no longer shows) a text.
shows() {
    tries=0
    until pane | grep -qF -- "$1"; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || fail "never shown: $1"
        sleep 0.05
    done
}

hides() {
    tries=0
    while pane | grep -qF -- "$1"; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || fail "still shown: $1"
        sleep 0.05
    done
}

key() { tmux -L "$socket" send-keys -t test "$@"; }

# Starts the program from a shell that notes the state of its terminal before and after.
start() {
    rm -f "$work/before" "$work/after" "$work/pid" "$work/code"
    cat >"$work/run" <<END
stty -g >"$work/before"
clear
echo "what was there before"
sh -c 'echo \$\$ >"$work/pid"; exec "\$@"' sh $*
echo \$? >"$work/code"
stty -g >"$work/after"
echo "it is over"
END
    key "sh $work/run" Enter
    shows "1 Live"
    shows "q quit"
}

# The terminal is as it was: modes, main screen and its content, cursor.
restored() {
    shows "it is over"
    shows "what was there before"
    hides "1 Live"
    cmp -s "$work/before" "$work/after" || fail "the terminal's modes differ $1"
    state=$(tmux -L "$socket" display-message -p -t test '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')
    [ "$state" = "0 1 0" ] || fail "alternate screen, cursor and mouse are $state $1"
    [ "$(cat "$work/code")" = 0 ] || fail "exit code $(cat "$work/code") $1"
}

for size in 80x24 200x50; do
    tmux -L "$socket" new-session -d -s test -x "${size%x*}" -y "${size#*x}" "PS1='$ ' sh"

    # Alone: live radio, or the bundled capture and why.
    start "$binary"
    shows "gaen-android"
    key '?'
    shows "these keys; close what is open"
    key Escape
    hides "these keys; close what is open"
    key q
    restored "after q at $size"

    # A capture: pause, filter, quit with Ctrl-C.
    start "$binary" replay "$capture" --speed 10
    shows "gaen"
    key Space
    shows "paused"
    key / n o n e
    shows "no device matches the filter"
    key C-c
    restored "after Ctrl-C at $size"

    # Every tab, and nothing that identifies when it is hidden.
    start "$binary" replay "$capture" --speed 10
    shows "gaen"
    key Enter
    shows "samples and means"
    key j j v
    shows "── samples ──"
    key p
    shows "identifiers shortened"
    key p
    shows "identifiers hidden"
    key 3
    shows "entries"
    key Escape
    shows "AGE"
    key q
    restored "after the tabs at $size"

    for signal in TERM HUP INT; do
        start "$binary" replay "$capture"
        kill -s "$signal" "$(cat "$work/pid")"
        restored "after SIG$signal at $size"
    done

    # Below the smallest size one calm line; larger again, the screen is back.
    start "$binary" replay "$capture"
    tmux -L "$socket" resize-window -t test -x 30 -y 8
    shows "vicino needs"
    tmux -L "$socket" resize-window -t test -x "${size%x*}" -y "${size#*x}"
    shows "1 Live"
    key q
    restored "after a change of size at $size"

    tmux -L "$socket" kill-session -t test
    echo "ok: $size"
done
