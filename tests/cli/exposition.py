# SPDX-License-Identifier: Apache-2.0
"""
Readers of the three formats, written from their specifications alone: OpenMetrics 1.0.0 (the ABNF),
text format 0.0.4, and the wire format of protobuf with the field numbers of io.prometheus.client.
Each gives {family: Family}, samples by (name, sorted labels).
"""

import math
import re
import struct

LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})? (\S+)$')
OPENMETRICS_SUFFIXES = {
    "counter": ["_total", "_created"], "gauge": [""], "info": ["_info"],
    "summary": ["_sum", "_count", "_created", ""],
    "histogram": ["_bucket", "_sum", "_count", "_created"], "unknown": [""],
}


class Family:
    def __init__(self, name):
        self.name, self.type, self.help, self.unit = name, None, None, None
        self.samples = {}
        self.native = {}  # labels -> Native


def unescape(text):
    return re.sub(r'\\(.)', lambda m: {"n": "\n"}.get(m.group(1), m.group(1)), text)


def labels_of(text):
    labels, at = [], 0
    while at < len(text):
        m = LABEL.match(text, at)
        assert m, f"no labels: {text[at:]}"
        labels.append((m.group(1), unescape(m.group(2))))
        at = m.end()
    assert len({name for name, _ in labels}) == len(labels), text
    return tuple(sorted(labels))


def number_of(text):
    special = {"+Inf": math.inf, "-Inf": -math.inf, "NaN": math.nan}
    if text in special:
        return special[text]
    assert re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text), text
    return float(text)


def sample_of(line):
    m = SAMPLE.match(line)
    assert m, f"no sample: {line}"
    return m.group(1), labels_of(m.group(2) or ""), number_of(m.group(3))


def openmetrics(body):
    text = body.decode("utf-8", "strict")
    assert text.endswith("\n# EOF\n") and text.count("# EOF") == 1
    families, current = {}, None
    for line in text.splitlines()[:-1]:
        assert line and not line[0].isspace(), line
        if line.startswith("#"):
            mark, word, name, rest = line.split(" ", 3)
            assert mark == "#" and word in ("TYPE", "UNIT", "HELP"), line
            if current is None or current.name != name:
                assert name not in families, f"{name} is in two pieces"
                current = families[name] = Family(name)
            assert not current.samples, f"{word} of {name} behind its samples"
            assert getattr(current, word.lower()) is None, line
            setattr(current, word.lower(), rest)
            if word == "UNIT":
                assert name.endswith("_" + rest), line
            continue
        name, labels, value = sample_of(line)
        assert current and current.type in OPENMETRICS_SUFFIXES, line
        assert name in [current.name + s for s in OPENMETRICS_SUFFIXES[current.type]], line
        assert (name, labels) not in current.samples, f"twice: {line}"
        for label, v in labels:
            if label == "le" and v != "+Inf":
                assert "." in v or "e" in v, f"{v} is no float: {line}"
        current.samples[name, labels] = value
    check(families)
    return families


def text(body):
    families, current = {}, None
    for line in body.decode("utf-8", "strict").split("\n")[:-1]:
        if line.startswith("# "):
            _, word, name, rest = line.split(" ", 3)
            if current is None or current.name != name:
                assert name not in families, f"{name} is in two pieces"
                current = families[name] = Family(name)
            setattr(current, word.lower(), rest)
            continue
        name, labels, value = sample_of(line)
        suffixes = {"histogram": ["_bucket", "_sum", "_count"],
                    "summary": ["", "_sum", "_count"]}.get(current.type, [""])
        assert name in [current.name + s for s in suffixes], line
        assert (name, labels) not in current.samples, f"twice: {line}"
        current.samples[name, labels] = value
    check(families)
    return families


def without(labels, name):
    return tuple(pair for pair in labels if pair[0] != name)


def check(families):
    """What every format wants of counters and histograms."""
    for f in families.values():
        assert f.type and f.help, f.name
        if f.type == "counter":
            assert all(v >= 0 for v in f.samples.values()), f.name
        if f.type != "histogram":
            continue
        by_series = {}
        for (name, labels), value in f.samples.items():
            if name.endswith("_bucket"):
                by_series.setdefault(without(labels, "le"), []).append(
                    (number_of(dict(labels)["le"]), value))
        for labels, buckets in by_series.items():
            assert [le for le, _ in buckets] == sorted(le for le, _ in buckets), f.name
            values = [v for _, v in buckets]
            assert values == sorted(values), (f.name, buckets)
            assert buckets[-1][0] == math.inf
            assert buckets[-1][1] == f.samples[f.name + "_count", labels]


# Protobuf: https://protobuf.dev/programming-guides/encoding/

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7f) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def zigzag(n):
    return (n >> 1) ^ -(n & 1)


def fields(data):
    """[(number, value)]: int of a varint, bytes of what has a length, float of 64 bits."""
    at, found = 0, []
    while at < len(data):
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            value = struct.unpack_from("<d", data, at)[0]
            at += 8
        else:
            assert wire == 2, wire
            n, at = varint(data, at)
            assert at + n <= len(data)
            value = data[at:at + n]
            at += n
        found.append((number, value))
    return found


def only(message, number, default=None):
    values = [v for n, v in message if n == number]
    assert len(values) <= 1, (number, values)
    return values[0] if values else default


class Native:
    """schema, zero and buckets {index: count} of a Histogram."""

    def __init__(self, message):
        self.count = only(message, 1, 0)
        self.sum = only(message, 2, 0.0)
        self.schema = zigzag(only(message, 5))
        self.zero_threshold = only(message, 6, 0.0)
        self.zero_count = only(message, 7, 0)
        deltas, at = only(message, 13, b""), 0
        values, value = [], 0
        while at < len(deltas):
            delta, at = varint(deltas, at)
            value += zigzag(delta)
            values.append(value)
        self.buckets, index = {}, 0
        for span in [fields(v) for n, v in message if n == 12]:
            index += zigzag(only(span, 1, 0))
            for _ in range(only(span, 2, 0)):
                self.buckets[index] = values.pop(0)
                index += 1
        assert not values
        assert self.zero_count + sum(self.buckets.values()) == self.count


def protobuf(body):
    families, at = {}, 0
    while at < len(body):
        n, at = varint(body, at)
        message = fields(body[at:at + n])
        assert at + n <= len(body)
        at += n
        f = Family(only(message, 1).decode())
        assert f.name not in families
        families[f.name] = f
        f.help = only(message, 2).decode()
        f.unit = only(message, 5, b"").decode() or None
        f.type = ["counter", "gauge", "summary", "untyped", "histogram"][only(message, 3)]
        for metric in [fields(v) for n, v in message if n == 4]:
            take_metric(f, metric)
    check(families)
    return families


def take_metric(f, metric):
    labels = tuple(sorted((only(pair, 1).decode(), only(pair, 2, b"").decode())
                          for pair in [fields(v) for n, v in metric if n == 1]))
    field = {"gauge": 2, "counter": 3, "summary": 4, "histogram": 7}[f.type]
    assert [n for n, _ in metric if n != 1] == [field], f.name
    value = fields(only(metric, field))
    if f.type in ("gauge", "counter"):
        assert (f.name, labels) not in f.samples
        f.samples[f.name, labels] = only(value, 1)
        return
    f.samples[f.name + "_count", labels] = only(value, 1)
    f.samples[f.name + "_sum", labels] = only(value, 2)
    if f.type == "summary":
        return
    for bucket in [fields(v) for n, v in value if n == 3]:
        bound = only(bucket, 2)
        f.samples[f.name + "_bucket", labels + (("le", repr(bound)),)] = only(bucket, 1)
    f.samples[f.name + "_bucket", labels + (("le", "+Inf"),)] = only(value, 1)
    f.native[labels] = Native(value)


def values(families, name, **labels):
    """{remaining labels: value} of the samples of that name whose labels are those."""
    found = {}
    for f in families.values():
        for (sample, all_labels), value in f.samples.items():
            if sample == name and labels.items() <= dict(all_labels).items():
                found[tuple(p for p in all_labels if p[0] not in labels)] = value
    return found


def value(families, name, **labels):
    found = values(families, name, **labels)
    assert len(found) == 1, (name, labels, found)
    return next(iter(found.values()))
