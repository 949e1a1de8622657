from tests.store.fixtures import installation, postgres_database, postgres_server, sqlite_template

__all__ = ["installation", "postgres_database", "postgres_server", "sqlite_template"]
