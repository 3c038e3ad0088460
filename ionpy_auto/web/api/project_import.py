"""``/api/projects/import``: a project comes from a zip."""

import asyncio
from typing import Annotated, Any, cast

from litestar import Controller, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from ionpy_auto.core.errors import BadInput
from ionpy_auto.engine import Engine
from ionpy_auto.web.api.projects import shown

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


class ProjectImportController(Controller):
    """Archives of projects."""

    path = "/api/projects"
    tags = ("projects",)

    @post("/import", operation_id="importProject", status_code=201)
    async def bring_in(self, engine: Engine, data: Upload, new_id: bool = False) -> dict[str, Any]:
        """A project from the zip in the field ``file``; it is not opened."""
        file = data.get("file")
        if not isinstance(file, UploadFile):
            msg = "the field 'file' is missing"
            raise BadInput(msg, hint="send the archive as multipart/form-data")
        project = await asyncio.to_thread(engine.library.bring_in, cast("Any", file.file), new_id)
        engine.audit.event("project_imported", "rest", {"project": project.id})
        return shown(engine, project)
