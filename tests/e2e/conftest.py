# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end test needs: root, a built troth, an end, and no traces left."""

import os
import signal
import subprocess

import pytest

import troth

TEST_TIMEOUT_S = 90


def pytest_collection_finish(session):
    if session.config.option.collectonly:
        return
    if os.geteuid():
        pytest.exit("tests/e2e measure in the kernel: run them as root", 3)
    if not os.access(troth.BINARY, os.X_OK):
        pytest.exit(f"{troth.BINARY} is not there: build it with make", 3)
    for kind, where in (("tracefs", "/sys/kernel/tracing"), ("bpf", "/sys/fs/bpf")):
        if not os.path.ismount(where):
            subprocess.run(["mount", "-t", kind, kind, where], check=False)


def pytest_configure(config):
    config.addinivalue_line("markers", "limit_s(seconds): a test's own time limit")
    config.addinivalue_line("markers", "any_backend: no backend can change it; one run is enough")


@pytest.fixture(autouse=True)
def time_limit(request):
    """A test that hangs fails where it hangs."""
    mark = request.node.get_closest_marker("limit_s")
    limit_s = mark.args[0] if mark else TEST_TIMEOUT_S

    def too_late(signum, frame):
        raise TimeoutError(f"this test took longer than {limit_s} s")

    before = signal.signal(signal.SIGALRM, too_late)
    signal.alarm(limit_s)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def leaves_nothing_behind(monkeypatch):
    """Every check of the test has ended, and its programs have left the kernel."""
    checks = []
    start = troth.Check.start

    def noted_start(self):
        checks.append(self)
        return start(self)

    monkeypatch.setattr(troth.Check, "start", noted_start)
    yield
    for check in checks:
        check.kill()
    if held := set().union(*(check.programs for check in checks)):
        troth.assert_gone(held)
