# SPDX-License-Identifier: Apache-2.0
"""The command line of `troth slo`: no root, no kernel."""

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "e2e"))  # wire

import slo  # noqa: E402
from records import Record  # noqa: E402


def pytest_collection_finish(session):
    if not session.config.option.collectonly and not os.access(slo.BINARY, os.X_OK):
        pytest.exit(f"{slo.BINARY} is not there: build it with make", 3)


@pytest.fixture
def files(tmp_path):
    return slo.Files(tmp_path)


@pytest.fixture
def record(tmp_path):
    return Record(tmp_path / "state")
