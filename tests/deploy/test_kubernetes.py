"""The manifests as `kubectl kustomize` builds them."""

from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from processor.config import load
from tests.deploy.tools import CHECKOUT, run

KUBERNETES: Final = CHECKOUT / "deploy" / "kubernetes"
BUILDS: Final = ("base", "overlays/production", "overlays/autoscaling")

# Kinds of operators, of which kubernetes-validate has no schema: what we use of them, closed.
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_LABELS: Final[dict[str, Any]] = {"type": "object", "additionalProperties": _TEXT}


def _closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


_SELECTOR: Final = _closed({"matchLabels": _LABELS})
_RULE: Final = _closed({"expr": _TEXT}, record=_TEXT, alert=_TEXT, labels=_LABELS, annotations=_LABELS) | {
    "oneOf": [{"required": ["record"]}, {"required": ["alert"]}]
}
_RULE["properties"]["for"] = _TEXT
_SECRET: Final = _closed({"parameter": _TEXT, "name": _TEXT, "key": _TEXT})
CUSTOM: Final[dict[str, dict[str, Any]]] = {
    "monitoring.coreos.com/v1/ServiceMonitor": _closed(
        {
            "jobLabel": _TEXT,
            "selector": _SELECTOR,
            "endpoints": {
                "type": "array",
                "items": _closed({"port": _TEXT, "path": _TEXT, "interval": _TEXT, "scrapeTimeout": _TEXT}),
            },
        }
    ),
    "monitoring.coreos.com/v1/PrometheusRule": _closed(
        {
            "groups": {
                "type": "array",
                "items": _closed({"name": _TEXT, "rules": {"type": "array", "items": _RULE}}),
            }
        }
    ),
    "keda.sh/v1alpha1/ScaledObject": _closed(
        {
            "scaleTargetRef": _closed({"kind": _TEXT, "name": _TEXT}),
            "minReplicaCount": {"type": "integer"},
            "maxReplicaCount": {"type": "integer"},
            "pollingInterval": {"type": "integer"},
            "advanced": {"type": "object"},
            "triggers": {
                "type": "array",
                "items": _closed(
                    {"type": _TEXT, "metadata": _LABELS, "authenticationRef": _closed({"name": _TEXT})}
                ),
            },
        }
    ),
    "keda.sh/v1alpha1/TriggerAuthentication": _closed(
        {"secretTargetRef": {"type": "array", "items": _SECRET}}
    ),
}


def _manifests(build: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(run("kubectl", "kustomize", str(KUBERNETES / build))))


def _objects(build: str) -> dict[str, dict[str, Any]]:
    """By kind, of kinds of which there is one."""
    return {_kind(each): each for each in _manifests(build)}


def _kind(manifest: dict[str, Any]) -> str:
    return f"{manifest['apiVersion']}/{manifest['kind']}"


def _pod(build: str) -> dict[str, Any]:
    pod: dict[str, Any] = _objects(build)["apps/v1/StatefulSet"]["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("build", BUILDS)
def test_the_manifests_pass_strict_validation(build: str, tmp_path: Path) -> None:
    """Kubernetes' own kinds by kubernetes-validate --strict, operators' kinds by the closed schemas above."""
    manifests = _manifests(build)
    own = [each for each in manifests if _kind(each) not in CUSTOM]
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(yaml.safe_dump_all(own))

    said = run("kubernetes-validate", "--strict", str(manifest))

    assert "WARN" not in said
    assert len(own) == said.count("passed for resource")
    for each in manifests:
        if _kind(each) in CUSTOM:
            jsonschema.validate(each["spec"], CUSTOM[_kind(each)])


def test_production_holds_every_kind_that_operation_needs() -> None:
    """Names, probes' target, disruption budget, network policy and monitoring."""
    kinds = {name.rpartition("/")[2] for name in _objects("overlays/production")}

    assert {
        "Namespace",
        "ServiceAccount",
        "ConfigMap",
        "Service",
        "StatefulSet",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "ServiceMonitor",
        "PrometheusRule",
    } == kinds


@pytest.mark.parametrize("build", BUILDS)
def test_the_pod_is_locked_down_and_probed(build: str) -> None:
    """Numeric non-root user, read-only root, no capabilities, three probes, resources, no token."""
    pod = _pod(build)
    (container,) = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"startupProbe", "livenessProbe", "readinessProbe", "resources"} <= container.keys()
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"


@pytest.mark.parametrize("build", BUILDS)
def test_the_config_in_the_config_map_is_good(build: str, tmp_path: Path) -> None:
    """Where it takes its credentials from files, the environment of the pod is followed."""
    objects = _objects(build)
    (container,) = _pod(build)["containers"]
    (config_map,) = [
        each
        for each in _manifests(build)
        if each["kind"] == "ConfigMap" and "eventcluster.yaml" in each["data"]
    ]
    config = tmp_path / "eventcluster.yaml"
    config.write_text(config_map["data"]["eventcluster.yaml"])
    secret = tmp_path / "secret"
    secret.write_text("alice-of-sixteen-characters\n")
    environment = {each["name"]: str(secret) for each in container.get("env", [])}

    settings = load(config, environment, broker=True)

    mounted = {volume["configMap"]["name"] for volume in _pod(build)["volumes"] if "configMap" in volume}
    folders = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert {str(Path(each["value"]).parent) for each in container.get("env", [])} <= folders
    assert {config_map["metadata"]["name"]} == mounted
    assert ("events",) == tuple(settings.kafka.input_topics)
    assert objects["v1/Service"]["spec"]["clusterIP"] == "None"


def test_the_config_map_of_dashboards_has_the_committed_ones() -> None:
    """What Grafana's side-car picks up is what the dashboard tests tested."""
    maps = [
        each
        for each in _manifests("overlays/production")
        if each["kind"] == "ConfigMap" and each["metadata"]["name"] == "eventcluster-dashboards"
    ]
    committed = {
        path.name: path.read_text() for path in (CHECKOUT / "deploy/grafana/dashboards").glob("*.json")
    }

    assert [committed] == [each["data"] for each in maps]


def test_autoscaling_leaves_the_number_of_instances_to_keda() -> None:
    """A manifest that set it would fight the autoscaler at every apply."""
    assert "replicas" not in _objects("overlays/autoscaling")["apps/v1/StatefulSet"]["spec"]
