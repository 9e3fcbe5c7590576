"""What a clone is told: one JSON object in one line, checked completely before anything is done with it.

Without regular expressions and without asking the system for the user: both would be new to the clone's CPU and cost more
than all the rest.
"""

import binascii
import json
import os
import pwd

LONGEST_CALL = 16384
ENTROPY_BYTES = 64

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
BASE64 = LOWER + LOWER.upper() + DIGITS + "+/="
PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7f))
PEM_BEGIN, PEM_END = "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n"

scan = json.JSONDecoder().scan_once
accounts = {account.pw_name: account for account in pwd.getpwall()}


class Refusal(Exception):
    """The call is not one we carry out."""


class Identity:
    """The values of one call. `files` has path, mode and content of each further file."""

    def __init__(self, line):
        call = decode(line)
        text(call, "id", PRINTABLE)
        self.hostname = text(call, "hostname", LOWER + DIGITS + "-")
        if len(self.hostname) > 63 or self.hostname[0] == "-" or self.hostname[-1] == "-":
            raise Refusal("hostname: not a DNS label")
        self.machine_id = text(call, "machine_id", "0123456789abcdef")
        if len(self.machine_id) != 32:
            raise Refusal("machine_id: not 32 digits")
        self.account = accounts.get(text(call, "user", PRINTABLE))
        if self.account is None:
            raise Refusal(f"user: there is no {call['user']}")
        self.authorized_key = text(call, "authorized_key", PRINTABLE, least=0)
        self.host_key = text(call, "host_key", PRINTABLE + "\n")
        if not self.host_key.startswith(PEM_BEGIN) or not self.host_key.endswith(PEM_END):
            raise Refusal("host_key: not a private key in PEM")
        self.host_key_pub = text(call, "host_key_pub", PRINTABLE)
        if self.host_key_pub.count(" ") == 0:
            raise Refusal("host_key_pub: not a key type and a key")
        self.time_ns = int(text(call, "time_ns", DIGITS))
        if len(call["time_ns"]) != 19:
            raise Refusal("time_ns: not nanoseconds since 1970")
        self.entropy = content(call, "entropy")
        if len(self.entropy) != ENTROPY_BYTES:
            raise Refusal(f"entropy: {len(self.entropy)} bytes instead of {ENTROPY_BYTES}")
        files = call.get("files", [])
        if not isinstance(files, list):
            raise Refusal("files: not an array")
        self.files = [further_file(entry) for entry in files]


def decode(line):
    try:
        words = line.decode()
        call, end = scan(words, 0)
    except (ValueError, StopIteration, RecursionError):
        raise Refusal("not JSON") from None
    if not isinstance(call, dict) or end != len(words):
        raise Refusal("not one JSON object")
    return call


def text(call, key, characters, least=1):
    value = call.get(key)
    if not isinstance(value, str):
        raise Refusal(f"{key}: missing or not a string")
    if len(value) < least or value.strip(characters):
        raise Refusal(f"{key}: empty, or other characters than {characters[:16]!r}…")
    return value


def content(call, key):
    try:
        return binascii.a2b_base64(text(call, key, BASE64, least=0), strict_mode=True)
    except ValueError:
        raise Refusal(f"{key}: not base64") from None


def further_file(entry):
    if not isinstance(entry, dict):
        raise Refusal("files: an entry is not an object")
    path = text(entry, "path", PRINTABLE)
    if not path.startswith("/") or path.startswith("//") or os.path.normpath(path) != path or path == "/":
        raise Refusal("path: not absolute in its plain form")
    mode = text(entry, "mode", "01234567")
    if len(mode) > 5:
        raise Refusal("mode: not a file's mode")
    return path, int(mode, 8), content(entry, "content")
