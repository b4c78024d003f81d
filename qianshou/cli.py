"""The command line: thin functions over the kernel; every refusal in the reader's language.

Exit codes: 0 done, 1 something was found (verify, check, doctor), 2 refused.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from qianshou.kernel.clock import CHINA
from qianshou.kernel.refusal import Refusal, Refusals

if TYPE_CHECKING:
    from qianshou.kernel.procedures.lint import Finding


def language() -> str:
    """Return "zh-hans" or "en", as LC_ALL, LC_MESSAGES or LANG says."""
    given = next(
        (os.environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(key)), ""
    )
    return "zh-hans" if given.startswith("zh") else "en"


def say(zh: str, en: str) -> None:
    """Print one line in the reader's language."""
    print(zh if language() == "zh-hans" else en, flush=True)


def open_house() -> None:
    """Set Django up, so that tables and packs can be used."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qianshou.settings")
    import django
    from django.utils import translation

    django.setup()
    translation.activate(language())


def run_deadline(arguments: argparse.Namespace) -> int:
    """Print when a span that starts then ends, by which rule, and the days skipped."""
    from qianshou.kernel.calendar import due_at, shipped

    start = read_instant(arguments.start)
    due = due_at(start, arguments.span, shipped())
    ends = due.at.astimezone(CHINA)
    say(f"到期：{ends:%Y-%m-%d %H:%M}", f"Due: {ends:%Y-%m-%d %H:%M}")
    say(f"规则：{due.rule}", f"Rule: {due.rule}")
    for day, why in due.skipped:
        say(f"  跳过 {day} {why}", f"  skipped {day} {why}")
    if due.provisional:
        say(
            "暂定：该年节假日安排未发布", "Provisional: the holidays of that year are not published"
        )
    return 0


def read_instant(text: str) -> datetime:
    """Return the instant that `text` (a day, or a day and time, in China) names.

    Refuses with cli.instant what is neither.
    """
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(
            "cli.instant",
            f"“{text}”不是日期，请写成 2024-09-27 或 2024-09-27T14:30",
            f"“{text}” is no date: write 2024-09-27 or 2024-09-27T14:30",
            field="start",
        ) from None
    if len(text) <= len("2024-09-27"):
        given = datetime.combine(given, time())
    return given if given.tzinfo else given.replace(tzinfo=CHINA)


def run_decide(arguments: argparse.Namespace) -> int:
    """Print what a decision of a DMN file gives, as JSON, one line an input; needs no database.

    What the file holds that cannot be read is told on standard error and gives null.
    """
    from qianshou.kernel.clock import now
    from qianshou.kernel.procedures.dmn import questions as asking

    if (arguments.input is None) == (arguments.cases is None):
        raise Refusal(
            "decide.input",
            "请用 --input 给一个输入，或用 --cases 给许多输入",
            "Give one input with --input, or many with --cases",
            field="input",
        )
    if arguments.cases is None:
        text = sys.stdin.read() if arguments.input == "-" else arguments.input
        asked = [asking.Question(asking.named(arguments.decision), asking.read_facts(text))]
    else:
        raw = sys.stdin.buffer.read() if str(arguments.cases) == "-" else None
        text = (asking.read_bytes(arguments.cases) if raw is None else raw).decode(errors="replace")
        asked = asking.read_questions(text, arguments.decision)
    model, at, refused = asking.open_model(arguments.file), now(), 0
    for fault in model.faults:
        print(f"{fault.text(language())} [{fault.code}]", file=sys.stderr)
    for question in asked:
        try:
            print(asking.answer(model, question, at))
        except Refusal as refusal:
            if arguments.cases is None:
                raise
            refused = 2
            print("null")
            print(f"{refusal.text(language())} [{refusal.code}]", file=sys.stderr)
    return refused


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; with --with-worker the worker runs beside it."""
    from qianshou.serving import serve

    return serve(
        host=arguments.host,
        port=arguments.port,
        workers=arguments.workers,
        with_worker=arguments.with_worker,
        say=say,
        at=arguments.socket,
    )


def run_worker(arguments: argparse.Namespace) -> int:
    """Carry out the outbox, fire timers and seal the ledger until interrupted."""
    if not arguments.once:
        from qianshou.serving import count_together

        count_together()
    open_house()
    from qianshou.kernel.worker import work

    return work(once=arguments.once)


def run_demo(arguments: argparse.Namespace) -> int:
    """Migrate, install what the packs declare, and load the demonstration district."""
    open_house()
    from django.core.management import call_command

    from qianshou.demo.children import CHILDREN
    from qianshou.demo.loading import load_demo
    from qianshou.kernel.clock import now
    from qianshou.kernel.installing import install_packs

    call_command("migrate", verbosity=0)
    install_packs(now())
    return load_demo(
        if_empty=arguments.if_empty,
        say=say,
        children=CHILDREN if arguments.children is None else arguments.children,
    )


def run_verify(arguments: argparse.Namespace) -> int:
    """Replay the ledger, compare it with every matter's state, and print what disagrees."""
    open_house()
    if arguments.proof or arguments.deposit:
        from qianshou.proofs import check_files

        return check_files(arguments.proof, arguments.deposit, say=say)
    from qianshou.kernel.clock import now
    from qianshou.kernel.ledger.replay import verify

    found = 0
    for problem in verify(progress=draw_progress if sys.stderr.isatty() else None, at=now()):
        found += 1
        print("\r" if sys.stderr.isatty() else "", end="")
        say(problem.zh, problem.en)
    if found:
        say(f"台账核验：发现 {found} 处问题", f"Ledger: {found} problems found")
        return 1
    say("台账核验：全部一致", "Ledger: everything agrees")
    return 0


def run_prove(arguments: argparse.Namespace) -> int:
    """Write the proof that one entry lies under a seal."""
    open_house()
    from qianshou import proofs

    return proofs.prove(arguments.entry, arguments.out, say=say)


def run_seals(arguments: argparse.Namespace) -> int:
    """Write the deposit of some days' seals, and the sheet to print."""
    open_house()
    from qianshou import proofs

    return proofs.deposit(arguments, say=say)


def run_backup(arguments: argparse.Namespace) -> int:
    """Back the database and the documents up into a folder."""
    open_house()
    from qianshou.backup import back_up

    return back_up(arguments.folder, say=say)


def run_restore(arguments: argparse.Namespace) -> int:
    """Restore a backup and verify it."""
    open_house()
    from qianshou.backup import restore

    return restore(arguments.folder, replace=arguments.replace, say=say)


def draw_progress(done: int, total: int) -> None:
    """Draw a bar on standard error; the line stays when all is done."""
    width = 40
    filled = width * done // max(total, 1)
    end = "\n" if done >= total else ""
    bar = "█" * filled + "░" * (width - filled)
    print(f"\r{bar} {done}/{total}", end=end, file=sys.stderr, flush=True)


def run_check(arguments: argparse.Namespace) -> int:
    """Check every pack: what it names exists, agrees, and has its sources."""
    open_house()
    from qianshou.kernel.check import check_packs

    problems = list(check_packs())
    for problem in problems:
        print(problem.text(language()))
    if problems:
        say(f"业务包检查：{len(problems)} 处问题", f"Packs: {len(problems)} problems")
        return 1
    say("业务包检查：全部通过", "Packs: all in order")
    return 0


def run_lint(arguments: argparse.Namespace) -> int:
    """Explain files of procedures, one problem a line; 0 nothing found, 1 found, 2 unreadable."""
    told: list[dict[str, object]] = []
    unreadable = 0
    for path in arguments.files:
        try:
            found = lint_file(path)
        except (Refusal, Refusals) as refused:
            unreadable += 1
            several = refused.refusals if isinstance(refused, Refusals) else (refused,)
            for refusal in several:
                print(f"{refusal.text(language())} [{refusal.code}]", file=sys.stderr)
            continue
        for finding in found:
            told.append({"file": str(path), **asdict(finding), "text": finding.text(language())})
    if arguments.json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        grave = {"error": "错误", "warning": "提醒"} if language() == "zh-hans" else {}
        for one in told:
            where = f"{one['element']} “{one['name']}”" if one["name"] else one["element"]
            kind = grave.get(str(one["severity"]), one["severity"])
            print(f"{one['file']}:{one['line']}: {kind} {where}: {one['text']} [{one['code']}]")
        if not told and not unreadable:
            say("没有发现问题", "Nothing found")
    return 2 if unreadable else int(bool(told))


def lint_file(path: Path) -> "list[Finding]":
    """Return what is wrong in a file, seen in its pack where a pack.toml lies beside it.

    Refuses a file that cannot be opened (cli.file), and what is no BPMN or DMN at all.
    """
    from qianshou.kernel.procedures.lint import lint

    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refusal(
            "cli.file", f"打不开 {path}：{error.strerror}", f"{path} cannot be opened: {error.strerror}",
            field="files",
        ) from None  # fmt: skip
    declared = path.parent / "pack.toml"
    if not declared.is_file():
        return lint(raw, str(path))
    open_house()
    from qianshou.kernel.linting import lint_in_pack

    return lint_in_pack(raw, str(path), declared)


def run_crosscheck(arguments: argparse.Namespace) -> int:
    """Compare two files of children and write who is whom, or show how their columns are read."""
    from qianshou.packs.commission.care.lists.options import parse_sheets, parse_sided
    from qianshou.packs.commission.care.lists.reading import read_list
    from qianshou.packs.commission.care.lists.telling import preview_files, summarise

    mappings, sheets = parse_sided(arguments.map), parse_sheets(arguments.sheet)
    if arguments.out is None and not arguments.preview:
        raise Refusal(
            "cli.out",
            "没有写结果放在哪里；请加 --out 目录",
            "Nobody said where the result goes; add --out DIR",
            field="out",
        )
    roster, pupils = (
        read_list(getattr(arguments, side), side, mappings[side], sheets.get(side, ""))
        for side in ("roster", "pupils")
    )
    print(preview_files((roster, pupils), language()))
    if arguments.preview:
        return 0
    from qianshou.packs.commission.care.lists.checking import check_lists

    progress = draw_stage if sys.stderr.isatty() else None
    checked = check_lists(roster, pupils, arguments.out, arguments.engine, progress)
    print(summarise(checked, language()))
    return 0


def draw_stage(stage: str, share: float) -> None:
    """Draw how far a cross-check has come on standard error."""
    draw_progress(int(share * 100), 100)


def run_users(arguments: argparse.Namespace) -> int:
    """List, create, lock, unlock an account, give it a new password, take off its second factor."""
    open_house()
    from qianshou import accounts

    return accounts.run(arguments, say=say)


def run_keys(arguments: argparse.Namespace) -> int:
    """Say how the vault's master keys stand, or change the master key."""
    open_house()
    from qianshou import keys

    return keys.run(arguments, say=say, progress=draw_progress if sys.stderr.isatty() else None)


def run_simulate(arguments: argparse.Namespace) -> int:
    """Simulate a year of a procedure, or two side by side, and print what it says."""
    open_house()
    from qianshou.simulating import run

    progress = draw_progress if sys.stderr.isatty() else None
    return run(arguments, language(), progress)


def run_export(arguments: argparse.Namespace) -> int:
    """Write the ledger to a file for process mining."""
    open_house()
    from qianshou.kernel.ledger.ocel import export_ocel

    count = export_ocel(arguments.file)
    say(f"已写出 {count} 条台账记录：{arguments.file}", f"{count} entries: {arguments.file}")
    return 0


def run_doctor(arguments: argparse.Namespace) -> int:
    """Say what this machine lacks and how to get it."""
    open_house()
    from qianshou.doctor import examine

    return examine(say=say)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    chinese = language() == "zh-hans"

    def told(zh: str, en: str) -> str:
        return zh if chinese else en

    parser = argparse.ArgumentParser(
        prog="qianshou", description=told("千手：区县联动治理平台", "Qianshou: joint governance")
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help=told("启动网页服务", "serve the pages"))
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=int(os.environ.get("QIANSHOU_PORT", "8000")))
    serve.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    serve.add_argument("--with-worker", action="store_true")
    serve.add_argument(
        "--socket",
        type=Path,
        metavar="PATH",
        help=told("监听这个套接字文件，代替端口", "listen at this socket in place of a port"),
    )
    serve.set_defaults(run=run_serve)

    worker = commands.add_parser(
        "worker", help=told("运行后台（时限、发件箱、封存）", "run timers, the outbox and seals")
    )
    worker.add_argument("--once", action="store_true", help=told("只运行一轮", "one round only"))
    worker.set_defaults(run=run_worker)

    demo = commands.add_parser("demo", help=told("载入演示数据", "load the demonstration district"))
    demo.add_argument("--if-empty", action="store_true")
    demo.add_argument(
        "--children",
        type=int,
        metavar="N",
        help=told("女童人数（默认 3928）", "how many girls (3,928 if not told)"),
    )
    demo.set_defaults(run=run_demo)

    verify = commands.add_parser("verify", help=told("核验台账", "verify the ledger"))
    verify.add_argument(
        "--proof",
        type=Path,
        metavar="FILE",
        help=told("核验一份证明（不用数据库）", "check a proof, without the database"),
    )
    verify.add_argument(
        "--deposit",
        type=Path,
        metavar="FILE",
        help=told("与存证文件比对", "compare with a deposit"),
    )
    verify.set_defaults(run=run_verify)

    prove = commands.add_parser("prove", help=told("为一条记录出证明", "prove one entry"))
    prove.add_argument("entry", type=int, help=told("台账记录编号", "id of an entry of the ledger"))
    prove.add_argument("--out", type=Path, metavar="FILE")
    prove.set_defaults(run=run_prove)

    seals = commands.add_parser("seals", help=told("封存", "seals of the ledger"))
    kinds = seals.add_subparsers(dest="action", required=True, metavar="ACTION")
    kept = kinds.add_parser("deposit", help=told("存证文件和存证单", "a deposit and its sheet"))
    for option, dest in (("--from", "first"), ("--to", "last")):
        kept.add_argument(option, dest=dest, required=True, metavar="2026-01-31")
    kept.add_argument("--out", type=Path, default=Path(), metavar="DIR")
    seals.set_defaults(run=run_seals)

    check = commands.add_parser("check", help=told("检查业务包", "check every pack"))
    check.set_defaults(run=run_check)

    lint = commands.add_parser(
        "lint", help=told("解释流程文件里的问题", "explain what is wrong in files of procedures")
    )
    lint.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".bpmn .dmn")
    lint.add_argument("--json", action="store_true", help=told("供程序读取", "for machines"))
    lint.set_defaults(run=run_lint)

    deadline = commands.add_parser("deadline", help=told("计算时限", "compute a deadline"))
    deadline.add_argument("start", help="2024-09-27 | 2024-09-27T14:30")
    deadline.add_argument("span", help="5min | 2h | 2wh | 7d | 7wd | 2mo | 1y | P7D")
    deadline.set_defaults(run=run_deadline)

    crosscheck = commands.add_parser(
        "crosscheck",
        help=told("比对任意两份名单", "compare any two lists of children"),
        description=told(
            "比对花名册和学籍名单（.csv .xlsx .xls），在 --out 目录写 decisions.csv、duplicates.csv "
            "和 report.html。行号是表格里的行号：一行表头时，第一名儿童是第 2 行。",
            "Compare a roster with a list of pupils (.csv, .xlsx, .xls); decisions.csv, "
            "duplicates.csv and report.html are written into the folder --out. Row numbers are "
            "those of the sheet: under a header of one line the first child is row 2.",
        ),
    )
    crosscheck.add_argument("roster", type=Path, help=told("花名册文件", "file of the roster"))
    crosscheck.add_argument("pupils", type=Path, help=told("学籍名单文件", "file of the pupils"))
    crosscheck.add_argument(
        "--out", type=Path, metavar="DIR", help=told("结果目录", "folder of the results")
    )
    crosscheck.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb")
    crosscheck.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="SIDE:FIELD=HEADING",
        help=told(
            "手工指定列，SIDE 是 roster 或 pupils，HEADING 是列名或列字母，可重复",
            "say by hand which column a field is; SIDE is roster or pupils, HEADING a heading or "
            "a column's letter; may be repeated",
        ),
    )
    crosscheck.add_argument(
        "--sheet",
        action="append",
        default=[],
        metavar="SIDE:NAME",
        help=told("指定用哪个表", "which sheet of a workbook to read"),
    )
    crosscheck.add_argument(
        "--preview",
        action="store_true",
        help=told("只显示列怎么对应", "only show how the columns are read"),
    )
    crosscheck.set_defaults(run=run_crosscheck)

    decide = commands.add_parser("decide", help=told("按 DMN 文件作出决策", "decide by a DMN file"))
    decide.add_argument("file", type=Path, metavar="FILE.dmn")
    decide.add_argument(
        "--decision",
        metavar="NAME",
        help=told("决策或决策服务的名称或 id", "name or id of the decision or decision service"),
    )
    decide.add_argument(
        "--input",
        metavar="JSON",
        help=told("JSON 对象；- 表示从标准输入读", "a JSON object; - reads standard input"),
    )
    decide.add_argument(
        "--cases",
        type=Path,
        metavar="FILE",
        help=told(
            "许多输入：JSON 列表或每行一个 JSON", "many inputs: a JSON list, or one JSON a line"
        ),
    )
    decide.set_defaults(run=run_decide)
    simulate = commands.add_parser(
        "simulate",
        help=told("模拟一个流程的一年", "simulate a year of a procedure"),
        description=told(
            "按流程的在用版本，用虚拟时钟模拟一年：来件、人手、用时、结果和时限。没有写的参数取自"
            "台账和现在的任职；--params 是 TOML 或 JSON 文件。",
            "Simulate a year of the version in force under a virtual clock: arrivals, staff, times, "
            "outcomes, deadlines. What is not told comes from the ledger and the postings held now; "
            "--params is a TOML or JSON file.",
        ),
    )
    simulate.add_argument("procedure", help="police.gate")
    simulate.add_argument("--params", type=Path, metavar="FILE")
    simulate.add_argument(
        "--arrivals",
        metavar="N/h|N/d|N/wd",
        help=told("每小时、每天或每工作日来几件", "matters an hour, a day or a working day"),
    )
    simulate.add_argument(
        "--staff", metavar="POST=N,…", help=told("每个岗位几个人", "officers at each post")
    )
    simulate.add_argument(
        "--service",
        metavar="STEP=MIN,…",
        help=told("每个环节平均几分钟", "mean minutes of each step"),
    )
    for name, zh, en in (
        ("--days", "模拟几天（默认 365）", "days simulated (365)"),
        ("--warm-up-days", "开头几天不计（默认 28）", "first days not counted (28)"),
        ("--runs", "独立重复几次（默认 10）", "independent runs (10)"),
        ("--seed", "随机种子（默认 1）", "seed (1)"),
    ):
        simulate.add_argument(name, type=int, metavar="N", help=told(zh, en))
    simulate.add_argument(
        "--against",
        type=Path,
        metavar="FILE",
        help=told("对比方案的参数文件", "parameters of the other side"),
    )
    simulate.add_argument(
        "--against-staff",
        metavar="POST=N,…",
        help=told("对比方案的人手", "staff of the other side"),
    )
    simulate.add_argument(
        "--against-version",
        type=int,
        metavar="N",
        help=told("对比方案用第几版", "version of the other side"),
    )
    simulate.add_argument("--json", action="store_true")
    simulate.set_defaults(run=run_simulate)

    export = commands.add_parser(
        "export", help=told("导出台账（过程挖掘）", "export the ledger for process mining")
    )
    export.add_argument("format", choices=["ocel"])
    export.add_argument("file", type=Path, help="FILE.json | FILE.sqlite")
    export.set_defaults(run=run_export)

    users = commands.add_parser("users", help=told("账号管理", "manage accounts"))
    actions = users.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help=told("列出账号", "list accounts"))
    create = actions.add_parser("create", help=told("新建账号", "create an account"))
    create.add_argument("username")
    create.add_argument("--name", required=True)
    create.add_argument(
        "--role", choices=["officer", "system", "security", "audit"], default="officer"
    )
    for action, zh, en in (
        ("lock", "锁定账号", "lock an account"),
        ("unlock", "解锁账号", "unlock an account"),
        ("reset", "重置密码", "give a new password"),
        ("reset-totp", "重设第二因素", "take the second factor off"),
        ("code", "演示账号的验证码", "the present code of a demonstration account"),
    ):
        actions.add_parser(action, help=told(zh, en)).add_argument("username")
    users.set_defaults(run=run_users)

    keys = commands.add_parser("keys", help=told("主密钥", "the vault's master key"))
    changes = keys.add_subparsers(dest="action", required=True, metavar="ACTION")
    changes.add_parser("status", help=told("主密钥现状", "how the master keys stand"))
    changes.add_parser("rotate", help=told("更换主密钥", "change the master key"))
    keys.set_defaults(run=run_keys)

    backup = commands.add_parser("backup", help=told("备份", "back everything up into a folder"))
    backup.add_argument("folder", type=Path, metavar="DIR")
    backup.set_defaults(run=run_backup)

    restored = commands.add_parser("restore", help=told("恢复备份", "restore a backup"))
    restored.add_argument("folder", type=Path, metavar="DIR")
    restored.add_argument(
        "--replace", action="store_true", help=told("覆盖已有数据", "replace what is here")
    )
    restored.set_defaults(run=run_restore)

    doctor = commands.add_parser("doctor", help=told("体检", "say what is missing"))
    doctor.set_defaults(run=run_doctor)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; refusals are printed and give 2."""
    arguments = build_parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except Refusals as several:
        refusals = several.refusals
    except Refusal as one:
        refusals = (one,)
    except KeyboardInterrupt:
        return 130
    for refusal in refusals:
        print(f"{refusal.text(language())} [{refusal.code}]", file=sys.stderr)
    return 2
