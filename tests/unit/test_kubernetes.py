"""The Kubernetes manifests: what can be said of them without a cluster."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from insyz import VERSION
from insyz.settings import Settings
from tests.unit.test_compose import ROOT, arguments_of
from workflows.contract import TASK_QUEUE

FOLDER = ROOT / "deploy" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
LABELS = {"app.kubernetes.io/name": "insyz", "app.kubernetes.io/component": "worker"}
ON_CHOICE = {"secret.example.yaml", "keda.yaml", "hpa.yaml"}
"""Not applied with the rest: a site makes or chooses them itself."""


def manifest(name: str) -> dict[str, Any]:
    [document] = yaml.safe_load_all((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


WORKER = manifest("worker")
PODS = [WORKER["spec"]["template"]["spec"], manifest("setup")["spec"]["template"]["spec"]]
SCALERS = [manifest("keda"), manifest("hpa")]


def environment() -> set[str]:
    return {*manifest("configmap")["data"], *manifest("secret.example")["stringData"]}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_one_manifest_with_kind_and_version(file: Path) -> None:
    assert {"apiVersion", "kind"} <= manifest(file.stem).keys()


def test_the_kustomization_lists_all_files_but_those_of_a_sites_own_choice() -> None:
    listed = {*manifest("kustomization")["resources"], "kustomization.yaml"}
    assert listed == {file.name for file in FILES} - ON_CHOICE


def test_only_variables_that_exist_are_set() -> None:
    known = {name.upper() for name in Settings.model_fields}
    assert {name for name in environment() if not name.startswith("TEMPORAL_")} <= known


def test_every_setting_without_a_default_is_there() -> None:
    required = {
        name.upper() for name, field in Settings.model_fields.items() if field.is_required()
    }
    assert required | {"TEMPORAL_ADDRESS"} <= environment()


def test_no_secret_stands_in_the_config_map() -> None:
    secret = {name.upper() for name, field in Settings.model_fields.items()
              if "SecretStr" in str(field.annotation)}  # fmt: skip
    assert not secret & manifest("configmap")["data"].keys()


def test_the_settings_are_valid() -> None:
    given = manifest("configmap")["data"] | manifest("secret.example")["stringData"]
    ours = {name.lower(): value for name, value in given.items() if name.lower() in
            Settings.model_fields}  # fmt: skip
    assert Settings.load(**ours).insyz_metrics_address == "0.0.0.0:9464"


@pytest.mark.parametrize("pod", PODS, ids=["worker", "setup"])
def test_a_pod_runs_as_the_images_user_and_can_change_nothing(pod: dict[str, Any]) -> None:
    context = pod["securityContext"]
    assert arguments_of("USER") == [f"{context['runAsUser']}:{context['runAsGroup']}"]
    assert context["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("pod", PODS, ids=["worker", "setup"])
def test_a_pod_gets_the_settings_and_the_secrets_and_bounded_memory(pod: dict[str, Any]) -> None:
    [container] = pod["containers"]
    [settings, secrets] = container["envFrom"]
    assert settings["configMapRef"]["name"] == manifest("configmap")["metadata"]["name"]
    assert secrets["secretRef"]["name"] == manifest("secret.example")["metadata"]["name"]
    assert "memory" in container["resources"]["limits"]


def test_all_run_the_image_of_this_release() -> None:
    [image] = manifest("kustomization")["images"]
    assert {container["image"] for pod in PODS for container in pod["containers"]} == {
        image["name"]
    }
    assert image["newTag"] == VERSION


def test_a_stopping_worker_has_longer_than_a_try_takes() -> None:
    try_secs = Settings.model_fields["insyz_try_secs"].default
    assert PODS[0]["terminationGracePeriodSeconds"] > try_secs


def test_the_probes_and_the_policy_use_the_port_of_the_metrics() -> None:
    port = int(manifest("configmap")["data"]["INSYZ_METRICS_ADDRESS"].rpartition(":")[2])
    [container] = PODS[0]["containers"]
    assert container["ports"] == [{"name": "metrics", "containerPort": port}]
    assert {container[probe]["httpGet"]["port"] for probe in ("startupProbe", "livenessProbe")} == {
        "metrics"
    }
    [ingress] = manifest("network")["spec"]["ingress"]
    assert ingress["ports"] == [{"port": port}]


def test_every_selector_finds_the_workers_pods() -> None:
    assert WORKER["spec"]["template"]["metadata"]["labels"] == LABELS
    assert WORKER["spec"]["selector"]["matchLabels"] == LABELS
    assert manifest("disruption")["spec"]["selector"]["matchLabels"] == LABELS
    assert manifest("network")["spec"]["podSelector"]["matchLabels"].items() <= LABELS.items()


@pytest.mark.parametrize("scaler", SCALERS, ids=lambda scaler: scaler["kind"])
def test_a_scaler_scales_the_worker(scaler: dict[str, Any]) -> None:
    assert scaler["spec"]["scaleTargetRef"]["name"] == WORKER["metadata"]["name"]


def test_the_queue_that_is_watched_is_the_workers() -> None:
    [trigger] = manifest("keda")["spec"]["triggers"]
    watched = trigger["metadata"]
    settings = manifest("configmap")["data"]
    assert watched["taskQueue"] == TASK_QUEUE
    assert watched["endpoint"] == settings["TEMPORAL_ADDRESS"]
    assert watched["namespace"] == settings["TEMPORAL_NAMESPACE"]
    assert int(watched["targetQueueSize"]) == Settings.model_fields["insyz_max_concurrent"].default
