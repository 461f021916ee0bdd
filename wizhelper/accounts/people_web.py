"""Routes by which administrators manage accounts, operator groups and the company's access rules."""

from __future__ import annotations

from sqlalchemy.orm import Session

from wizhelper.accounts import importing, teams
from wizhelper.accounts.bodies import (
    AccessPolicy,
    AccountAdded,
    AccountIn,
    AccountOut,
    AccountPage,
    AccountPatch,
    ImportIn,
    ImportOut,
    NewPassword,
    TeamIn,
    TeamList,
    TeamOut,
)
from wizhelper.accounts.people import People
from wizhelper.http.api import ADMINS, MANAGERS, READERS, Call, Routes
from wizhelper.store.database import Database


def add_people_routes(routes: Routes, people: People, db: Database) -> None:
    _add_account_routes(routes, people)
    _add_team_routes(routes, people, db)

    @routes.get("/access-policy", roles=READERS, result=AccessPolicy)
    async def policy(call: Call[None]) -> AccessPolicy:
        """Addresses of the whole company, and when an account locks (ADM-IP)."""
        return await people.policy(call)

    @routes.put("/access-policy", roles=ADMINS, body=AccessPolicy, result=AccessPolicy)
    async def set_policy(call: Call[AccessPolicy]) -> AccessPolicy:
        """Changes them; holds at once for everybody who is logged in."""
        return await people.set_policy(call)


def _add_account_routes(routes: Routes, people: People) -> None:
    @routes.get("/accounts", roles=READERS, result=AccountPage)
    async def list_accounts(call: Call[None]) -> AccountPage:
        """Accounts; query fields page, size, q, role, status, team, sort (ADM-ACCT)."""
        return await people.listed(call)

    @routes.post("/accounts", roles=MANAGERS, body=AccountIn, result=AccountAdded, status=201)
    async def add_account(call: Call[AccountIn]) -> AccountAdded:
        """Adds an account; without a password one is made and shown this once."""
        return await people.add(call)

    @routes.post("/accounts/import", roles=MANAGERS, body=ImportIn, result=ImportOut)
    async def import_accounts(call: Call[ImportIn]) -> ImportOut:
        """Adds accounts from CSV, all or none; a dry run tells what each line would do."""
        return await importing.run(people, call)

    @routes.patch("/accounts/<int:num>", roles=MANAGERS, body=AccountPatch, result=AccountOut)
    async def change_account(call: Call[AccountPatch]) -> AccountOut:
        """Changes name, role, group, state or allowed addresses (ADM-IP); state active also ends a lock."""
        return await people.change(call)

    @routes.post("/accounts/<int:num>/reset-password", roles=MANAGERS, result=NewPassword)
    async def reset_password(call: Call[None]) -> NewPassword:
        """Sets a new random password, shown this once; it must be changed at the next login."""
        return await people.reset_password(call)

    @routes.post("/accounts/<int:num>/disable-totp", roles=MANAGERS)
    async def remove_totp(call: Call[None]) -> None:
        """Takes two-step login off an account whose device was lost."""
        await people.remove_totp(call)

    @routes.post("/accounts/<int:num>/logout", roles=MANAGERS)
    async def log_out(call: Call[None]) -> None:
        """Ends every login of the account."""
        await people.log_out(call)


def _add_team_routes(routes: Routes, people: People, db: Database) -> None:
    @routes.get("/teams", roles=READERS, result=TeamList)
    async def list_teams(call: Call[None]) -> TeamList:
        """Operator groups (ADM-ROLE-GRP)."""
        return TeamList(items=await db.read(lambda s: teams.listed(s, call.caller)))

    @routes.post("/teams", roles=ADMINS, body=TeamIn, result=TeamOut, status=201)
    async def add_team(call: Call[TeamIn]) -> TeamOut:
        """Adds an operator group."""

        def work(session: Session) -> TeamOut:
            team = teams.add(session, people.now(), call.caller.company, call.body.name)
            people.note(session, call, "team.added", {"team": team.id, "name": team.name})
            return TeamOut(id=team.id, name=team.name, members=0)

        return await db.run(work)

    @routes.patch("/teams/<int:team>", roles=ADMINS, body=TeamIn, result=TeamOut)
    async def rename_team(call: Call[TeamIn]) -> TeamOut:
        """Renames an operator group."""

        def work(session: Session) -> TeamOut:
            team = teams.of_company(session, call.caller.company, call.path["team"])
            before = team.name
            teams.rename(session, team, call.body.name)
            people.note(session, call, "team.renamed", {"team": team.id, "name": [before, team.name]})
            return TeamOut(id=team.id, name=team.name, members=teams.members(session, team.id))

        return await db.run(work)

    @routes.delete("/teams/<int:team>", roles=ADMINS)
    async def remove_team(call: Call[None]) -> None:
        """Deletes an operator group that has no accounts left."""

        def work(session: Session) -> None:
            team = teams.of_company(session, call.caller.company, call.path["team"])
            people.note(session, call, "team.removed", {"team": team.id, "name": team.name})
            teams.remove(session, team)

        await db.run(work)
