# SPDX-License-Identifier: Apache-2.0
"""Webhooks: what they are told, how often, in which order, and what happens when they misbehave."""

import base64
import collections
import json
import random
import socket
import ssl
import subprocess
import time

import pytest

from notifying import HANGS_S, SINCE, Driver, Hooks, notice, responsive, wait_for, webhook

TOKEN = "s3cr3t-t0ken"


def test_a_webhook_is_told_everything_that_is_known(tmp_path):
    with Hooks() as hooks, Driver(tmp_path, webhook(hooks)) as driver:
        driver.changed(objective="fast", exhausted_at=SINCE + 86400, promise="Paying works.",
                       owner="payments", runbook="https://wiki/burn", host="web-1",
                       generator_url="http://web-1:9477/")
        driver.wait_done(1)
        [request] = hooks.requests
        assert request.method == "POST" and request.path == "/hook"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["user-agent"].startswith("troth/")
        told = request.json
        assert told.pop("id") and told.pop("time").endswith("Z")
        assert told == {
            "schema": "troth.notification/1", "state": "firing", "slo": "checkout",
            "objective": "fast", "service": "shop", "severity": "page", "long_s": 3600,
            "short_s": 300, "factor": 14.4, "long_rate": 15.5, "short_rate": 20.25, "target": 0.999,
            "sli": 0.95, "remaining_ratio": 0.42, "since": "2026-01-01T00:00:00Z", "until": None,
            "exhausted_at": "2026-01-02T00:00:00Z", "summary": "it burns",
            "promise": "Paying works.", "owner": "payments", "runbook_url": "https://wiki/burn",
            "host": "web-1", "generator_url": "http://web-1:9477/"}


def test_what_is_not_known_is_null(tmp_path):
    with Hooks() as hooks, Driver(tmp_path, webhook(hooks)) as driver:
        driver.changed(sli=None, long_rate=None, short_s=0)
        driver.wait_done(1)
        told = hooks.requests[0].json
        assert [told[name] for name in ("sli", "long_rate", "short_s", "promise", "host")] == [None] * 5


def test_a_failing_webhook_is_tried_again_later_and_later_with_the_same_id(tmp_path):
    with Hooks(500, 429, 503) as hooks, Driver(tmp_path, webhook(hooks)) as driver:
        driver.changed()
        driver.wait_done(1)
        assert len(hooks.requests) == 4
        assert len({r.json["id"] for r in hooks.requests}) == 1
        gaps = [b.time - a.time for a, b in zip(hooks.requests, hooks.requests[1:])]
        for gap, whole in zip(gaps, (1, 2, 4)):
            assert 0.7 * whole < gap < whole + 4
        assert driver.wait_said("HTTP status 500") and driver.wait_said("delivers again")
        assert kept_files(driver) == []


@pytest.mark.parametrize("play, why", (("hang", "no answer in time"), ("reset", "reset")))
def test_a_webhook_that_does_not_answer_holds_nothing_up(tmp_path, play, why):
    with Hooks(play) as hooks, Driver(tmp_path, webhook(hooks, timeout_s=HANGS_S)) as driver:
        driver.changed()
        driver.wait_said(why)
        driver.wait_done(1)
        assert len(hooks.requests) == 2
        assert responsive(driver)


def test_a_silent_webhook_does_not_hold_up_another(tmp_path):
    with Hooks(answer=lambda _: "hang") as silent, Hooks() as good, \
            Driver(tmp_path, webhook(silent, "silent", timeout_s=20), webhook(good)) as driver:
        driver.changed()
        good.wait(1, 15)
        assert driver.counts()["counts"]["silent"]["waiting"] == 1


def test_what_a_webhook_refuses_is_given_up_after_a_few_tries_and_said(tmp_path):
    with Hooks(answer=lambda _: 400) as hooks, Driver(tmp_path, webhook(hooks)) as driver:
        driver.changed()
        line = driver.wait_said("gave up after 4 tries")
        assert "checkout page firing" in line and "HTTP status 400" in line
        assert len(hooks.requests) == 4
        counts = driver.counts()["counts"]["hook"]
        assert (counts["dropped"], counts["waiting"], counts["sent"]) == (1, 0, 0)
        assert kept_files(driver) == []


def test_an_answer_without_end_is_cut_off_and_counts(tmp_path):
    with Hooks("huge") as hooks, Driver(tmp_path, webhook(hooks)) as driver:
        driver.changed()
        driver.wait_done(1)
        assert len(hooks.requests) == 1 and driver.said() == []
        assert hooks.streamed < 32 << 20
        assert responsive(driver)


def test_a_redirect_is_not_followed(tmp_path):
    with Hooks() as other, Hooks(307) as hooks, Driver(tmp_path, webhook(hooks)) as driver:
        hooks.elsewhere = other.url
        driver.changed()
        driver.wait_said("redirect")
        driver.wait_done(1)
        assert other.requests == []


def test_resolved_waits_for_its_firing_and_other_alerts_do_not(tmp_path):
    def answer(request):
        heard = [r.json["slo"] for r in hooks.requests]
        refused = request.json["slo"] == "checkout" and not (
            "search" in heard and heard.count("checkout") > 2)
        return 500 if refused else 200

    with Hooks(answer=answer) as hooks, Driver(tmp_path, webhook(hooks)) as driver:
        driver.changed()
        hooks.wait(1)
        driver.changed(firing=False)
        driver.changed("search")
        driver.wait_done(3)
        told = [t for t in hooks.told() if t[0] == "checkout"]
        assert told == [("checkout", "firing")] * (len(told) - 1) + [("checkout", "resolved")]
        assert hooks.told().count(("search", "firing")) == 1 and len(told) >= 4
        firing, resolved = ([r for r in hooks.requests if r.json["slo"] == "checkout"][i].json
                            for i in (0, -1))
        assert firing["id"] != resolved["id"] and resolved["until"] == "2026-01-01T00:10:00Z"


def test_a_receiver_hears_only_the_severity_that_it_wants(tmp_path):
    with Hooks() as hooks, Driver(tmp_path, webhook(hooks, severity="ticket")) as driver:
        driver.changed()
        driver.changed("search", severity="ticket")
        driver.wait_done(1)
        assert hooks.told() == [("search", "firing")]
        assert driver.counts()["counts"]["hook"]["waiting"] == 0


def test_a_full_queue_drops_the_oldest_and_says_so_once(tmp_path):
    with Hooks(answer=lambda _: 500) as hooks, \
            Driver(tmp_path, webhook(hooks), queue_max=5) as driver:
        for i in range(30):
            driver.changed(f"slo-{i}")
        wait_for(lambda: driver.counts()["counts"]["hook"]["dropped"] == 25)
        assert driver.counts()["counts"]["hook"]["waiting"] == 5
        assert len([line for line in driver.said() if "dropped the oldest" in line]) == 1
        kept = [json.loads(json.loads(f.read_text())["body"])["slo"] for f in kept_files(driver)]
        assert sorted(kept) == [f"slo-{i}" for i in range(25, 30)]


def test_the_token_is_read_at_each_use_and_never_shown(tmp_path):
    token = tmp_path / "token"
    hooks_conf = {"bearer_file": str(token), "path": f"/hook?key={TOKEN}"}
    with Hooks(500) as hooks, Driver(tmp_path, webhook(hooks, **hooks_conf)) as driver:
        driver.changed()
        assert f"cannot use {token}: No such file" in driver.wait_said("cannot use")
        assert hooks.requests == []
        token.write_text(f"{TOKEN}-old\n")
        hooks.wait(1)
        token.write_text(f"{TOKEN}\n")
        kept = b"".join(f.read_bytes() for f in kept_files(driver))
        driver.wait_done(1)
        assert [r.headers["authorization"] for r in hooks.requests] == \
            [f"Bearer {TOKEN}-old", f"Bearer {TOKEN}"]
        driver.end()
        assert TOKEN not in "".join(driver.raw) and TOKEN.encode() not in kept and kept


def test_user_and_password_are_sent_and_not_shown(tmp_path):
    (tmp_path / "password").write_text(f"{TOKEN}\n")
    with Hooks(500) as hooks, Driver(tmp_path, webhook(
            hooks, user="troth", password_file=str(tmp_path / "password"))) as driver:
        driver.changed()
        driver.wait_done(1)
        expected = base64.b64encode(f"troth:{TOKEN}".encode()).decode()
        assert hooks.requests[1].headers["authorization"] == f"Basic {expected}"
        driver.end()
        assert TOKEN not in "".join(driver.raw) and expected not in "".join(driver.raw)


@pytest.mark.parametrize("content, why", (("", "is empty"), ("a\r\nX-Evil: 1\n", "control characters"),
                                          ("x" * 5000, "longer than 4096")))
def test_a_token_that_cannot_be_one_is_a_failed_try(tmp_path, content, why):
    (tmp_path / "token").write_bytes(content.encode())
    with Hooks() as hooks, Driver(tmp_path, webhook(
            hooks, bearer_file=str(tmp_path / "token"))) as driver:
        driver.changed()
        driver.wait_said(why)
        assert driver.counts()["counts"]["hook"]["waiting"] == 1
        assert hooks.requests == []


def test_proxies_of_the_environment_are_ignored(tmp_path):
    with Hooks() as proxy, Hooks() as hooks, Driver(
            tmp_path, webhook(hooks), environment={"http_proxy": proxy.url, "HTTP_PROXY": proxy.url,
                                                   "ALL_PROXY": proxy.url}) as driver:
        driver.changed()
        driver.wait_done(1)
        assert len(hooks.requests) == 1 and proxy.requests == []


@pytest.mark.parametrize("scheme", ("ftp", "telnet", "gopher", "smtp", "file", "nonsense"))
def test_only_http_is_spoken(tmp_path, scheme):
    with socket.create_server(("127.0.0.1", 0)) as server, Driver(
            tmp_path, {"name": "x", "kind": "webhook", "timeout_s": 2,
                       "url": f"{scheme}://127.0.0.1:{server.getsockname()[1]}/x"}) as driver:
        driver.changed()
        driver.wait_said('webhook "x"')
        server.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody even knocked
            server.accept()
        assert driver.done() == []


def make_certificate(directory):
    key, certificate = directory / "key.pem", directory / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                    "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


def test_tls_is_verified_against_the_given_authority_alone(tmp_path):
    certificate, context = make_certificate(tmp_path)
    with Hooks(tls=context) as hooks, Driver(
            tmp_path, webhook(hooks, "trusted", ca_file=str(certificate)),
            webhook(hooks, "stranger")) as driver:
        driver.changed()
        driver.wait_done(1)
        assert "certificate" in driver.wait_said('webhook "stranger"').lower()
        counts = driver.counts()["counts"]
        assert (counts["trusted"]["sent"], counts["stranger"]["sent"]) == (1, 0)
        assert len(hooks.requests) == 1


def test_a_name_that_does_not_resolve_holds_nothing_up(tmp_path):
    with Hooks() as hooks, Driver(
            tmp_path, {"name": "lost", "kind": "webhook", "url": "http://lost.invalid/",
                       "timeout_s": HANGS_S}, webhook(hooks)) as driver:
        driver.changed()
        hooks.wait(1)
        driver.wait_said('webhook "lost" at http://lost.invalid')
        assert responsive(driver)


def kept_files(driver):
    """Without what is being written, or was when it was killed."""
    return [f for f in driver.kept.iterdir() if f.suffix != ".new"]


def kept_ids(driver):
    bodies = (json.loads(f.read_text())["body"] for f in kept_files(driver))
    return {json.loads(body)["id"] for body in bodies}


def test_a_name_server_that_is_silent_holds_nothing_up(tmp_path):
    with Driver(tmp_path, {"name": "slow", "kind": "webhook", "timeout_s": 1,
                           "url": "http://slow.invalid/"},
                environment={"SLOW_NAMES_S": "60"}) as driver:
        start = time.monotonic()
        driver.changed()
        driver.wait_said("no answer in time")
        assert time.monotonic() - start < 20
        assert responsive(driver)
        driver.end(check=False)  # libcurl leaves its thread behind, which a sanitizer may call a leak
        assert driver.process.returncode is not None and time.monotonic() - start < 40


def test_a_kill_loses_nothing_and_repeats_nothing_that_was_confirmed(tmp_path):
    chance = random.Random(5)

    def flaky(_):
        time.sleep(0.005)
        return 200 if chance.random() < 0.5 else 503

    changes, confirmed = 0, {}  # id -> requests by then
    with Hooks(answer=flaky) as hooks:
        for kill in range(6):
            with Driver(tmp_path, webhook(hooks)) as driver:
                for i in range(10):
                    driver.changed(f"slo-{kill}-{i}")
                    driver.changed(f"slo-{kill}-{i}", firing=False)
                changes += 20
                wait_for(lambda: driver.counts()["counts"]["hook"]["sent"] > kill)
                time.sleep(chance.random() / 20)
                driver.kill()
            for line in driver.lines:
                assert "said" not in line or "dropped" not in line["said"]
            asked = list(hooks.requests)
            for i in {r.json["id"] for r in asked} - kept_ids(driver):
                confirmed.setdefault(i, len(asked))
        assert kept_ids(driver) and len(confirmed) >= 6
        hooks.answer = None
        with Driver(tmp_path, webhook(hooks)) as again:
            wait_for(lambda: not kept_files(again))
        good = [r.json for r in hooks.requests if r.play == 200]
        times = collections.Counter(told["id"] for told in good)
        assert len(times) == changes
        late = [r.json["id"] for n, r in enumerate(hooks.requests)
                if n >= confirmed.get(r.json["id"], n + 1)]
        assert late == []
        assert times.total() - len(times) <= 6 * 4  # what was under way at a kill
        states = collections.defaultdict(list)
        for told in good:
            if told["state"] not in states[told["slo"]]:
                states[told["slo"]].append(told["state"])
        assert set(map(tuple, states.values())) == {("firing", "resolved")}


def test_what_is_kept_for_a_receiver_that_is_gone_is_forgotten(tmp_path):
    with Hooks(answer=lambda _: 500) as hooks:
        with Driver(tmp_path, webhook(hooks)) as driver:
            driver.changed()
            hooks.wait(1)
        assert kept_files(driver)
        with Driver(tmp_path, webhook(hooks, "other")) as again:
            again.wait_done(1)
            assert not kept_files(again)


def test_it_can_be_freed_with_everything_under_way(tmp_path):
    with Hooks(answer=lambda _: "hang") as hooks, Driver(
            tmp_path, webhook(hooks, timeout_s=60),
            {"name": "lost", "kind": "webhook", "url": "http://lost.invalid/"},
            {"name": "sleep", "kind": "command", "command": "/bin/cat"}) as driver:
        for i in range(10):
            driver.changed(f"slo-{i}")
        hooks.wait(4)
        driver.end()  # the sanitizers have nothing to say
        assert len(kept_files(driver)) >= 10


def test_kept_messages_go_on_where_they_were(tmp_path):
    """The tries count on, and what was in order stays in order."""
    with Hooks(answer=lambda _: 500) as hooks:
        with Driver(tmp_path, webhook(hooks)) as driver:
            driver.changed()
            hooks.wait(2)
            driver.changed(firing=False)
            wait_for(lambda: len(kept_files(driver)) == 2)
            wait_for(lambda: driver.counts()["counts"]["hook"]["failed"] >= 2)
            driver.kill()
        kept = [json.loads(f.read_text()) for f in sorted(kept_files(driver))]
        n = len(hooks.requests)
        assert 2 <= kept[0]["tries"] <= n and kept[0]["receiver"] == "hook"
        hooks.answer = None
        with Driver(tmp_path, webhook(hooks)) as again:
            again.wait_done(2)
        assert hooks.told()[n:] == [("checkout", "firing"), ("checkout", "resolved")]


def test_ids_tell_changes_apart(tmp_path):
    with Hooks() as hooks, Driver(tmp_path, webhook(hooks)) as driver:
        for more in ({}, {"firing": False}, {"since": SINCE + 60}, {"severity": "ticket"},
                     {"long_s": 7200}, {"objective": "other"}, {"host": "b"}):
            driver.do("changed", **notice(**more))
        driver.wait_done(7)
        assert len({r.json["id"] for r in hooks.requests}) == 7
