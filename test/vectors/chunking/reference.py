"""Independent chunker that made fastcdc-v1.json: python3 reference.py > fastcdc-v1.json

Written from the definition of a cut in src/chunking/engine-plain.ts, with the sum of 32 terms spelled out instead of a
rolling hash, and without looking at bytes of the chunk before."""
import hashlib
import json

DOMAIN = b"floe.gear.v1\x00"
GEAR = [int.from_bytes(hashlib.sha256(DOMAIN + bytes([i])).digest()[:4], "little") for i in range(256)]


def stream(label, length):
    """SHA-256(label || u32 LE counter) blocks."""
    blocks = (length + 31) // 32
    data = b"".join(hashlib.sha256(label.encode() + i.to_bytes(4, "little")).digest() for i in range(blocks))
    return data[:length]


def make(case):
    if case["kind"] == "stream":
        return stream(case["label"], case["bytes"])
    if case["kind"] == "repeat":
        unit = bytes.fromhex(case["hex"])
        return (unit * (case["bytes"] // len(unit) + 1))[: case["bytes"]]
    raise ValueError(case["kind"])


def chunk_lengths(data, minimum, average, maximum):
    normal = max(minimum, average * 13 // 16)
    hard = 2**32 // (average * 4)
    easy = int(2**32 / (average / 4))
    lengths = []
    start = 0
    while start < len(data):
        left = len(data) - start
        n = minimum
        while n < min(left, maximum):
            end = start + n
            value = sum(GEAR[data[end - 1 - k]] << k for k in range(32)) % 2**32
            if value < (hard if n < normal else easy):
                break
            n += 1
        n = min(n, left, maximum)
        lengths.append(n)
        start += n
    return lengths


CASES = [
    {"name": "empty", "kind": "stream", "label": "floe", "bytes": 0},
    {"name": "one byte", "kind": "stream", "label": "floe", "bytes": 1},
    {"name": "below the minimum", "kind": "stream", "label": "floe", "bytes": 16383},
    {"name": "random, small sizes", "kind": "stream", "label": "floe small", "bytes": 40000, "params": [64, 256, 1024]},
    {"name": "random, average not a power of two", "kind": "stream", "label": "floe odd", "bytes": 60000, "params": [100, 1000, 3000]},
    {"name": "random, minimum is average is maximum", "kind": "stream", "label": "floe fixed", "bytes": 1000, "params": [64, 64, 64]},
    {"name": "random, profile 1 below 256 MiB", "kind": "stream", "label": "floe profile", "bytes": 1000000},
    {"name": "zeros", "kind": "repeat", "hex": "00", "bytes": 600000},
    {"name": "a period of three bytes", "kind": "repeat", "hex": "61620a", "bytes": 300000},
]

for case in CASES:
    data = make(case)
    case["params"] = case.get("params", [16384, 65536, 262144])
    case["sha256"] = hashlib.sha256(data).hexdigest()
    case["lengths"] = chunk_lengths(data, *case["params"])

table = b"".join(word.to_bytes(4, "little") for word in GEAR)
print(json.dumps({"gearSha256": hashlib.sha256(table).hexdigest(), "gearFirst": GEAR[:4], "cases": CASES}, indent=1))
