# SPDX-License-Identifier: Apache-2.0
"""What is loaded follows from what is asked for."""

from troth import Check, programs
from wire import free_port

HOOKS = {"socket": {"troth_recv", "troth_send", "troth_data_ready"},
         "syscall": {"troth_sys_exit", "troth_segment"}}


def loaded(role):
    """The names of what is loaded for a role, and the backend."""
    with Check(free_port(), args=["--role", role]) as check:
        listed = programs()
        names = {listed[i] for i in check.programs if i in listed}
    return names, check.json["host"]["backend"]


def test_what_only_a_server_needs_is_not_loaded_for_clients():
    (of_clients, backend), (of_servers, _), (of_all, _) = map(loaded, ("client", "server", "all"))
    assert of_servers - of_clients == {"troth_sweep_listeners"}
    assert of_all == of_servers
    assert of_all & set().union(*HOOKS.values()) == HOOKS[backend]
