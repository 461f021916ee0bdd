"""`wizhelper-agent`: `connect` is the access program, with its window or without."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wizhelper import __version__

#: The pipeline thread must not keep the reactor waiting for the default 5 ms each time.
SWITCH_INTERVAL_S = 0.001


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="wizhelper-agent", description="WizHelper on the supported PC.")
    top.add_argument("--version", action="version", version=f"WizHelper {__version__}")
    commands = top.add_subparsers(dest="command")
    connect = commands.add_parser("connect", help="connect to an operator once")
    connect.add_argument("--server", help="address of the appliance, such as https://support.example.com")
    connect.add_argument("--number", help="connection number")
    connect.add_argument("--yes", action="store_true", help="agree on the command line (recorded as such); no window")
    connect.add_argument("--ca", type=Path, metavar="FILE", help="PEM file of the only CA to be trusted")
    connect.add_argument("--file", type=Path, metavar="FILE", help="connection file of a download")
    connect.add_argument("--lang", choices=("ko", "en"), help="language (default: the system's)")
    resume = commands.add_parser("resume", help="go on with the session for which this PC was restarted")
    resume.add_argument("--yes", action="store_true", help="no window")
    resume.add_argument("--lang", choices=("ko", "en"), help="language (default: the system's)")
    _add_device_commands(commands)
    return top


def _add_device_commands(commands: Any) -> None:
    enroll = commands.add_parser("enroll", help="register this PC, so that operators can connect to it")
    enroll.add_argument("--server", required=True, help="address of the appliance")
    enroll.add_argument("--company", required=True, help="company code")
    enroll.add_argument("--name", help="name of the device (default: the PC's)")
    enroll.add_argument("--group", default="", help='existing group, such as "Head office/First floor"')
    enroll.add_argument("--token", help="enrolment token; without it an administrator has to approve")
    enroll.add_argument("--ca", type=Path, metavar="FILE", help="PEM file of the only CA to be trusted, from now on")
    device = commands.add_parser("device", help="serve this registered PC until stopped")
    device.add_argument("--wait", action="store_true", help="wait for the registration, by the tray or by `enroll`")
    for each in (enroll, device):
        each.add_argument("--state", type=Path, metavar="DIR", help="where key and registration are kept")
        each.add_argument("--lang", choices=("ko", "en"), help="language (default: the system's)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 the session took place and ended, 1 refused or failed, 2 wrong use."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    special = _child_role(given)
    if special is not None:
        return special
    options = parser().parse_args(given or ["connect"])
    if options.command is None:
        parser().print_help()
        return 2
    if options.command in ("enroll", "device"):
        return _device(options)
    if options.command == "connect" and options.yes and not options.number and not options.file:
        parser().error("--yes needs --number")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    return _connect(options)


def _child_role(given: list[str]) -> int | None:
    """The same program serves as its own helper processes: one frozen file is enough."""
    if given[:1] == ["--release-guard"]:
        from agent.platform import release_guard

        return release_guard.main(given[1:])
    if given[:1] == ["--overlay"]:
        from agent.overlay import program

        return program.main()
    if given[:1] == ["--prepare-print"]:
        from agent.printing import prepare

        return prepare.main(given[1:])
    if given[:1] == ["--share"]:
        from agent.window import share

        return share.main(given[1:])
    if given[:1] == ["--window"]:
        from agent.window import ui

        ui.main(given[1:])
        return 0
    return None


def _device(options: Any) -> int:
    from twisted.internet import reactor

    from agent.device import commands

    sys.setswitchinterval(SWITCH_INTERVAL_S)
    return (commands.run_enroll if options.command == "enroll" else commands.run_device)(options, reactor)


def _connect(options: Any) -> int:
    from twisted.internet import reactor

    from agent import access, resumed

    return (resumed.run if options.command == "resume" else access.run)(options, reactor)


if __name__ == "__main__":
    sys.exit(main())
