"""Every figure the product measures of itself, once; `/metrics`, the Monitoring page and the documentation follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Type = Literal["gauge", "counter", "histogram"]
Source = Literal["every process", "web", "foreman", "runner", "store"]

SERVICE_LABELS: Final = ("service", "instance")
"""What a figure that a process says of itself is labelled with besides its own label."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name says the unit, `label` what tells its values apart (empty: there is one value)."""

    name: str
    type: Type
    source: Source
    help: str
    label: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """All its labels in order."""
        own = (self.label,) if self.label else ()
        return own if self.source == "store" else (*SERVICE_LABELS, *own)


_FIGURES: Final = (
    Figure("up", "gauge", "every process", "1 while the process says that it lives, else 0."),
    Figure("heard_seconds", "gauge", "every process", "Seconds since the process last said anything."),
    Figure("start_time_seconds", "gauge", "every process", "When the process began, in seconds since 1970 (UTC)."),
    Figure("cpu_seconds_total", "counter", "every process", "Processor time used."),
    Figure("cpu_busy_ratio", "gauge", "every process", "Processors kept busy over the last seconds; 1 is one core."),
    Figure("resident_memory_bytes", "gauge", "every process", "Memory that lies in RAM."),
    Figure("gc_collections_total", "counter", "every process", "Collections of garbage.", "generation"),
    Figure("gc_pause_seconds_total", "counter", "every process", "Time spent collecting garbage."),
    Figure("threads", "gauge", "every process", "Threads of Python."),
    Figure("open_files", "gauge", "every process", "Open descriptors."),
    Figure("store_commit_seconds", "gauge", "every process", "How long the process's last small write took."),
    Figure("errors_logged_total", "counter", "every process", "Lines logged as error or worse."),
    Figure("sessions", "gauge", "web", "Open pages: tabs connected to the web process."),
    Figure("live_sockets", "gauge", "web", "Tabs listening to events."),
    Figure("rerun_seconds", "histogram", "web", "From a tab's request to the end of the rerun it asked for."),
    Figure("rerun_recent_seconds", "gauge", "web", "Quantiles of reruns over five minutes.", "quantile"),
    Figure("reruns_recent", "gauge", "web", "Reruns over five minutes."),
    Figure("live_delay_seconds", "histogram", "web", "From an event's writing to its sending to a tab."),
    Figure("live_recent_seconds", "gauge", "web", "Quantiles of the events' delay over five minutes.", "quantile"),
    Figure("deliveries_recent", "gauge", "web", "Sendings of events to a tab over five minutes."),
    Figure("live_events_behind", "gauge", "web", "Events in the store that were not handed to tabs yet."),
    Figure("http_requests_total", "counter", "web", "Requests answered, by status.", "status"),
    Figure("http_request_seconds", "histogram", "web", "From a request to the beginning of its answer."),
    Figure("changes_total", "counter", "web", "Changes that people made on pages, by way: page or palette.", "way"),
    Figure("palette_walks_total", "counter", "web", "Pages that people went to by the palette."),
    Figure("inbox_files", "gauge", "foreman", "Files that are followed in the inbox."),
    Figure("inbox_unread_bytes", "gauge", "foreman", "Bytes of followed files that were not read yet."),
    Figure("probe_seconds", "gauge", "foreman", "How long the last probe of uptime took.", "target"),
    Figure("slots", "gauge", "runner", "Runs that may be executed at once."),
    Figure("slots_busy", "gauge", "runner", "Slots that execute something."),
    Figure("ray_up", "gauge", "runner", "1 while Ray executes runs, 0 while child processes do."),
    Figure("runs", "gauge", "store", "Runs that are kept, by state.", "state"),
    Figure("runs_executed", "gauge", "store", "Runs that are kept, by what executed them.", "backend"),
    Figure("queue_length", "gauge", "store", "Runs that wait."),
    Figure("queue_oldest_seconds", "gauge", "store", "How long the oldest waiting run has waited; 0 where none does."),
    Figure("store_bytes", "gauge", "store", "Size of the database."),
    Figure("events_kept", "gauge", "store", "Events that are kept, from the oldest to the newest id."),
    Figure("disk_free_bytes", "gauge", "store", "Free space where the home folder lies."),
    Figure("disk_total_bytes", "gauge", "store", "Size of the disk where the home folder lies."),
    Figure("probes", "gauge", "store", "Probes of uptime within 30 days.", "outcome"),
    Figure("error_budget_left_ratio", "gauge", "store", "Share of the downtime that 99.9 % over 30 days allow, left."),
)

FIGURES: Final = {figure.name: figure for figure in _FIGURES}
"""By name, in the order in which they are shown. In `/metrics` each name begins with `plumbline_`."""
