"""How the customer's pages are made: templates, words, and refusals as pages with the next step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from wizhelper import __version__
from wizhelper.downloads.programs import OS_NAMES
from wizhelper.downloads.texts import TEXTS
from wizhelper.http.errors import CATALOGUE, ApiError, Language
from wizhelper.http.site import Page, PageHandler, Response

_TEMPLATES = Environment(
    loader=PackageLoader("wizhelper.downloads"), autoescape=select_autoescape(), undefined=StrictUndefined
)


def rendered(page: Page, template: str, **values: Any) -> Response:
    """`values` are untrusted texts: the templates escape them."""
    html = _TEMPLATES.get_template(template).render(
        t=TEXTS[page.language],
        lang=page.language,
        other=_other(page.language),
        version=__version__,
        os_names=OS_NAMES,
        **values,
    )
    return Response(html.encode())


def error_page(page: Page, problem: ApiError) -> Response:
    error = CATALOGUE[problem.code].text(page.language)
    return replace(rendered(page, "error.html", error=error, code=problem.code), status=problem.status)


def guarded(handler: PageHandler) -> PageHandler:
    """A refusal becomes a page with the sentence and the next step, not a JSON object."""

    async def handled(page: Page) -> Response:
        try:
            return await handler(page)
        except ApiError as problem:
            return error_page(page, problem)

    return handled


def redirect(path: str, headers: dict[str, str] | None = None) -> Response:
    return Response(b"", status=303, headers={"Location": path, **(headers or {})})


def _other(language: Language) -> Language:
    return "en" if language == "ko" else "ko"
