#!/usr/bin/env python3
"""screen.py SECONDS OUT PROGRAM... - runs a program in a terminal of 100 x 30, types `q` after SECONDS, and keeps all that
it drew; exits as the program does (99: it did not end)."""
import fcntl, os, pty, select, struct, sys, termios, time

secs, out = float(sys.argv[1]), open(sys.argv[2], "wb")
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    time.sleep(0.5) # until the size is set
    os.execvp(sys.argv[3], sys.argv[3:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
begun, typed, drawn = time.monotonic(), 0, b""
while time.monotonic() < begun + secs + 20:
    if time.monotonic() > begun + secs + 3 * typed: os.write(fd, b"q"); typed += 1
    if not select.select([fd], [], [], 0.2)[0]: continue
    try: drawn = os.read(fd, 65536)
    except OSError: drawn = b"" # the other end is closed
    if not drawn: sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    out.write(drawn); out.flush()
os.kill(pid, 9)
sys.exit(99)
