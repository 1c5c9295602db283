"""The pages, their files, and the live stream that feeds it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import msgspec
import pyarrow as pa
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, ServiceUnavailableException
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Redirect, Stream

from schemas.catalogue import Catalogue
from serving import login, wire
from serving.access import NEEDS, Access
from serving.assets import DESK, LOGIN, PAGE, Asset, Assets
from serving.county_map import MEDIA_TYPE, CountyMap
from serving.hub import Hub
from serving.memory import Memory

#: No inline scripts or styles, nothing from elsewhere, in nobody's frame.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SAFETY: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
#: Their names change with their content.
FOR_EVER: Final = "public, max-age=31536000, immutable"

LastEventId = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="id of the last event that was read: resume there")
]
WallToken = Annotated[str | None, QueryParameter(description="token of a screen, of staplewatch wall-tokens add")]


@dataclass(frozen=True, slots=True)
class Wall:
    """What the wall is made of. ``exercise``: nothing on it is real (演练); ``map`` replaces the tiles."""

    hub: Hub
    assets: Assets
    catalogue: Catalogue
    timezone: str
    exercise: bool = False
    memory: Memory[pa.Table] = field(default_factory=Memory)
    map: CountyMap | None = None

    @property
    def build(self) -> str:
        """Return what pages compare: they load anew where the program or the map is another."""
        return f"{self.assets.build}-{self.map.digest}" if self.map else self.assets.build

    def greeting(self, resumed: bool) -> list[bytes]:
        """Return the events that come first; who resumes knows the catalogue already."""
        build = wire.event("build", {"build": self.build})
        told = wire.catalogue(self.catalogue, self.timezone, exercise=self.exercise, county_map=self.map)
        return [build] if resumed else [build, wire.event("catalogue", told)]


class RegionRow(msgspec.Struct):
    """A region; ``tile`` is [row, column] on the county grid, of a prefecture its label's."""

    code: str
    name_zh: str
    name_en: str
    short_zh: str
    short_en: str
    parent: str | None
    level: str
    tile: tuple[int, int] | None


class GoodRow(msgspec.Struct):
    """A good; ``unit`` is its base unit, ``cover`` days below which it is blue, yellow, orange, red."""

    code: str
    name_zh: str
    name_en: str
    category: str
    unit: str
    cover: tuple[float, float, float, float]


@get("/", include_in_schema=False)
async def get_root() -> Redirect:
    """Lead to the wall."""
    return Redirect("/wall", status_code=307)


@get("/wall", summary="The wall display", media_type="text/html", include_in_schema=False)
async def get_page(
    request: Request[Any, Any, Any],
    wall: NamedDependency[Wall],
    access: NamedDependency[Access],
    token: WallToken = None,
) -> Response[bytes]:
    """Return the page; it holds no data, so it needs no login: what it asks for does.

    A good ``token`` becomes a cookie, by which a screen without a keyboard is known.
    """
    response = _page(request, wall, PAGE)
    operations = access.operations
    if token and operations and await asyncio.to_thread(operations.wall_tokens.find, token) is not None:
        response.cookies.append(login.wall_cookie(request, token))
    return response


@get("/desk", summary="The duty desk", media_type="text/html", include_in_schema=False)
async def get_desk(request: Request[Any, Any, Any], wall: NamedDependency[Wall]) -> Response[bytes]:
    """Return the duty desk's page."""
    return _page(request, wall, DESK)


@get("/login", summary="Logging in", media_type="text/html", include_in_schema=False)
async def get_login(request: Request[Any, Any, Any], wall: NamedDependency[Wall]) -> Response[bytes]:
    """Return the page to log in by."""
    return _page(request, wall, LOGIN)


@get("/assets/{name:str}", include_in_schema=False)
async def get_asset(
    request: Request[Any, Any, Any], wall: NamedDependency[Wall], name: FromPath[str]
) -> Response[bytes]:
    """Return a script, style or font."""
    asset = wall.assets.files.get(f"assets/{name}")
    if asset is None:
        msg = f"there is no asset {name}"
        raise NotFoundException(msg)
    return _file(request, asset, FOR_EVER)


@get(
    "/live",
    summary="Live stream of indicators, alerts and actions (server-sent events)",
    media_type="text/event-stream",
    opt={NEEDS: "wall"},
)
async def get_live(
    request: Request[Any, Any, Any],
    wall: NamedDependency[Wall],
    access: NamedDependency[Access],
    last: LastEventId = None,
) -> Stream:
    """Send ``build``, ``catalogue``, ``snapshot``, then ``change``, ``action`` and ``heartbeat``.

    With ``Last-Event-ID`` it resumes. It ends when who asked no longer may: the session is over, the token revoked.
    """
    return Stream(
        _events(wall, last, access, request),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@get("/api/regions", summary="Regions of the catalogue", opt={NEEDS: "wall"})
async def get_regions(wall: NamedDependency[Wall]) -> list[RegionRow]:
    """Return provinces, prefectures and counties with their places on the county grid."""
    return [RegionRow(**wire.region(code, wall.catalogue)) for code in wall.catalogue.regions]


@get("/api/goods", summary="Goods of the catalogue", opt={NEEDS: "wall"})
async def get_goods(wall: NamedDependency[Wall]) -> list[GoodRow]:
    """Return goods with their thresholds of cover."""
    return [GoodRow(**wire.good(code, wall.catalogue)) for code in wall.catalogue.goods]


@get("/api/map", summary="The bureau's map of its counties (GeoJSON)", media_type=MEDIA_TYPE, opt={NEEDS: "wall"})
async def get_map(request: Request[Any, Any, Any], wall: NamedDependency[Wall]) -> Response[bytes]:
    """Return a FeatureCollection with ``review_number``; a county's feature carries its ``code``, others "".

    404 where no map is set: the wall draws tiles then.
    """
    if wall.map is None:
        msg = "no map is set (--map FILE): the wall draws tiles / 未设置地图（--map 文件），大屏以方格表示"
        raise NotFoundException(msg)
    return _file(request, wall.map.content, "no-store")


@get("/api/feeds", summary="Freshness of each input", opt={NEEDS: "wall"})
async def get_feeds(wall: NamedDependency[Wall]) -> dict[str, Any]:
    """Return per input, in epoch seconds, ``at`` of its newest event and when it was ``heard``."""
    return dict(wall.hub.live.latest.feeds.told())


async def _events(
    wall: Wall, last: str | None, access: Access, request: Request[Any, Any, Any]
) -> AsyncIterator[bytes]:
    asked = time.monotonic()
    async for data in wall.hub.follow(last, wall.greeting):
        if time.monotonic() - asked >= access.recheck_seconds:
            if not await access.still(request, "wall"):
                return
            asked = time.monotonic()
        yield data


def _page(request: Request[Any, Any, Any], wall: Wall, name: str) -> Response[bytes]:
    if name not in wall.assets.files:
        msg = "the pages have not been built: run `make setup` (or scripts/web), then start again"
        raise ServiceUnavailableException(msg)
    return _file(request, wall.assets.files[name], "no-cache")


def _file(request: Request[Any, Any, Any], asset: Asset, caching: str) -> Response[bytes]:
    headers = {**SAFETY, "Cache-Control": caching, "Vary": "Accept-Encoding"}
    content = asset.content
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = asset.packed, "gzip"
    return Response(content, media_type=asset.media_type, headers=headers)
