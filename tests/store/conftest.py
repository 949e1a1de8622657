from tests.store.fixtures import installation, postgres_server, postgres_template, sqlite_template

__all__ = ["installation", "postgres_server", "postgres_template", "sqlite_template"]
