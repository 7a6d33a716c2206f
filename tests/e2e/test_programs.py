# SPDX-License-Identifier: Apache-2.0
"""What is loaded follows from what is asked for."""

from troth import Check, programs
from wire import free_port


def loaded(role):
    with Check(free_port(), args=["--role", role]) as check:
        listed = programs()
        return {listed[i] for i in check.programs if i in listed}


def test_what_only_a_server_needs_is_not_loaded_for_clients():
    of_clients, of_servers, of_all = loaded("client"), loaded("server"), loaded("all")
    assert "troth_recv" in of_clients
    assert of_servers - of_clients == {"troth_sweep_listeners"}
    assert of_all == of_servers
