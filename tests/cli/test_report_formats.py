# SPDX-License-Identifier: Apache-2.0
"""`troth report` as text, Markdown and CSV; test_report_html.py has HTML."""

import csv
import io
import subprocess

import slo
from records import moment
from slo import EPOCH, HOUR

HOSTILE = '<script>alert("x")</script>&\'\x1b[31m"'


def test_csv_is_one_row_a_promise_and_period(record):
    promise = 'Paying "just works", always'
    spec = slo.objective(target="0.98").replace("Paying works.", "'" + promise + "'")
    record.documents(spec)
    record.measured(EPOCH, EPOCH + 2 * HOUR)
    record.steady(120, 99, 100)
    record.write()
    done = record.report("--from", EPOCH + HOUR, "--to", EPOCH + 2 * HOUR, "--output", "csv")
    assert done.returncode == 0
    raw = subprocess.run([slo.BINARY, "report", "--state-dir", record.directory, "--pin-dir",
                          record.directory, "--from", str(EPOCH + HOUR), "--to",
                          str(EPOCH + 2 * HOUR), "-o", "csv"], capture_output=True, timeout=60,
                         check=False).stdout
    assert raw.count(b"\r\n") == raw.count(b"\n") == 3
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline=""), strict=True))
    assert [r["period"] for r in rows] == ["this", "previous"]
    assert rows[0]["promise"] == promise
    assert (rows[0]["good"], rows[0]["total"], rows[0]["bad"]) == ("5940", "6000", "60")
    assert float(rows[0]["sli"]) == 0.99 and float(rows[0]["budget_remaining_ratio"]) == 0.5
    assert (rows[0]["from"], rows[0]["to"]) == (moment(EPOCH + HOUR), moment(EPOCH + 2 * HOUR))
    assert rows[1]["from"] == moment(EPOCH)
    assert None not in rows[0] and all(v is not None for v in rows[0].values())


def test_every_format_says_what_is_promised_no_more(record):
    record.documents(slo.objective(target="0.98"))
    record.documents(slo.objective(name="other"), time=EPOCH + HOUR)
    record.measured(EPOCH, EPOCH + 2 * HOUR)
    record.steady(60, 99, 100)
    record.steady(60, 100, 100, start=EPOCH + HOUR, objective="other")
    record.write()
    period = ("--from", EPOCH, "--to", EPOCH + 2 * HOUR, "--output")
    told = {p["name"]: (p["good"], p["total"], p["removed"])
            for p in record.document(*period[:4])["promises"]}
    assert told == {"shop": (5940, 6000, moment(EPOCH + HOUR)), "other": (6000, 6000, None)}
    rows = csv.DictReader(io.StringIO(record.report(*period, "csv").stdout), strict=True)
    rows = {r["name"]: (r["good"], r["total"], r["removed"]) for r in rows if r["period"] == "this"}
    assert rows == {"shop": ("5940", "6000", moment(EPOCH + HOUR)), "other": ("6000", "6000", "")}
    for output in ("text", "md", "html"):
        assert "no more since" in record.report(*period, output).stdout, output


def test_a_cell_is_no_formula(record):
    record.documents(slo.objective(target="0.9").replace("payments team", "'=1+1'"))
    record.measured(EPOCH, EPOCH + HOUR)
    record.steady(60, 99, 100)
    record.write()
    done = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows[0]["owner"] == "'=1+1"


def test_no_format_lets_a_name_steer_a_terminal_or_be_markup(record):
    record.service(HOSTILE)
    record.add("count", service=HOSTILE, minute=EPOCH, ok=5)
    record.add("event", time=EPOCH + 5, kind="start", text="| a **b** [c](http://example.org) |")
    record.simple()
    for output in ("text", "md", "html", "csv"):
        out = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", output).stdout
        assert "\x1b" not in out, output
    md = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", "md").stdout
    assert "<" not in md.replace("&lt;", "") and "](http" not in md and "**b**" not in md
    services = record.document("--from", EPOCH, "--to", EPOCH + HOUR)["services"]
    assert services[0]["name"] == HOSTILE


def test_tables_of_markdown_have_as_many_cells_in_every_row(record):
    record.three_services()
    md = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", "md").stdout
    tables = [[line for line in block.splitlines() if line.startswith("|")]
              for block in md.split("\n\n")]
    tables = [t for t in tables if t]
    assert len(tables) == 2
    for table in tables:
        assert len({line.replace("\\|", "").count("|") for line in table}) == 1, table


def test_lines_of_text_fit_and_begin_with_the_summary(record):
    record.three_services()
    done = record.report("--from", EPOCH, "--to", EPOCH + HOUR)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[3] == "The promise was kept in these 1 hour."
    assert "\x1b" not in done.stdout
