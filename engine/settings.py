"""Settings of the installation: environment variables with the prefix PLUMBLINE_, each with a safe default."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What an operator may set. Sizes are bytes, times seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="PLUMBLINE_", extra="ignore")

    home: Path = ROOT / "home"
    database_url: str = ""
    bind: str = "127.0.0.1"
    port: int = 8501
    allowed_hosts: str = "localhost,127.0.0.1"
    tls: bool = False
    demo: bool = True
    max_upload_bytes: int = 2 * 1024**3
    min_free_disk_bytes: int = 256 * 1024**2
    reader_memory_bytes: int = 2 * 1024**3
    reader_seconds: int = 300
    session_days: int = 14
    events_kept: int = 200_000

    @property
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
