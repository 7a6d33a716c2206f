# SPDX-License-Identifier: Apache-2.0
"""The real Alertmanager: what it shows by its own API, and what it tells its own receivers."""

import time

import pytest

from notifying import SINCE, Alertmanager, Driver, Hooks, notice, wait_for

RESEND_S = 2
FORGOTTEN_S = 4 * RESEND_S + 1  # endsAt of an alert that nobody repeats


@pytest.fixture
def hooks():
    with Hooks() as server:
        yield server


@pytest.fixture
def alertmanager(tmp_path, hooks):
    with Alertmanager(tmp_path / "am", hooks) as server:
        yield server


def heard(hooks):
    """What Alertmanager sent on: (state, slo) in order, without its own repetitions."""
    told = []
    for request in list(hooks.requests):
        for alert in request.json["alerts"]:
            state = (alert["status"], alert["labels"]["slo"])
            if state not in told:
                told.append(state)
    return told


def test_an_alert_is_there_once_stays_as_long_as_it_is_repeated_and_resolves(
        tmp_path, alertmanager, hooks):
    now = int(time.time())
    with Driver(tmp_path, alertmanager.receiver(), resend_s=RESEND_S) as driver:
        driver.changed(since=now - 60, objective="fast", host="web-1", promise="Paying works.",
                       runbook="https://wiki/burn", generator_url="http://web-1:9477/")
        [alert] = wait_for(alertmanager.alerts)
        assert alert["labels"] == {
            "alertname": "ErrorBudgetBurn", "slo": "checkout", "objective": "fast",
            "service": "shop", "severity": "page", "long": "1h", "short": "5m",
            "instance": "web-1"}
        assert alert["annotations"]["promise"] == "Paying works."
        assert alert["annotations"]["runbook_url"] == "https://wiki/burn"
        assert alert["annotations"]["budget_remaining"] == "42.0 %"
        assert alert["generatorURL"] == "http://web-1:9477/"

        end = time.monotonic() + 2 * FORGOTTEN_S
        while time.monotonic() < end:
            assert len(alertmanager.alerts()) == 1
            time.sleep(0.2)
        assert heard(hooks) == [("firing", "checkout")]

        driver.changed(since=now - 60, objective="fast", host="web-1", firing=False,
                       until=int(time.time()))
        wait_for(lambda: not alertmanager.alerts())
        wait_for(lambda: heard(hooks) == [("firing", "checkout"), ("resolved", "checkout")])
        time.sleep(2 * RESEND_S)  # nothing brings it back
        assert alertmanager.alerts() == []
        assert driver.counts()["counts"]["am"]["sent"] == 2 and driver.said() == []


def test_what_nobody_repeats_is_forgotten(tmp_path, alertmanager):
    """The other test's alert stays for no other reason than that it is repeated."""
    with Driver(tmp_path, alertmanager.receiver(), resend_s=RESEND_S) as driver:
        driver.changed(since=int(time.time()))
        wait_for(alertmanager.alerts)
        driver.kill()
        wait_for(lambda: not alertmanager.alerts(), 2 * FORGOTTEN_S + 5)


def test_what_fires_at_the_start_is_told_without_a_message(tmp_path, alertmanager):
    with Driver(tmp_path, alertmanager.receiver(), resend_s=RESEND_S) as driver:
        alerts = [notice(f"slo-{i}", since=int(time.time())) for i in range(150)]
        driver.do("firing", alerts=alerts)
        wait_for(lambda: len(alertmanager.alerts()) == 150)
        driver.do("firing", alerts=alerts[:1])
        [alert] = wait_for(lambda: len(left := alertmanager.alerts()) == 1 and left, 3 * FORGOTTEN_S)
        assert alert["labels"]["slo"] == "slo-0"
        assert driver.counts()["counts"]["am"]["sent"] == 0 and driver.said() == []


def test_every_alertmanager_is_told_and_one_that_is_down_holds_up_no_other(tmp_path, hooks):
    with Alertmanager(tmp_path / "a", hooks) as a, Alertmanager(tmp_path / "b", hooks) as b:
        with Driver(tmp_path, a.receiver("a"), b.receiver("b"), resend_s=RESEND_S) as driver:
            driver.changed(since=int(time.time()))
            wait_for(lambda: len(a.alerts()) == 1 and len(b.alerts()) == 1)
            b.__exit__()
            driver.wait_said('alertmanager "b"')
            driver.changed("search", since=int(time.time()))
            wait_for(lambda: len(a.alerts()) == 2)
            with b:
                # One from its message, which waited, the other from being repeated.
                wait_for(lambda: len(b.alerts()) == 2)
                driver.wait_said("delivers again")


def test_a_message_that_waited_still_fires_when_it_arrives(tmp_path, alertmanager):
    """An end that was right when the message was made may be past when it is delivered."""
    alertmanager.__exit__()
    with Driver(tmp_path, alertmanager.receiver(), resend_s=RESEND_S) as driver:
        driver.changed(since=int(time.time()))
        driver.wait_said("alertmanager")
        driver.kill()
    time.sleep(FORGOTTEN_S + 1)
    with alertmanager, Driver(tmp_path, alertmanager.receiver(), resend_s=RESEND_S) as again:
        again.wait_done(1)
        assert len(alertmanager.alerts()) == 1


def test_both_of_a_change_that_was_over_before_alertmanager_was_back_arrive_in_order(tmp_path):
    def answer(_):
        return 503 if len(am.requests) < 3 else 200

    with Hooks(answer=answer) as am:
        receiver = {"name": "am", "kind": "alertmanager", "url": f"{am.url}/prefix"}
        with Driver(tmp_path, receiver, resend_s=60) as driver:
            driver.changed()
            am.wait(1)
            driver.changed(firing=False)
            driver.wait_done(2)
        assert {r.path for r in am.requests} == {"/prefix/api/v2/alerts"}
        ends = [r.json[0]["endsAt"] for r in am.requests]
        assert ends[-1] == "2026-01-01T00:10:00Z" and ends[-1] not in ends[:-1]
        assert all(r.json[0]["startsAt"] == "2026-01-01T00:00:00Z" for r in am.requests)
        assert SINCE == 1767225600


def test_alerts_that_are_refused_hold_back_no_others(tmp_path):
    """One POST holds 64 alerts; the first is always refused, the others must come all the same."""
    def answer(request):
        return 400 if any(a["labels"]["slo"] == "slo-0" for a in request.json) else 200

    with Hooks(answer=answer) as am:
        receiver = {"name": "am", "kind": "alertmanager", "url": am.url}
        with Driver(tmp_path, receiver, resend_s=60) as driver:
            driver.do("firing", alerts=[notice(f"slo-{i}") for i in range(150)])
            am.wait(3)
            driver.wait_said("HTTP status 400")
        assert [len(r.json) for r in am.requests] == [64, 64, 22]


def test_alerts_that_are_too_many_to_be_repeated_are_counted_and_said_once(tmp_path):
    with Hooks() as am:
        receiver = {"name": "am", "kind": "alertmanager", "url": am.url}
        with Driver(tmp_path, receiver, resend_s=60) as driver:
            driver.do("firing", alerts=[notice(f"slo-{i}") for i in range(4096 + 3)])
            assert driver.counts()["left_out"] == 3
            driver.changed("one-more")
            assert driver.counts()["left_out"] == 4
            said = [line for line in driver.said() if "more than 4096 alerts fire" in line]
            assert len(said) == 1 and not said[0].startswith("notifications"), said


def test_who_has_no_alertmanager_leaves_nothing_out(tmp_path):
    with Hooks() as hook:
        with Driver(tmp_path, {"name": "hook", "kind": "webhook", "url": hook.url}) as driver:
            driver.do("firing", alerts=[notice(f"slo-{i}") for i in range(4096 + 3)])
            assert driver.counts()["left_out"] == 0


def test_an_alertmanager_is_told_one_thing_after_the_other(tmp_path):
    """A repeated alert that is still on its way must not arrive behind its end."""
    with Hooks(answer=lambda _: "slow") as am:
        receiver = {"name": "am", "kind": "alertmanager", "url": am.url}
        with Driver(tmp_path, receiver, resend_s=0.05) as driver:
            for i in range(6):
                driver.changed(f"slo-{i}")
            for i in range(6):
                am.wait(len(am.requests) + 2)
                driver.changed(f"slo-{i}", firing=False)
            driver.wait_done(12)
            assert am.most_under_way == 1
        last = {a["labels"]["slo"]: a["endsAt"] for r in am.requests for a in r.json}
        assert set(last.values()) == {"2026-01-01T00:10:00Z"}


def test_a_webhook_hears_of_several_alerts_at_a_time_but_of_few(tmp_path):
    with Hooks(answer=lambda _: "slow") as hooks, Driver(tmp_path, {
            "name": "hook", "kind": "webhook", "url": hooks.url}) as driver:
        for i in range(20):
            driver.changed(f"slo-{i}")
        driver.wait_done(20)
        assert 1 < hooks.most_under_way <= 4
