"""The ASGI application: routes, middleware and the documentation around one service."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import Response

from dispatch import health
from dispatch.access import endpoints as access_endpoints
from dispatch.access.limits import RateLimit, UnawaitedLimit
from dispatch.aeds import endpoints as aed_endpoints
from dispatch.aeds.custodians import endpoints as custodian_endpoints
from dispatch.aeds.figures import endpoints as figure_endpoints
from dispatch.aeds.intake import endpoints as intake_endpoints
from dispatch.aeds.intake.schemas import MOST_BATCH_BYTES
from dispatch.aeds.owners import endpoints as owner_endpoints
from dispatch.aeds.placing import endpoints as placing_endpoints
from dispatch.aeds.searching import endpoints as search_endpoints
from dispatch.aeds.tiles import endpoints as tile_endpoints
from dispatch.aeds.work_orders import endpoints as work_order_endpoints
from dispatch.centres import endpoints as centre_endpoints
from dispatch.centres.endpoints import CASES_PER_MINUTE
from dispatch.clock import Clock, SteadyClock
from dispatch.engine import endpoints as incident_endpoints
from dispatch.engine.sos_door import SosDoor
from dispatch.middleware import AnswerHeaders, BodyLimit, Lookers, Timing
from dispatch.openapi import ProblemOut
from dispatch.pages import content_security_policy, install_pages
from dispatch.policies import policy_of
from dispatch.problems import install_problem_handlers
from dispatch.push import endpoints as push_endpoints
from dispatch.realtime import endpoint as socket_endpoint
from dispatch.rescue.policy import Policy
from dispatch.responders import endpoints as responder_endpoints
from dispatch.service import Service
from dispatch.settings import Settings


def create_app(
    settings: Settings, database_url: str, *, clock: Clock | None = None, policy: Policy | None = None
) -> FastAPI:
    """The ASGI application over a migrated database. Nothing is asked of it before it starts."""
    service = Service(
        settings, database_url, clock=clock or SteadyClock(), policy=policy or policy_of(settings.policy_file)
    )

    @contextlib.asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        app.state.is_dispatching = True
        try:
            yield
        finally:
            app.state.is_dispatching = False
            await app.state.sos_limit.close()
            await app.state.centre_limit.close()
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
    app.state.is_dispatching = False
    app.state.availability = service.availability
    registry = service.registry
    app.state.aeds = registry.aeds
    app.state.placing = registry.placing
    app.state.owners = registry.owners
    app.state.custodians = registry.custodians
    app.state.custodian_pages = registry.custodian_pages
    app.state.work_orders = registry.orders
    app.state.figures = registry.figures
    app.state.aed_search = registry.search
    app.state.aed_tiles = registry.tiles
    app.state.open_data = registry.open_data
    app.state.responders = service.responders
    app.state.push = service.push
    app.state.waking = service.waking
    app.state.sos = service.sos
    app.state.incidents = service.incidents
    app.state.centres = service.centres
    app.state.answers = service.answers
    app.state.socket = service.socket_parts()
    redis = service.counters.redis if service.counters else None
    app.state.sos_limit = UnawaitedLimit("sos", settings.sos_per_minute, redis)
    app.state.centre_limit = UnawaitedLimit("centre", CASES_PER_MINUTE, redis)
    app.state.report_limit = RateLimit("report", settings.reports_per_minute, redis)
    _add_routes(app)
    _add_middleware(app, settings, service.clock)
    return app


def _add_routes(app: FastAPI) -> None:
    install_problem_handlers(app)
    for router in (
        incident_endpoints.router,
        # Before those of single AEDs: `open-data.csv` is no id.
        tile_endpoints.router,
        search_endpoints.router,
        intake_endpoints.router,
        placing_endpoints.router,
        aed_endpoints.router,
        owner_endpoints.router,
        custodian_endpoints.router,
        work_order_endpoints.router,
        figure_endpoints.router,
        responder_endpoints.router,
        access_endpoints.router,
        push_endpoints.router,
        centre_endpoints.router,
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


def _add_middleware(app: FastAPI, settings: Settings, clock: Clock) -> None:
    headers = (
        ("Content-Security-Policy", content_security_policy(settings)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Permissions-Policy", "geolocation=(self), camera=(), microphone=()"),
    )
    # The last one added is the first to see a request.
    app.add_middleware(Lookers)
    app.add_middleware(SosDoor)
    most_for = {
        "/v1/aeds/import": settings.max_import_bytes,
        "/v1/aeds/reports": max(MOST_BATCH_BYTES, settings.max_body_bytes),
        "*/reports/batch": max(MOST_BATCH_BYTES, settings.max_body_bytes),
    }
    app.add_middleware(BodyLimit, settings.max_body_bytes, most_for)
    app.add_middleware(AnswerHeaders, headers, clock)
    app.add_middleware(Timing)
