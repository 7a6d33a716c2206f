# SPDX-License-Identifier: Apache-2.0
"""`troth slo init`: files to begin with are files that lint finds nothing wrong with."""

import json
from pathlib import Path

import pytest

from slo import refused, slo

KINDS = ("api", "web", "game", "documents", "checkout", "queue")
TEMPLATES = Path(__file__).resolve().parents[2] / "user/cmd/init"


def made(*args):
    done = slo("init", *args)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_every_template_is_a_kind():
    assert {path.stem for path in TEMPLATES.iterdir()} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_has_no_error_and_can_be_shown(files, kind):
    path = files.write("slo.yaml", made("--kind", kind))
    done = slo("lint", path, "--output", "json")
    assert done.returncode == 0, done
    [one] = json.loads(done.stdout)["files"]
    assert one["verdict"] == "valid"
    assert {p["level"] for p in one["problems"]} <= {"warning"}, one
    shown = slo("show", path)
    assert (shown.returncode, shown.stderr) == (0, ""), shown
    assert "promise" in shown.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_filled_in_and_nothing_else_is_changed(kind):
    template = (TEMPLATES / f"{kind}.yaml").read_text(encoding="utf-8")
    assert made("--kind", kind, "--name", "shop", "--service", "till@1.service") == \
        template.replace("@NAME@", "shop").replace("@SERVICE@", "till@1.service")


def test_without_a_name_it_is_called_as_its_kind():
    assert made("--kind", "web") == made("--kind", "web", "--name", "web", "--service", "web.service")


def test_the_longest_name_still_makes_names_that_are_fine(files):
    for kind in KINDS:
        path = files.write("slo.yaml", made("--kind", kind, "--name", "n" * 40))
        done = slo("lint", path)
        assert done.returncode == 0, done


def test_a_name_that_looks_like_an_option_is_answered_with_the_way_to_write_it():
    line = refused(slo("init", "--kind", "api", "--name", "-foo-"))
    assert "--name needs a value" in line and "--name=-foo-" in line
    assert "lower-case" in refused(slo("init", "--kind", "api", "--name=-foo-"))


def test_an_escaped_name_of_a_unit_is_quoted(files):
    text = made("--kind", "web", "--service", "a@b\\x2d.service")
    assert 'unit: "a@b\\\\x2d.service"' in text
    done = slo("lint", files.write("slo.yaml", text))
    assert done.returncode == 0, done
