"""Gives a clone its identity, once.

Started in a template, this program rehearses its work, says READY to systemd and waits in accept(). There the template is frozen.
In every clone it therefore wakes up waiting; the host sends one line (identity.py says what is in it) and gets `OK` or
`ERROR text`. Whatever is wrong with a call is found before anything is done, and the agent goes on waiting. Once it has begun to
carry a call out nobody is listened to any more, but the process stays: its end would be systemd's work in the first second.

Every clone's emulated CPU has to translate every instruction anew, and what runs for the first time takes milliseconds. So the
way of a call is short: file descriptors instead of sockets and file objects, no new process, nothing that could be known before,
and files that exist are overwritten in place, which costs the file system nothing.
"""

import argparse
import binascii
import fcntl
import gc
import json
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.abspath(__file__)))

from identity import LONGEST_CALL, Identity, Refusal
from services import Journals, RecordedServices, Services

CALL_SECONDS = 5
REHEARSALS = 4
LONGEST_ANSWER = 2000

# linux/random.h
RNDADDENTROPY = 0x40085203
RNDRESEEDCRNG = 0x5207

HOST_KEY = "/etc/ssh/ssh_host_ecdsa_key"


class Kernel:
    """The state of the kernel that clones must not share."""

    def __init__(self):
        self.random = os.open("/dev/urandom", os.O_WRONLY | os.O_CLOEXEC)

    def add_entropy(self, data):
        fcntl.ioctl(self.random, RNDADDENTROPY, struct.pack("ii", 8 * len(data), len(data)) + data)
        fcntl.ioctl(self.random, RNDRESEEDCRNG)

    def set_clock(self, nanoseconds):
        time.clock_settime_ns(time.CLOCK_REALTIME, nanoseconds)

    def set_hostname(self, name):
        socket.sethostname(name)


class RecordedKernel:
    """For tests on a machine that must stay as it is."""

    def __init__(self, record):
        self.add_entropy = lambda data: record(f"entropy {data.hex()}")
        self.set_clock = lambda nanoseconds: record(f"clock {nanoseconds}")
        self.set_hostname = lambda name: record(f"hostname {name}")


class Guest:
    """The files below one root directory, and the kernel."""

    def __init__(self, root, kernel):
        self.root = root
        self.kernel = kernel
        self.journals = Journals(root)

    def apply(self, identity):
        # First of all: whatever comes later may use random numbers, and the time.
        self.kernel.add_entropy(identity.entropy)
        self.kernel.set_clock(identity.time_ns)
        self.kernel.set_hostname(identity.hostname)
        self.put("/etc/hostname", identity.hostname + "\n")
        self.put("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {identity.hostname}\n::1 localhost ip6-localhost ip6-loopback\n")
        self.put("/etc/machine-id", identity.machine_id + "\n", 0o444)
        self.journals.name(identity.machine_id)
        account = identity.account
        self.make_directory(account.pw_dir + "/.ssh", 0o700, account)
        self.put(account.pw_dir + "/.ssh/authorized_keys", identity.authorized_key + "\n", 0o600, account)
        self.put(HOST_KEY, identity.host_key, 0o600)
        self.put(HOST_KEY + ".pub", identity.host_key_pub + "\n")
        for path, mode, content in identity.files:
            self.make_directory(os.path.dirname(path), 0o755)
            self.put(path, content, mode)

    def put(self, path, content, mode=0o644, account=None):
        data = content.encode("ascii") if isinstance(content, str) else content
        owner = (account.pw_uid, account.pw_gid) if account else (0, 0)
        file = os.open(self.root + path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            status = os.fstat(file)
            if (status.st_uid, status.st_gid) != owner:
                os.fchown(file, *owner)
            if status.st_mode & 0o7777 != mode:
                os.fchmod(file, mode)
            # Never empty on the way: ext4 brings a file that was truncated to disk as soon as it is closed.
            if os.write(file, data) != len(data):
                raise OSError(f"{path}: no space for {len(data)} bytes")
            if status.st_size > len(data):
                os.ftruncate(file, len(data))
        finally:
            os.close(file)

    def make_directory(self, path, mode, account=None):
        if not os.path.isdir(self.root + path):
            os.makedirs(self.root + path, mode)
            if account:
                os.chown(self.root + path, account.pw_uid, account.pw_gid)


class Silence(Exception):
    """Nobody has said a whole line."""


def raise_silence(*_):
    raise Silence


def read_call(connection):
    """The line without its end."""
    signal.alarm(CALL_SECONDS)
    try:
        data = b""
        while not data.endswith(b"\n"):
            received = os.read(connection, LONGEST_CALL + 1 - len(data))
            if not received:
                raise Silence
            data += received
            if len(data) > LONGEST_CALL:
                raise Refusal(f"longer than {LONGEST_CALL} bytes")
        return data[:-1]
    finally:
        signal.alarm(0)


def answer(connection, words):
    os.write(connection, "".join(c if c.isprintable() else " " for c in words)[:LONGEST_ANSWER].encode() + b"\n")


def wait_for_identity(listener, peer):
    """The first valid call, and the connection that waits for its answer."""
    while True:
        try:
            # What socket.accept() wraps into an object.
            connection, address = listener._accept()
        except ConnectionAbortedError:
            continue
        try:
            if address[0] == peer:
                return Identity(read_call(connection)), connection
        except Refusal as e:
            try:
                answer(connection, f"ERROR {e}")
            except OSError:
                pass  # Nobody waits for it.
        except (Silence, OSError):
            pass  # Another may come.
        os.close(connection)


def serve(listener, peer, guest, services):
    identity, connection = wait_for_identity(listener, peer)
    listener.close()
    try:
        guest.apply(identity)
        services.renew(identity)
    except Exception as e:
        answer(connection, f"ERROR {type(e).__name__}: {e}")
        raise
    os.write(connection, b"OK\n")
    os.close(connection)


def rehearse(root, kernel):
    """The whole way of a call, in a directory of its own on the same file system: what it needs is in memory afterwards."""
    scratch = tempfile.mkdtemp(prefix="vmpool-agent-", dir=root + "/var/tmp")
    try:
        for directory in ("etc/ssh", "run/log/journal/" + 32 * "0"):
            os.makedirs(f"{scratch}/{directory}")
        with open(scratch + "/etc/machine-id", "w", encoding="ascii") as file:
            file.write(32 * "0" + "\n")
        guest = Guest(scratch, kernel)
        for number in range(1, REHEARSALS + 1):
            call = json.dumps({
                "id": "rehearsal", "hostname": "localhost", "machine_id": f"{number:032x}", "user": "nobody",
                "authorized_key": 160 * "k", "host_key": f"-----BEGIN PRIVATE KEY-----\n{180 * 'k'}\n-----END PRIVATE KEY-----\n",
                "host_key_pub": f"ecdsa {140 * 'k'}", "time_ns": str(time.time_ns()),
                "entropy": binascii.b2a_base64(os.urandom(64), newline=False).decode(),
            })
            host, connection = socket.socketpair()
            with host, connection:
                host.sendall(call.encode() + b"\n")
                guest.apply(Identity(read_call(connection.fileno())))
                answer(connection.fileno(), "OK")
    finally:
        shutil.rmtree(scratch)


def notify(state):
    """sd_notify(3)"""
    path = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.connect("\0" + path[1:] if path.startswith("@") else path)
        systemd.send(state.encode())


def main():
    options = argparse.ArgumentParser(description="Waits in a template for the identity of its clone.")
    options.add_argument("--listen", default="10.255.255.2:1022")
    options.add_argument("--peer", default="10.255.255.1")
    options.add_argument("--root", default="", help="for tests")
    options.add_argument("--record", help="for tests: the file that tells what was asked of kernel and services")
    chosen = options.parse_args()
    if chosen.record:
        def record(line):
            with open(chosen.record, "a", encoding="ascii") as file:
                file.write(line + "\n")
        kernel, services = RecordedKernel(record), RecordedServices(record)
    else:
        kernel, services = Kernel(), Services()
    signal.signal(signal.SIGALRM, raise_silence)
    rehearse(chosen.root, kernel)
    guest = Guest(chosen.root, kernel)
    address, _, port = chosen.listen.partition(":")
    listener = socket.create_server((address, int(port)))
    # Nothing is left to collect later, and nothing is looked through for it.
    gc.collect()
    gc.disable()
    notify(f"READY=1\nSTATUS=waiting on port {listener.getsockname()[1]}")
    serve(listener, chosen.peer, guest, services)
    services.settle(guest.journals)
    while True:
        signal.pause()


main()
