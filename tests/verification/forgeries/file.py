"""Forgeries of the file: bytes that are not the one JSON object of a certificate."""

from tests.verification.forgeries.making import KINDS, kind, written

KINDS["file_empty"] = lambda c, random: b""
KINDS["file_cut"] = lambda c, random: written(c)[: random.randrange(2, len(written(c)) - 3)]
KINDS["file_with_more_behind"] = lambda c, random: written(c) + b"{}"
KINDS["file_with_a_byte_order_mark"] = lambda c, random: b"\xef\xbb\xbf" + written(c)
KINDS["file_in_another_encoding"] = lambda c, random: written(c).replace(
    b'"claim"', b'"claim\xff"', 1
)
KINDS["file_a_list"] = lambda c, random: written([c])
KINDS["file_not_a_number"] = lambda c, random: written(c)[:-3] + b',\n "ratio": NaN\n}\n'
KINDS["file_infinite"] = lambda c, random: written(c)[:-3] + b',\n "worst": -Infinity\n}\n'
KINDS["file_nested"] = lambda c, random: (
    written(c)[:-3] + b',\n "boxes": ' + b"[" * 90000 + b"]" * 90000 + b"}"
)
KINDS["file_too_large"] = lambda c, random: written({**c, "statement": "x" * 2**20})


@kind
def key_twice(c, random):
    """The first one is what a reader sees, the last one what most programs take."""
    key = random.choice(("status", "claim", "relation", "statement"))
    return written(c).replace(f'"{key}"'.encode(), f'"{key}": "holds",\n "{key}"'.encode(), 1)


@kind
def key_twice_in_the_instance(c, random):
    if "instance" not in c:
        return None
    name = random.choice(list(c["instance"]))
    return written(c).replace(b'"instance": {', f'"instance": {{\n  "{name}": "1/7",'.encode(), 1)
