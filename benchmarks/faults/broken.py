"""Ways to break the product in one place, one or two for each fault that has to notice it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Break:
    """A fault, what is broken, in which file, and the text that takes the place of another; `times` repetitions."""

    fault: str
    what: str
    path: str
    old: str
    new: str
    times: int = 3


BREAKS = (
    Break(
        "22",
        "uploads are stored under the sender's name",
        "web/upload.py",
        "path = settings.uploads / secrets.token_hex(16)",
        'path = settings.uploads / request.query_params.get("name", "x").replace("\\0", "")',
        60,
    ),
    Break(
        "23",
        "whatever lies in the inbox is a file",
        "jobs/inbox.py",
        "if not stat.S_ISREG(status.st_mode):",
        "if False:",
        7,
    ),
    Break(
        "24",
        "archives may unpack to anything",
        "engine/formats/limits.py",
        "pack_ratio: int = 200",
        "pack_ratio: int = 10**9",
        1,
    ),
    Break(
        "25",
        "batches may decode to anything",
        "engine/formats/limits.py",
        "batch_bytes: int = 128 * MIB",
        "batch_bytes: int = 10**15",
        1,
    ),
    Break(
        "26",
        "the reader looks whether a file is a pickle by loading it",
        "jobs/child_work.py",
        "    follow = follow_from_dict",
        "    import contextlib, pickle\n    with contextlib.suppress(Exception):\n"
        '        pickle.loads(Path(request["path"]).read_bytes())\n    follow = follow_from_dict',
        30,
    ),
    Break(
        "27u",
        "what a reader refuses by name is taken for a mistake of ours",
        "jobs/child_work.py",
        "    except PlumblineError as error:\n        return _failed(error)\n    except (MemoryError",
        "    except (MemoryError",
        40,
    ),
    Break(
        "28",
        "numbers that are not finite are refused for another reason than the table's",
        "engine/formats/plan.py",
        'self.reject(codes == NOT_FINITE, field, "not_finite")',
        'self.reject(codes == NOT_FINITE, field, "not_a_number")',
        1,
    ),
    Break(
        "29",
        "nothing has to settle",
        "jobs/inbox.py",
        "taken = whole > 0 and (growing or settled)",
        "taken = whole > 0",
        6,
    ),
    Break(
        "30a",
        "the announced size is not looked at",
        "web/upload.py",
        "    if size > settings.max_upload_bytes:\n        raise _too_large(settings)\n    return size",
        "    return size",
        1,
    ),
    Break(
        "30b",
        "the foreman forgets one file in a hundred",
        "jobs/foreman.py",
        "            if look.found is not None:",
        "            if look.found is not None and hash(path.name) % 100:",
        200,
    ),
    Break("39", "readers may hold whatever they like", "jobs/child_main.py", "    limit_memory(memory)\n", "", 1),
    Break(
        "40",
        "bins are not checked",
        "engine/analysis/calibration/parameters.py",
        "if self.bins not in BIN_COUNTS:",
        "if self.bins < 0:",
        1,
    ),
    Break(
        "41",
        "a reading never goes on, it adds all lines again",
        "jobs/work.py",
        "    return Way(state, replace=False)",
        "    return Way({}, replace=False)",
    ),
    Break(
        "41",
        "runs of dead runners stay theirs",
        "engine/actions/work.py",
        "    lives = living if callable",
        "    return []\n    lives = living if callable",
    ),
    Break(
        "42",
        "one batch in eight is acknowledged before it is written",
        "engine/store/appends.py",
        "                _write_all(file, body, offset)\n",
        "                if offset % 8:\n                    _write_all(file, body, offset)\n",
    ),
    Break(
        "42",
        "views are saved after they are acknowledged, sometimes never",
        "engine/actions/views.py",
        "        tx.session.add(view)\n",
        '        if not wanted.endswith("7"):\n            tx.session.add(view)\n',
        6,
    ),
    Break(
        "K1",
        "the foreman does not look around at its start",
        "jobs/foreman.py",
        "        self.chores.insert(0, Chore(self.walk, WALK_SECONDS))\n",
        "",
        6,
    ),
    Break(
        "K2",
        "nothing dies with the launcher",
        "jobs/processes.py",
        'if not sys.platform.startswith("linux"):',
        "if True:",
        1,
    ),
    Break(
        "K3",
        "what a second attempt reads is not kept",
        "jobs/work.py",
        "    if done.segment_path is None:",
        "    if done.segment_path is None or work.attempt > 1:",
        8,
    ),
    Break(
        "K4",
        "the view wants to hear of the runner first",
        "web/view.py",
        '    mode = params.pop("mode", "light")\n',
        '    mode = params.pop("mode", "light")\n    import datetime\n    from engine.store.engine import fetch\n'
        "    since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=6)\n"
        '    if not fetch("SELECT 1 FROM service WHERE name = \'runner\' AND at > :since", {"since": since}):\n'
        '        raise UsageError("There is no runner.")\n',
        2,
    ),
    Break(
        "44",
        "a run that runs may be claimed again",
        "engine/actions/work.py",
        '    .where(_RUN.c.state == "queued", _RUN.c.kind.in_(bindparam("kinds", expanding=True)), ~_BUSY)\n'
        "    .order_by(_RUN.c.id)\n    .limit(1)\n)\n_TAKE = (\n    update(_RUN)\n"
        '    .where(_RUN.c.id == _OLDEST.scalar_subquery(), _RUN.c.state == "queued")\n',
        '    .where(_RUN.c.state.in_(["queued", "running"]), _RUN.c.kind.in_(bindparam("kinds", expanding=True)))\n'
        "    .order_by(_RUN.c.id)\n    .limit(1)\n)\n_TAKE = (\n    update(_RUN)\n"
        "    .where(_RUN.c.id == _OLDEST.scalar_subquery())\n",
        40,
    ),
    Break(
        "45",
        "results of a lost run count",
        "engine/actions/work.py",
        '        _RUN.c.owner == bindparam("holder"),\n        _RUN.c.attempt == bindparam("trial"),\n'
        '        _RUN.c.state == "running",\n',
        "",
        2,
    ),
    Break(
        "46",
        "a full disk is the file's fault",
        "jobs/disk.py",
        "FULL = frozenset({errno.ENOSPC, errno.EDQUOT})",
        "FULL = frozenset({errno.ENODEV})",
        4,
    ),
    Break(
        "47",
        "a refused write is called saved",
        "engine/store/files.py",
        '        raise StoreUnavailable(\n            "The disk refused to write; nothing was saved. Free some space '
        'and try again.", code="store_full"\n        ) from error',
        "        return",
        12,
    ),
    Break(
        "51",
        "one batch of events in fifty is skipped",
        "web/hub.py",
        "        for subscriber in self.subscribers:\n",
        "        for subscriber in self.subscribers if self.cursor % 50 else ():\n",
        400,
    ),
    Break(
        "52",
        "nobody waits for the store",
        "engine/store/engine.py",
        "BUSY_MILLISECONDS = 10_000",
        "BUSY_MILLISECONDS = 100",
        2,
    ),
    Break(
        "53",
        "each conclusion keeps a file open",
        "engine/queries/results.py",
        "    chosen = find_analysis(analysis) if analysis else _leading(found)\n",
        '    globals().setdefault("_held", []).append(open("/dev/null"))\n'
        "    chosen = find_analysis(analysis) if analysis else _leading(found)\n",
        1,
    ),
    Break(
        "58",
        "the web process thinks for half a minute before it starts",
        "server.py",
        "    served.run(config",
        "    __import__('time').sleep(30)\n    served.run(config",
        1,
    ),
)
