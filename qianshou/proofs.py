"""Proofs and deposits from the command line: written to files, and checked from them."""

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from qianshou.kernel.ledger.chain import canonical
from qianshou.kernel.ledger.deposit import KIND as DEPOSIT
from qianshou.kernel.ledger.deposit import check_deposit, make_deposit
from qianshou.kernel.ledger.problem import Problem
from qianshou.kernel.ledger.proof import KIND as PROOF
from qianshou.kernel.ledger.proof import check_proof, prove_entry, unreadable
from qianshou.kernel.refusal import Refusal
from qianshou.office.deposits import sheet_of

Say = Callable[[str, str], None]


def prove(number: int, out: Path | None, *, say: Say) -> int:
    """Write the proof of an entry; refuses proof.no_entry and proof.not_sealed."""
    path = out or Path(f"proof-{number}.json")
    write_json(path, prove_entry(number))
    say(f"已写入 {path}", f"Written: {path}")
    return 0


def deposit(arguments: argparse.Namespace, *, say: Say) -> int:
    """Write the deposit of some days and its sheet to print into a folder."""
    made = make_deposit(read_day(arguments.first), read_day(arguments.last))
    name = f"deposit-{made['from']}-{made['to']}"
    arguments.out.mkdir(parents=True, exist_ok=True)
    text = canonical(made)  # so that the digest on the sheet is that of the file
    (arguments.out / f"{name}.json").write_text(text, encoding="utf-8")
    page = render_to_string("office/deposit_file.html", sheet_of(made))
    (arguments.out / f"{name}.html").write_text(page, encoding="utf-8")
    say(
        f"已写入 {arguments.out / name}.json 和 .html：请放到本机之外保存",
        f"Written: {arguments.out / name}.json and .html: keep them away from this machine",
    )
    return 0


def check_files(proof: Path | None, kept: Path | None, *, say: Say) -> int:
    """Check a proof, a deposit against the database, or a proof against a deposit; return 1 where
    something does not hold.
    """
    problems: list[Problem] = []
    deposited = read_json(kept, DEPOSIT) if kept else None
    if proof:
        told = read_json(proof, PROOF)
        problems = list(check_proof(told))
        if deposited is not None and told["seal"] not in deposited.get("seals", ()):
            number = told["seal"]["id"]
            problems.append(
                Problem(
                    f"seal/{number}", 0,
                    f"证明所依的封存 {number} 不在存证文件里，或与之不同",
                    f"seal {number} of the proof is not in the deposit, or differs from it",
                )
            )  # fmt: skip
    elif deposited is not None:
        problems = list(check_deposit(deposited))
    for problem in problems:
        say(problem.zh, problem.en)
    if problems:
        say(f"核验：发现 {len(problems)} 处问题", f"{len(problems)} problems found")
        return 1
    if proof:
        seal = told["seal"]
        say(
            f"证明成立：封存 {seal['id']}，{seal['at']}，{seal['algorithm']} 根 {seal['root']}",
            f"The proof holds: seal {seal['id']}, {seal['at']}, {seal['algorithm']} root "
            f"{seal['root']}",
        )
    else:
        say("存证与数据库一致", "The deposit and the database agree")
    return 0


def read_day(text: str) -> date:
    """Return the day; refuses cli.day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(
            "cli.day",
            f"“{text}”不是日期，请写成 2026-01-31",
            f"“{text}” is no day: write 2026-01-31",
            "from",
        ) from None


def read_json(path: Path, kind: str) -> dict[str, Any]:
    """Return what a file of ours holds; refuses proof.unreadable."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise unreadable(str(path)) from None
    if not isinstance(told, dict) or told.get("kind") != kind:
        raise unreadable(str(path))
    return told


def write_json(path: Path, told: dict[str, Any]) -> None:
    """Write a file that people may also read."""
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
