"""Which version of the workflow code this worker is, and what it tells people of it: docs/changing-workflows.md."""

from collections.abc import Callable

from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import PatchActivationInput, WorkerDeploymentConfig

from rules.evaluate import EDITION
from settings import Settings

GETS_NOTHING = (
    "no delivery is given to this worker until its version is the current one: "
    "temporal worker deployment set-current-version --deployment-name {name} --build-id {build}"
)

Activates = Callable[[PatchActivationInput], bool]


def versioning_of(settings: Settings) -> WorkerDeploymentConfig | None:
    """None without worker versioning. What runs goes over to the current version at its next task: deliveries live for weeks,
    and their old workers would have to as long. Raises SettingsError."""
    if settings.worker_version is None:
        return None
    version = WorkerDeploymentVersion(*settings.worker_version)
    return WorkerDeploymentConfig(
        version, use_worker_versioning=True, default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE
    )


def activates(settings: Settings) -> Activates:
    """Whether a change of workflow code counts for what comes to it first now. Not while workers run that do not know it: they
    could not go on with a delivery for which it counts."""
    held = settings.held_patches
    return lambda asked: asked.patch_id not in held


def edition_of(settings: Settings) -> int:
    """By which edition of the evaluator what begins now is judged: the newest one before any that is held (`edition-2`), in the same
    way and for the same reason as a patch."""
    held = settings.held_patches
    return next((number - 1 for number in range(2, EDITION + 1) if f"edition-{number}" in held), EDITION)


async def not_current(client: Client, settings: Settings) -> str | None:
    """What has to be done until a versioned worker gets anything; None if it does, or is not versioned."""
    if settings.worker_version is None:
        return None
    name, build = settings.worker_version
    routed = (await _deployment(client, name)).routing_config
    given = {routed.current_deployment_version.build_id, routed.ramping_deployment_version.build_id}
    return None if build in given else GETS_NOTHING.format(name=name, build=build)


async def _deployment(client: Client, name: str) -> WorkerDeploymentInfo:
    """Empty for one that no worker has made yet."""
    asked = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=name)
    try:
        return (await client.workflow_service.describe_worker_deployment(asked)).worker_deployment_info
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return WorkerDeploymentInfo()
        raise
