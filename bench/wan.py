# SPDX-License-Identifier: MIT
"""A wide-area network on loopback: a TCP proxy with latency and faults in front of an HTTP server.

    python3 bench/wan.py PORT [--rtt 40] [--fault KIND:EVERY] [--method PUT] [--log FILE]

Prints the port that it listens on. An answer comes --rtt milliseconds after its request, and a new connection takes as long.
Every EVERY-th request, of that method if one is given, has a fault:

    503      503 with Retry-After: 0; the server does not see the request
    reset    the connection is reset before the answer: what the server did is done
    cut      the connection is closed in the middle of the body
    garble   one byte of the body is changed
    stall    nothing comes, until the client closes the connection

--log: one line for each request: seconds, connection, method, target, range, fault; "-" for none. SIGTERM ends it.
"""
import argparse
import asyncio
import re
import signal
import socket
import struct
import time

HEAD_END = b"\r\n\r\n"
REFUSAL = b"HTTP/1.1 503 Slow Down\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("port", type=int, help="of the server behind")
    p.add_argument("--rtt", type=float, default=40)
    p.add_argument("--fault", default="none:0")
    p.add_argument("--method")
    p.add_argument("--log")
    return p.parse_args()


class Delayed:
    """Writes what it is given to a connection, in order, each after the delay."""

    def __init__(self, writer, seconds):
        self.writer, self.seconds, self.queue = writer, seconds, asyncio.Queue(1024)
        self.task = asyncio.ensure_future(self.run())

    async def run(self):
        while (item := await self.queue.get()) is not None:
            wait = item[0] - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            self.writer.write(item[1])
            await self.writer.drain()

    async def put(self, data):
        await self.queue.put((time.monotonic() + self.seconds, data))

    async def end(self):
        await self.queue.put(None)
        await self.task


class Requests:
    """Finds the heads of requests in what a client sends."""

    def __init__(self):
        self.head, self.body = b"", 0

    def take(self, data):
        """Yields (bytes, head): what follows of the stream, and the head if these bytes complete one."""
        while data:
            if self.body:
                part, data = data[:self.body], data[self.body:]
                self.body -= len(part)
                yield part, None
                continue
            self.head += data
            end = self.head.find(HEAD_END)
            if end < 0:
                return
            head, data, self.head = self.head[:end + 4], self.head[end + 4:], b""
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            self.body = int(length[1]) if length else 0
            yield head, head


class Wan:
    def __init__(self, o):
        self.o, self.half = o, o.rtt / 2000
        self.kind, _, every = o.fault.partition(":")
        self.every = int(every)
        self.nconnections = self.ncounted = 0
        self.begin = time.monotonic()
        self.log = open(o.log, "w", buffering=1, encoding="utf-8") if o.log else None

    def fault_of(self, head, connection):
        """Counts a request; returns its fault, or None."""
        method, target = head.split(b" ", 2)[:2]
        counts = not self.o.method or method.decode() == self.o.method
        self.ncounted += counts
        fault = self.kind if counts and self.every and self.ncounted % self.every == 0 else None
        if self.log:
            asked = re.search(rb"(?i)\r\nrange: *([^\r\n]*)", head)
            words = (method.decode(), target.decode("latin1"), asked[1].decode() if asked else "-", fault or "-")
            self.log.write(f"{time.monotonic() - self.begin:.4f} {connection} {' '.join(words)}\n")
        return fault

    async def serve(self, reader, writer):
        self.nconnections += 1
        number, faults, tasks = self.nconnections, [], []
        try:
            await asyncio.sleep(2 * self.half)
            behind_reader, behind = await asyncio.open_connection("127.0.0.1", self.o.port)
            up, down = Delayed(behind, self.half), Delayed(writer, self.half)
            tasks = [asyncio.ensure_future(self.ask(reader, up, down, faults, number)),
                     asyncio.ensure_future(self.answer(behind_reader, down, faults, writer))]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[1].done() and tasks[1].result():
                await down.end()
            behind.close()
        except OSError:
            pass
        finally:
            for task in tasks:
                task.cancel()
            writer.close()

    async def ask(self, reader, up, down, faults, number):
        """Hands on what the client sends, until it ends."""
        requests, refused = Requests(), False
        try:
            while data := await reader.read(1 << 16):
                for part, head in requests.take(data):
                    if head:
                        fault = self.fault_of(head, number)
                        refused = fault == "503"
                        faults[:] = [] if refused or not fault else [fault]
                    if not refused:
                        await up.put(part)
                    elif not requests.body:
                        await asyncio.sleep(self.half)
                        await down.put(REFUSAL)
                        await down.end()
                        return
        except OSError:
            pass

    async def answer(self, behind, down, faults, writer):
        """Hands on what the server sends, with the faults. Returns whether what is on its way shall arrive."""
        try:
            while data := await behind.read(1 << 16):
                fault = faults.pop() if faults else None
                body = data.find(HEAD_END) + 4
                if fault == "reset":
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.transport.abort()
                    return False
                if fault == "stall":
                    await asyncio.Event().wait()
                if fault == "cut":
                    await down.put(data[:body + (len(data) - body) * 2 // 3])
                    return True
                if fault == "garble" and body < len(data):
                    at = (body + len(data)) // 2
                    data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
                await down.put(data)
        except OSError:
            pass
        return True


async def main():
    wan, stop = Wan(arguments()), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(wan.serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    server.close()  # not waited for: from Python 3.12 on that would last until all connections have ended


if __name__ == "__main__":
    asyncio.run(main())
