# SPDX-License-Identifier: Apache-2.0
"""Words on the command line: what is found, what is helped, what is refused in one line."""

import pytest

from slo import objective, refused, run, slo, steady

COMMANDS = ("init", "lint", "show", "replay", "what-if", "suggest")


@pytest.mark.parametrize("args", [["slo", "help"], ["slo", "--help"], ["slo", "-h"], ["help", "slo"],
                                  ["slo", "help", "help"]], ids=" ".join)
def test_help_lists_the_sub_commands(args):
    done = run(*args)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: troth slo COMMAND")
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_sub_command_is_the_same_however_it_is_asked_for(command):
    pages = [run("slo", command, "--help"), run("slo", command, "-h"), run("slo", "help", command),
             run("help", "slo", command)]
    assert {(page.returncode, page.stderr) for page in pages} == {(0, "")}
    assert len({page.stdout for page in pages}) == 1
    assert pages[0].stdout.startswith(f"usage: troth slo {command} [OPTION]...")
    assert max(map(len, pages[0].stdout.splitlines())) <= 100


def test_words_stand_in_the_usage_line():
    assert run("slo", "replay", "-h").stdout.startswith("usage: troth slo replay [OPTION]... FILE...\n")


def test_slo_is_among_the_commands():
    assert "\n  slo " in run("help").stdout


@pytest.mark.parametrize("args, says", [
    (["slo"], "troth help slo"),
    (["slo", "repaly"], "did you mean 'troth slo replay'"),
    (["slo", "help", "shwo"], "did you mean 'troth slo show'"),
    (["slo", "frobnicate"], "'troth help slo' lists them"),
    (["slo", "--version"], "--version"),
    (["slo", "--help", "replay"], "alone"),
    (["slo", "help", "replay", "more"], "troth help slo replay"),
    (["help", "slo", "nonsense"], "nonsense"),
    (["slo", "replay"], "no FILE"),
    (["slo", "show"], "no FILE"),
    (["slo", "lint"], "no FILE"),
    (["slo", "what-if"], "FILE"),
    (["slo", "show", "--nonsense", "x"], "--nonsense"),
    (["slo", "show", "x", "--output", "xml"], "text or json"),
    (["slo", "replay", "x"], "--input"),
    (["slo", "suggest"], "--input"),
    (["slo", "suggest", "x"], "out of place"),
    (["slo", "replay", "x", "--input", "y", "--step", "0"], "--step"),
    (["slo", "replay", "x", "--input", "y", "--step", "1500ms"], "whole seconds"),
    (["slo", "replay", "x", "--input", "y", "--step", "soon"], "--step"),
    (["slo", "replay", "x", "--input", "y", "--at", "soon"], "'soon'"),
    (["slo", "replay", "x", "--input", "y", "--at", "-60"], "1970"),
    (["slo", "what-if", "x", "--input", "y"], "--target"),
    (["slo", "what-if", "x", "--input", "y", "--target", "1"], "below 1"),
    (["slo", "what-if", "x", "--input", "y", "--target", "0.9,,0.99"], "''"),
    (["slo", "what-if", "x", "--input", "y", "--target", "-0.9"], "'-0.9'"),
    (["slo", "what-if", "x", "--input", "y", "--target", "0.9x"], "'0.9x'"),
    (["slo", "what-if", "x", "--input", "y", "--target", ",".join(["0.9"] * 17)], "at most 16"),
    (["slo", "what-if", "x", "--input", "y", "--window", "0d"], "'0d'"),
    (["slo", "what-if", "x", "--input", "y", "--window", "28"], "'28'"),
    (["slo", "what-if", "x", "--input", "y", "--window", "28days"], "'28days'"),
    (["slo", "what-if", "x", "--input", "y", "--window", "99999Y"], "5 years"),
    (["slo", "init"], "--kind"),
    (["slo", "init", "--kind", "wbe"], "did you mean 'web'"),
    (["slo", "init", "--kind", "web", "--name", "My Shop"], "'My Shop'"),
    (["slo", "init", "--kind", "web", "--name", "x" * 41], "at most 40"),
    (["slo", "init", "--kind", "web", "--service", 'a"b'], "unit"),
    (["slo", "init", "--kind", "web", "--service", ""], "--service"),
], ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None)
def test_bad_usage_is_said_in_one_line(args, says):
    line = refused(run(*args))
    assert line.startswith("troth"), line
    assert says in line, line


def test_files_may_stand_before_and_behind_options(files):
    spec = files.write("slo.yaml", objective())
    rows = files.write("counts.csv", "time,slo,good,total\n60,shop,1,1\n")
    assert slo("replay", "--input", rows, spec).returncode == 0
    assert slo("replay", f"--input={rows}", "--", spec).returncode == 0


def test_a_stdout_that_is_full_is_said(files):
    spec = files.write("slo.yaml", objective())
    with open("/dev/full", "w", encoding="utf-8") as full:
        import subprocess
        from slo import BINARY
        done = subprocess.run([BINARY, "slo", "show", spec], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False)
    assert done.returncode == 2
    assert "cannot write" in done.stderr and len(done.stderr.splitlines()) == 1


def test_nothing_is_coloured_that_is_no_terminal(files):
    assert "\033" not in files.replay(objective(), steady(10, 9, 10)).stdout
