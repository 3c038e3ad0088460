"""The web application: the guard outside, discovered resources inside."""

import importlib
import pkgutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from litestar import Controller, Litestar, Request, Response, Router
from litestar.config.response_cache import ResponseCacheConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.openapi import OpenAPIConfig

from ionpy_auto import __version__
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.engine import Engine
from ionpy_auto.web import api, pages, problems, static
from ionpy_auto.web.guard import ASGIApp, Guard
from ionpy_auto.web.live import LiveHub
from ionpy_auto.web.ws import live_socket


def controllers() -> list[type[Controller]]:
    """Every controller of every file in ``web/api``."""
    found: list[type[Controller]] = []
    for info in pkgutil.iter_modules(api.__path__):
        module = importlib.import_module(f"{api.__name__}.{info.name}")
        found += [
            thing
            for thing in vars(module).values()
            if isinstance(thing, type)
            and issubclass(thing, Controller)
            and thing.__module__ == module.__name__
        ]
    return found


def page_or_problem(request: Request[Any, Any, Any], error: NotFoundException) -> Response[Any]:
    """An unknown path is a page of the UI when a browser asks for one."""
    if static.wants_page(request):
        return static.index_page()
    return problems.framework(request, error)


def create_app(engine: Engine, on_failure: Callable[[IonpyError], None] | None = None) -> ASGIApp:
    """The guarded application for an engine that is started and stopped with it.

    Args:
        engine: Not yet started.
        on_failure: Told why the engine did not start, before the error rises into the framework.
    """
    hub = LiveHub(engine.bus, engine.values, engine.snapshot, engine.now)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        del app
        leave = engine.bus.tap(
            ("event/project_opened", "event/project_closed"), lambda _: hub.new_epoch()
        )
        try:
            await engine.start()
            hub.start()
            yield
        except IonpyError as error:
            if on_failure is not None:
                on_failure(error)
            raise
        finally:
            leave()
            await engine.stop()
            hub.stop()

    async def provide_engine() -> Engine:
        return engine

    app = Litestar(
        route_handlers=[
            *controllers(),
            live_socket,
            static.index,
            static.asset,
            static.public,
            static.worker,
            *pages.HANDLERS,
        ],
        dependencies={"engine": Provide(provide_engine)},
        exception_handlers={
            **problems.HANDLERS,
            NotFoundException: page_or_problem,
            HTTPException: problems.framework,
        },
        lifespan=[lifespan],
        openapi_config=OpenAPIConfig(
            title="ionpy_auto",
            version=__version__,
            use_handler_docstrings=True,
            openapi_router=Router("/docs/framework", route_handlers=[], include_in_schema=False),
        ),
        response_cache_config=ResponseCacheConfig(default_expiration=None),
        request_max_body_size=engine.settings.max_upload,
        logging_config=None,
    )
    app.state.hub = hub
    app.state.engine = engine
    settings = engine.settings
    public = urlsplit(settings.public_url).hostname
    hosts = {*settings.allowed_hosts, settings.host, *([public] if public else [])}
    return Guard(app, hosts, settings.max_body, settings.max_upload, settings.frame_origins)  # type: ignore[arg-type]  # litestar's ASGI types are narrower
