# SPDX-License-Identifier: Apache-2.0
"""The configuration of `troth run` from the command line: messages, exit codes, sample, manual."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import slo
import yaml

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs" / "man" / "troth.yaml.5"
SAMPLE = ROOT / "deploy" / "troth.yaml"
OPTION = re.compile(r"^( *)#(?! [^ ])", re.M)  # words have one space behind the mark


def check(*args):
    return slo.run("run", "--check-config", *args)


def sample():
    done = slo.run("run", "--print-config-sample")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def options(tree):
    """Every scalar option by its whole name."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{name}", item) for name, item in value.items())
        elif not isinstance(value, list):
            yield key, value


@pytest.fixture
def conf(tmp_path):
    def write(text):
        path = tmp_path / "troth.yaml"
        path.write_text(text, encoding="utf-8")
        return path
    return write


def test_a_file_in_order_is_said_to_be(conf, tmp_path):
    done = check("-c", conf("listen: :9477\nhttp: {bearer-token-file: /t}\n"), "--slo-dir", tmp_path / "none")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "in order: the configuration; objectives: 0\n"


def promises_of(directory, *limits):
    """A directory of objectives: each a file and a service of its own, with a limit of its own."""
    directory.mkdir()
    for i, limit in enumerate(limits):
        text = slo.objective(name=f"fast-{i}", service=i == 0).replace("8443", str(8443 + i), 2)
        good, rest = text.split("}}}\n", 1)
        (directory / f"{i}.yaml").write_text(f"{good}, latency: {{max: {limit}}}}}}}}}\n{rest}")
    return directory


def test_the_objectives_are_looked_at_as_the_daemon_does(tmp_path):
    fine = check("--slo-dir", promises_of(tmp_path / "fine", "100ms", "200ms", "300ms"))
    assert (fine.returncode, fine.stdout, fine.stderr) == \
        (0, "in order: the configuration; objectives: 3\n", "")
    five = promises_of(tmp_path / "five", *[f"{n}00ms" for n in range(1, 6)])
    wrong = check("--slo-dir", five)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert re.search(rf"^{five}/4.yaml:16:\d+: error: ", wrong.stderr, re.M), wrong.stderr
    (tmp_path / "long").mkdir()
    (tmp_path / "long" / "a.yaml").write_text(
        slo.objective(window="1000d", method="Timeslices",
                      objective_more="      timeSliceTarget: 0.9\n      timeSliceWindow: 500d\n"))
    wrong = check("--slo-dir", tmp_path / "long")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "troth: " in wrong.stderr and "more than 16777216 steps" in wrong.stderr


@pytest.mark.parametrize("text, where, words", [
    ("backend: sokcet\n", "1:10", "did you mean 'socket'"),
    ("store:\n  max-size: 8 buckets\n", "2:13", "8GiB"),
    ("\nstate_dir: /x\n", "2:1", "did you mean 'state-dir'"),
    ("user: a\nuser: b\n", "2:1", "stands here twice"),
    ("user: [a\n", "1:8", "no YAML"),
    ("\tuser: a\n", "1:1", "tab"),
    ("notify:\n- {name: a, kind: command, command: x}\n", "2:37", "begins with /"),
])
def test_what_is_wrong_is_one_line_with_its_place(conf, text, where, words):
    path = conf(text)
    done = check("-c", path)
    line = slo.refused(done)
    assert line.startswith(f"{path}:{where}: error: ")
    assert words in line


@pytest.mark.parametrize("read_by_the_journal", [True, False])
def test_the_journal_gets_the_level_of_what_ends_a_start(conf, read_by_the_journal):
    """sd-daemon(3), and JOURNAL_STREAM of systemd.exec(5): which stream it reads."""
    path = conf("backend: sokcet\n")
    out, into = os.pipe()
    where = os.fstat(into)
    stream = f"{where.st_dev}:{where.st_ino + (not read_by_the_journal)}"
    done = subprocess.run([slo.BINARY, "run", "-c", path], stderr=into, timeout=30,
                          env={**os.environ, "JOURNAL_STREAM": stream})
    os.close(into)
    with os.fdopen(out) as said:
        line = slo.one_line(said.read())
    assert done.returncode == 2
    assert line.startswith(f"{'<3>' if read_by_the_journal else ''}{path}:1:10: error: "), line


def test_all_errors_are_said_in_their_order(conf):
    done = check("-c", conf("user: ' '\nlisten: x\nstore: {max-size: x}\n"))
    assert done.returncode == 2
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == ["1", "2", "3"]


@pytest.mark.parametrize("flags, words", [
    (("--state-dir", "x"), "--state-dir: 'x' is not absolute"),
    (("--listen", "shop.example:1"), "write an address like 127.0.0.1:9477"),
    (("--listen",), "--listen needs a value"),
    (("--on-stop", "lingre"), "did you mean 'linger'"),
    (("--max-series", "99999"), "0 to 16384"),
    (("--max-series", "1", "--max-series", "2"), "one too many"),
    (("--state-dri", "/x"), "did you mean '--state-dir'"),
    (("extra",), "'extra' is out of place"),
])
def test_a_wrong_flag_is_one_line(flags, words):
    assert words in slo.refused(check(*flags))


def test_a_named_file_must_be_there(tmp_path):
    assert "there is no such file" in slo.refused(check("-c", tmp_path / "none.yaml"))
    assert "no regular file" in slo.refused(check("-c", tmp_path))


def test_a_flag_that_is_right_does_not_hide_an_error_of_the_file(conf):
    slo.refused(check("-c", conf("listen: x\n"), "--listen", ":1"))


def test_an_open_address_is_a_warning_and_no_error(conf):
    path = conf("listen: :9477\n")
    done = check("-c", path)
    assert done.returncode == 0
    assert slo.one_line(done.stderr).startswith(f"{path}:1:9: warning: ")
    done = check("--listen", "0.0.0.0:1", "-c", conf(""))
    assert done.returncode == 0
    assert slo.one_line(done.stderr).startswith("--listen: warning: ")


def test_no_secret_is_repeated(conf):
    done = check("-c", conf("notify:\n- {name: a, kind: webhook, url: 'http://u:hunter2@h/'}\n"))
    assert done.returncode == 2
    assert "hunter2" not in done.stderr


def test_the_sample_is_yaml_that_sets_nothing():
    assert yaml.safe_load(sample()) == {"store": None, "http": None, "notify": None}


def test_the_sample_is_in_order_as_it_stands_and_with_every_mark_taken_away(conf):
    assert check("-c", conf(sample())).returncode == 0
    text = OPTION.sub(r"\1", sample())
    tree = yaml.safe_load(text)
    assert {r["kind"] for r in tree["notify"]} == {"alertmanager", "webhook", "command"}
    assert (check("-c", conf(text)).returncode, len(dict(options(tree)))) == (0, 18)


def test_each_option_of_the_sample_can_be_taken_alone(conf):
    lines = sample().split("\n")
    tried = 0
    for i, line in enumerate(lines):
        option = OPTION.sub(r"\1", line)
        # Certificate and key go together, and a receiver is taken whole.
        if option == line or re.match(r" *(tls-|- |    )", option):
            continue
        done = check("-c", conf("\n".join([*lines[:i], option, *lines[i + 1:]])))
        assert done.returncode == 0, done.stderr
        tried += 1
    assert tried == 16


def test_the_sample_in_deploy_is_what_the_program_prints():
    assert SAMPLE.read_text(encoding="utf-8") == sample()


def test_the_manual_says_what_the_table_says():
    done = subprocess.run([ROOT / "scripts" / "config-docs", "--check", slo.BINARY],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_manual_has_every_option_with_its_default():
    """Read as mdoc, without the script that wrote it."""
    text = MANUAL.read_text(encoding="utf-8")
    tree = yaml.safe_load(OPTION.sub(r"\1", sample()))
    for name, value in options(tree):
        paragraph = re.search(rf"\.It Cm {re.escape(name)}\n(.*?)(?=\n\.It|\n\.El)", text, re.S)
        assert paragraph, f"troth.yaml.5 lacks {name}"
        words = paragraph[1].replace("\\(aq", "'").replace("\n", " ")
        default = re.search(r"Default: (.*?)\.(?: |$)", words)[1]
        assert re.search(r"Reload: (yes|no)\.", words), name
        assert default in (str(value) if value != "" else "''", "none"), name
        if default == "none":
            assert f"Example: {value}" in words
    for field in {key for receiver in tree["notify"] for key in receiver}:
        assert f".It Cm {field}\n" in text


def test_the_manuals_are_mdoc_without_fault():
    pages = [MANUAL, ROOT / "docs" / "man" / "troth-run.8"]
    done = subprocess.run(["mandoc", "-T", "lint", *pages], capture_output=True, text=True,
                          check=False)
    left = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
    assert left == []


def test_each_flag_of_the_help_is_in_the_manual():
    text = (ROOT / "docs" / "man" / "troth-run.8").read_text(encoding="utf-8")
    flags = re.findall(r"--([a-z-]+)", "\n".join(
        line[:30] for line in slo.run("run", "--help").stdout.splitlines()
        if re.match(r" {2,6}-", line)))
    assert len(flags) == 12
    for flag in flags:
        assert re.search(rf"^\.It .*Fl -{flag}\b", text, re.M), flag


def test_the_examples_of_the_manual_are_in_order(conf):
    text = MANUAL.read_text(encoding="utf-8")
    examples = re.findall(r"\.Bd -literal -offset indent\n(.*?)\.Ed\n", text, re.S)
    assert len(examples) >= 4
    for example in examples:
        done = check("-c", conf(example))
        assert (done.returncode, done.stderr) == (0, ""), example


def test_a_sample_that_cannot_be_written_is_said():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([slo.BINARY, "run", "--print-config-sample"], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "cannot write the result" in slo.one_line(done.stderr)


def test_a_file_that_cannot_be_opened_is_said(tmp_path):
    path = tmp_path / "troth.yaml"
    path.symlink_to(path)
    assert "symbolic links" in slo.refused(check("-c", path))
