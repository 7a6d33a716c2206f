# SPDX-License-Identifier: Apache-2.0
"""`troth report --output html`: one page that needs nothing else, and holds what the record holds."""

import re
from html.parser import HTMLParser

import pytest

import slo
from records import Record
from slo import DAY, EPOCH, HOUR, MINUTE

VOID = {"meta", "br", "hr", "img", "link", "input", "col", "base", "wbr", "source"}
SVG_EMPTY = {"line", "path", "rect", "circle"}
HOSTILE = "<script>alert('x')</script>\"><img src=http://example.org/x onerror=y>&amp;\x1b[31m"


class Page(HTMLParser):
    """Elements with their attributes and text; wrong nesting is an error at once."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.elements, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.stack == [], "not closed"

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, attrs)
        assert tag not in SVG_EMPTY, f"<{tag}> is not closed at {self.getpos()}"
        element = {"tag": tag, "attrs": dict(attrs), "text": "",
                   "within": [e["tag"] for e in self.stack]}
        self.elements.append(element)
        if tag not in VOID:
            self.stack.append(element)

    def handle_startendtag(self, tag, attrs):
        assert tag in SVG_EMPTY, tag
        self.elements.append({"tag": tag, "attrs": dict(attrs), "text": "",
                              "within": [e["tag"] for e in self.stack]})

    def handle_endtag(self, tag):
        assert self.stack and self.stack[-1]["tag"] == tag, (tag, self.getpos())
        self.stack.pop()

    def handle_data(self, data):
        self.text.append(data)
        for element in self.stack:
            element["text"] += data

    def all(self, tag):
        return [e for e in self.elements if e["tag"] == tag]


@pytest.fixture
def page(tmp_path):
    """A page of everything there is: a kept and a broken promise, hostile names, gaps, alerts."""
    record = Record(tmp_path / "state")
    spec = slo.objective(target="0.9") + "---\n" + slo.objective(
        name="other", target="0.999", service=False).replace("Paying works.", "'a < b & <b>c</b>'")
    record.documents(spec + f"""---
apiVersion: troth.dev/v1
kind: Exclusion
metadata: {{name: upgrade}}
spec: {{slos: [shop], start: "2026-01-01T05:00:00Z", end: "2026-01-01T06:00:00Z",
  reason: "<i>new</i> disks", author: "sam & pat"}}
""")
    record.measured(EPOCH, EPOCH + 10 * HOUR)
    record.measured(EPOCH + 12 * HOUR, EPOCH + DAY)
    for name in (HOSTILE, "shop:8443"):
        record.service(name)
        for hour in range(24):
            record.add("count", service=name, minute=EPOCH + hour * HOUR, ok=100 + hour,
                       server_error=hour % 3, duration_s=0.001 * (hour + 1))
    for i in range(24 * 60):
        if 600 <= i < 720:
            continue
        record.minute(EPOCH + i * MINUTE, 99 - 50 * (i == 77), 100)
        record.minute(EPOCH + i * MINUTE, 99, 100, objective="other")
    record.add("event", time=EPOCH + HOUR, kind="alert", slo="other", severity="page", long_s=3600,
               short_s=300, state="firing", text=HOSTILE)
    record.add("event", time=EPOCH + 100, kind="start", text=HOSTILE)
    record.add("settle", now=EPOCH + DAY)
    record.write()
    done = record.report("--from", EPOCH, "--to", EPOCH + DAY, "--output", "html")
    assert done.returncode == 1 and done.stderr == ""
    return done.stdout


def test_it_is_well_formed_and_says_its_language(page):
    parsed = Page(page)
    assert page.startswith("<!DOCTYPE html>\n")
    assert parsed.all("html")[0]["attrs"]["lang"] == "en"
    assert parsed.all("title")[0]["text"] and parsed.all("h1")
    ids = [e["attrs"]["id"] for e in parsed.elements if "id" in e["attrs"]]
    assert len(ids) == len(set(ids))


def test_nothing_is_loaded_and_nothing_runs(page):
    parsed = Page(page)
    assert not parsed.all("script") and not parsed.all("img") and not parsed.all("link")
    for element in parsed.elements:
        for name, value in element["attrs"].items():
            assert not name.startswith("on") and name not in ("src", "srcset", "data", "action"), name
            if name in ("href", "xlink:href"):
                assert value.startswith("#"), value
    style = parsed.all("style")[0]["text"]
    assert not re.search(r"url\(|@import|expression", style)
    assert any("default-src 'none'" in m["attrs"].get("content", "") for m in parsed.all("meta"))


def test_links_lead_somewhere(page):
    parsed = Page(page)
    ids = {e["attrs"].get("id") for e in parsed.elements}
    links = [e["attrs"]["href"][1:] for e in parsed.all("a")]
    assert links and set(links) <= ids
    for element in parsed.elements:
        for name in element["attrs"].get("aria-labelledby", "").split():
            assert name in ids


def test_names_from_outside_are_text(page):
    text = "".join(Page(page).text)
    assert "<script>alert('x')</script>" in text and "a < b & <b>c</b>" in text
    assert "<i>new</i> disks" in text and "sam & pat" in text
    assert "\x1b" not in page


def test_the_summary_comes_first(page):
    headings = [e["text"] for e in Page(page).all("h2")]
    assert headings[0] == "In plain words"
    assert "Promises" in headings and "Services" in headings and "What the words mean" in headings


def test_charts_tell_what_they_show(page):
    charts = Page(page).all("svg")
    assert len(charts) == 2 * 2 + 2, "budget and good of two promises, latency of two services"
    parsed = Page(page)
    titles = [e for e in parsed.all("title") if "svg" in e["within"]]
    descriptions = [e for e in parsed.all("desc") if "svg" in e["within"]]
    assert len(titles) == len(descriptions) == len(charts)
    assert all(e["text"].strip() for e in titles + descriptions)
    for chart in charts:
        assert chart["attrs"]["role"] == "img"
        assert len(chart["attrs"]["aria-labelledby"].split()) == 2
    assert len(parsed.all("figcaption")) == len(charts)


def test_what_is_drawn_lies_in_the_picture(page):
    numbers = 0
    for chart in re.findall(r"<svg.*?</svg>", page, re.S):
        width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', chart).groups())
        for path in re.findall(r' d="([^"]*)"', chart):
            assert re.fullmatch(r"(M-?[\d.]+ -?[\d.]+|L-?[\d.]+ -?[\d.]+|H-?[\d.]+)*", path), path
            for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path):
                numbers += 1
                assert 0 <= float(x) <= width and 0 <= float(y) <= height
        assert "nan" not in chart and "inf" not in chart
    assert numbers > 50


def test_the_budget_line_ends_where_the_budget_does(page):
    """Promise 0 (90 %): 182 of 13,200 less the excluded hour; drawn from 0 to the share spent."""
    chart = re.findall(r"<svg.*?</svg>", page, re.S)[0]
    total = (24 - 2 - 1) * 60 * 100
    spent = (24 - 2 - 1) * 60 + 50
    share = spent / (total * 0.1)
    zero, whole = (float(re.search(rf'class="{c}"[^>]*y1="([\d.]+)"', chart).group(1))
                   for c in ("axis", "limit"))
    line = re.search(r'class="line" d="([^"]*)"', chart).group(1)
    ys = [float(y) for _, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", line)]
    assert ys[0] == zero
    assert (zero - ys[-1]) / (zero - whole) == pytest.approx(share, abs=0.01)
    assert all(a >= b for a, b in zip(ys, ys[1:])), "what is spent is not given back"


def test_tables_have_headers_and_captions(page):
    parsed = Page(page)
    tables = parsed.all("table")
    assert len(tables) == len(parsed.all("caption")) > 3
    assert all(th["attrs"].get("scope") in ("col", "row") for th in parsed.all("th"))
    for table in re.findall(r"<table.*?</table>", page, re.S):
        columns = len(re.findall(r"<th scope=\"col\"", table))
        for row in re.findall(r"<tr[ >].*?</tr>", table.split("<tbody>")[1], re.S):
            assert len(re.findall(r"<t[hd][ >]", row)) == columns, row


def test_it_is_made_for_paper_and_for_dark_screens_too(page):
    style = Page(page).all("style")[0]["text"]
    assert "@media print" in style and "prefers-color-scheme:dark" in style
    assert "break-inside:avoid" in style and "break-before:page" in style


def test_verdicts_are_told_without_colour(page):
    text = "".join(Page(page).text)
    assert "✓ kept" in text and "✗ broken" in text


def test_gaps_alerts_and_maintenance_are_on_it(page):
    text = "".join(Page(page).text)
    assert "2026-01-01 10:00 UTC" in text and "2 hours" in text
    assert "PAGE" in text and "1 hour and 5 minutes" in text
    words = [e["text"] for e in Page(page).all("dt")]
    assert "PAGE" in words and "TICKET" in words
    assert "1 hour of planned maintenance" in text


def test_what_is_wide_scrolls_in_its_own_box_and_figures_do_not_break(page):
    tables = Page(page).all("table")
    assert tables and all(t["within"][-1] == "div" for t in tables)
    assert page.count('<div class="scroll" tabindex="0"><table') == len(tables)
    style = Page(page).all("style")[0]["text"]
    assert ".scroll{overflow-x:auto}" in style and "td.n,.number{white-space:nowrap}" in style


def test_paper_has_the_services_with_objectives_and_few_others(tmp_path):
    record = Record(tmp_path / "state")
    record.documents(slo.objective(target="0.9"))
    record.measured(EPOCH, EPOCH + HOUR)
    record.service("shop:8443", unit="shop.service")
    record.add("count", service="shop:8443", minute=EPOCH, ok=1, duration_s=0.1)
    record.minute(EPOCH, 1, 1)
    for i in range(230):
        record.service(f"other-{i}:{i + 1}", port=i + 1)
        record.add("count", service=f"other-{i}:{i + 1}", minute=EPOCH, ok=1000 - i, duration_s=0.1)
    record.add("settle", now=EPOCH + HOUR)
    record.write()
    page = record.report("--from", EPOCH, "--to", EPOCH + HOUR, "--output", "html").stdout
    rows = re.findall(r'<tr( class="screen")?><th scope="row">([a-z0-9:-]+)</th><td>server', page)
    assert len(rows) == 200 and [n for hidden, n in rows if not hidden][0] == "shop:8443"
    assert len([n for hidden, n in rows if hidden]) == 180
    assert '<p class="paper">And 211 more, which are not printed here;' in page
    assert '<p class="screen">And 31 more;' in page
    charts = re.findall(r'<article( class="screen")?>\n<h3>([a-z0-9:-]+) ', page)
    assert [n for hidden, n in charts if not hidden] == ["shop:8443"] and len(charts) == 20
    print_style = page.split("@media print")[1]
    assert ".screen{display:none}" in print_style and ".paper{display:block}" in print_style
