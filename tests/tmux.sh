#!/bin/sh
# Runs the screen in a real terminal (tmux) and checks that it comes up, does a whole job from one end to the other, and
# gives the terminal back after quitting, after signals, after a panic and after its source was killed.
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
# A folder of its own, as marks are written beside the capture.
library=$work/library
mkdir "$library"
cp "$here"/captures/two-phones.csv "$here"/captures/two-phones.events.csv "$here"/captures/two-phones.toml "$library"
# No settings of whoever runs this.
XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work
export XDG_CONFIG_HOME XDG_DATA_HOME
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

if command -v cargo >/dev/null; then
    (cd "$here" && cargo test --quiet --test terminal --no-run)
fi
for size in 80x24 200x50; do
    tmux -L "$socket" new-session -d -s test -x "${size%x*}" -y "${size#*x}" "PS1='$ ' sh"

    # Alone: live radio, or the bundled capture and why.
    start "$binary"
    shows "gaen-android"
    shows "replay bundled capture"
    key '?'
    shows "on the tab Live"
    key Escape
    hides "on the tab Live"
    key q
    restored "after q at $size"

    # A capture: pause, filter, quit with Ctrl-C.
    start "$binary" replay "$capture" --speed 10
    shows "gaen-"
    key Space
    shows "paused"
    key / n o n e
    shows "no device matches the filter"
    key C-c
    restored "after Ctrl-C at $size"

    # Every tab, and nothing that identifies when it is hidden.
    start "$binary" replay "$capture" --speed 10
    shows "gaen-"
    key Enter
    shows "samples and means"
    key j j v
    shows "── samples ──"
    key p
    shows "identifiers shortened"
    key p
    shows "identifiers hidden"
    key 7
    shows "entries"
    key Escape
    shows "AGE"
    key q
    restored "after the tabs at $size"

    # A job from one end to the other: filter, open a device, mark, record, play what was recorded, seek, quit.
    rm -f "$library"/walk*
    cp "$here"/captures/two-phones.events.csv "$library"
    start "$binary" replay "$library/two-phones.csv"
    shows "gaen-ios"
    key / && key -l "kind:gaen-ios"
    key Enter
    hides "gaen-android "
    key Enter
    shows "samples and means"
    key m
    shows "mark from"
    key -l "2,5" && key Enter
    shows "write 2.5"
    key C-u && key -l 2.5 && key Tab && key -l portrait && key Enter
    shows "marked in two-phones.csv"
    grep -q "^mark,.*,2.5,portrait," "$library/two-phones.events.csv" || fail "the mark is not in the capture"
    key r
    shows "a taken name"
    key C-u && key -l walk && key Enter
    shows "● rec 00:00:02"
    key q
    shows "End it and quit?"
    key n
    hides "End it and quit?"
    key r
    shows "recorded walk.csv"
    key 6
    shows "walk.csv"
    key g && key Down
    shows "▸ walk.csv"
    shows "heard "
    key Enter
    shows "replay walk.csv"
    key Space
    shows "paused"
    key : && key -l "seek 1s" && key Enter
    shows "00:00:01"
    key 6
    key d
    shows "Delete walk.csv?"
    key n
    key c
    shows "convert walk.csv"
    key -l jsonl && key Enter
    shows "wrote walk.jsonl"
    [ -s "$library/walk.jsonl" ] || fail "nothing was converted"
    key d
    shows "Delete walk.csv?"
    key y
    shows "deleted walk.csv"
    [ ! -e "$library/walk.csv" ] || fail "the capture is still there"
    key q
    restored "after a whole job at $size"

    # What is played comes through a pipe whose other end is killed.
    mkfifo "$work/pipe"
    sh -c 'echo $$ >"$0/writer"; head -c 20000 "$1"; exec sleep 1000' "$work" "$capture" >"$work/pipe" &
    start "$binary" replay - --speed max "<$work/pipe"
    shows "heard"
    kill -9 "$(cat "$work/writer")"
    shows "ended"
    key 7
    shows "entries"
    key q
    restored "after its source was killed at $size"
    rm "$work/pipe"

    for signal in TERM HUP INT; do
        start "$binary" replay "$capture"
        kill -s "$signal" "$(cat "$work/pid")"
        restored "after SIG$signal at $size"
    done

    # A panic while the terminal is ours: the terminal is back, and the reason can be read.
    if command -v cargo >/dev/null; then
        key "clear; cd '$here' && VICINO_PANIC=1 RUST_BACKTRACE=0 cargo test --quiet --test terminal -- --nocapture; echo it is o'ver'" Enter
        shows "it is over"
        shows "a panic on purpose"
        state=$(tmux -L "$socket" display-message -p -t test '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')
        [ "$state" = "0 1 0" ] || fail "alternate screen, cursor and mouse are $state after a panic"
    fi

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
