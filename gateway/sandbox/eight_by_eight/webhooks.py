"""Webhook registration at 8x8: read, set and remove the webhooks of one subaccount.

https://developer.8x8.com/connect/reference/get-webhooks-information and its neighbours.
"""

from http import HTTPStatus

from gateway.sandbox.exchange import Answer, Call, Row, Unreadable, read_json

TYPES = ("VCS", "VCA", "VSS", "VRU", "VNU")
"""Voice call status, call action, session summary, recording upload, virtual number updated."""
FIELDS = {"type": str, "url": str, "httpAuthHeader": str, "enabled": bool, "active": bool}
"""What a registration may say; the vendor's guides send `active` where its specification says `enabled`."""


class Webhooks:
    """The webhooks of one subaccount, one of each type at most."""

    def __init__(self, subaccount: str) -> None:
        self.subaccount = subaccount
        self.registered: dict[str, Row] = {}

    def answer(self, call: Call, kind: list[str], error_id: str) -> Answer:
        """Answer a call to `/webhooks` (`kind` is empty) or `/webhooks/{type}`."""
        match call.method, kind:
            case "GET", []:
                return Answer(content=self._all())
            case "POST", []:
                return self._register(call, error_id)
            case "DELETE", [name] if self.registered.pop(name, None):
                return Answer(content={"statusCode": 0, "statusMessage": "ok"})
            case _:
                content = {"statusCode": 404, "statusMessage": "Webhook not found"}
                return Answer(status=HTTPStatus.NOT_FOUND, content=content)

    def _all(self) -> Row:
        webhooks = [
            {
                "type": name,
                "url": webhook["url"],
                "enabled": webhook.get("enabled", webhook.get("active", True)),
                "httpAuthHeaderAvailable": "httpAuthHeader" in webhook,
            }
            for name, webhook in self.registered.items()
        ]
        return {
            "subAccountId": self.subaccount,
            "count": len(webhooks),
            "webhooks": webhooks,
            "statusCode": 0,
            "statusMessage": "ok",
        }

    def _register(self, call: Call, error_id: str) -> Answer:
        problem, webhook = _read(call.body)
        if problem:
            content = {"errorId": error_id, "statusCode": "1001", "statusMessage": problem, "timestamp": {}}
            return Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY, content=content)
        self.registered[str(webhook["type"])] = webhook
        return Answer(content={"statusCode": 0, "statusMessage": "ok"})


def _read(body: bytes) -> tuple[str, Row]:
    try:
        webhook = read_json(body, dict[str, object])
    except Unreadable:
        return "Request body is not a JSON object", {}
    for name, value in webhook.items():
        if not isinstance(value, FIELDS.get(name, ())):
            return f"Invalid field: {name}", {}
    if webhook.get("type") not in TYPES:
        return f"type must be one of {', '.join(TYPES)}", {}
    if not str(webhook.get("url", "")).startswith(("http://", "https://")):
        return "url must be an http or https URL", {}
    return "", webhook
