"""Docker's engine id. dockerd reads it when it starts and has no call to change it, and starting it takes seconds.

So a template's dockerd keeps running, and each clone overwrites the id where it lies in dockerd's memory. A string there is never
written again, and an address is used only while it holds the old id. On the disk there is none: a dockerd that is restarted makes
itself a new one.
"""

import os
import subprocess

STATE = "/run/vmpool/engine"
FILES = ("/etc/docker/key.json", "/var/lib/docker/engine-id")
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
HEXADECIMAL = "0123456789abcdef"


def prepare():
    """In the template: notes process, id and its places, if there is a running engine. Returns what is wrong, or nothing."""
    process = output("systemctl", "show", "--property=MainPID", "--value", "docker.service")
    if process in ("", "0"):
        return ""
    engine_id = output("docker", "info", "--format", "{{.ID}}")
    if len(engine_id) < 16:
        return f"Docker's engine id is `{engine_id}`"
    places = find(process, engine_id.encode())
    if not places:
        return f"Docker's engine id {engine_id} is not in the memory of dockerd (pid {process})"
    with open(STATE, "w", encoding="ascii") as file:
        file.write(" ".join([process, engine_id, *map(str, places)]))
    for path in FILES:
        if os.path.exists(path):
            os.unlink(path)
    return ""


def renew():
    """In the clone, when the kernel has its own random numbers."""
    if not os.access(STATE, os.F_OK):
        return
    state = os.open(STATE, os.O_RDONLY)
    process, engine_id, *places = os.read(state, 1 << 16).decode().split()
    os.close(state)
    old, new = engine_id.encode(), another(engine_id).encode()
    memory = os.open(f"/proc/{process}/mem", os.O_RDWR)
    changed = 0
    for place in map(int, places):
        if os.pread(memory, len(old), place) == old:
            changed += os.pwrite(memory, new, place)
    os.close(memory)
    if not changed:
        raise OSError(f"Docker's engine id is no longer where it was in the memory of dockerd (pid {process})")


def another(engine_id):
    """An id of the same form: a fingerprint in Base32 until Docker 23, a UUID since."""
    digits = HEXADECIMAL if "-" in engine_id else BASE32
    chosen = "".join(digits[byte % len(digits)] if letter.isalnum() else letter for letter, byte in zip(engine_id, os.urandom(len(engine_id))))
    return chosen[:14] + "4" + chosen[15:] if "-" in engine_id else chosen


def find(process, word):
    places = []
    with open(f"/proc/{process}/maps", encoding="utf-8") as maps, open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            start, end = (int(address, 16) for address in span.split("-"))
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except OSError:
                continue  # Not memory that can be read, as that of a device.
            at = content.find(word)
            while at >= 0:
                places.append(start + at)
                at = content.find(word, at + 1)
    return places


def output(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
