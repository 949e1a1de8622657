"""Settings of the installation: environment variables with the prefix PLUMBLINE_, each with a safe default."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What an operator may set. Sizes are bytes, times seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="PLUMBLINE_", extra="ignore", use_attribute_docstrings=True)

    home: Path = ROOT / "home"
    """Folder of everything that is kept: store, originals, segments, states, inbox, log."""
    database_url: str = ""
    """`postgresql://user:password@host/name`; empty for SQLite in the home folder."""
    bind: str = "127.0.0.1"
    """Address the web process listens on."""
    port: int = 8501
    """Port of the web process."""
    web_processes: int = 1
    """Processes that serve pages on that port; one is enough for 300 people, and each takes 300 MB and up to a core."""
    allowed_hosts: str = "localhost,127.0.0.1"
    """Host names a request may carry, with commas between them."""
    tls: bool = False
    """Whether people reach it by https (a proxy ends TLS): the cookie is Secure then."""
    demo: bool = True
    """Whether a simulated project plays until real data have been read."""
    max_upload_bytes: int = 2 * 1024**3
    """Largest file that is taken."""
    min_free_disk_bytes: int = 256 * 1024**2
    """Free disk below which no new data are taken; reading goes on, and so does taking once there is room again."""
    reader_memory_bytes: int = 2 * 1024**3
    """Memory that reading one file may use."""
    reader_seconds: int = 300
    """Processor time that reading one file may use; it may last twice as long."""
    session_days: int = 14
    """Days until somebody has to sign in again."""
    events_kept: int = 200_000
    """Newest events that are kept for pages that were away; older pages start over."""
    ray: str = "off"
    """`local` (a head of our own), `off`, or HOST:PORT of a cluster's control store."""
    ray_cpus: int = 0
    """Processors of the local head; 0 for all but one."""
    ray_ports: str = ""
    """FIRST-LAST for the fixed ports of the local head; empty for any that are free."""
    ray_rows: int = 2_000_000
    """Rows of a segment from which on observing it goes to Ray."""
    ray_token_file: Path | None = None
    """The token of a cluster; the local head has one of its own in the home folder."""
    ray_jobs: str = ""
    """HOST:PORT of a cluster's dashboard, which takes jobs; empty for port 8265 of the cluster's host."""
    events_days: int = 30
    """Days that an event is kept at most."""
    runs_kept: int = 50_000
    """Newest runs that are kept; runs of kept versions and the last one of a dataset stay anyway."""
    unused_seconds: int = 86_400
    """How long a file that nothing needs any more stays on disk, for those who may still be reading it."""
    project_rows: int = 10_000_000_000
    """Rows that a project may hold."""
    project_bytes: int = 2 * 1024**4
    """Bytes that the originals and segments of a project may take."""
    uploads_a_day: int = 5_000
    """Files that one person may send within 24 hours."""
    api_requests_a_second: float = 50
    """Requests that one API token may make in a second; a quiet one saves up ten seconds' worth."""
    api_request_bytes: int = 16 * 1024**2
    """Largest request with rows, as sent; unpacked it may be four times as large."""
    log_bytes: int = 10 * 1024**2
    """Size at which the log is put aside; three older ones are kept."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe lines that are logged."""
    notify_private: bool = False
    """Whether notifications may be sent to addresses inside a private network, this machine included."""
    metrics_token_file: Path | None = None
    """File whose content is the token that `/metrics` asks for; without one `/metrics` is not served."""
    oidc_issuer: str = ""
    """Address of the identity provider (OpenID Connect) that people may sign in through; empty for none."""
    oidc_client_id: str = ""
    """What the provider calls this installation."""
    oidc_client_secret: SecretStr = SecretStr("")
    """The secret that the provider gave it; better in `oidc_client_secret_file`."""
    oidc_client_secret_file: Path | None = None
    """File whose content is that secret."""
    oidc_name: str = "single sign-on"
    """What the provider is called on the sign-in page."""
    oidc_role: Literal["member", "viewer", "analyst", "operator"] = "member"
    """Role that people get who come through the provider for the first time."""

    @property
    def oidc_secret(self) -> str:
        """The secret of the identity provider's client, from its file where one is named."""
        if self.oidc_client_secret_file is not None:
            return self.oidc_client_secret_file.read_text().strip()
        return self.oidc_client_secret.get_secret_value()

    @cached_property
    def url(self) -> str:
        """The database address: the one set, else SQLite in the home folder."""
        return self.database_url or f"sqlite:///{self.home / 'plumbline.db'}"

    @property
    def inbox(self) -> Path:
        """Folder whose sub-folders are projects and whose files are followed."""
        return self.home / "inbox"

    @property
    def uploads(self) -> Path:
        """Where uploads are streamed to before they are read."""
        return self.home / "uploads"

    @property
    def segments(self) -> Path:
        """Immutable Parquet segments by content hash."""
        return self.home / "datasets" / "segments"

    @property
    def states(self) -> Path:
        """States of analyses by key."""
        return self.home / "datasets" / "states"

    @property
    def blobs(self) -> Path:
        """Original files by content hash."""
        return self.home / "blobs"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host names a request may carry."""
        return tuple(name.strip() for name in self.allowed_hosts.split(",") if name.strip())


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
