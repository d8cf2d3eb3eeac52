"""The service put together: every part made once, and handed to those who need it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

from dispatch import districts, health
from dispatch.access import endpoints as access_endpoints
from dispatch.access.limits import RateLimit
from dispatch.access.shared_counters import SharedCounters
from dispatch.access.tokens import TokenIssuer, secret_of
from dispatch.aeds import endpoints as aed_endpoints
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.hours import is_open_at
from dispatch.aeds.record import Aed
from dispatch.aeds.service import NOTIFY_CHANNEL, AedService
from dispatch.clock import Clock, SystemClock
from dispatch.engine import endpoints as incident_endpoints
from dispatch.engine.acknowledgements import Acknowledgements
from dispatch.engine.answers import AnswerDesk
from dispatch.engine.due_times import DueTimes
from dispatch.engine.engine import Engine
from dispatch.engine.incidents import IncidentDesk
from dispatch.engine.mailbox_names import responder_mailbox
from dispatch.engine.messages import ResponderMessages
from dispatch.engine.sos import SosDesk
from dispatch.engine.sos_door import SosDoor
from dispatch.engine.survey import Surveyor
from dispatch.engine.valhalla import ValhallaRouter
from dispatch.engine.views import IncidentViews
from dispatch.locations import location_json
from dispatch.middleware import AnswerHeaders, BodyLimit, Timing
from dispatch.openapi import ProblemOut
from dispatch.operators.picture import Pictures
from dispatch.pages import content_security_policy, install_pages
from dispatch.policies import policy_of
from dispatch.problems import install_problem_handlers
from dispatch.realtime import endpoint as socket_endpoint
from dispatch.realtime.care import SocketCare
from dispatch.realtime.conversation import ConversationParts
from dispatch.realtime.endpoint import SocketParts
from dispatch.realtime.hub import Hub
from dispatch.realtime.mailboxes import OPERATORS
from dispatch.rescue.policy import Policy
from dispatch.responders import endpoints as responder_endpoints
from dispatch.responders.responder import Responder
from dispatch.responders.roster import Roster
from dispatch.responders.service import ResponderService
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.notifications import listen
from geo.bounding_box import BoundingBox
from geo.place import Place

log = structlog.get_logger()

# Positions are in memory; what is written down lags behind by this much at the most.
_SAVE_POSITIONS_EVERY_S = 5.0
_FORGET_EVERY_S = 60.0

# After a larger import consoles read their map again instead of hearing of each device.
_AEDS_TOLD_SINGLY = 20


class Service:
    """The parts of one running service."""

    def __init__(self, settings: Settings, database_url: str, *, clock: Clock, policy: Policy) -> None:
        timezone = ZoneInfo(settings.timezone)
        secret = settings.secret.get_secret_value() if settings.secret else secret_of(settings.data_dir)
        self.settings = settings
        self.clock = clock
        self.tokens = TokenIssuer(secret, clock)
        self.database = Database(database_url)
        self.counters = SharedCounters(settings.redis_url) if settings.redis_url else None
        self.hub = Hub()
        self.roster = Roster(timezone)
        self.directory = AedDirectory(settings.timezone)
        self.aeds = AedService(self.database, self.directory, clock, self._tell_of_aeds)
        self.responders = ResponderService(self.database, self.roster, clock, timezone)
        self.router = (
            ValhallaRouter(settings.routing_url, settings.routing_deadline_s, policy.travel)
            if settings.routing_url
            else None
        )
        messages = ResponderMessages(self.roster, self.directory)
        self.engine = Engine(
            self.database,
            Surveyor(self.roster, self.directory, policy, timezone, self.router),
            self.hub,
            clock,
            IncidentViews(self.roster, messages, clock),
            messages,
        )
        self.sos = SosDesk(self.engine, self.aeds, self.tokens)
        self.incidents = IncidentDesk(self.engine)
        self.answers = AnswerDesk(self.engine)
        self.responders.on_leaving = self.answers.leave
        self.responders.on_duty_told = self._tell_of_duty
        self.acknowledgements = Acknowledgements(self.engine)
        self.due_times = DueTimes(self.engine)
        self.pictures = Pictures(self.hub, self.engine, self.roster, self.directory, clock)
        self.care = SocketCare(self.hub, self.database, settings.heartbeat_s)
        self._tasks: list[asyncio.Task[None]] = []

    def socket_parts(self) -> SocketParts:
        """What the socket endpoint needs."""
        conversation = ConversationParts(
            self.engine, self.answers, self.acknowledgements, self.responders, self.pictures, self.clock
        )
        return SocketParts(
            hub=self.hub,
            database=self.database,
            tokens=self.tokens,
            clock=self.clock,
            conversation=conversation,
            heartbeat_s=self.settings.heartbeat_s,
            session_queue=self.settings.session_queue,
        )

    async def start(self) -> None:
        """Fill memory from the database and begin everything that runs by itself."""
        await self.directory.load(self.database)
        await self.responders.load()
        await self.engine.recover()
        self.pictures.count_aeds()
        # Time zones and hours take a quarter of a second to be read for the first time: not in the first SOS.
        here = Place(self.settings.map_latitude, self.settings.map_longitude)
        is_open_at("24/7", here, self.clock.now(), self.settings.timezone)
        self.engine.surveyor.scene_at(here, now=self.clock.now())
        for work in (
            self.engine.feed.run,
            self.acknowledgements.run,
            self.due_times.run,
            self.pictures.run,
            self.care.run,
            self._save_positions,
            self._forget,
            self._follow_registry,
            self._warm_up,
        ):
            self._tasks.append(asyncio.create_task(_kept_going(work)))
        log.info("service started", aeds=len(self.directory), responders=len(self.roster))

    async def stop(self) -> None:
        """Send everybody away with a come-back, write down what is only in memory, and end."""
        self.hub.close_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self.acknowledgements.flush()
            await self.responders.save_moved()
        if self.counters is not None:
            await self.counters.close()
        if self.router is not None:
            await self.router.aclose()
        await self.database.close()

    def _tell_of_aeds(self, changed: list[Aed]) -> None:
        self.pictures.count_aeds_soon()
        if len(changed) > _AEDS_TOLD_SINGLY:
            self.hub.tell(OPERATORS, {"type": "aeds", "changed": len(changed)})
            return
        now = self.clock.now()
        for aed in changed:
            message = {
                "type": "aed",
                "id": str(aed.id),
                "name": aed.name,
                "location": location_json(aed.place),
                "readiness": aed.readiness,
                "usable_now": self.directory.is_usable(aed, now),
                "removed": aed.removed,
            }
            self.hub.tell(OPERATORS, message)

    def _tell_of_duty(self, responder: Responder) -> None:
        message = {"type": "duty", "on_duty": responder.on_duty, "mode": responder.mode}
        self.hub.tell(responder_mailbox(responder.responder_id), message)

    async def _save_positions(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_POSITIONS_EVERY_S)
            try:
                await self.responders.save_moved()
            except Exception:
                log.exception("positions not written down")

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(_FORGET_EVERY_S)
            self.engine.forget_ended()

    async def _follow_registry(self) -> None:
        async for payload in listen(self.database.url, NOTIFY_CHANNEL):
            await self.aeds.refresh([UUID(payload)] if payload and payload != "reload" else None)

    async def _warm_up(self) -> None:
        # The outlines take half a second to read: not while somebody waits for a map.
        here = BoundingBox(
            self.settings.map_longitude,
            self.settings.map_latitude,
            self.settings.map_longitude,
            self.settings.map_latitude,
        )
        await asyncio.to_thread(districts.districts_within, here)


async def _kept_going(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work`; if it ends by a fault, say so and begin it again."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("begun again after a fault", work=work.__qualname__)
            await asyncio.sleep(1.0)
        else:
            return


def create_app(
    settings: Settings, database_url: str, *, clock: Clock | None = None, policy: Policy | None = None
) -> FastAPI:
    """The ASGI application over a migrated database. Nothing is asked of it before it starts."""
    service = Service(
        settings, database_url, clock=clock or SystemClock(), policy=policy or policy_of(settings.policy_file)
    )

    @contextlib.asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    app = FastAPI(
        title="First minutes: emergency response dispatch",
        version="1",
        lifespan=running,
        docs_url=None,
        redoc_url=None,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.service = service
    app.state.settings = settings
    app.state.clock = service.clock
    app.state.tokens = service.tokens
    app.state.database = service.database
    app.state.redis = service.counters
    app.state.aeds = service.aeds
    app.state.responders = service.responders
    app.state.sos = service.sos
    app.state.incidents = service.incidents
    app.state.answers = service.answers
    app.state.socket = service.socket_parts()
    redis = service.counters.redis if service.counters else None
    app.state.sos_limit = RateLimit("sos", settings.sos_per_minute, redis)
    app.state.report_limit = RateLimit("report", settings.reports_per_minute, redis)
    _add_routes(app)
    _add_middleware(app, settings)
    return app


def _add_routes(app: FastAPI) -> None:
    install_problem_handlers(app)
    for router in (
        incident_endpoints.router,
        aed_endpoints.router,
        responder_endpoints.router,
        access_endpoints.router,
        health.router,
        socket_endpoint.router,
    ):
        app.include_router(router)
    install_pages(app)

    async def docs() -> Response:
        # The viewer's files come from here: the reference can be read without the internet.
        vendor = "/web/vendor/swagger-ui"
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="API",
            swagger_js_url=f"{vendor}/swagger-ui-bundle.js",
            swagger_css_url=f"{vendor}/swagger-ui.css",
            swagger_favicon_url="/web/icon.svg",
        )

    app.add_api_route("/docs", docs, include_in_schema=False)
    _describe_problems(app)


def _describe_problems(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            components = schema.setdefault("components", {}).setdefault("schemas", {})
            problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
            components.update(problem.pop("$defs", {}))
            components["ProblemOut"] = problem
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    headers = (
        ("Content-Security-Policy", content_security_policy(settings)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Permissions-Policy", "geolocation=(self), camera=(), microphone=()"),
    )
    # The last one added is the first to see a request.
    app.add_middleware(SosDoor)
    app.add_middleware(BodyLimit, settings.max_body_bytes, {"/v1/aeds/import": settings.max_import_bytes})
    app.add_middleware(AnswerHeaders, headers)
    app.add_middleware(Timing)
