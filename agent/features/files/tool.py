"""The file tool of one link to a console: who asks for what, and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from agent.features.files import browse
from agent.features.files.desk import Desk, Store, explained
from agent.features.files.receiving import Receiving
from agent.features.files.sending import Sending
from agent.tools import Outlet, ToolKind
from wizhelper.protocol import files
from wizhelper.protocol.channels import FILES, Channel
from wizhelper.protocol.errors import RemoteProtocolError

MAX_LISTINGS = 8
"""Folders that are being read at once."""


class Listing:
    """Pages of one folder, as many ahead as the console has asked for."""

    def __init__(self, desk: Desk, request: int, pages: Iterator[files.Entries], over: Callable[[int], None]) -> None:
        self._desk = desk
        self._request = request
        self._pages = pages
        self._over = over
        self._wanted = files.PAGES_AHEAD
        self._reading = False
        self._left = False

    def more(self) -> None:
        self._wanted = min(self._wanted + 1, 2 * files.PAGES_AHEAD)
        self.go()

    def leave(self) -> None:
        self._left = True
        if not self._reading:
            self._desk.run(self._close())

    def go(self) -> None:
        if self._wanted > 0 and not self._reading and not self._left:
            self._reading = True
            self._desk.run(self._next())

    async def _next(self) -> None:
        try:
            page = await self._desk.house.run(next, self._pages)
        except Exception as problem:
            self._over(self._request)
            self._desk.send(files.Result(self._request, explained(problem)))
            return
        self._reading = False
        self._wanted -= 1
        if self._left:
            await self._close()
            return
        self._desk.send(page)
        if page.last:
            self._over(self._request)
            await self._close()
        else:
            self.go()

    async def _close(self) -> None:
        """The folder was open while its pages were read."""
        await self._desk.house.run(getattr(self._pages, "close", lambda: None))


class FilesTool:
    def __init__(self, outlet: Outlet, store: Store) -> None:
        self._outlet = outlet
        self._desk = Desk(outlet, store)
        self._listings: dict[int, Listing] = {}

    def received(self, body: bytes) -> None:
        match files.decode_console(body):
            case files.List() as message:
                self._list(message)
            case files.More(request):
                if (listing := self._listings.get(request)) is not None:
                    listing.more()
            case files.Leave(request):
                if (listing := self._listings.pop(request, None)) is not None:
                    listing.leave()
            case files.Make() | files.Rename() | files.Remove() as message:
                self._desk.run(self._keep_house(message))
            case message:
                self._transfer(message)

    # --- folders -----------------------------------------------------------------------------------------------------

    def _list(self, message: files.List) -> None:
        if not message.folder and not message.name:
            self._desk.run(self._places(message.request))
            return
        if message.request in self._listings or len(self._listings) >= MAX_LISTINGS:
            raise RemoteProtocolError(files.BAD, "request")
        pages = browse.pages(message.request, message.folder, message.name)
        listing = Listing(self._desk, message.request, pages, self._listed)
        self._listings[message.request] = listing
        listing.go()

    def _listed(self, request: int) -> None:
        self._listings.pop(request, None)

    async def _places(self, request: int) -> None:
        try:
            self._desk.send(await self._desk.house.run(browse.places, request))
        except Exception as problem:
            self._desk.send(files.Result(request, explained(problem)))

    async def _keep_house(self, message: files.Make | files.Rename | files.Remove) -> None:
        """Said before it is done; what then failed is said once more."""
        await self._desk.turn()
        if self._desk.closed:
            return
        act, work = self._work(message)
        facts = _facts(message)
        self._desk.kept_house(act, **facts)
        code = ""
        try:
            await self._desk.house.run(work)
        except Exception as problem:
            code = explained(problem)
            self._desk.kept_house(act, **facts, result=code)
        self._desk.send(files.Result(message.request, code))

    def _work(self, message: files.Make | files.Rename | files.Remove) -> tuple[str, Callable[[], str]]:
        match message:
            case files.Make(_, folder, names):
                return "folder_made", partial(browse.make, folder, names)
            case files.Rename(_, folder, name, to):
                return "file_renamed", partial(browse.rename, folder, name, to)
            case files.Remove(_, folder, name):
                return "file_removed", partial(browse.remove, folder, name, lambda: self._desk.closed)

    def offer(self, paths: Sequence[str], via: str) -> None:
        """Somebody at the PC hands these over: the console is told, and gets what it wants of them. FT-DROPOUT"""
        self._desk.run(self._offer(paths, via))

    async def _offer(self, paths: Sequence[str], via: str) -> None:
        for message in await self._desk.house.run(browse.offers, paths, via):
            self._desk.send(message)

    # --- transfers ---------------------------------------------------------------------------------------------------

    def _transfer(self, message: files.ConsoleMessage) -> None:
        match message:
            case files.Put():
                Receiving(self._desk, message)
            case files.Get():
                Sending(self._desk, message, self._pump)
            case files.Ack(number, offset, held_ms):
                self._acknowledged(number, offset, held_ms / 1000)
            case files.Data(number) | files.Finish(number) | files.Stop(number) | files.Received(number):
                # A transfer that has ended meanwhile is no mistake of the console.
                if (transfer := self._desk.transfers.get(number)) is not None:
                    self._pass(transfer, message)

    def _pass(self, transfer: object, message: files.ConsoleMessage) -> None:
        match message, transfer:
            case files.Data(), Receiving():
                transfer.data(message)
            case files.Finish(_, sha256), Receiving():
                transfer.finish(sha256)
            case files.Received(), Sending():
                transfer.received(message)
            case files.Stop(_, keep), (Receiving() | Sending()):
                transfer.close() if keep else transfer.discard()
            case _:
                raise RemoteProtocolError(files.BAD, "direction")

    def _acknowledged(self, number: int, offset: int, held_s: float) -> None:
        size = self._desk.window.acknowledged((number, offset), held_s)
        transfer = self._desk.transfers.get(number)
        if isinstance(transfer, Sending):
            transfer.acknowledged(size)
        self._pump()

    def _pump(self) -> None:
        for transfer in list(self._desk.transfers.values()):
            if isinstance(transfer, Sending):
                transfer.pump()

    def close(self) -> None:
        """Files that are half here stay half here: the next link goes on with them."""
        for transfer in list(self._desk.transfers.values()):
            transfer.close()
        for listing in self._listings.values():
            listing.leave()
        self._desk.closed = True


def _facts(message: files.Make | files.Rename | files.Remove) -> dict[str, str]:
    names = message.names if isinstance(message, files.Make) else (message.name,)
    path = str(Path(message.folder, *names))
    return {"name": path, "to": message.to} if isinstance(message, files.Rename) else {"name": path}


def kind() -> ToolKind:
    store = Store()
    return ToolKind(Channel.FILES, frozenset({FILES}), lambda outlet: FilesTool(outlet, store))


