"""Tells whose rulebook it is what a rule proposes, by mail with a link. Waiting for the decision is the workflow's business."""

from dataclasses import replace

from pydantic import TypeAdapter
from temporalio import activity

from activities.ask_customer import Messenger
from domain.actions import ActionRequest, ActionResult, AskApprover
from domain.links import NO_LINKS, Links

TEMPLATE = "proposal"

_ARGS: TypeAdapter[AskApprover] = TypeAdapter(AskApprover)


class AskingApprovers:
    """One mail for each proposal; the link in it shows what is proposed, and only a button there decides."""

    def __init__(self, messenger: Messenger, links: Links = NO_LINKS) -> None:
        self._messenger = messenger
        self._links = links

    @activity.defn(name="ask_approver")
    async def ask_approver(self, request: ActionRequest) -> ActionResult:
        asked = _ARGS.validate_python(dict(request.args))
        proposal = {"actions": list(asked.actions), "cost": asked.cost, "due_at": asked.due_at}
        link = self._links.deciding(asked.proposal_id, asked.to, request.asked_at, asked.due_at)
        context = {**request.context, "proposal": proposal, "decision_url": link}
        message = {"who": asked.to, "template": TEMPLATE, "channels": ["email"]}
        told = await self._messenger.notify(replace(request, args=message, context=context))
        # Rules that count messages count those that they asked for.
        return replace(told, events=())
