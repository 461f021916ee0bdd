"""The OpenAPI 3.1 document, made from the route table and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from wizhelper import __version__
from wizhelper.http.api import PREFIX, PUBLIC, Route

_PARAMETER = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
_TYPES = {"int": {"type": "integer"}, "uuid": {"type": "string", "format": "uuid"}}
ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "next_step"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "next_step": {"type": "string"},
                "details": {"type": ["object", "null"]},
                "fields": {"type": ["object", "null"]},
            },
        }
    },
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    table = list(routes)
    refs, definitions = _schemas(table)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        path = PREFIX + _PARAMETER.sub(r"{\2}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "WizHelper", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": {**definitions, "Error": ERROR_SCHEMA},
            "securitySchemes": {
                "login": {"type": "apiKey", "in": "cookie", "name": "__Host-wizhelper"},
                "join": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _schemas(routes: list[Route]) -> tuple[dict[tuple[type[BaseModel], str], Any], dict[str, Any]]:
    wanted: dict[tuple[type[BaseModel], Any], None] = {}
    for route in routes:
        if route.body:
            wanted[(route.body, "validation")] = None
        if route.result:
            wanted[(route.result, "serialization")] = None
    refs, found = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
    named: dict[tuple[Any, str], Any] = {(model, str(mode)): ref for (model, mode), ref in refs.items()}
    return named, found.get("$defs", {})


def _operation(route: Route, refs: dict[tuple[type[BaseModel], str], Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [route.tag],
        "summary": route.summary,
        "operationId": f"{route.tag}_{route.handler.__name__}",
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": _TYPES.get(kind or "", {"type": "string"})}
            for kind, name in _PARAMETER.findall(route.path)
        ],
        "responses": {
            str(route.status): _response(route, refs),
            "default": {"description": "error", "content": _json({"$ref": "#/components/schemas/Error"})},
        },
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": _json(refs[(route.body, "validation")])}
    if route.octets:
        binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": binary}
    if route.roles != PUBLIC:
        operation["security"] = [{"login": []}]
        operation["x-roles"] = sorted(route.roles)
        if route.method != "GET":
            header = {"name": "X-CSRF-Token", "in": "header", "required": True, "schema": {"type": "string"}}
            operation["parameters"].append(header)
    return operation


def _response(route: Route, refs: dict[tuple[type[BaseModel], str], Any]) -> dict[str, Any]:
    if route.result is None:
        return {"description": "done"}
    return {"description": "done", "content": _json(refs[(route.result, "serialization")])}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
