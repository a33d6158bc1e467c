"""stop.py SIGNAL FILE COMMAND...: send the signal once FILE has a second line; print the exit code.

The command gives way to this script, or it could end before the signal comes on a busy machine; and it heeds SIGINT, which a
shell has its background jobs ignore."""
import os
import pathlib
import signal
import subprocess
import sys
import time


def gives_way():
    os.nice(19)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


file = pathlib.Path(sys.argv[2])
process = subprocess.Popen(sys.argv[3:], preexec_fn=gives_way)
while process.poll() is None and not (file.is_file() and file.read_bytes().count(b"\n") > 1):
    time.sleep(0.001)
process.send_signal(getattr(signal, "SIG" + sys.argv[1]))
print(process.wait())
