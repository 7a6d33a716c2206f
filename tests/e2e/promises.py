# SPDX-License-Identifier: Apache-2.0
"""Objectives as documents: what a file of slo.d holds. JSON is YAML."""

import json
import time


def documents(*docs):
    return "\n---\n".join(json.dumps(d) for d in docs) + "\n"


def stamp(unix_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


def moment(in_s=0):
    return stamp(time.time() + in_s)


def within(limit, part="duration"):
    return {"latency": {"part": part, "max": limit}}


def ratio(select, good=None, total=None):
    def source(spec):
        return {"metricSource": {"type": "troth", "spec": {"select": select, **(spec or {})}}}

    return {"counter": True, "good": source(good), "total": source(total)}


def promise(name, select, target=0.9, good=None, total=None, policy=None, objectives=None, **annotations):
    """An SLO of the kernel's own counts; select is a port or a whole select."""
    select = {"port": select} if isinstance(select, int) else select
    spec = {"service": "shop", "budgetingMethod": "Occurrences",
            "timeWindow": [{"duration": "7d", "isRolling": True}],
            "objectives": objectives or [{"target": target}]}
    if select:
        spec["indicator"] = {"metadata": {"name": f"{name}-sli"},
                             "spec": {"ratioMetric": ratio(select, good, total)}}
    if policy:
        spec["alertPolicies"] = [policy]
    notes = {f"troth.dev/{k}": v for k, v in annotations.items()}
    return {"apiVersion": "openslo/v1", "kind": "SLO",
            "metadata": {"name": name, "annotations": notes}, "spec": spec}


def policy(threshold=2, lookback="1m", severity="page"):
    """Fires where so much more than allowed fails, over so long."""
    condition = {"kind": "AlertCondition", "metadata": {"name": "burning"},
                 "spec": {"severity": severity,
                          "condition": {"kind": "burnrate", "op": "gt", "threshold": threshold,
                                        "lookbackWindow": lookback}}}
    target = {"kind": "AlertNotificationTarget", "metadata": {"name": "someone"},
              "spec": {"target": "email"}}
    return {"kind": "AlertPolicy", "metadata": {"name": "burn"},
            "spec": {"conditions": [condition], "notificationTargets": [target]}}


def exclusion(name, slos, from_s, to_s):
    return {"apiVersion": "troth.dev/v1", "kind": "Exclusion", "metadata": {"name": name},
            "spec": {"slos": slos, "start": moment(from_s), "end": moment(to_s),
                     "reason": "disks are changed", "author": "eva"}}


def one_promise(select, **more):
    """A file with nothing but an SLO called promise."""
    return documents(promise("promise", select, **more))
