"""The vault's master key from the command line: how it stands, and changing it."""

import argparse
from collections.abc import Callable

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.door.rewrapping import Progress, count_wrapped, rotate_master
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import MasterKey
from qianshou.kernel.registry.vault import master_keys

Say = Callable[[str, str], None]
COMMAND_LINE = Actor("clock", name="命令行")


def run(arguments: argparse.Namespace, *, say: Say, progress: Progress | None) -> int:
    """Do one of the actions of `qianshou keys`; return 0, or 1 where a key cannot be opened."""
    if arguments.action == "status":
        return tell_keys(say)
    done = rotate_master(by=COMMAND_LINE, at=now(), progress=progress)
    say(
        f"主密钥现为 {done.key_id}，重新包裹 {done.done} 把密钥",
        f"The master key is now {done.key_id}; {done.done} keys were wrapped anew",
    )
    if done.broken:
        say(
            f"有 {done.broken} 把密钥打不开，旧主密钥须保留",
            f"{done.broken} keys do not open; keep the old master keys",
        )
        return 1
    return tell_keys(say)


def tell_keys(say: Say) -> int:
    """Print each master key by its id, how many keys it wraps, and whether it can be taken away;
    return 1 where keys lie under a master key that is not here.
    """
    counted = count_wrapped()
    ids = [cipher.id_of(key).hex() for key in master_keys()]
    noted = {row.key_id: row.retired_at for row in MasterKey.objects.all()}
    unnamed = counted.pop("", 0)
    say(f"{ids[0]}  在用，包裹 {counted[ids[0]]} 把", f"{ids[0]}  in use, wraps {counted[ids[0]]}")
    for one in ids[1:]:
        if counted[one] or unnamed:
            say(f"{one}  旧，仍包裹 {counted[one]} 把", f"{one}  old, still wraps {counted[one]}")
        else:
            since = noted.get(one)
            day = f"{since:%Y-%m-%d} " if since else ""
            say(
                f"{one}  旧，{day}起不再包裹任何密钥，可以拿走"
                "（删去 QIANSHOU_VAULT_KEY_OLD 或 var/vault_key_old）",
                f"{one}  old, wraps nothing{' since ' + day.strip() if day else ''}: it can be taken "
                "away (QIANSHOU_VAULT_KEY_OLD or var/vault_key_old)",
            )
    if unnamed:
        say(f"{unnamed} 把密钥没有写主密钥编号", f"{unnamed} keys do not name their master key")
    missing = {one: many for one, many in counted.items() if one not in ids}
    for one, many in missing.items():
        say(f"{one}  不在，{many} 把密钥打不开", f"{one}  missing, {many} keys cannot be opened")
    return 1 if missing else 0
