"""Run a command on a terminal of 60 columns and look at what it draws there."""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

COLUMNS = 60
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("4H", 24, COLUMNS, 0, 0))
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], sys.argv[1:])
text = b""
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    text += piece
_, status = os.waitpid(pid, 0)
text = text.decode()
drawn = [re.sub(r"\x1b\[[0-9;]*[mK]", "", part) for part in re.findall(r"\r(\x1b\[K[^\r\n]*)", text)]
live = [line for line in drawn if "[" in line]
print("exit", os.waitstatus_to_exitcode(status))
print("live lines" if live else "no live line")
print("within the window" if all(len(line) < COLUMNS for line in live) else f"too wide: {max(live, key=len)!r}")
print("fields" if all(re.match(r"epoch +\d+/40 +\[.*\] +\d+%", line) for line in live) else f"fields: {live[0]!r}")
print("epochs", len(re.findall(r"epoch +\d+/40  loss", text)))
