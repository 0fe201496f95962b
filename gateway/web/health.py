"""Whether the process lives, whether it can answer, and the schema as text."""

import asyncio
import hashlib

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.errors import RequestRefused, Unauthenticated
from gateway.schema.authority import INTROSPECTION
from gateway.schema.context import Rooms
from gateway.web.answers import json_response, refused_answer
from gateway.web.auth import Door
from gateway.web.negotiation import JSON


def health_routes(rooms: Rooms, sdl: str, door: Door, ending: asyncio.Event) -> list[Route]:
    """The routes ``/health``, ``/ready`` and ``/schema.graphql``; once the process is ``ending`` it is not ready."""
    etag = f'"{hashlib.sha256(sdl.encode()).hexdigest()[:32]}"'

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_: Request) -> Response:
        sources = {
            name: {
                "provider": caller.source.provider,
                "state": caller.state,
                **({"events": told} if (told := rooms.events.outcomes.get(name)) else {}),
            }
            for name, caller in rooms.callers.items()
        }
        able = not ending.is_set() and any(source["state"] != "DOWN" for source in sources.values())
        body = msgspec.json.encode({"ready": able, "sources": sources})
        return Response(body, 200 if able else 503, media_type="application/json")

    async def schema(request: Request) -> Response:
        """For those who may ask for it with a query as well."""
        try:
            door.demand(request.headers, INTROSPECTION)
        except RequestRefused as error:
            return json_response(refused_answer(error), 401 if isinstance(error, Unauthenticated) else 403, JSON)
        headers = {"etag": etag, "cache-control": "no-cache"}
        wanted = request.headers.get("if-none-match", "")
        if etag in wanted or wanted.strip() == "*":
            return Response(status_code=304, headers=headers)
        return Response(sdl, headers=headers, media_type="text/plain; charset=utf-8")

    return [Route("/health", health), Route("/ready", ready), Route("/schema.graphql", schema)]
