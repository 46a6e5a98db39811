# SPDX-License-Identifier: MIT
"""Being told to stop, wherever the command waits: it ends in order, with the exit code of the signal."""
import fcntl
import os
import signal
import struct
import subprocess
import termios
import time

import support
from support import int32s

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class Signals(support.Case):
    wait = None  # the wait that `sleeps` saw last: (process, number of the wait), and when it was first seen

    def start(self, *arguments, **streams):
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return subprocess.Popen([support.COMMAND, *arguments], cwd=self.folder, env=support.ENVIRONMENT, **streams)

    def wait_until(self, process, condition):
        end = time.monotonic() + 60
        while not condition() and process.poll() is None and time.monotonic() < end:
            os.sched_yield()
        self.assertIsNone(process.poll(), "the command ended by itself")

    def sleeps(self, process):
        """Whether the first thread has begun to work and then waited, in one and the same wait, for a while."""
        with open(f"/proc/{process.pid}/stat") as stat:
            state = stat.read().rpartition(")")[2].split()[0]
        with open(f"/proc/{process.pid}/status") as file:
            status = dict(line.split(":", 1) for line in file)
        caught = int(status["SigCgt"], 16) >> (signal.SIGTERM - 1) & 1
        now = (process.pid, status["voluntary_ctxt_switches"])
        if state != "S" or not caught or self.wait is None or self.wait[0] != now:
            self.wait = (now, time.monotonic()) if state == "S" and caught else None
            return False
        return time.monotonic() - self.wait[1] > 0.05

    def told_to_stop(self, process, number, said=r"\Azarrc: [^\n]*interrupted[^\n]*\n\Z"):
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, CODES[number], err)
        self.assertRegex(support.without_progress(err.decode()), said)
        self.no_temporaries()

    def test_waiting_for_input(self):
        self.array("a", shape=(1000, 100), chunks=(100, 100))
        os.mkfifo(self.folder / "fifo")
        for number in CODES:
            for arguments in (["put", "a", "-i", "-", "--format", "raw"], ["put", "a", "-i", "-"],
                              ["put", "a", "-i", "-", "--format", "json"], ["encode", "--metadata", "a/zarr.json"],
                              ["decode", "--metadata", "a/zarr.json"],
                              ["put", "a", "-i", "fifo", "--format", "raw"],
                              ["create", "b", "--shape", "1", "--dtype", "int8", "--codecs", "@fifo"]):
                process = self.start(*arguments, stdin=subprocess.PIPE)
                self.wait_until(process, lambda: self.sleeps(process))
                self.told_to_stop(process, number)
        self.assertFalse((self.folder / "a/c").exists())

    def test_waiting_for_the_reader(self):
        self.array("a", shape=(1000, 100), chunks=(100, 100), values=int32s(100000))
        (self.folder / "attributes").write_text('{"a": "%s"}' % ("x" * 200000))
        self.zarrc("create", "g", "--group", "--attributes", "@attributes")
        for i in range(40):
            self.zarrc("create", "g/" + str(i) + "x" * 200, "--group")
        for number in CODES:
            for arguments in (["get", "a"], ["get", "a", "-o", "-"], ["get", "a", "--format", "csv"],
                              ["info", "g", "-a"], ["info", "g", "-a", "--json"], ["ls", "g"], ["tree", "g", "--json"],
                              ["--array_path=a"]):
                read, write = os.pipe()
                fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
                process = self.start(*arguments, stdout=write)
                os.close(write)
                self.wait_until(process, lambda: self.sleeps(process) and self.held(read) > 0)
                process.send_signal(number)
                self.assertEqual(process.wait(60), CODES[number], arguments)
                err = support.without_progress(process.stderr.read().decode())
                self.assertRegex(err, r"\A[^\n]*interrupted[^\n]*\n\Z")
                process.stderr.close()
                os.close(read)

    def held(self, pipe):
        return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]

    def test_waiting_for_the_other_side_of_a_pipe(self):
        self.array("a", values=int32s(20))
        os.mkfifo(self.folder / "fifo")
        process = self.start("get", "a", "--format", "raw", "-o", "fifo")
        self.wait_until(process, lambda: self.sleeps(process))
        self.told_to_stop(process, signal.SIGTERM)

    def test_waiting_for_the_reader_of_messages(self):
        """Nobody reads standard error, and it is full."""
        self.array("a", shape=(1000, 100), chunks=(100, 100))
        read, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        os.write(write, b"x" * 4096)
        process = self.start("put", "a", "-i", "-", "--format", "raw", stdin=subprocess.PIPE, stderr=write)
        self.wait_until(process, lambda: self.sleeps(process))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 143)
        process.communicate()
        os.close(read)
        os.close(write)

    def test_ignored_signals_stay_ignored(self):
        """As under nohup."""
        self.array("a", values=int32s(20))
        process = self.start("put", "a", "-i", "-", "--format", "raw", stdin=subprocess.PIPE,
                             preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait_until(process, lambda: self.sleeps(process))
        process.send_signal(signal.SIGHUP)
        _, said = process.communicate(int32s(20, 5), timeout=60)
        self.assertEqual((process.returncode, said), (0, b""))
        self.assertEqual(self.raw("a"), int32s(20, 5))

    def test_second_signal_ends_at_once(self):
        """The command cannot come to its end, since it cannot say its last words; the second signal does not wait."""
        self.array("a", shape=(1000, 100), chunks=(100, 100))
        process = self.start("put", "a", "-i", "-", "--format", "raw", stdin=subprocess.PIPE)
        self.wait_until(process, lambda: self.sleeps(process))
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        self.assertIn(process.wait(60), (-signal.SIGINT, -signal.SIGTERM))
        process.communicate()
