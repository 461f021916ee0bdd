"""The `wizhelper` command, from a wheel, a checkout or a frozen binary: `serve` and `admin`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from twisted.logger import FilteringLogObserver, LogLevel, LogLevelFilterPredicate, globalLogBeginner
from twisted.python import usage

from wizhelper import __version__, admin, logs
from wizhelper.server import Options as ServeOptions
from wizhelper.server import makeService


class Options(usage.Options):
    synopsis = "wizhelper serve|admin [options]"
    subCommands = [
        ["serve", None, ServeOptions, "Run the appliance."],
        ["admin", None, admin.Options, "Companies, accounts, passwords, diagnosis."],
    ]

    def opt_version(self) -> None:
        """Show the version."""
        sys.stdout.write(f"WizHelper {__version__}\n")
        sys.exit(0)

    def postOptions(self) -> None:
        if self.subCommand is None:
            raise usage.UsageError(self.getUsage())


def serve(options: Any) -> int:
    """Runs until SIGINT or SIGTERM; 1 if it could not start."""
    from twisted.internet import reactor

    quiet = FilteringLogObserver(logs.observer(sys.stdout), [LogLevelFilterPredicate(LogLevel.info)])
    globalLogBeginner.beginLoggingTo([quiet], redirectStandardIO=False)
    service = makeService(options, reactor)
    service.startService()
    reactor.addSystemEventTrigger("before", "shutdown", logs.awaited, service.stopService)  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    options = Options()
    try:
        options.parseOptions(list(sys.argv[1:] if arguments is None else arguments))
        if options.subCommand == "serve":
            return serve(options.subOptions)
        return admin.run(options.subOptions)
    except usage.UsageError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
