"""Object ids of Floe's format version 1, written from src/objects/README.md and not from the TypeScript.

Run without arguments it prints the golden vectors of test/vectors/objects/objects.json. Standard library only.
"""

import hashlib
import json
import struct


def sha256(data):
    return hashlib.sha256(data).digest()


def uleb(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def vector(data):
    return uleb(len(data)) + data


def object_id(kind, data):
    domain = {"map": b"floe.map.v1\0", "tree": b"floe.tree.v1\0", "commit": b"floe.commit.v1\0"}.get(kind, b"")
    return sha256(domain + data)


# --- content map -------------------------------------------------------------------------------------------------


def map_node(level, items):
    size = "<I" if level == 0 else "<Q"
    return bytes([level]) + uleb(len(items)) + b"".join(i + struct.pack(size, n) for i, n in items)


def map_cuts(count, item_id):
    return count >= 4096 or (count >= 256 and (item_id[0] << 8 | item_id[1]) & 0x3FF == 0)


def content_map(chunks):
    """(kind, id) of the content of a file with these (id, length) chunks."""
    if len(chunks) < 2:
        return ("chunk", chunks[0][0]) if chunks else None
    level, items = 0, chunks
    while True:
        nodes, start = [], 0
        for end in range(1, len(items) + 1):
            if end == len(items) or map_cuts(end - start, items[end - 1][0]):
                nodes.append(items[start:end])
                start = end
        links = [(object_id("map", map_node(level, n)), sum(size for _, size in n)) for n in nodes]
        if len(links) == 1:
            return ("map", links[0][0])
        level, items = level + 1, links


# --- tree --------------------------------------------------------------------------------------------------------


def tree_order(path):
    return path.encode().replace(b"/", b"\0")


def path_level(path):
    bits = int.from_bytes(sha256(path.encode()), "big")
    return min(11, (256 - bits.bit_length()) // 6)


def tree_entry(entry):
    mode = 2 if entry["kind"] == "symlink" else 1 if entry["executable"] else 0
    content = entry["content"]
    tag = b"\0" if content is None else b"\1" if content["kind"] == "chunk" else b"\2" + bytes.fromhex(content["id"])
    path = vector(entry["path"].encode())
    return path + bytes([mode]) + struct.pack("<Q", entry["bytes"]) + bytes.fromhex(entry["fileId"]) + tag


def tree_node(level, encoded):
    return bytes([level]) + uleb(len(encoded)) + b"".join(encoded)


def tree_root(entries):
    entries = sorted(entries, key=lambda e: tree_order(e["path"]))
    # (path, encoded item, entries below, bytes below)
    items = [(e["path"], tree_entry(e), 1, e["bytes"]) for e in entries]
    if not items:
        return object_id("tree", tree_node(0, []))
    level = 0
    while True:
        nodes, open_node, cost = [], [], 0
        for item in items:
            open_node.append(item)
            cost += len(item[0].encode()) + 48
            full = len(open_node) >= 128 or (cost >= 8192 and len(open_node) >= 4)
            if full or path_level(item[0]) > level:
                nodes.append(open_node)
                open_node, cost = [], 0
        if open_node:
            nodes.append(open_node)
        links = []
        for node in nodes:
            node_id = object_id("tree", tree_node(level, [encoded for _, encoded, _, _ in node]))
            path, count, size = node[-1][0], sum(n[2] for n in node), sum(n[3] for n in node)
            links.append((path, vector(path.encode()) + node_id + struct.pack("<QQ", count, size), count, size))
        if len(nodes) == 1:
            return node_id
        level, items = level + 1, links


# --- commit ------------------------------------------------------------------------------------------------------


def commit(c):
    author = c["author"]
    out = bytes.fromhex(c["tree"])
    out += uleb(len(c["parents"])) + b"".join(bytes.fromhex(p) for p in c["parents"])
    out += vector(author["name"].encode()) + vector(author["email"].encode())
    out += b"\1" + bytes.fromhex(author["address"][2:]) if "address" in author else b"\0"
    out += struct.pack("<Q", c["timeMs"]) + vector(c["message"].encode()) + struct.pack("<I", c["profile"])
    names = sorted(c["attachments"])
    return out + uleb(len(names)) + b"".join(vector(n.encode()) + bytes.fromhex(c["attachments"][n]) for n in names)


# --- vectors -----------------------------------------------------------------------------------------------------


def file_entry(path, content, kind="file", executable=False):
    file_id = sha256(content).hex()
    ref = {"kind": "chunk", "id": file_id} if content else None
    return {"path": path, "kind": kind, "executable": executable, "bytes": len(content), "fileId": file_id, "content": ref}


def vectors():
    hello = b"hello\n"
    chunk_list = [(sha256(b"one"), 3), (sha256(b"two"), 65536), (sha256(b"three"), 1)]
    small_map = map_node(0, chunk_list)
    big_file = {
        "path": "weights/model.safetensors",
        "kind": "file",
        "executable": False,
        "bytes": 65540,
        "fileId": sha256(b"big").hex(),
        "content": {"kind": "map", "id": object_id("map", small_map).hex()},
    }
    entries = [
        file_entry("README.md", hello),
        file_entry("bin/run me", b"#!/bin/sh\n", executable=True),
        file_entry("bin/run", b"../run me", kind="symlink"),
        file_entry("data", b""),
        file_entry("data.csv", b"a,b\n"),
        file_entry("\u30c7\u30fc\u30bf/\U0001f9ca", b"ice"),
        big_file,
    ]
    entries.sort(key=lambda e: tree_order(e["path"]))
    small_tree = tree_node(0, [tree_entry(e) for e in entries])
    assert object_id("tree", small_tree) == tree_root(entries)
    example = {
        "tree": tree_root(entries).hex(),
        "parents": [sha256(b"parent").hex()],
        "author": {"name": "Ada Lovelace", "email": "ada@example.org", "address": "0x" + "0f" * 32},
        "timeMs": 1700000000123,
        "message": "Add the first shards\n\nWith one line of why.\n",
        "profile": 1,
        "attachments": {"floe.provenance": sha256(b"statement").hex()},
    }
    return {
        "chunk": {"bytes": hello.hex(), "id": object_id("chunk", hello).hex()},
        "attachment": {"bytes": hello.hex(), "id": object_id("attachment", hello).hex()},
        "mapNode": {
            "items": [{"id": i.hex(), "bytes": n} for i, n in chunk_list],
            "bytes": small_map.hex(),
            "id": object_id("map", small_map).hex(),
        },
        "treeNode": {"entries": entries, "bytes": small_tree.hex(), "id": tree_root(entries).hex()},
        "emptyTree": tree_root([]).hex(),
        "commit": {"commit": example, "bytes": commit(example).hex(), "id": object_id("commit", commit(example)).hex()},
        # chunk i: id = SHA-256 of the decimal text of i, length = 1 + i mod 65536
        "contentMaps": [
            {"chunks": n, "id": content_map([(sha256(b"%d" % i), 1 + i % 65536) for i in range(n)])[1].hex()}
            for n in (2, 255, 4097, 50000)
        ],
        # file i: train/<i mod 97, three digits>/sample-<i>.bin with the decimal text of i
        "trees": [
            {"files": n, "id": tree_root([file_entry("train/%03d/sample-%d.bin" % (i % 97, i), b"%d" % i) for i in range(n)]).hex()}
            for n in (1, 100, 5000, 20000)
        ],
        # 30 paths of 4,090 bytes, so that nodes end by their cost and not before four items
        "longPaths": tree_root([file_entry("/".join(["%02d" % i + "x" * 252] * 16)[:4090], b"x") for i in range(30)]).hex(),
    }


if __name__ == "__main__":
    print(json.dumps(vectors(), indent=1, ensure_ascii=True))
