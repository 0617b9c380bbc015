"""Record batches of format v2, made byte by byte: what a producer sends, and what it must never send.

Codecs are written with the standard library alone: gzip by zlib; snappy, LZ4 and zstd as valid streams of stored
(not compressed) blocks, which every decoder has to take.
"""

import gzip
import struct
import time
from dataclasses import dataclass

HEADER = struct.Struct(">qiibIhiqqqhii")  # base offset .. record count
CRC_AT, CRC_FROM = 17, 21
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
STORED_BLOCK = 60_000


def _crc_table(polynomial):
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


_CRC32C = _crc_table(0x82F63B78)


def crc32c(data):
    """CRC-32C (Castagnoli)."""
    table, crc = _CRC32C, 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def now_ms():
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def varint(value):
    """A zigzag varint."""
    value = value << 1 ^ value >> 63
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _part(data):
    return varint(-1) if data is None else varint(len(data)) + data


def record(delta, time_delta, value, key=None):
    """One record without headers."""
    body = b"\0" + varint(time_delta) + varint(delta) + _part(key) + _part(value) + varint(0)
    return varint(len(body)) + body


def _uvarint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _blocks(data):
    return [data[at : at + STORED_BLOCK] for at in range(0, len(data), STORED_BLOCK)]


def _snappy(data):
    """Raw snappy: the length, then literals whose length follows in two bytes."""
    literals = (b"\xf4" + struct.pack("<H", len(one) - 1) + one for one in _blocks(data))
    return _uvarint(len(data)) + b"".join(literals)


def _xxh32_short(data):
    """xxHash-32, seed 0, of fewer than four bytes: what the checksum of an LZ4 frame header needs."""
    mask, value = 0xFFFFFFFF, 374761393 + len(data)
    for byte in data:
        value = value + byte * 374761393 & mask
        value = (value << 11 | value >> 21) & mask
        value = value * 2654435761 & mask
    value = (value ^ value >> 15) * 2246822519 & mask
    value = (value ^ value >> 13) * 3266489917 & mask
    return value ^ value >> 16


def _lz4(data):
    """An LZ4 frame: independent blocks of up to 64 KiB, stored, without checksums of the content."""
    descriptor = b"\x60\x40"
    head = struct.pack("<I", 0x184D2204) + descriptor + bytes([_xxh32_short(descriptor) >> 8 & 0xFF])
    blocks = (struct.pack("<I", len(one) | 0x80000000) + one for one in _blocks(data))
    return head + b"".join(blocks) + bytes(4)


def _zstd(data):
    """A zstd frame of raw blocks; a window of 64 KiB, no content size."""
    blocks = _blocks(data) or [b""]
    out = [struct.pack("<IBB", 0xFD2FB528, 0, 6 << 3)]
    for at, one in enumerate(blocks):
        out.append(struct.pack("<I", len(one) << 3 | (at == len(blocks) - 1))[:3] + one)
    return b"".join(out)


_COMPRESS = {"none": bytes, "gzip": gzip.compress, "snappy": _snappy, "lz4": _lz4, "zstd": _zstd}


def batch(values, codec="none", times=None, producer=(-1, -1, -1), **fields):
    """A batch of `values`. `times` are timestamps of the records; `producer` is id, epoch, first sequence.

    `fields` overrides header fields, right or wrong: base_offset, magic, attributes, count, last_delta, length.
    """
    times = times or [now_ms()] * len(values)
    first = times[0] if times else 0
    records = b"".join(record(at, when - first, value) for at, (value, when) in enumerate(zip(values, times)))
    return assemble(_COMPRESS[codec](records), len(values), (first, max(times, default=0)), producer,
                    **{"attributes": CODECS[codec], **fields})


def assemble(records, number, times, producer=(-1, -1, -1), **fields):
    """A header with a right checksum in front of `records` as they are."""
    head = HEADER.pack(
        fields.get("base_offset", 0), fields.get("length", HEADER.size - 12 + len(records)), -1,
        fields.get("magic", 2), 0, fields.get("attributes", 0), fields.get("last_delta", number - 1), *times,
        *producer, fields.get("count", number))
    whole = bytearray(head + records)
    struct.pack_into(">I", whole, CRC_AT, crc32c(whole[CRC_FROM:]))
    return bytes(whole)


@dataclass(frozen=True)
class Header:
    """What the list needs of a batch header, and where in its file it stands."""

    position: int
    size: int
    base: int
    last: int
    epoch: int
    max_time: int


def headers(data):
    """Headers of the whole batches in `data`, in order; a cut batch at the end is left out."""
    found, at = [], 0
    while at + HEADER.size <= len(data):
        base, length, epoch, _, _, _, last_delta, _, max_time, *_ = HEADER.unpack_from(data, at)
        size = length + 12
        if length < HEADER.size - 12 or at + size > len(data):
            break
        found.append(Header(at, size, base, base + last_delta, epoch, max_time))
        at += size
    return found
