"""`deploy`: the cloud part of DEPLOYMENT.md in one go."""

import re
from pathlib import Path

from tools.addresses import split_address
from tools.commands.terminal import console
from tools.deploy import last
from tools.deploy.deployment import Deployment, Target
from tools.deploy.errors import DeployError
from tools.remedies import BACKUP, INSTALL
from tools.supabase_cli import VERSION

PROJECT_FORM = r"[a-z]{20}"


def run(target: Target, *, dry_run: bool, only_check: bool) -> None:
    """Takes every step in turn, or prints the commands. Raises DeployError at the first step that cannot be done."""
    check_target(target)
    deployment = Deployment(target)
    if dry_run:
        show_plan(deployment, only_check=only_check)
        return
    for step in deployment.steps(only_check=only_check):
        with console.status(step.title):
            try:
                first, *rest = step.do().splitlines()
            except DeployError as error:
                raise DeployError(f"{step.title}: {error}") from None
        console.print(f"[green]✓[/] [bold]{step.title}[/]: ", end="")
        for line in (first, *(f"  {line}" for line in rest)):
            console.print(line, markup=False, soft_wrap=True)
    if not only_check:
        last.write(last.LastDeploy(f"{target.api_url}/functions/v1/ingest", target.access_token, target.site_url or ""))
        show_next(deployment)


def check_target(target: Target) -> None:
    """Raises DeployError for addresses and names that cannot be meant, before anything is asked of anyone."""
    if target.project and not re.fullmatch(PROJECT_FORM, target.project):
        raise DeployError(
            f"{target.project!r} is no project reference: that is the 20 lower-case letters in the dashboard's address,"
            " https://supabase.com/dashboard/project/<project>."
        )
    for option, address in (("--site-url", target.site_url), ("--url", target.url)):
        if address is None:
            continue
        parts = split_address(address)
        if parts is None:
            raise DeployError(f"{option} {address} cannot be used. Write it as https://host/folder/ without # and ?.")
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"))
        if not secure or not parts.hostname or parts.query or parts.fragment or re.search(r"[\s\"'\\*]", address):
            raise DeployError(f"{option} {address} cannot be used. Write it as https://host/folder/ without # and ?.")
    if target.access_token and not re.fullmatch(r"[!-~]{16,200}", target.access_token):
        raise DeployError(
            "The access token must have 16 to 200 characters, without spaces. This makes a good one:"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(24))'"
        )


def show_plan(deployment: Deployment, *, only_check: bool) -> None:
    """Prints what would be run, command by command; nothing is asked of anyone."""
    console.print(f"# supabase is the Supabase CLI {VERSION}; run from the root of the checkout.", markup=False)
    for step in deployment.steps(only_check=only_check):
        console.print(f"\n# {step.title}", markup=False)
        for command in step.commands:
            console.print(command, markup=False, soft_wrap=True)


def show_next(deployment: Deployment) -> None:
    """Prints what is left to do by hand."""
    target = deployment.target
    folder: Path = target.portal_folder
    token = " and the access token" if target.access_token else ""
    lines = [
        "",
        f"The portal lies in {folder}: put its files on any static host, or let GitHub Pages build it (DEPLOYMENT.md).",
        f"  SUPABASE_URL              {target.api_url}",
        f"  SUPABASE_PUBLISHABLE_KEY  {deployment.publishable_key}",
        f"{INSTALL} takes the ingest URL{token} from here ({target.api_url}/functions/v1/ingest).",
    ]
    if target.site_url is None:
        lines.append(
            "The address of the portal was left as it is: give --site-url once it is known, or mails lead astray."
        )
    lines.append(f"Before each update: {BACKUP} copies the data into a file.")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
