"""Reads a Floe pack of format version 1, written from src/objects/README.md and not from the TypeScript.

usage: read_pack.py PACK...    prints one JSON object: file name -> what is in it; exits 1 at the first thing wrong

Standard library alone reads everything but zstd frames; those need Python 3.14 (compression.zstd) or pyarrow. With pyarrow
the index is also opened by Arrow itself and compared with what was read by hand.
"""

import hashlib
import json
import os
import struct
import sys

try:
    import pyarrow
    import pyarrow.ipc
except ImportError:
    pyarrow = None

KINDS = {1: "chunk", 2: "map", 3: "tree", 4: "commit", 5: "attachment"}
DOMAINS = {2: b"floe.map.v1\0", 3: b"floe.tree.v1\0", 4: b"floe.commit.v1\0"}


def check(condition, what):
    if not condition:
        sys.exit("not a pack: " + what)


def unzstd(data, size):
    if size == 0:
        return b""
    if pyarrow:
        return pyarrow.decompress(data, decompressed_size=size, codec="zstd", asbytes=True)
    from compression import zstd

    return zstd.decompress(data)


def decode_frame(codec, stored, raw_size):
    if codec == 0:
        return stored
    if codec == 1:
        return unzstd(stored, raw_size)
    width = {2: 2, 3: 4}[codec]
    lengths = struct.unpack_from("<%dI" % width, stored)
    count, groups, at = raw_size // width, [], 4 * width
    for i, length in enumerate(lengths):
        size = count if i < width - 1 else raw_size - (width - 1) * count
        groups.append(unzstd(stored[at : at + length], size))
        at += length
    check(at == len(stored), "bytes after the last group")
    raw = bytearray(raw_size)
    for i, group in enumerate(groups):
        raw[i : width * count : width] = group[:count]
    raw[width * count :] = groups[-1][count:]
    return bytes(raw)


def arrow_columns(table, widths, rows):
    """Columns of one canonical IPC stream: schema message, batch message, body."""
    at = 0
    for _ in range(2):
        marker, length = struct.unpack_from("<II", table, at)
        check(marker == 0xFFFFFFFF, "message marker")
        at += 8 + length
    columns = []
    for width in widths:
        columns.append(table[at : at + width * rows])
        at += (width * rows + 7) // 8 * 8
    check(table[at:] == b"\xff\xff\xff\xff\0\0\0\0", "end of stream")
    return columns


def stream_bytes(schema_bytes, widths, rows):
    return schema_bytes + 96 + 48 * len(widths) + sum((w * rows + 7) // 8 * 8 for w in widths) + 8


def read_locator(segment):
    magic, version, log2, zero, packs, entries, reserved = struct.unpack_from("<8sHBBIQQ", segment, len(segment) - 64)
    check((magic, version, zero, reserved) == (b"FLOELOCA", 1, 0, 0), "locator trailer")
    check(hashlib.sha256(segment[:-32]).digest() == segment[-32:], "locator hash")
    buckets = (entries + 255) // 256
    check(len(segment) == 64 * entries + 2**log2 // 8 + 32 * packs + 8 * buckets + 64, "locator length")
    table = 64 * entries + 2**log2 // 8
    blob_ids = [segment[table + 32 * i : table + 32 * (i + 1)].hex() for i in range(packs)]
    filter_bits = int.from_bytes(segment[64 * entries : table], "little")
    found, previous = [], b""
    for i in range(entries):
        record = segment[64 * i : 64 * (i + 1)]
        kind, codec, zero, pack, object_id = struct.unpack_from("<BBHI32s", record)
        frame, stored, raw, offset, length = struct.unpack_from("<QIIII", record, 40)
        key = bytes([kind]) + object_id
        check(previous <= key and zero == 0 and pack < packs, "locator entry")
        if i % 256 == 0:
            check(segment[table + 32 * packs + i // 32 :][:8] == key[:8], "fan-out")
        for word in struct.unpack_from("<4I", object_id):
            bit = (word ^ (kind * 0x9E3779B1 & 0xFFFFFFFF)) & (2**log2 - 1)
            check(filter_bits >> bit & 1, "filter")
        previous = key
        found.append({"kind": KINDS[kind], "id": object_id.hex(), "pack": blob_ids[pack], "bytes": length})
    return found


def read_pack(path):
    with open(path, "rb") as f:
        pack = f.read()
    check(len(pack) >= 192, "too short")
    prologue, footer = pack[:12], pack[-128:]
    check(prologue[:8] == b"FLOEPACK" and footer[:12] == prologue and footer[-8:] == b"FLOEPEND", "magic")
    check(pack[12:64] == bytes(52) and footer[12:16] == bytes(4) and footer[96:120] == bytes(24), "reserved bytes")
    version, pack_kind, cipher = struct.unpack_from("<HBB", prologue, 8)
    check(version == 1 and pack_kind in (1, 2) and cipher == 0, "version, kind or cipher")
    index_at, index_size, objects, frames, raw_total, loc_at, loc_size = struct.unpack_from("<QQIIQQQ", footer, 16)
    index = pack[index_at : index_at + index_size]
    check(index_at + index_size + 128 == len(pack), "place of the index")
    check(hashlib.sha256(index).digest() == footer[64:96], "hash of the index")

    object_widths, frame_widths = (1, 32, 4, 4, 4), (8, 4, 4, 1)
    split = stream_bytes(320, object_widths, objects)
    check(index_size == split + stream_bytes(272, frame_widths, frames), "length of the index")
    kinds, ids, *numbers = arrow_columns(index[:split], object_widths, objects)
    frame_of, offsets, lengths = (struct.unpack("<%dI" % objects, column) for column in numbers)
    columns = arrow_columns(index[split:], frame_widths, frames)
    frame_offsets = struct.unpack("<%dQ" % frames, columns[0])
    stored_sizes, raw_sizes = (struct.unpack("<%dI" % frames, column) for column in columns[1:3])
    if pyarrow:
        table = pyarrow.ipc.open_stream(index[:split]).read_all()
        check(table.column_names == ["kind", "id", "frame", "offset", "length"], "columns by Arrow")
        check(table["id"].to_pylist() == [ids[32 * i : 32 * i + 32] for i in range(objects)], "ids by Arrow")
        check(table["length"].to_pylist() == list(lengths), "lengths by Arrow")
        table = pyarrow.ipc.open_stream(index[split:]).read_all()
        check(table.column_names == ["offset", "stored", "raw", "codec"], "frame columns by Arrow")
        check(table["offset"].to_pylist() == list(frame_offsets), "frame offsets by Arrow")

    at, raws = 64, []
    for i in range(frames):
        check(frame_offsets[i] == at, "frames back to back")
        raws.append(decode_frame(columns[3][i], pack[at : at + stored_sizes[i]], raw_sizes[i]))
        check(len(raws[i]) == raw_sizes[i], "raw length of a frame")
        at += stored_sizes[i]
    check(at == (loc_at if loc_size else index_at), "end of the frames")
    check(sum(raw_sizes) == raw_total == sum(lengths), "sum of the raw lengths")

    listed = []
    for i in sorted(range(objects), key=lambda i: (frame_of[i], offsets[i])):
        data = raws[frame_of[i]][offsets[i] : offsets[i] + lengths[i]]
        object_id = ids[32 * i : 32 * i + 32]
        check(hashlib.sha256(DOMAINS.get(kinds[i], b"") + data).digest() == object_id, "object " + object_id.hex())
        check((kinds[i] == 1) == (pack_kind == 1), "kind of an object")
        listed.append({"kind": KINDS[kinds[i]], "id": object_id.hex(), "bytes": len(data)})
    keys = [kinds[i : i + 1] + ids[32 * i : 32 * i + 32] for i in range(objects)]
    check(keys == sorted(set(keys)), "order of the ids")
    result = {
        "kind": {1: "data", 2: "meta"}[pack_kind],
        "sha256": hashlib.sha256(pack).hexdigest(),
        "codecs": list(columns[3]),
        "objects": listed,
    }
    if loc_size:
        result["locator"] = read_locator(pack[loc_at : loc_at + loc_size])
    return result


if __name__ == "__main__":
    print(json.dumps({os.path.basename(path): read_pack(path) for path in sys.argv[1:]}))
