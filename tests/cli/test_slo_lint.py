# SPDX-License-Identifier: Apache-2.0
"""`troth slo lint`: verdicts, places and exit codes, as text and as troth.lint/1."""

import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest
import slo

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "openslo"
LINE = re.compile(r"(?P<file>[^:]+):(?P<line>\d+):(?P<column>\d+): (?P<level>error|warning): .+")
SERVICE = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: web}\n"


def lint(*words, timeout=20):
    return subprocess.run([slo.BINARY, "slo", "lint", *map(str, words)], capture_output=True,
                          timeout=timeout, stdin=subprocess.DEVNULL, check=False)


def document(*words):
    done = lint("--output", "json", *words)
    found = json.loads(done.stdout)
    assert found["schema"] == "troth.lint/1"
    bad = any(f["verdict"] == "invalid" for f in found["files"])
    assert done.returncode == (2 if bad else 0)
    for f in found["files"]:
        errors = [p for p in f["problems"] if p["level"] == "error"]
        assert (f["verdict"] == "invalid") == bool(errors)
    return found["files"]


def assert_inside(problem, data):
    """Lines end in \\n, columns count characters."""
    lines = data.split(b"\n")
    if lines[-1] == b"" and len(lines) > 1:
        lines.pop()
    assert 1 <= problem["line"] <= len(lines)
    text = lines[problem["line"] - 1].rstrip(b"\r").decode("utf-8", "replace")
    assert 1 <= problem["column"] <= max(len(text), 1)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*.yaml")), ids=lambda p: p.stem)
def test_each_file_of_the_corpus_has_its_verdict(path):
    (file,) = document(path)
    assert file["file"] == str(path)
    assert file["verdict"] == path.parent.name
    for problem in file["problems"]:
        assert_inside(problem, path.read_bytes())


def test_a_line_of_text_says_file_line_column_and_level(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(SERVICE + "speck: 1\nspec: {description: [x]}\n")
    done = lint(path)
    lines = done.stdout.decode().splitlines()
    assert [LINE.fullmatch(x)["line"] for x in lines] == ["4", "5"]
    assert [LINE.fullmatch(x)["level"] for x in lines] == ["warning", "error"]
    assert all(LINE.fullmatch(x)["file"] == str(path) for x in lines)
    assert done.stderr.decode().count("\n") == 1
    assert "1 error, 1 warning" in done.stderr.decode()
    assert done.returncode == 2


def test_a_good_file_is_silent_but_for_its_summary(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(SERVICE)
    done = lint(path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert document(path) == [{"file": str(path), "verdict": "valid", "problems": []}]


def test_a_directory_is_opened_up_and_each_file_has_its_verdict(tmp_path):
    (tmp_path / "b.yaml").write_text(SERVICE)
    (tmp_path / "a.yml").write_text("apiVersion: openslo/v2\n")
    (tmp_path / "c.json").write_text("{")
    files = document(tmp_path)
    assert [(Path(f["file"]).name, f["verdict"]) for f in files] == [("a.yml", "invalid"),
                                                                    ("b.yaml", "valid")]


@pytest.mark.parametrize("command", ["lint", "show", "replay --input /dev/null"])
def test_a_directory_without_yaml_is_an_error_of_every_command(tmp_path, command):
    (tmp_path / "a.txt").write_text(SERVICE)
    done = subprocess.run([slo.BINARY, "slo", *command.split(), str(tmp_path)], capture_output=True,
                          timeout=20, check=False)
    assert done.returncode == 2
    assert b"the directory has no *.yaml or *.yml in it" in done.stdout + done.stderr


def test_a_file_that_is_named_twice_is_one_file(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(SERVICE)
    (tmp_path / "link.yaml").symlink_to(path)
    (file,) = document(path, path, tmp_path / ".." / tmp_path.name / "a.yaml", tmp_path)
    assert file == {"file": str(path), "verdict": "valid", "problems": []}


def test_what_is_no_file_is_said_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "fifo.yaml")
    files = document(tmp_path / "fifo.yaml", "/dev/zero", tmp_path / "none.yaml")
    assert [len(f["problems"]) for f in files] == [1, 1, 1]


@pytest.mark.parametrize("data", [b"", b"\n", b"# x\n", b"\0", b"\xff\xfea\0", b"\xfe\xff\0a", b"\t",
                                  b"\x80", b"a: &a *a", b"[" * 100000, b"- " * 100000, b"{" * 9999,
                                  b"a: b: c", b"'", b"!!", b"%", b"@", b"...", b"\xef\xbb\xbf",
                                  b"x" * 1048576, b"x" * 1048577, b"&a [*a]", b"? ? ? ?", b"\r\r\r"],
                         ids=range(24))
def test_hostile_bytes_are_one_clear_error(tmp_path, data):
    path = tmp_path / "x.yaml"
    path.write_bytes(data)
    (file,) = document(path)
    assert file["verdict"] == "invalid"
    assert len(file["problems"]) == 1
    if data:
        assert_inside(file["problems"][0], data.removeprefix(b"\xef\xbb\xbf"))
    assert "\n" not in file["problems"][0]["message"]


def test_any_damage_leaves_places_inside_the_file(tmp_path):
    whole = (CORPUS / "valid" / "every-kind.yaml").read_bytes()
    dice = random.Random(4)
    for n in range(60):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(len(data))
            data[at:at + dice.randrange(0, 4)] = dice.choice(
                [b"", b"\n", b":", b"[", b"}", b"\"", b"\t", b"\xc3", b"- ", b"&a ", b"*a ", b"\0"])
        path = tmp_path / f"{n}.yaml"
        path.write_bytes(data)
        (file,) = document(path)
        for problem in file["problems"]:
            assert_inside(problem, bytes(data))


def test_every_prefix_of_a_file_is_judged(tmp_path):
    whole = (CORPUS / "valid" / "every-kind.yaml").read_bytes()
    paths = []
    for n in range(1, len(whole), 41):
        paths.append(tmp_path / f"{n:05}.yaml")
        paths[-1].write_bytes(whole[:n])
        (file,) = document(paths[-1])
        for problem in file["problems"]:
            assert_inside(problem, whole[:n])


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_full_disk_is_named(tmp_path, output):
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\n")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([slo.BINARY, "slo", "lint", path, "--output", output], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "troth slo lint: cannot write the result: No space left on device\n"


def test_what_cannot_be_opened_is_said_with_what_to_do(tmp_path):
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "x.yaml").write_text("a: 1\n")
    files = document(tmp_path / "loop.yaml", tmp_path / "x.yaml" / "y.yaml", tmp_path / "none.yaml")
    said = [p["message"] for f in files for p in f["problems"] if "mapping" not in p["message"]]
    assert ["name the file itself" in said[0], "correct the name" in said[1],
            "write the name" in said[2]] == [True] * 3, said
