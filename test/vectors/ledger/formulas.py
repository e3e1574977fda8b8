"""Writes formulas.json: ids, digests and storage costs of the chain, computed from the formulas with nothing but Python's
standard library. Run by hand: python3 test/vectors/ledger/formulas.py"""

import hashlib
import json
import pathlib
import struct

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def blake2b256(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def base58(data):
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def u64(value):
    return struct.pack("<Q", value)


def uleb(value):
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def vector(data):
    return uleb(len(data)) + data


def address(number):
    return number.to_bytes(32, "big")


def struct_tag(home, module, name, arguments=()):
    return address(home) + vector(module.encode()) + vector(name.encode()) + uleb(len(arguments)) + b"".join(arguments)


def salted(salt, data):
    return base58(blake2b256(salt + b"::" + data))


DIGEST = bytes(range(100, 132))
PREVIOUS = bytes(range(32))

object_ids = [
    {"digest": base58(DIGEST), "counter": counter, "id": "0x" + blake2b256(b"\xf1" + DIGEST + u64(counter)).hex()}
    for counter in (0, 1, 255, 256, 2047)
]


def field(parent, key_type, tag, key):
    data = b"\xf0" + address(parent) + u64(len(key)) + key + tag
    return {
        "parent": "0x" + address(parent).hex(),
        "keyType": key_type,
        "key": key.hex(),
        "id": "0x" + blake2b256(data).hex(),
    }


wrapper = struct_tag(2, "dynamic_object_field", "Wrapper", [b"\x06\x01"])
field_ids = [
    field(0xABC, "u64", b"\x02", u64(7)),
    field(0xABC, "vector<u8>", b"\x06\x01", vector(b"abc")),
    field(0xABC, "0x1::string::String", b"\x07" + struct_tag(1, "string", "String"), vector(b"refs/heads/main")),
    field(0xABC, "0x2::dynamic_object_field::Wrapper<vector<u8>>", b"\x07" + wrapper, vector(b"abc")),
    field((1 << 256) - 1, "address", b"\x04", address(5)),
    field(1, "u256", b"\x0a", (1 << 200).to_bytes(32, "little")),
]


def move_object(name, kind, type_bytes, type_text, version, contents, public, owner, owner_bytes):
    # MoveObject { type, has_public_transfer, version, contents }; Object { data, owner, previous, rebate }
    data = b"\x00" + type_bytes + bytes([public]) + u64(version) + vector(contents)
    # What is metered: contents, type, a bool and a version, and a flat 80 for owner and the rest.
    cost = (len(contents) + len(type_bytes) + 9 + 80) * 100 * 76
    encoded = data + owner_bytes + vector(PREVIOUS) + u64(cost)
    return {
        "name": name,
        "kind": kind,
        "type": type_text,
        "version": version,
        "hasPublicTransfer": bool(public),
        "contents": contents.hex(),
        "owner": owner,
        "previousTransaction": base58(PREVIOUS),
        "storageCost": str(cost),
        "bytes": encoded.hex(),
        "digest": salted(b"Object", encoded),
    }


wal = b"\x07" + struct_tag(0xF10E, "wal", "WAL")
objects = [
    move_object("SUI coin", "GasCoin", b"\x01", "0x2::coin::Coin<0x2::sui::SUI>", 9, address(0x77) + u64(5000), 1,
                {"kind": "address", "address": 0xA11CE}, b"\x00" + address(0xA11CE)),
    move_object("other coin", "Coin", b"\x03" + wal, "0x2::coin::Coin<0xf10e::wal::WAL>", 1 << 40,
                address(0x78) + u64(1), 1, {"kind": "address", "address": 1}, b"\x00" + address(1)),
    move_object("shared object", "Other", b"\x00" + struct_tag(0xABC, "thing", "Thing", [b"\x02"]),
                "0xabc::thing::Thing<u64>", 3, address(0x79) + b"\x01\x02\x03" * 100, 0,
                {"kind": "shared", "initialVersion": 2}, b"\x02" + u64(2)),
    move_object("child", "Other", b"\x00" + struct_tag(0xABC, "thing", "Thing", [b"\x06\x01"]),
                "0xabc::thing::Thing<vector<u8>>", 4, address(0x7A), 0,
                {"kind": "object", "parent": 0x79}, b"\x01" + address(0x79)),
    move_object("immutable", "Other", b"\x00" + struct_tag(0xABC, "thing", "Fixed"),
                "0xabc::thing::Fixed", 5, address(0x7B) + b"\x00", 1, {"kind": "immutable"}, b"\x03"),
]

rebates = [
    {"rebates": str(sum_), "storageRebate": str((sum_ * 9900 + 5000) // 10000),
     "nonRefundable": str(sum_ - (sum_ * 9900 + 5000) // 10000)}
    for sum_ in (0, 1, 49, 50, 51, 988000, 1976001, 123456789012345)
]


def event(package, module, sender, tag, contents):
    return address(package) + vector(module.encode()) + address(sender) + tag + vector(contents)


event_list = event(0xABC, "thing", 0xA11CE, struct_tag(0xABC, "thing", "Seen"), b"\x01\x02") + event(
    0xABC, "thing", 0xA11CE, struct_tag(0xABC, "thing", "Box", [b"\x02"]), b"")
events = {
    "packageId": "0x" + address(0xABC).hex(), "module": "thing", "sender": "0x" + address(0xA11CE).hex(),
    "items": [{"type": "0xabc::thing::Seen", "contents": "0102"}, {"type": "0xabc::thing::Box<u64>", "contents": ""}],
    "bytes": (uleb(2) + event_list).hex(),
    "digest": salted(b"TransactionEvents", uleb(2) + event_list),
}

transactions = [
    {"bytes": data.hex(), "digest": salted(b"TransactionData", data)} for data in (b"", b"\x00", bytes(range(256)))
]

out = {"objectIds": object_ids, "fieldIds": field_ids, "objects": objects, "rebates": rebates, "events": events,
       "transactions": transactions}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(out, indent=2) + "\n")
