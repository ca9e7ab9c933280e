"""`tradsy doctor`, `db`, `audit`, `admin` and `demo`: for whoever looks after an installation."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import typer

from tradsy.entrypoints.cli.common import (
    DataOption,
    JsonOption,
    KeyOption,
    PortOption,
    UrlOption,
    group,
    make_client,
    make_settings,
    messages,
    output,
    print_json,
    print_table,
)

T = TypeVar("T")

db = group("The database: migrate, back up, restore.")
audit = group("The audit log: take it with you, check it.")
admin = group("People who look after the installation.")
demo = group("The demo data.")


def doctor(data: DataOption = None, port: PortOption = None, json_output: JsonOption = False) -> None:
    """Name everything that is missing, unsafe or late; exit code 1 if something would not work."""
    from tradsy.entrypoints.doctor import examine, is_healthy

    findings = _run(examine(make_settings(data, port)))
    if json_output:
        print_json([{"name": f.name, "level": str(f.level), "text": f.text} for f in findings])
    else:
        print_table("findings", ("", "what", ""), [(str(f.level), f.name, f.text) for f in findings])
    if not is_healthy(findings):
        raise typer.Exit(1)


@db.command("migrate")
def migrate(data: DataOption = None) -> None:
    """Bring the schema to this build's newest revision; `up` does so at each start."""
    from tradsy.entrypoints.processes import required_addresses
    from tradsy.platform.installation import Installation
    from tradsy.platform.migrate import migrate as run_migrations
    from tradsy.platform.migrate import read_revisions

    settings = make_settings(data)
    url = required_addresses(settings).database_url

    async def work() -> tuple[str | None, str | None]:
        await run_migrations(url, Installation(settings))
        return await read_revisions(url)

    current, _ = _run(work())
    output().print(f"The schema is at {current}.")


@db.command("backup")
def backup(
    target: Annotated[Path | None, typer.Argument(help="New folder; <data>/backups/... if not given.")] = None,
    data: DataOption = None,
    json_output: JsonOption = False,
) -> None:
    """Back up database, keys, anchors and the paper venue's truth into one folder, while the product runs or not."""
    from tradsy.entrypoints.backup import back_up

    settings = make_settings(data)
    with _Steps("Backing up", 4) as steps:
        folder = _run(back_up(settings, target, steps.tell))
    if json_output:
        print_json({"folder": str(folder)})
        return
    output().print(str(folder), soft_wrap=True)
    messages().print("It holds the installation's keys: keep it as safe as them.")


@db.command("restore")
def restore(
    source: Annotated[Path, typer.Argument(help="Folder of a backup.")],
    replace: Annotated[bool, typer.Option("--replace", help="Set what is in the data folder aside.")] = False,
    data: DataOption = None,
    json_output: JsonOption = False,
) -> None:
    """Restore a backup into an empty data folder; nothing trades until a person releases it."""
    from tradsy.entrypoints.backup import restore as run_restore

    settings = make_settings(data)
    with _Steps("Restoring", 4) as steps:
        restored = _run(run_restore(settings, source, steps.tell, replace=replace))
    if json_output:
        print_json(
            {
                "made_at": restored.made_at.isoformat(),
                "audit_events": restored.verified.events,
                "set_aside": str(restored.set_aside) if restored.set_aside else None,
            }
        )
        return
    output().print(f"Restored the backup of {restored.made_at.isoformat()}.")
    output().print(f"The audit log verifies: {restored.verified.events} events in {restored.verified.chains} chains.")
    if restored.set_aside:
        output().print(f"What was there before is in {restored.set_aside}.", soft_wrap=True)
    output().print(
        "Trading is stopped: start the product, compare orders and positions with the broker, then release it with "
        "`tradsy kill release site`."
    )


@audit.command("export")
def export(
    target: Annotated[Path | None, typer.Argument(help="File; standard output if not given.")] = None,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
) -> None:
    """Download your audit chain with its proofs, as JSON lines."""
    from tradsy.entrypoints.api_client import ApiFailed, explain

    answer = make_client(data, url, key).call("GET", "/api/v1/audit/export")
    if answer.status != 200:
        raise ApiFailed(explain(answer))
    if target is None:
        sys.stdout.buffer.write(answer.raw)
        return
    target.write_bytes(answer.raw)
    messages().print(f"{len(answer.raw):,} bytes in {target}", soft_wrap=True)


@audit.command("verify")
def verify(
    export_file: Annotated[Path | None, typer.Argument(help="An export; a fresh one of yours if not given.")] = None,
    pin: Annotated[Path | None, typer.Option("--pin", help="A checkpoint that you kept.")] = None,
    public_key: Annotated[str | None, typer.Option("--public-key", help="The signing key to believe, base64.")] = None,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
) -> None:
    """Check an audit chain with the stand-alone verifier, in a Python of its own; exit code 1 if it was changed."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="tradsy-audit-") as folder:
        if export_file is None:
            export_file = Path(folder) / "audit.jsonl"
            export(export_file, data, url, key)
        command = [sys.executable, "-I", "-S", _verifier(), str(export_file)]
        command += ["--pin", str(pin)] if pin else []
        command += ["--key", public_key] if public_key else []
        done = subprocess.run(command, check=False)
    raise typer.Exit(done.returncode)


def _verifier() -> str:
    """Return the path of the verifier without importing anything beside it."""
    import tradsy

    return str(Path(tradsy.__file__).parent / "audit" / "verifier.py")


@admin.command("setup-link")
def setup_link(data: DataOption = None, port: PortOption = None) -> None:
    """Print a new one-time link for the first admin; older ones die."""
    from tradsy.entrypoints.operator import make_setup_link

    link = _run(make_setup_link(make_settings(data, port)))
    if link is None:
        messages().print("There is an admin already.")
        raise typer.Exit(1)
    output().print(link, soft_wrap=True)


@admin.command("mails")
def show_mails(data: DataOption = None) -> None:
    """Show the mails that wait to be sent: verification and reset links, as long as no mailer is set up."""
    from tradsy.entrypoints.operator import read_mails

    for mail in _run(read_mails(make_settings(data))):
        output().print(f"[bold]{mail.created_at:%Y-%m-%d %H:%M:%S}Z  to {mail.recipient}  {mail.subject}[/bold]")
        output().print(mail.body, soft_wrap=True, markup=False)


@demo.command("key")
def demo_key(data: DataOption = None) -> None:
    """Print a key that reads the demo user's data for a day, and nothing else."""
    from tradsy.entrypoints.operator import make_demo_key

    output().print(_run(make_demo_key(make_settings(data))), soft_wrap=True)


@demo.command("remove")
def demo_remove(data: DataOption = None) -> None:
    """Stop and close everything of the demo; what was recorded stays recorded."""
    from tradsy.entrypoints.operator import remove_demo

    with messages().status("Canceling what rests, closing sources, follows and the account ..."):
        removed = _run(remove_demo(make_settings(data)))
    output().print("The demo is removed." if removed else "There is no demo.")


def _run(work: Coroutine[Any, Any, T]) -> T:
    import asyncio

    from tradsy.platform.logging import configure_logging

    configure_logging("WARNING")
    return asyncio.run(work)


class _Steps:
    """A progress bar over named steps, on standard error."""

    def __init__(self, title: str, count: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[step]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=messages())
        self._task = self._progress.add_task(title, total=count, step="")
        self._begun = False

    def tell(self, step: str) -> None:
        """Begin the next step."""
        self._progress.update(self._task, advance=1 if self._begun else 0, step=step)
        self._begun = True

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None:
            self._progress.update(self._task, advance=1, step="done")
        self._progress.stop()
