"""terminal.py COLUMNS COMMAND...: run a command on a terminal of so many columns and look at what it draws there."""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

columns = int(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[2], sys.argv[2:])
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
lines = [re.sub(r"\x1b\[[0-9;]*[mK]", "", line) for line in re.findall(r"\r(\x1b\[K[^\r\n]*)(?=\r\x1b)", text)]
live = [line for line in lines if line]
wide = r"epoch \d+/2 \[.*\] +\d+% loss \d\.\d{4} top-1 \d+\.\d\d%.* left \d+:\d\d$"
narrow = r"epoch \d+/2 .*left \d+:\d\d$"
print("exit", os.waitstatus_to_exitcode(status))
print("live lines" if live else "no live line")
print("within the window" if all(len(line) < columns for line in live) else f"too wide: {max(live, key=len)!r}")
bad = [line for line in live if not re.match(wide if columns >= 80 else narrow, line)]
print(f"fields: {bad[0]!r}" if bad else "fields")
print("epochs", len(re.findall(r"epoch \d+/2  loss", text)))
