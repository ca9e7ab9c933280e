"""The stand-alone verifier: honest exports pass, and thousands of seeded lies do not."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.unit.audit.forge import Log, b64, build, dump, make_signer
from tradsy.audit import verifier
from tradsy.audit.canonical import ZERO_HASH, event_hash
from tradsy.audit.notes import NoteSigner
from tradsy.audit.verifier import Tampered, verify

Change = Callable[[list[Any]], None]
ROUNDS = int(os.environ.get("TRADSY_TAMPER_ROUNDS", "1500"))


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> NoteSigner:
    return make_signer(tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="module")
def log(signer: NoteSigner) -> Log:
    return build(signer, 1)


def test_honest_export_passes_with_every_pin_and_the_key(log: Log) -> None:
    for chain in log.chains:
        data = log.export(chain)
        for size, note in log.notes.items():
            report = verify(data, pin=note, key=b64(log.signer.public_key))
            assert (report.events, report.covered) == (len(log.events[chain]), len(log.events[chain]) - 2)
            assert report.pinned == size
        assert verify(data).pinned == 0


def test_every_size_is_consistent_with_every_earlier_one(signer: NoteSigner) -> None:
    log = Log(signer, Random(5))
    for _ in range(18):
        log.append(log.random.choice(log.chains), 1)
        log.checkpoint()
    for size in log.notes:
        for pin in range(1, size + 1):
            assert verify(log.export(log.chains[0], size=size, change=drop_later), pin=log.notes[pin]).size == size


def drop_later(lines: list[Any]) -> None:
    """Take away the events after the checkpoint: they were not there yet."""
    lines[:] = [line for line in lines if "seq" not in line or line["position"] is not None]


def test_chain_without_checkpoint_or_events_passes(signer: NoteSigner) -> None:
    log = Log(signer, Random(2))
    assert verify(log.export(log.chains[0])).events == 0
    log.append(log.chains[0], 3)
    report = verify(log.export(log.chains[0]))
    assert (report.events, report.covered, report.size) == (3, 0, 0)
    log.append(log.chains[1], 1)
    log.checkpoint()
    assert verify(log.export(log.chains[2])).covered == 0


def mutate_text(random: Random, data: bytes) -> bytes:
    """Do what somebody without the key can do to a file."""
    lines = data.split(b"\n")[:-1]
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(6):
        case 0 | 1:
            place = random.randrange(len(data))
            return data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]
        case 2:
            del lines[first]
        case 3:
            lines.insert(first, lines[second])
        case 4:
            lines[first], lines[second] = lines[second], lines[first]
        case _:
            return data[: random.randrange(len(data))]
    return b"\n".join(lines) + b"\n"


def test_no_change_of_the_file_passes(log: Log) -> None:
    random = Random(42)
    exports = [log.export(chain) for chain in log.chains]
    tried = 0
    while tried < ROUNDS:
        honest = random.choice(exports)
        bent = mutate_text(random, honest)
        if bent == honest:
            continue
        tried += 1
        with pytest.raises(Tampered):
            verify(bent)


def rehash(chain_id: Any, events: list[dict[str, Any]]) -> None:
    """Link events anew, as who changes the past would."""
    previous = ZERO_HASH
    for seq, event in enumerate(events, 1):
        digest = event_hash(chain_id, seq, previous, base64.b64decode(event["canonical"]))
        event |= {"seq": seq, "prev_hash": b64(previous), "hash": b64(digest)}
        previous = digest


def mutate_covered(random: Random, chain_id: Any, lines: list[Any]) -> None:
    """Do what somebody can do who may sign exports, but not replace a published checkpoint."""
    events = [line for line in lines if "seq" in line]
    covered = [event for event in events if event["position"] is not None]
    nodes = [line for line in lines if "node" in line]
    victim, other = random.sample(covered, 2)
    match random.randrange(9):
        case 0:
            canonical = bytearray(base64.b64decode(victim["canonical"]))
            canonical[random.randrange(len(canonical))] ^= 1 << random.randrange(8)
            victim["canonical"] = b64(bytes(canonical))
        case 1:
            victim["canonical"], other["canonical"] = other["canonical"], victim["canonical"]
        case 2:
            lines.remove(victim)
        case 3:
            lines.insert(lines.index(victim), dict(other))
        case 4:
            victim["position"] += random.choice([-1, 1, 1000])
            return
        case 5:
            # The newest covered events are cut off, and everything after them with them.
            for event in events[covered.index(victim) :]:
                lines.remove(event)
            if victim is covered[0]:
                victim["position"] = None
                lines.insert(1, victim)
        case 6:
            node = random.choice(nodes)
            node["node"] = b64(random.randbytes(32))
            return
        case 7:
            lines.remove(random.choice(nodes))
            return
        case _:
            victim["position"] = None
            return
    rehash(chain_id, [line for line in lines if "seq" in line])


def test_no_rewritten_past_passes_even_when_it_is_signed_again(log: Log) -> None:
    random, pins = Random(43), list(log.notes.values())
    for _ in range(ROUNDS):
        chain = random.choice(log.chains)
        data = log.export(chain, change=partial(mutate_covered, random, chain))
        with pytest.raises(Tampered):
            verify(data, pin=random.choice(pins))


def test_replaced_log_and_older_export_pass_until_a_pin_is_held_against_them(log: Log, signer: NoteSigner) -> None:
    for seed in range(2, 12):
        forged = build(signer, seed)
        data = forged.export(forged.chains[0])
        verify(data)
        for pin in log.notes.values():
            with pytest.raises(Tampered):
                verify(data, pin=pin)
    sizes = sorted(log.notes)
    older = log.export(log.chains[0], size=sizes[1], change=drop_later)
    verify(older, pin=log.notes[sizes[0]])
    with pytest.raises(Tampered, match="rolled back"):
        verify(older, pin=log.notes[sizes[3]])


def test_forged_node_cannot_stand_for_the_pinned_tree(log: Log) -> None:
    sizes = sorted(log.notes)
    pin = next(size for size in sizes[1:-1] if size & (size - 1))
    foreign = log.signer.checkpoint(pin, b"f" * 32)

    def add(lines: list[Any]) -> None:
        lines.append({"first": 0, "past": pin, "node": b64(b"f" * 32)})

    with pytest.raises(Tampered, match="rewritten"):
        verify(log.export(log.chains[0], change=add), pin=foreign)


def edit(**changes: Any) -> Change:
    return lambda lines: lines[0].update(changes)


CHANGES: list[Change] = [
    edit(format="tradsy-audit-export/2"),
    edit(public_key=b64(bytes(31))),
    edit(public_key=1),
    edit(chain_id="no"),
    edit(checkpoint="x"),
    edit(checkpoint=None),
    edit(extra=1),
    lambda lines: lines[1].update(seq=True),
    lambda lines: lines[1].update(position=1.0),
    lambda lines: lines[1].update(canonical="!"),
    lambda lines: lines[1].update(hash=lines[1]["hash"].replace("=", "")),
    lambda lines: lines.append([1]),
    lambda lines: lines.append("text"),
    lambda lines: lines.insert(1, dict(lines[0])),
    lambda lines: lines.append({"first": 0, "past": 0, "node": "AA=="}),
    lambda lines: lines.clear(),
]


@pytest.mark.parametrize("change", CHANGES)
def test_malformed_exports_are_refused(log: Log, change: Change) -> None:
    with pytest.raises(Tampered):
        verify(log.export(log.chains[0], change=change))


def note_with(signer: NoteSigner, *lines: str) -> str:
    return signer._sign(lines)  # pyright: ignore[reportPrivateUsage] - signs what the product never would


@pytest.mark.parametrize(
    "lines", [("5",), ("0", "A" * 43 + "="), ("-1", "x"), ("\u0665", "x"), ("05x", "x"), ("3", "AA==")]
)
def test_malformed_checkpoints_are_refused_as_pins(log: Log, lines: tuple[str, ...]) -> None:
    with pytest.raises(Tampered):
        verify(log.export(log.chains[0]), pin=note_with(log.signer, log.signer.origin, *lines))


def test_notes_of_others_are_refused_as_pins(log: Log, tmp_path: Path) -> None:
    data, note = log.export(log.chains[0]), next(iter(log.notes.values()))
    stranger = make_signer(tmp_path)
    size, root = note.split("\n")[1:3]
    statement = note_with(log.signer, f"{log.signer.origin}/chain", size, root)
    for pin in ("", "x", "{", note[:-1], stranger.checkpoint(int(size), base64.b64decode(root)), statement):
        with pytest.raises(Tampered):
            verify(data, pin=pin)
    cosigned = note + "\u2014 witness.example/w AAAA\n"
    assert verify(data, pin=cosigned).pinned == int(size)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the one file in isolated mode: no package, no site."""
    command = [sys.executable, "-I", "-S", str(Path(verifier.__file__)), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def test_runs_alone_with_clear_words_and_exit_codes(log: Log, tmp_path: Path) -> None:
    export, pin, anchor = tmp_path / "export.jsonl", tmp_path / "checkpoint.txt", tmp_path / "checkpoints.log"
    export.write_bytes(log.export(log.chains[0]))
    size, note = list(log.notes.items())[2]
    pin.write_text(note, encoding="utf-8")
    anchor.write_text(json.dumps({"at": "", "size": size, "note": note}) + "\n")
    key = b64(log.signer.public_key)
    done = run(str(export))
    assert done.returncode == 0
    assert done.stdout.startswith("OK: chain ")
    assert key in done.stdout
    for kept in (pin, anchor):
        done = run(str(export), "--pin", str(kept), "--key", key)
        assert done.returncode == 0
        assert f"pinned checkpoint of {size} events" in done.stdout
    export.write_bytes(export.read_bytes().replace(b'"seq":3', b'"seq":4'))
    done = run(str(export))
    assert (done.returncode, done.stdout) == (1, "TAMPERED: event 3 is missing or out of order\n")
    assert run(str(tmp_path / "missing")).returncode == 2
    assert run().returncode == 2
    pin.write_bytes(b"\xff")
    assert run(str(export), "--pin", str(pin)).returncode == 2


def test_main_answers_the_same_inside_the_product(log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export, pin = tmp_path / "export.jsonl", tmp_path / "pin"
    export.write_bytes(log.export(log.chains[0]))
    pin.write_text(list(log.notes.values())[-1], encoding="utf-8")
    assert verifier.main([str(export), "--key", b64(log.signer.public_key), "--pin", str(pin)]) == 0
    assert verifier.main([str(export), "--key", b64(bytes(32))]) == 1
    with pytest.raises(SystemExit) as stop:
        verifier.main([str(tmp_path / "missing")])
    assert stop.value.code == 2
    assert "TAMPERED" in capsys.readouterr().out


def test_uses_the_standard_library_alone() -> None:
    source = Path(verifier.__file__).read_text()
    imports = {line.split()[1].split(".")[0] for line in source.split("\n") if line.startswith(("import ", "from "))}
    assert imports <= sys.stdlib_module_names


def test_dump_is_what_the_verifier_expects() -> None:
    assert dump({"a": "\u2014"}) == '{"a":"\u2014"}\n'.encode()
