"""Acts sent to a running product as an officer's pages send them, and what became of them."""

import http.client
import secrets
import threading
import time
from datetime import timedelta
from random import Random
from urllib.parse import urlencode

FORM = {"kind": "police", "category": "police.fight", "level": "urgent"}


def build_town(at):
    """Build the district and return a town's officer and a village of the town."""
    from qianshou.demo.district import build_district
    from qianshou.demo.planner import tell_planner
    from qianshou.demo.years import Player
    from qianshou.kernel.installing import install_packs
    from qianshou.kernel.registry.models import Officer

    install_packs(at)
    build_district(at, 1)
    player = Player(Random(1), at)
    town = next(town for town in player.towns if town.name == "龙水镇")
    (by,) = player.actors[player.centres[town.pk].pk, "town_seat"][:1]
    tell_planner()
    assert by.officer is not None
    return player, town, by, Officer.objects.get(pk=by.officer)


def open_session(officer, at):
    """Return the key of a session of an officer, as the log-in page would make it."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.update(
        {
            SESSION_KEY: str(officer.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: officer.get_session_auth_hash(),
            "seen": int((at + timedelta(days=1)).timestamp()),
        }
    )
    session.create()
    return session.session_key


class Office:
    """An officer at work over HTTP; `acknowledged` holds (matter, act) of what was answered well."""

    def __init__(self, port, session, village):
        self.port, self.village = port, village
        self.token = secrets.token_hex(16)
        self.cookie = f"sessionid={session}; csrftoken={self.token}"
        self.lock = threading.Lock()
        self.acknowledged = []
        self.failed = 0
        self.broken = []  # what ended a client before its time
        self.times = []
        self.last_good = time.perf_counter()
        self.longest_gap = 0.0

    def ask(self, connection, method, path, **told):
        """Return the answer to one request, None where it failed; the connection is kept."""
        headers = {"Cookie": self.cookie, "Accept-Language": "zh-CN"}
        body = None
        if method == "POST":
            body = urlencode({**told, "csrfmiddlewaretoken": self.token})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begin = time.perf_counter()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.text = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            answer = None
        good = answer is not None and answer.status < 500
        with self.lock:
            self.times.append(time.perf_counter() - begin)
            if good:
                present = time.perf_counter()
                self.longest_gap = max(self.longest_gap, present - self.last_good)
                self.last_good = present
            else:
                self.failed += 1
        return answer if good else None

    def act(self, connection, matter, name, **told):
        """Send an act on a matter and note it where it was acknowledged."""
        answer = self.ask(connection, "POST", f"/m/{matter}/{name}/", back="list", **told)
        if answer is not None and answer.status == 302:
            with self.lock:
                self.acknowledged.append((matter, name))
            return True
        return False

    def register(self, connection, rng):
        """Register a call; return its matter, or None."""
        answer = self.ask(
            connection,
            "POST",
            "/open/police.gate/register/",
            **{
                "source": rng.choice(["110", "12345", "grid"]),
                "summary": "夜间施工噪声扰民",
                "place.division": self.village,
                "place.address": f"{rng.randrange(9999)} 号",
                "text": "连续三晚",
            },
        )
        if answer is None or answer.status != 302:
            return None
        matter = int(answer.headers["Location"].strip("/").split("/")[-1])
        with self.lock:
            self.acknowledged.append((matter, "open"))
        return matter


def start_clients(count, work, office, until):
    """Start clients, each `work(office, until, seed)` in a thread; what breaks one is kept."""

    def one(seed):
        try:
            work(office, until, seed)
        except Exception as error:
            office.broken.append(repr(error))

    clients = [threading.Thread(target=one, args=(seed,)) for seed in range(count)]
    for client in clients:
        client.start()
    return clients


def demand(office, acts, lost, problems):
    """End with an error where something was lost, nothing was done, or a client broke."""
    wrong = [f"a client broke: {error}" for error in office.broken]
    if not acts:
        wrong.append("no act was acknowledged")
    if lost:
        wrong.append(f"{lost} acknowledged acts are not in the ledger")
    if problems:
        wrong.append(f"verify finds {problems} problems")
    if wrong:
        raise SystemExit("; ".join(wrong))


def count_lost(acknowledged):
    """Return how many acknowledged acts the ledger does not hold."""
    from collections import Counter

    from qianshou.kernel.ledger.read import entries_of
    from qianshou.kernel.worklist.models import Matter

    lost = 0
    wanted: dict[int, Counter[str]] = {}
    for matter, act in acknowledged:
        wanted.setdefault(matter, Counter())[act] += 1
    numbers = dict(Matter.objects.filter(pk__in=wanted).values_list("pk", "number"))
    for matter, acts in wanted.items():
        kept = Counter(entry["act"] for entry in entries_of(numbers.get(matter, "")))
        lost += sum((acts - kept).values())
    return lost
