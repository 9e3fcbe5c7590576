"""What a clone is told: one JSON object in one line, checked completely before anything is done with it."""

import binascii
import json
import os
import pwd
import re

LONGEST_CALL = 16384
ENTROPY_BYTES = 64


class Refusal(Exception):
    """The call is not one we carry out."""


class Identity:
    """The values of one call. `files` has a path, a mode and the content of each further file."""

    def __init__(self, line):
        try:
            call = json.loads(line)
        except (ValueError, RecursionError):
            raise Refusal("not JSON") from None
        if not isinstance(call, dict):
            raise Refusal("not a JSON object")
        text(call, "id", r"[\x21-\x7e]+")
        self.hostname = text(call, "hostname", r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
        self.machine_id = text(call, "machine_id", r"[0-9a-f]{32}")
        self.user = account(text(call, "user", r"[a-z_][a-z0-9_-]{0,31}"))
        self.authorized_key = text(call, "authorized_key", r"[\x20-\x7e]*")
        self.host_key = text(call, "host_key", r"-----BEGIN [A-Z ]+-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----\n")
        self.host_key_pub = text(call, "host_key_pub", r"[a-z0-9-]+ [A-Za-z0-9+/=]+( [\x20-\x7e]*)?")
        self.time_ns = int(text(call, "time_ns", r"[1-9][0-9]{18}"))
        self.entropy = decoded("entropy", text(call, "entropy", r"[A-Za-z0-9+/=]+"))
        if len(self.entropy) != ENTROPY_BYTES:
            raise Refusal(f"entropy: {len(self.entropy)} bytes instead of {ENTROPY_BYTES}")
        files = call.get("files", [])
        if not isinstance(files, list):
            raise Refusal("files: not an array")
        self.files = [further_file(entry) for entry in files]


def text(call, key, pattern):
    value = call.get(key)
    if not isinstance(value, str):
        raise Refusal(f"{key}: missing or not a string")
    if not re.fullmatch(pattern, value):
        raise Refusal(f"{key}: not of the form {pattern}")
    return value


def account(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        raise Refusal(f"user: there is no {name}") from None


def decoded(key, value):
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        raise Refusal(f"{key}: not base64") from None


def further_file(entry):
    if not isinstance(entry, dict):
        raise Refusal("files: an entry is not an object")
    path = text(entry, "path", r"/[^\x00]+")
    if os.path.normpath(path) != path or path.startswith("//"):
        raise Refusal("path: not in its plain form")
    mode = int(text(entry, "mode", r"0?[0-7]{3,4}"), 8)
    return path, mode, decoded("content", text(entry, "content", r"[A-Za-z0-9+/=]*"))
