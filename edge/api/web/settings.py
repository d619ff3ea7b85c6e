"""``/v1/settings``: what is set, why it has its value, and changing it."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field, JsonValue

from edge.api.web.access import Owner
from edge.api.web.bodies import Body
from edge.api.web.kept import IfMatch
from edge.api.web.problems import Refusal
from edge.assistant import Assistant
from edge.errors import ModelError
from edge.settings_change import Present, SettingFixed, SettingsDesk
from edge.settings_file import FileChanged
from edge.settings_origins import Source
from edge.settings_schema import schema, section_descriptions


class Setting(Body):
    """One setting as it is now."""

    key: str
    section: str
    description: str
    value_schema: dict[str, JsonValue]
    """JSON Schema of the value."""
    value: JsonValue
    """In force; null for a secret, of which is told only whether there is one."""
    default: JsonValue
    is_set: bool
    secret: bool
    source: Source
    live: bool
    """Whether a change is in force at once; else after a restart."""
    fixed: str
    """Why it can't be changed here; empty where it can."""
    waits: bool
    """Whether another value is written, and in force after a restart."""


class AllSettings(Body):
    """All of them."""

    version: str
    """Of the file; the same as in ``ETag``."""
    file: str | None
    """The settings file that is in use."""
    mistake: str
    """What is wrong in that file now, so that a restart would fail; empty where nothing is."""
    sections: dict[str, str]
    """What each section is for."""
    settings: list[Setting]


class Change(Body):
    """What is to be another way."""

    model_config = ConfigDict(extra="forbid")

    changes: Annotated[
        dict[str, JsonValue], Field(min_length=1, max_length=200, examples=[{"wake.threshold": 0.6, "area": None}])
    ]
    """By dotted key; null: as it is by itself."""


class Outcome(Body):
    """What became of it."""

    in_force: list[str]
    """Keys that are in force now."""
    after_restart: list[str]
    """Keys that are written, and in force after a restart."""
    version: str
    """Of the file, from now on."""


def router(assistant: Assistant) -> APIRouter:
    """Its routes."""
    routes = APIRouter(prefix="/v1/settings", tags=["settings"])
    desk = SettingsDesk(assistant)

    @routes.get("", summary="All settings, with the value, the source and the meaning of each")
    async def all_settings(_: Owner, response: Response) -> AllSettings:
        """The header ``ETag`` names the version of the file; ``PATCH`` takes it as ``If-Match``."""
        known = await desk.known()
        response.headers["ETag"] = f'"{known.version}"'
        file = str(known.file) if known.file is not None else None
        described = [_as_setting(each) for each in known.settings]
        return AllSettings(
            version=known.version,
            file=file,
            mistake=known.mistake,
            sections=dict(section_descriptions()),
            settings=described,
        )

    @routes.get("/schema", summary="JSON Schema of a settings file")
    async def file_schema(_: Owner) -> dict[str, Any]:
        """Draft 2020-12, with what each key means."""
        return schema()

    @routes.patch("", summary="Change settings")
    async def change(wish: Change, _: Owner, response: Response, if_match: IfMatch = None) -> Outcome:
        """All of it is checked together, then written into the file, whose comments stay, and taken over as far as
        that is possible without a restart. Nothing is changed where anything is wrong.

        Secrets are kept apart from the file. 409 for what can't be changed here, 412 where the file is another one by
        now than ``If-Match`` says.
        """
        try:
            changed = await desk.change(wish.changes, if_match)
        except FileChanged as error:
            raise Refusal(HTTPStatus.PRECONDITION_FAILED, error.what, code=error.code, remedy=error.remedy) from None
        except (SettingFixed, ModelError) as error:
            raise Refusal(HTTPStatus.CONFLICT, error.what, code=error.code, remedy=error.remedy) from None
        response.headers["ETag"] = f'"{changed.version}"'
        in_force, after = sorted(changed.in_force), sorted(changed.after_restart)
        return Outcome(in_force=in_force, after_restart=after, version=changed.version)

    return routes


def _as_setting(present: Present) -> Setting:
    each = present.described
    return Setting(
        key=each.key,
        section=each.section,
        description=each.description,
        value_schema=dict(each.schema),
        value=present.value,
        default=each.default,
        is_set=present.is_set,
        secret=each.secret,
        source=present.source,
        live=present.live,
        fixed=present.fixed,
        waits=present.waits,
    )
